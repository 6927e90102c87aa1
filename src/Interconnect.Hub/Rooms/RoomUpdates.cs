using System.Text;
using Interconnect.Federation;
using Interconnect.Mls;
using Interconnect.Mls.PublicGroups;

namespace Interconnect.Hub;

/// <summary>
/// Orders the handshakes of a room: the first valid commit of an epoch wins, the others learn the current epoch and start again. Checks, in this order: (1) the room and its size,
/// (2) the commit and its place, (3) the GroupInfo's place and that it names clients, that the commit leads there, and who signed it, (4) who is in the group and who joins,
/// (5) somebody else is there, agreement and consent. The hub holds no group secret. A room's first commit has no GroupInfo before it, so there (3) rests on the signer, who must be the
/// sender; the joiner checks the rest.
/// <para>
/// This runs inside the transaction, so what a commit costs here every conversation waits for: reopening the stored group hashes its tree, and then the signatures of the commit, of
/// its new leaves and of the GroupInfo are checked. Those of all members are checked once, when the room is made, and that is prepared outside (<see cref="Preparation"/>).
/// </para>
/// </summary>
internal static class RoomUpdates
{
    // RFC 9420 sections 6 and 6.1.
    private const byte CommitContent = 3;
    private const byte MemberSender = 1;
    private const byte NewMemberCommitSender = 4;

    // Of Interconnect.Mls: the GroupInfo says of the next epoch something else than the commit makes of it.
    private const string GroupInfoFollows = "MLS-611";

    /// <summary>
    /// How a room's group is judged, first and later. The GroupInfo that the hub keeps is the only door for a participant's device that joins by itself, and nobody else can add
    /// external_pub to what a member signed: each that comes in must have it, as draft-ietf-mimi-protocol has hubs serve it.
    /// </summary>
    public static readonly PublicGroupOptions Judging = new() { Authentication = ClientCredentials.Instance, RequireExternalPub = true };

    public static bool IsGroupOf(RoomUri room, ReadOnlySpan<byte> groupId) => groupId.SequenceEqual(Encoding.UTF8.GetBytes(room.Value));

    public static Decision Decide(RoomUpdate update, PreparedEvent prepared, HubView view, HubPolicy policy, DateTimeOffset now)
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

        var facts = prepared.Handshake!;
        var room = view.Rooms[update.Room];
        var client = prepared.Envelope.Proof!.Client;
        Move? move = null;
        PublicGroup? group = null;
        var refused = Commit(update, facts, room, client)
            ?? GroupInfo(update, facts, prepared.Envelope.Proof!)
            ?? Follow(update, facts, room, prepared.Envelope.Proof!, out move, out group)
            ?? Signer(group!, facts, prepared.Envelope.Proof!)
            ?? Members(group!, move, facts, view);
        if (refused is not null)
        {
            return refused;
        }

        // (4)
        var members = facts.Named!;
        var joiners = members.Except(room?.Members ?? [client]).ToHashSet();
        refused = Joiners(update, facts, joiners, prepared.Envelope.Proof!, view);
        if (refused is not null)
        {
            return refused;
        }

        var changed = new Room(update.Room, group!.Epoch, group.Suite.Id, members, update.GroupInfo.ToArray(), room?.CreatedAt ?? now, now);
        if (changed.Participants.Count > policy.Limits.MaxParticipants)
        {
            return new Decision.Refused(HubRule.RoomSize);
        }

        // (5) Who was removed learns of it too, with the commit.
        var sender = prepared.Envelope.Sender!;
        var others = changed.Participants.Union(room?.Participants ?? []).Where(p => p != sender).ToList();
        if (others.Count == 0)
        {
            return new Decision.Refused(HubRule.SomebodyThere);
        }

        foreach (var other in others)
        {
            if (policy.Peering(sender, other, changed.Suite) is { } disagreed)
            {
                return disagreed;
            }

            if (changed.Participants.Contains(other) && !view.ConsentsOf(sender, other).Between(sender, other, update.Room))
            {
                return new Decision.Refused(HubRule.Consented);
            }
        }

        var own = changed.HasAnother(client) || room?.HasAnother(client) == true;
        return new Decision.Accepted { Room = changed, Recipients = own ? [.. others, sender] : others };
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
    private static Decision.Refused? GroupInfo(RoomUpdate update, HandshakeFacts facts, FrameProof proof)
    {
        if (!update.Welcome.IsEmpty && facts.Welcome is null)
        {
            return new(HubRule.WelcomeReadable, facts.Error);
        }

        if (facts.GroupInfo is not { } info)
        {
            return new(HubRule.GroupInfoValid, facts.Error);
        }

        if (!IsGroupOf(update.Room, info.GroupId.Span) || info.Epoch != facts.Commit!.Epoch + 1 || info.CipherSuite != proof.CipherSuite)
        {
            return new(HubRule.GroupInfoPlace);
        }

        return facts.Named is null ? new(HubRule.MembersRegistered) : null;
    }

    private static Decision.Refused? Follow(RoomUpdate update, HandshakeFacts facts, Room? room, FrameProof proof, out Move? move, out PublicGroup? next)
    {
        move = null;
        next = facts.Made;
        if (room is null)
        {
            return null;
        }

        // Stored after it was accepted, so what does not hold together now is a damaged row: a defect.
        var stored = PublicGroup.Reopen(Judging, room.GroupInfo).Value;
        if (!stored.ReceiveCommit(update.Commit).TryGet(out var transition, out var error))
        {
            return new(HubRule.CommitLeads, error.Rule);
        }

        move = new Move(stored, transition);
        if (transition.IsExternal && !(Preparation.IsNamed(transition.Committer.Credential, proof.Client) && transition.Committer.SignatureKey.Span.SequenceEqual(proof.SignatureKey.Span)))
        {
            return new(HubRule.JoinsItself);
        }

        // RFC 9420 section 11.2: members take no further commit, and the stored GroupInfo does not tell that the group has ended.
        if (!transition.Next.IsActive)
        {
            return new(HubRule.GroupGoesOn);
        }

        return transition.Next.WithGroupInfo(update.GroupInfo).TryGet(out next, out error) ? null
            : new(error.Rule == GroupInfoFollows ? HubRule.CommitLeads : HubRule.GroupInfoValid, error.Rule);
    }

    private static Decision.Refused? Signer(PublicGroup group, HandshakeFacts facts, FrameProof proof)
    {
        var signer = group.Members.First(m => m.LeafIndex == facts.GroupInfo!.Signer);
        return Preparation.IsNamed(signer.Credential, proof.Client) && signer.SignatureKey.Span.SequenceEqual(proof.SignatureKey.Span) ? null : new(HubRule.GroupInfoSigner);
    }

    private static bool IsExternal(HandshakeFacts facts) => facts.Commit!.SenderType == NewMemberCommitSender;

    // The names were read from a tree that nobody had verified then; here each is held against the verified group's leaf. Who was in the group with this key was judged when it came in: it
    // may have gone from its user's list since, and one of the next commits takes it out of the group.
    private static Decision.Refused? Members(PublicGroup group, Move? move, HandshakeFacts facts, HubView view)
    {
        var named = facts.Named!;
        if (named.Count != group.MemberCount || named.Distinct().Count() != named.Count)
        {
            return new(HubRule.MembersRegistered);
        }

        var stayed = move?.Stayed() ?? [];
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

    // A device that joins by itself needs no Welcome; when it comes back for a leaf of its own, nobody is new.
    private static Decision.Refused? Joiners(RoomUpdate update, HandshakeFacts facts, HashSet<ClientUri> joiners, FrameProof proof, HubView view)
    {
        var sender = proof.Client.Owner;
        if (IsExternal(facts))
        {
            joiners.Remove(proof.Client);
        }

        var welcomed = new List<ClientUri>();
        foreach (var reference in facts.Welcome?.KeyPackageRefs ?? [])
        {
            if (!view.Claims.TryGetValue(Convert.ToHexString(reference.Span), out var claim) || claim.Requester != sender || (claim.Room is not null && claim.Room != update.Room))
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

    private sealed record Move(PublicGroup Before, PublicTransition Step)
    {
        /// <summary>Leaves of the members that were in the group before the commit and did not come by it, with the keys they had.</summary>
        public Dictionary<uint, ReadOnlyMemory<byte>> Stayed()
        {
            var added = Step.Added.Select(m => m.LeafIndex).ToHashSet();
            return Before.Members.Where(m => !added.Contains(m.LeafIndex)).ToDictionary(m => m.LeafIndex, m => m.SignatureKey);
        }
    }
}
