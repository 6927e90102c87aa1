using System.Text;
using Interconnect.Federation;
using Interconnect.Mls;
using Interconnect.Mls.PublicGroups;

namespace Interconnect.Hub;

/// <summary>
/// Orders the handshakes of a room: the first valid commit of an epoch wins, the others learn the current epoch and start again. Checks, in this order: (1) the room and its size,
/// (2) the commit and its place, (3) the GroupInfo's place and that it names clients, (4) who it names: how many, agreement and consent, (5) that they are registered, and that who joins
/// was claimed, (6) only then signatures: that the commit leads to the GroupInfo, who signed it, and that its members are who it named. The hub holds no group secret. A room's first commit
/// has no GroupInfo before it, so there (6) rests on the signer, who must be the sender; the joiner checks the rest.
/// <para>
/// (6) was done before the transaction, against the room as it was then (<see cref="CommitVerification"/>); here it is done only when the room has moved since.
/// </para>
/// </summary>
internal static class RoomUpdates
{
    // RFC 9420 sections 6 and 6.1.
    private const byte CommitContent = 3;
    private const byte MemberSender = 1;
    private const byte NewMemberCommitSender = 4;

    /// <summary>
    /// How a room's group is judged, first and later. The GroupInfo that the hub keeps is the only door for a participant's device that joins by itself, and nobody else can add
    /// external_pub to what a member signed: each that comes in must have it, as draft-ietf-mimi-protocol has hubs serve it.
    /// </summary>
    public static readonly PublicGroupOptions Judging = new() { Authentication = ClientCredentials.Instance, RequireExternalPub = true };

    public static bool IsGroupOf(RoomUri room, ReadOnlySpan<byte> groupId) => groupId.SequenceEqual(Encoding.UTF8.GetBytes(room.Value));

    public static Decision Decide(RoomUpdate update, PreparedEvent prepared, HubView view, HubPolicy policy, DateTimeOffset now)
    {
        var room = view.Rooms[update.Room];
        if (Place(update, prepared, room, policy) is { } misplaced)
        {
            return misplaced;
        }

        // (4) Who was removed learns of it too, with the commit.
        var facts = prepared.Handshake!;
        var sender = prepared.Envelope.Sender!;
        var participants = facts.Named!.Select(m => m.Owner).Distinct().ToList();
        var others = participants.Union(room?.Participants ?? []).Where(p => p != sender).ToList();
        var refused = Company(update, participants, others, sender, facts.GroupInfo!.CipherSuite, view, policy);
        if (refused is not null)
        {
            return refused;
        }

        if (room is null && view.RoomsMade.GetValueOrDefault(sender) >= policy.Limits.MaxRoomsPerUser)
        {
            return new Decision.Refused(HubRule.RoomBound);
        }

        // (5)
        refused = Known(facts, room, view) ?? Joiners(update, prepared, room, r => view.Claims.GetValueOrDefault(r));
        if (refused is not null)
        {
            return refused;
        }

        // (6)
        var judged = facts.Judged is { } early && early.IsOf(room) ? early : CommitVerification.Judge(update, prepared.Envelope.Proof!, room);
        if (judged.Refused is not null)
        {
            return judged.Refused;
        }

        var group = judged.Next!;
        refused = Signer(group, facts, prepared.Envelope.Proof!) ?? Members(group, judged, facts, view);
        if (refused is not null)
        {
            return refused;
        }

        var changed = new Room(update.Room, group.Epoch, group.Suite.Id, facts.Named!, update.GroupInfo.ToArray(), room?.CreatedAt ?? now, now, room is null ? sender : room.Creator);
        var client = prepared.Envelope.Proof!.Client;
        var own = changed.HasAnother(client) || room?.HasAnother(client) == true;
        return new Decision.Accepted { Room = changed, Recipients = own ? [.. others, sender] : others };
    }

    /// <summary>(1) to (3): what can be said of an update by room and headers alone. Null when it is in its place.</summary>
    public static Decision.Refused? Place(RoomUpdate update, PreparedEvent prepared, Room? room, HubPolicy policy)
    {
        // (1)
        if (update.Room.Domain != policy.Options.Domain)
        {
            return new Decision.Refused(HubRule.RoomHere);
        }

        if (Preparation.TotalBytes(update) > policy.Limits.MaxHandshakeBytes || prepared.Handshake!.IsBeyondRooms)
        {
            return new Decision.Refused(HubRule.HandshakeSize);
        }

        var proof = prepared.Envelope.Proof!;
        return Commit(update, prepared.Handshake!, room, proof.Client) ?? GroupInfo(update, prepared.Handshake!, room, proof);
    }

    // (2)
    private static Decision.Refused? Commit(RoomUpdate update, HandshakeFacts facts, Room? room, ClientUri client)
    {
        if (facts.Commit is not { ContentType: CommitContent, SenderType: MemberSender or NewMemberCommitSender } commit)
        {
            return new(HubRule.CommitReadable, facts.Error);
        }

        if (!IsGroupOf(update.Room, commit.GroupId.Span))
        {
            return new(HubRule.CommitGroup);
        }

        if (room is null)
        {
            return commit is { Epoch: 0, SenderType: MemberSender } ? null : new(HubRule.RoomExists);
        }

        if (IsExternal(facts))
        {
            if (!room.Participants.Contains(client.Owner))
            {
                return new(HubRule.JoinsItself);
            }
        }
        else if (!room.Members.Contains(client))
        {
            return new(HubRule.Participant);
        }

        return commit.Epoch == room.Epoch ? null : new(HubRule.CommitEpoch, CurrentEpoch: room.Epoch);
    }

    // (3)
    private static Decision.Refused? GroupInfo(RoomUpdate update, HandshakeFacts facts, Room? room, FrameProof proof)
    {
        if (!update.Welcome.IsEmpty && facts.Welcome is null)
        {
            return new(HubRule.WelcomeReadable, facts.Error);
        }

        if (facts.GroupInfo is not { } info)
        {
            return new(HubRule.GroupInfoValid, facts.Error);
        }

        if (!IsGroupOf(update.Room, info.GroupId.Span) || info.Epoch != facts.Commit!.Epoch + 1 || info.CipherSuite != proof.CipherSuite || (room is not null && info.CipherSuite != room.Suite))
        {
            return new(HubRule.GroupInfoPlace);
        }

        return facts.Named is null ? new(HubRule.MembersRegistered) : null;
    }

    // Before anything that tells who is registered: a stranger is refused alike, whoever it names.
    private static Decision.Refused? Company(RoomUpdate update, List<UserUri> participants, List<UserUri> others, UserUri sender, ushort suite, HubView view, HubPolicy policy)
    {
        if (participants.Count > policy.Limits.MaxParticipants)
        {
            return new Decision.Refused(HubRule.RoomSize);
        }

        if (others.Count == 0)
        {
            return new Decision.Refused(HubRule.SomebodyThere);
        }

        foreach (var other in others)
        {
            if (policy.Peering(sender, other, suite) is { } disagreed)
            {
                return disagreed;
            }

            if (participants.Contains(other) && !view.ConsentsOf(sender, other).Between(sender, other, update.Room))
            {
                return new Decision.Refused(HubRule.Consented);
            }
        }

        return null;
    }

    // Each client once, and who is new is registered and on its user's newest list; with which key it is in the group is seen when the group is verified.
    private static Decision.Refused? Known(HandshakeFacts facts, Room? room, HubView view)
    {
        if (facts.Named!.Distinct().Count() != facts.Named!.Count)
        {
            return new(HubRule.MembersRegistered);
        }

        foreach (var joiner in facts.Named!.Except(room?.Members ?? []))
        {
            var (identity, client) = (view.Identities[joiner.Owner], view.Clients[joiner]);
            if (client is null ? identity?.Newest.List.Devices.Any(d => d.Client == joiner) != true : !identity?.Names(joiner, client.Suite, client.SignatureKey) ?? true)
            {
                return new(HubRule.JoinerNamed);
            }

            if (client is null)
            {
                return new(HubRule.MembersRegistered);
            }
        }

        return null;
    }

    private static Decision.Refused? Signer(PublicGroup group, HandshakeFacts facts, FrameProof proof)
    {
        var signer = group.Members.First(m => m.LeafIndex == facts.GroupInfo!.Signer);
        return Preparation.IsNamed(signer.Credential, proof.Client) && signer.SignatureKey.Span.SequenceEqual(proof.SignatureKey.Span) ? null : new(HubRule.GroupInfoSigner);
    }

    private static bool IsExternal(HandshakeFacts facts) => facts.Commit!.SenderType == NewMemberCommitSender;

    // The names were read from a tree that nobody had verified then; here each is held against the verified group's leaf. Who was in the group with this key was judged when it came in: it
    // may have gone from its user's list since, and one of the next commits takes it out of the group.
    private static Decision.Refused? Members(PublicGroup group, JudgedCommit judged, HandshakeFacts facts, HubView view)
    {
        var named = facts.Named!;
        if (named.Count != group.MemberCount)
        {
            return new(HubRule.MembersRegistered);
        }

        var stayed = judged.Move?.Stayed() ?? [];
        for (var i = 0; i < named.Count; i++)
        {
            var leaf = group.Members[i];
            if (!Preparation.IsNamed(leaf.Credential, named[i]))
            {
                return new(HubRule.MembersRegistered);
            }

            if (stayed.TryGetValue(leaf.LeafIndex, out var key) && key.Span.SequenceEqual(leaf.SignatureKey.Span))
            {
                continue;
            }

            if (view.Identities[named[i].Owner]?.Names(named[i], group.Suite.Id, leaf.SignatureKey.Span) != true)
            {
                return new(HubRule.JoinerNamed);
            }

            if (view.Clients[named[i]] is not { } registered || !leaf.SignatureKey.Span.SequenceEqual(registered.SignatureKey))
            {
                return new(HubRule.MembersRegistered);
            }
        }

        return null;
    }

    /// <summary>Who joins is whom the Welcome is for, by packages that the sender was given for this room.</summary>
    /// <param name="update">The update.</param>
    /// <param name="prepared">What is known of it; its names are claims until the commit is verified.</param>
    /// <param name="room">The room; null when this makes it.</param>
    /// <param name="claimsOf">The claims of a reference in hexadecimal; null when there is none.</param>
    public static Decision.Refused? Joiners(RoomUpdate update, PreparedEvent prepared, Room? room, Func<string, IReadOnlyList<KeyClaim>?> claimsOf)
    {
        var facts = prepared.Handshake!;
        var sender = prepared.Envelope.Sender!;
        var self = prepared.Envelope.Proof!.Client;
        var joiners = facts.Named!.Except(room?.Members ?? [self]).ToHashSet();

        // A device that joins by itself needs no Welcome, and brings nobody; when it comes back for a leaf of its own, nobody is new.
        if (IsExternal(facts))
        {
            joiners.Remove(self);
            if (joiners.Count > 0)
            {
                return new(HubRule.JoinsItself);
            }
        }

        var welcomed = new List<ClientUri>();
        foreach (var reference in facts.Welcome?.KeyPackageRefs ?? [])
        {
            if (claimsOf(Convert.ToHexString(reference.Span))?.FirstOrDefault(c => c.Requester == sender && (c.Room is null || c.Room == update.Room)) is not { } claim)
            {
                return new(HubRule.WelcomeClaims);
            }

            welcomed.Add(claim.Client);
        }

        if (facts.Welcome is { } welcome && welcome.CipherSuite != facts.GroupInfo!.CipherSuite)
        {
            return new(HubRule.WelcomeReadable);
        }

        return welcomed.Distinct().Count() == welcomed.Count && joiners.SetEquals(welcomed) ? null : new(HubRule.JoinersMatch);
    }
}
