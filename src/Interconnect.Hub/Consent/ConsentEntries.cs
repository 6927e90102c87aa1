using Interconnect.Federation;

namespace Interconnect.Hub;

/// <summary>
/// One user says something about being in contact with another. It is kept; it crosses only where the other side may know of it: (1) what is asked, until the other revokes; (2) a grant;
/// (3) what ends a contact that there was. Nobody is told whether anything crossed, nor how far it came, and no number shows it, so that a stranger cannot tell who exists, who is there
/// and who revoked.
/// </summary>
internal static class ConsentEntries
{
    public static Decision Decide(ConsentEntry entry, PreparedEvent prepared, HubView view, HubPolicy policy, DateTimeOffset now)
    {
        var sender = prepared.Envelope.Sender!;
        if (Speaker(entry, sender, policy) is { } wrong)
        {
            return wrong;
        }

        var other = sender == entry.Requester ? entry.Target : entry.Requester;
        if (policy.Peering(sender, other, prepared.Envelope.Proof!.CipherSuite) is { } refused)
        {
            return refused;
        }

        var known = view.ConsentsOf(entry.Requester, entry.Target);
        var current = known.Find(entry.Requester, entry.Target, entry.Room);
        var words = current?.Words ?? default;
        if (words.After(entry.Operation, known.Effective(entry.Requester, entry.Target, entry.Room)) is not { } next)
        {
            return new Decision.Refused(HubRule.ConsentAsked);
        }

        if (Bounds(entry, sender, current, next, known, view, policy) is { } full)
        {
            return full;
        }

        List<Consent> changed = next == words ? [] : [new Consent(entry.Requester, entry.Target, entry.Room, next, now)];
        if (entry.Operation == ConsentOperation.Request)
        {
            changed.AddRange(Lifted(entry, known, now));
        }

        var after = changed.Aggregate(known, (consents, c) => consents.With(c));
        return new Decision.Accepted
        {
            Recipients = Crosses(entry, sender, other, next != words, known, after) ? [other] : [],
            Toward = [other],
            Unnumbered = true,
            Consents = changed,
        };
    }

    /// <summary>Whether the sender speaks to somebody who, as far as it was told, has not agreed to hear from it.</summary>
    public static bool IsUnasked(ConsentEntry entry, UserUri sender, HubView view) =>
        sender == entry.Requester && !view.ConsentsOf(entry.Requester, entry.Target).Granted(entry.Requester, entry.Target, entry.Room);

    private static Decision.Refused? Speaker(ConsentEntry entry, UserUri sender, HubPolicy policy)
    {
        if (entry.Requester == entry.Target)
        {
            return new(HubRule.TwoUsers);
        }

        if (entry.Operation is ConsentOperation.Request or ConsentOperation.Cancel && sender != entry.Requester)
        {
            return new(HubRule.ConsentByRequester);
        }

        if (entry.Operation is ConsentOperation.Grant or ConsentOperation.Revoke && sender != entry.Target)
        {
            return new(HubRule.ConsentByTarget);
        }

        return entry.Room is { } room && room.Domain != policy.Options.Domain ? new(HubRule.RoomHere) : null;
    }

    // A side's own words only count, so that neither fills up the other's, nor learns of them by what is refused.
    private static Decision.Refused? Bounds(ConsentEntry entry, UserUri sender, Consent? current, ConsentWords next, PairConsents known, HubView view, HubPolicy policy)
    {
        var words = current?.Words ?? default;
        var asks = sender == entry.Requester;
        var isNew = asks ? words.Asking == Asking.None && next.Asking != Asking.None : words.Answer == Answer.None && next.Answer != Answer.None;
        if (isNew && entry.Room is not null && known.Entries.Count(e => e.Room is not null && (e.Requester == sender ? e.Words.Asking != Asking.None : e.Words.Answer != Answer.None)) >= policy.Limits.MaxOpenConsentRequests)
        {
            return new(HubRule.ConsentBound);
        }

        if (entry.Operation == ConsentOperation.Request && words.Asking != Asking.Asked && view.OpenRequests.GetValueOrDefault(sender) >= policy.Limits.MaxOpenConsentRequests)
        {
            return new(HubRule.ConsentBound);
        }

        // Nobody is kept from refusing what was asked.
        var refuses = entry.Operation == ConsentOperation.Revoke && current is not null;
        return isNew && !refuses && view.Said.GetValueOrDefault(sender) >= policy.Limits.MaxConsentsPerUser ? new(HubRule.ConsentTotal) : null;
    }

    // Who asks wants to hear the answer: its own revocation ends, here and, since that counts here too, everywhere.
    private static IEnumerable<Consent> Lifted(ConsentEntry entry, PairConsents known, DateTimeOffset now) =>
        known.Entries.Where(e => e.Requester == entry.Target && e.Words.Answer == Answer.Revoked && (e.Room is null || e.Room == entry.Room))
            .Select(e => e with { Words = e.Words with { Answer = Answer.None }, ChangedAt = now });

    private static bool Crosses(ConsentEntry entry, UserUri sender, UserUri other, bool changes, PairConsents known, PairConsents after)
    {
        // Whoever revoked hears nothing more until it grants or asks itself.
        if (known.Effective(sender, other, entry.Room).Answer == Answer.Revoked)
        {
            return false;
        }

        return entry.Operation switch
        {
            // Again after it was granted: the grant may have been lost, and it is a contact.
            ConsentOperation.Request => changes || known.Granted(sender, other, entry.Room),
            ConsentOperation.Cancel => changes,
            ConsentOperation.Grant => after.Granted(other, sender, entry.Room) || (changes && after.Acquainted),
            ConsentOperation.Revoke => changes && known.Acquainted,
            _ => throw new InvalidOperationException("The codec lets four consent operations through."),
        };
    }
}
