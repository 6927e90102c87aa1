using System.Security.Cryptography;
using Interconnect.Federation;

namespace Interconnect.Hub;

/// <summary>
/// The pinned identity objects to a reset that waits: once, and the wait is longer then. Whoever is signed in may bring it, from any device, since the identity key's signature is what
/// counts. Its signature was checked before, under the key that it names; here that key is held against the pinned one.
/// </summary>
internal static class IdentityObjections
{
    public static Decision Decide(IdentityObjection objection, PreparedEvent prepared, HubView view, HubPolicy policy, DateTimeOffset now)
    {
        var sender = prepared.Envelope.Sender!;
        if (objection.User != sender)
        {
            return new Decision.Refused(HubRule.ListOwn);
        }

        if (view.Identities[sender] is not { } identity || DeviceLists.Waiting(identity, policy, now) is not { } waiting || !objection.IsAbout(waiting.IdentityKey)
            || objection.IssuedAt < waiting.AskedAt - DeviceChain.MaxAhead || objection.IssuedAt > now + DeviceChain.MaxAhead || now >= waiting.EffectiveAt)
        {
            return new Decision.Refused(HubRule.ObjectionFits);
        }

        if (!prepared.ObjectionValid || !CryptographicOperations.FixedTimeEquals(objection.IdentityKey.Span, identity.IdentityKey.Span))
        {
            return new Decision.Refused(HubRule.ObjectionSigned);
        }

        if (waiting.Objected)
        {
            return new Decision.Refused(HubRule.ObjectionOnce);
        }

        var longer = waiting with { EffectiveAt = waiting.AskedAt + policy.Options.ObjectedResetWait, Objected = true };
        return new Decision.Accepted { Recipients = Contacts.ToTell(prepared, view, policy), Identity = new IdentityChange(identity with { Reset = longer }, null, []) };
    }
}
