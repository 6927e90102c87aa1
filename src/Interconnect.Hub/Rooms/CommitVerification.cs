using Interconnect.Federation;
using Interconnect.Mls.PublicGroups;
using Interconnect.Storage;

namespace Interconnect.Hub;

/// <summary>
/// Judges the commits of a batch before the writer sees it, so that no conversation waits for the signatures of another. Reads the rooms as they stand, on a connection of its own; a
/// partition hands over one batch at a time, so a room seldom moves between this and the decision, and if it does the decision judges again. Only what is in its place, and whose joiners
/// were claimed, is worth a signature check; what is not is refused by the decision without one.
/// </summary>
internal sealed class CommitVerification(Database database, HubPolicy policy, FrameVerifiers verifiers)
{
    // Of Interconnect.Mls: the GroupInfo says of the next epoch something else than the commit makes of it.
    private const string GroupInfoFollows = "MLS-611";

    /// <summary>The same events, the commits among them judged where that could be done.</summary>
    public async Task<IReadOnlyList<PreparedEvent>> JudgeAsync(IReadOnlyList<PreparedEvent> events, CancellationToken cancellation)
    {
        var updates = events.Where(IsWorth).ToList();
        if (updates.Count == 0)
        {
            return events;
        }

        var rooms = new Dictionary<RoomUri, Room?>();
        var claims = new Dictionary<string, List<KeyClaim>>(StringComparer.Ordinal);
        await using (var connection = await database.OpenAsync(cancellation))
        {
            await new StatementBatch()
                .Query(RoomStore.ByUri, [.. updates.Select(u => ((RoomUpdate)u.Envelope.Event).Room).Distinct()], row => Add(rooms, RoomStore.Read(row)))
                .Query(KeyClaimStore.ByReference, [.. updates.SelectMany(u => u.Handshake!.Welcome?.KeyPackageRefs ?? []).Select(r => r.ToArray())], row => KeyClaimStore.AddTo(claims, KeyClaimStore.Read(row)))
                .ExecuteAsync(connection, cancellation);
        }

        // One room's commits follow one another, what one makes is what the next is judged by; rooms are independent.
        var judged = new PreparedEvent?[events.Count];
        var byRoom = Enumerable.Range(0, events.Count).Where(i => IsWorth(events[i])).GroupBy(i => ((RoomUpdate)events[i].Envelope.Event).Room).ToList();
        Parallel.ForEach(byRoom, room =>
        {
            var state = rooms.GetValueOrDefault(room.Key);
            foreach (var i in room)
            {
                judged[i] = JudgeOne(events[i], ref state, r => claims.GetValueOrDefault(r));
            }
        });
        return [.. events.Select((e, i) => judged[i] ?? e)];
    }

    /// <summary>Checks the signatures of an update that is in its place.</summary>
    public static JudgedCommit Judge(RoomUpdate update, FrameProof proof, Room? room)
    {
        if (room is null)
        {
            return PublicGroup.Open(RoomUpdates.Judging, update.GroupInfo).Match(
                made => new JudgedCommit(null, made, null),
                error => Refuse(new(HubRule.GroupInfoValid, error.Rule)));
        }

        // Stored after it was accepted, so what does not hold together now is a damaged row: a defect.
        var stored = PublicGroup.Reopen(RoomUpdates.Judging, room.GroupInfo).Value;
        if (!stored.ReceiveCommit(update.Commit).TryGet(out var transition, out var refused))
        {
            return Refuse(new(HubRule.CommitLeads, refused.Rule));
        }

        if (transition.IsExternal && !(Preparation.IsNamed(transition.Committer.Credential, proof.Client) && transition.Committer.SignatureKey.Span.SequenceEqual(proof.SignatureKey.Span)))
        {
            return Refuse(new(HubRule.JoinsItself));
        }

        // RFC 9420 section 11.2: members take no further commit, and the stored GroupInfo does not tell that the group has ended.
        if (!transition.Next.IsActive)
        {
            return Refuse(new(HubRule.GroupGoesOn));
        }

        return transition.Next.WithGroupInfo(update.GroupInfo).Match(
            next => new JudgedCommit(room.GroupInfo, next, null) { Move = new Move(stored, transition) },
            error => Refuse(new(error.Rule == GroupInfoFollows ? HubRule.CommitLeads : HubRule.GroupInfoValid, error.Rule)));

        JudgedCommit Refuse(Decision.Refused why) => new(room?.GroupInfo, null, why);
    }

    // A defect in here is the decision's to meet: there it parks the conversation.
    private PreparedEvent JudgeOne(PreparedEvent prepared, ref Room? room, Func<string, IReadOnlyList<KeyClaim>?> claimsOf)
    {
        var update = (RoomUpdate)prepared.Envelope.Event;
        try
        {
            if (RoomUpdates.Place(update, prepared, room, policy) is not null || RoomUpdates.Joiners(update, prepared, room, claimsOf) is not null)
            {
                return prepared;
            }

            var facts = prepared.Handshake!;
            verifiers.Note(2 + (2 * facts.Commit!.ProposalCount) + (room is null ? facts.Named!.Count : 0), facts.GroupInfo!.CipherSuite);
            var judged = Judge(update, prepared.Envelope.Proof!, room);
            if (judged.Next is { } next)
            {
                room = new Room(update.Room, next.Epoch, next.Suite.Id, facts.Named!, update.GroupInfo.ToArray(), default, default, null);
            }

            return prepared with { Handshake = facts with { Judged = judged } };
        }
        catch (Exception e) when (e is not OutOfMemoryException)
        {
            return prepared;
        }
    }

    private static bool IsWorth(PreparedEvent prepared) => prepared is { Stream: HubStream.Submit, Defect: null, Unaffordable: null, SignatureValid: true, Handshake: not null, Envelope.Event: RoomUpdate };

    private static void Add(Dictionary<RoomUri, Room?> rooms, Room room) => rooms[room.Uri] = room;
}
