using Interconnect.Federation;

namespace Interconnect.Hub;

/// <summary>One user says something about being in contact with another; kept, and passed on to the other. Saying it again changes nothing and is passed on all the same.</summary>
internal static class ConsentEntries
{
    public static Decision Decide(ConsentEntry entry, PreparedEvent prepared, HubView view, HubPolicy policy, DateTimeOffset now)
    {
        var sender = prepared.Envelope.Sender!;
        if (entry.Requester == entry.Target)
        {
            return new Decision.Refused(HubRule.TwoUsers);
        }

        if (entry.Operation is ConsentOperation.Request or ConsentOperation.Cancel && sender != entry.Requester)
        {
            return new Decision.Refused(HubRule.ConsentByRequester);
        }

        if (entry.Operation is ConsentOperation.Grant or ConsentOperation.Revoke && sender != entry.Target)
        {
            return new Decision.Refused(HubRule.ConsentByTarget);
        }

        if (entry.Room is { } room && room.Domain != policy.Options.Domain)
        {
            return new Decision.Refused(HubRule.RoomHere);
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

        // Never the word on all rooms: one side must not be able to fill up what the other needs to revoke.
        if (current is null && entry.Room is not null && known.Entries.Count >= policy.Limits.MaxOpenConsentRequests)
        {
            return new Decision.Refused(HubRule.ConsentBound);
        }

        var consent = new Consent(entry.Requester, entry.Target, entry.Room, next, now);
        if (entry.Operation == ConsentOperation.Request && consent.IsOpen && current is not { IsOpen: true } && view.OpenRequests.GetValueOrDefault(sender) >= policy.Limits.MaxOpenConsentRequests)
        {
            return new Decision.Refused(HubRule.ConsentBound);
        }

        // The sender's other devices have to know what their user allows.
        return new Decision.Accepted
        {
            Recipients = view.Identities[sender]?.Newest.List.Devices.Count > 1 ? [other, sender] : [other],
            Consent = next == words ? null : consent,
        };
    }
}
