using System.Text;
using Interconnect.Federation;
using Interconnect.Mls;

namespace Interconnect.Endpoint;

/// <summary>
/// Who may be in a room of two: devices of the two users, each named with its key by the newest list of its user. One judgement for every way into a group: Welcome, commit, external
/// commit, and before anything is encrypted.
/// </summary>
internal sealed class GroupMembership(EndpointSession session)
{
    /// <summary>The one user in the group besides this one; null when there is none or several.</summary>
    public static UserUri? OtherIn(MlsGroup group, UserUri self)
    {
        var others = Owners(group)?.Where(owner => owner != self).Distinct().ToList();
        return others is [var one] ? one : null;
    }

    /// <summary>What shows without any keys: the room's group, with both users in it and nobody else. Null when it is so.</summary>
    public static SchemaError? IsForm(MlsGroup group, RoomUri room, UserUri self, UserUri peer)
    {
        if (!group.GroupId.Span.SequenceEqual(Encoding.UTF8.GetBytes(room.Value)))
            return new SchemaError("END-021", "The group is another room's", "room_update");

        var owners = Owners(group);
        if (owners is null || owners.Any(owner => owner != self && owner != peer))
            return new SchemaError("END-023", "The group has members besides the two users", "room_update");

        return owners.Contains(self) && owners.Contains(peer) ? null : new SchemaError("END-023", "The group lacks one of the two users", "room_update");
    }

    /// <summary>
    /// Judges a step of a group. Whoever is new in it, or has a new key, must be an authorised device; whoever was in it before may be one that a list has dropped since, until it is
    /// removed. Devices of an identity that nobody confirmed come into rooms of that identity only. Null when it is acceptable.
    /// </summary>
    /// <param name="work">The step in hand.</param>
    /// <param name="before">The group before; null on joining.</param>
    /// <param name="after">The group after; null when it goes on without us.</param>
    /// <param name="committer">Who made the step.</param>
    /// <param name="peer">The room's other user.</param>
    public SchemaError? Refuse(Work work, MlsGroup? before, MlsGroup? after, Member committer, UserUri peer)
    {
        var suite = (after ?? before)!.Suite.Id;
        var known = before is not null && HasPeer(work, before, peer);
        foreach (var member in (after?.Members ?? []).Append(committer))
        {
            if (before is not null && before.Members.Any(old => IsSame(old, member)))
                continue;

            if (session.Book.TrustOf(work, member, suite) is not { } trust)
                return new SchemaError("END-041", "A member is no device that its user authorised", "room_update");

            if (trust == KeyTrust.Unconfirmed && known && !IsPeers(work, member, suite, peer))
                return new SchemaError("END-045", "A member is of an identity that nobody confirmed", "room_update");
        }

        return null;
    }

    /// <summary>Whether a device of the user is in the group under the identity that the user is known by.</summary>
    public bool HasPeer(Work work, MlsGroup group, UserUri peer) => group.Members.Any(member => IsPeers(work, member, group.Suite.Id, peer));

    /// <summary>Whether everybody in the group is an authorised device under a confirmed identity.</summary>
    public bool AllAccepted(Work work, MlsGroup group) => group.Members.All(member => session.Book.TrustOf(work, member, group.Suite.Id) is KeyTrust.Pinned or KeyTrust.Verified);

    /// <summary>Leaves of devices that the newest lists no longer name.</summary>
    public IEnumerable<uint> Stale(Work work, MlsGroup group) =>
        group.Members.Where(member => member.LeafIndex != group.OwnLeafIndex && session.Book.TrustOf(work, member, group.Suite.Id) is null).Select(member => member.LeafIndex);

    /// <summary>Devices of our own user that are listed and not in the group.</summary>
    public IReadOnlyList<ClientUri> MissingOwn(Work work, MlsGroup group)
    {
        var suite = group.Suite.Id;
        var devices = session.Book.ChainOf(work, session.User)?.Newest.List.Devices ?? [];
        return [.. devices.Where(device => device.Suite == suite && !group.Members.Any(member => member.SignatureKey.Span.SequenceEqual(device.SignatureKey.Span))).Select(device => device.Client)];
    }

    private bool IsPeers(Work work, Member member, ushort suite, UserUri peer) =>
        CredentialCheck.TryGetClient(member.Credential, out var client) && client.Owner == peer
        && session.Book.ChainOf(work, peer) is { } chain && chain.Names(client, suite, member.SignatureKey.Span);

    private static bool IsSame(Member one, Member other) => one.Credential.Identity.Span.SequenceEqual(other.Credential.Identity.Span) && one.SignatureKey.Span.SequenceEqual(other.SignatureKey.Span);

    private static List<UserUri>? Owners(MlsGroup group)
    {
        var owners = new List<UserUri>();
        foreach (var member in group.Members)
        {
            if (!CredentialCheck.TryGetClient(member.Credential, out var client))
                return null;

            owners.Add(client.Owner);
        }

        return owners;
    }
}
