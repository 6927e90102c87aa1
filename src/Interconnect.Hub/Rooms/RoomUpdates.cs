using System.Text;
using Interconnect.Federation;
using Interconnect.Mls;
using Interconnect.Mls.PublicGroups;

namespace Interconnect.Hub;

/// <summary>
/// Orders the handshakes of a room: the first valid commit of an epoch wins, the others learn the current epoch and start again. Checks, in this order: (1) the room and its size,
/// (2) the commit and its place, (3) the GroupInfo of the epoch after it, and that the commit leads there, (4) who joins, (5) somebody else is there, agreement and consent.
/// The hub holds no group secret. A room's first commit has no GroupInfo before it, so there (3) rests on the signer, who must be the sender; the joiner checks the rest.
/// </summary>
internal static class RoomUpdates
{
    // RFC 9420 sections 6 and 6.1.
    private const byte CommitContent = 3;
    private const byte MemberSender = 1;

    private static readonly PublicGroupOptions Following = new() { Authentication = ClientCredentials.Instance, RequireExternalPub = false };

    public static bool IsGroupOf(RoomUri room, ReadOnlySpan<byte> groupId) => groupId.SequenceEqual(Encoding.UTF8.GetBytes(room.Value));

    public static Decision Decide(RoomUpdate update, PreparedEvent prepared, HubView view, HubPolicy policy, DateTimeOffset now)
    {
        // (1)
        if (update.Room.Domain != policy.Options.Domain)
        {
            return new Decision.Refused(HubRule.RoomHere);
        }

        if (Preparation.TotalBytes(update) > policy.Limits.MaxHandshakeBytes)
        {
            return new Decision.Refused(HubRule.HandshakeSize);
        }

        var facts = prepared.Handshake!;
        var room = view.Rooms[update.Room];
        var client = prepared.Envelope.Proof!.Client;
        var refused = Commit(update, facts, room, client) ?? GroupInfo(update, facts, prepared.Envelope.Proof!) ?? Transition(update, room) ?? Members(facts, view);
        if (refused is not null)
        {
            return refused;
        }

        // (4)
        var members = facts.Members!;
        var joiners = members.Except(room?.Members ?? [client]).ToHashSet();
        refused = Joiners(update, facts, joiners, prepared.Envelope.Sender!, view);
        if (refused is not null)
        {
            return refused;
        }

        var header = facts.GroupInfo!.Header;
        var changed = new Room(update.Room, header.Epoch, header.CipherSuite, members, update.GroupInfo.ToArray(), room?.CreatedAt ?? now, now);
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
            if (policy.Peering(sender, other, header.CipherSuite) is { } disagreed)
            {
                return disagreed;
            }

            if (changed.Participants.Contains(other) && !view.ConsentsOf(sender, other).Between(sender, other, update.Room))
            {
                return new Decision.Refused(HubRule.Consented);
            }
        }

        return new Decision.Accepted { Room = changed, Recipients = others };
    }

    // (2)
    private static Decision.Refused? Commit(RoomUpdate update, HandshakeFacts facts, Room? room, ClientUri client)
    {
        if (facts.Commit is not { ContentType: CommitContent, SenderType: MemberSender } commit)
        {
            return new(HubRule.CommitReadable, facts.Error);
        }

        if (!IsGroupOf(update.Room, commit.GroupId.Span))
        {
            return new(HubRule.CommitGroup);
        }

        if (room is null)
        {
            return commit.Epoch == 0 ? null : new(HubRule.RoomExists);
        }

        if (!room.Members.Contains(client))
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

        if (!IsGroupOf(update.Room, info.Header.GroupId.Span) || info.Header.Epoch != facts.Commit!.Epoch + 1 || info.Header.CipherSuite != proof.CipherSuite)
        {
            return new(HubRule.GroupInfoPlace);
        }

        return Preparation.TryReadClient(info.Signer.Credential, out var signer) && signer == proof.Client && info.Signer.SignatureKey.Span.SequenceEqual(proof.SignatureKey.Span)
            ? null
            : new(HubRule.GroupInfoSigner);
    }

    private static Decision.Refused? Transition(RoomUpdate update, Room? room)
    {
        if (room is null)
        {
            return null;
        }

        // Stored after it was verified, so what does not hold together now is a damaged row: a defect.
        return PublicGroup.Reopen(Following, room.GroupInfo).Value.ReceiveCommit(update.Commit, update.GroupInfo)
            .Match<Decision.Refused?>(transition => transition.IsExternal ? new(HubRule.CommitReadable) : null, error => new(HubRule.CommitLeads, error.Rule));
    }

    private static Decision.Refused? Members(HandshakeFacts facts, HubView view)
    {
        if (facts.Members is not { } members || members.Distinct().Count() != members.Count)
        {
            return new(HubRule.MembersRegistered);
        }

        for (var i = 0; i < members.Count; i++)
        {
            Member leaf = facts.GroupInfo!.Members[i];
            if (view.Clients[members[i]] is not { } registered || !leaf.SignatureKey.Span.SequenceEqual(registered.SignatureKey))
            {
                return new(HubRule.MembersRegistered);
            }
        }

        return null;
    }

    private static Decision.Refused? Joiners(RoomUpdate update, HandshakeFacts facts, HashSet<ClientUri> joiners, UserUri sender, HubView view)
    {
        var welcomed = new List<ClientUri>();
        foreach (var reference in facts.Welcome?.KeyPackageRefs ?? [])
        {
            if (!view.Claims.TryGetValue(Convert.ToHexString(reference.Span), out var claim) || claim.Requester != sender || (claim.Room is not null && claim.Room != update.Room))
            {
                return new(HubRule.WelcomeClaims);
            }

            welcomed.Add(claim.Client);
        }

        if (facts.Welcome is { } welcome && welcome.CipherSuite != facts.GroupInfo!.Header.CipherSuite)
        {
            return new(HubRule.WelcomeReadable);
        }

        return welcomed.Distinct().Count() == welcomed.Count && joiners.SetEquals(welcomed) ? null : new(HubRule.JoinersMatch);
    }
}
