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
        var current = known.Operation(entry.Requester, entry.Target, entry.Room);
        if (current is null && known.Entries.Count >= policy.Limits.MaxOpenConsentRequests)
        {
            return new Decision.Refused(HubRule.ConsentBound);
        }

        if (entry.Operation == ConsentOperation.Request && current != ConsentOperation.Request && view.OpenRequests.GetValueOrDefault(sender) >= policy.Limits.MaxOpenConsentRequests)
        {
            return new Decision.Refused(HubRule.ConsentBound);
        }

        return new Decision.Accepted
        {
            Recipients = [other],
            Consent = Keeps(current, entry.Operation) ? null : new Consent(entry.Requester, entry.Target, entry.Room, entry.Operation, now),
        };
    }

    // Asking again does not take a given consent away.
    private static bool Keeps(ConsentOperation? current, ConsentOperation said) =>
        current == said || (said == ConsentOperation.Request && current == ConsentOperation.Grant);
}
