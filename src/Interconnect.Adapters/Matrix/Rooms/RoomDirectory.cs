using System.Text.Json;
using System.Text.Json.Nodes;
using Interconnect.Adapters.Matrix.Wire;

namespace Interconnect.Adapters.Matrix.Rooms;

/// <summary>The room that a user and one of ours share, or why there is none.</summary>
internal abstract record RoomOutcome
{
    /// <param name="Joined">False: the user is invited and has not joined yet.</param>
    public sealed record Found(string Room, bool Joined) : RoomOutcome;

    /// <summary>The homeserver did not give one.</summary>
    public sealed record NotFound(MatrixAnswer Why) : RoomOutcome;

    /// <summary>The homeserver has no such user.</summary>
    public sealed record NoSuchUser : RoomOutcome;
}

/// <summary>
/// Finds or makes the one conversation of a pair. No room is used whose state was not judged (<see cref="PairRoom"/>) since the last gap in what the homeserver tells; rooms that break a rule are
/// left. The table is a note of where to look first. Creating a room cannot be repeated safely, so a crash after it and before the note leaves a room that the next search finds at the homeserver.
/// </summary>
/// <param name="leave">Has one of ours leave a room, by and by.</param>
internal sealed class RoomDirectory(MatrixConnection connection, MatrixIdentifiers identifiers, RoomRecords records, GhostRegistry ghosts, Func<string, string, CancellationToken, Task> leave)
{
    private const int MostSearched = 200;
    private const int SearchedAtOnce = 8;
    private const int MostNoted = 8;

    // A room whose state the homeserver does not give is given up then, and another one made. With the host's back-off that is half a minute.
    private const int MostAsked = 5;
    private const int MostUnanswered = 10_000;
    private readonly SemaphoreSlim[] stripes = [.. Enumerable.Range(0, 64).Select(_ => new SemaphoreSlim(1))];
    private readonly ProvenRooms proven = new();
    private readonly Lock gate = new();
    private readonly Dictionary<string, int> unanswered = [];

    /// <summary>Joins a room that one of ours was invited to; it stays when the room is the pair's. Null when done or of no use, else why to come back.</summary>
    public async ValueTask<MatrixAnswer?> JoinAsync(string room, string ghost, string user, CancellationToken cancellation)
    {
        if (await ghosts.RegisterAsync(ghost, cancellation) is { } unregistered)
        {
            return unregistered is MatrixAnswer.No ? null : unregistered;
        }

        switch (await connection.JoinAsync(room, ghost, cancellation))
        {
            case MatrixAnswer.Ok:
                break;
            case MatrixAnswer.No:
                // The invitation was taken back meanwhile.
                return null;
            case var later:
                return later;
        }

        var (verdict, why) = await AskAsync(room, user, ghost, cancellation);
        if (verdict is { RuleId: null })
        {
            await records.AddAsync(room, user, ghost, cancellation);
            return null;
        }

        return verdict is null && why is not MatrixAnswer.No ? why : await LeaveAsync(room, ghost, cancellation);
    }

    /// <summary>Leaves a room or declines its invitation; null when that is done, else why to come back. A name in our namespace that stands for nobody is not made to exist for it.</summary>
    public async ValueTask<MatrixAnswer?> LeaveAsync(string room, string ghost, CancellationToken cancellation)
    {
        proven.Doubt(room);
        if (ghost != identifiers.Service && !identifiers.TryGhostUser(ghost, out _))
        {
            return null;
        }

        if (await ghosts.RegisterAsync(ghost, cancellation) is { } unregistered)
        {
            return unregistered is MatrixAnswer.No ? null : unregistered;
        }

        var answer = await connection.LeaveAsync(room, ghost, cancellation);
        return answer is MatrixAnswer.Ok or MatrixAnswer.No ? null : answer;
    }

    /// <summary>Somebody is in a room, or invited to it. A third one ends what the room was for: the pair's next event goes into a room of theirs alone.</summary>
    public async ValueTask EnteredAsync(string room, string who, bool joined, CancellationToken cancellation)
    {
        if (joined)
        {
            proven.Joined(room, who);
        }

        if (await PairOfAsync(room, cancellation) is { } pair && who != pair.User && who != pair.Ghost)
        {
            await EndAsync(room, pair.Ghost, cancellation);
        }
    }

    /// <summary>Somebody is in a room no more: it is nobody's from now on, and ours have nothing left to do there.</summary>
    public async ValueTask LeftAsync(string room, string who, CancellationToken cancellation)
    {
        if (await PairOfAsync(room, cancellation) is not { } pair)
        {
            proven.Doubt(room);
        }
        else if (who != pair.Ghost)
        {
            await EndAsync(room, pair.Ghost, cancellation);
        }
        else
        {
            await ForgetAsync(room, cancellation);
        }
    }

    /// <summary>Something that the verdict rests on changed: the room is asked again before it is used.</summary>
    public void Changed(string room) => proven.Doubt(room);

    /// <summary>The homeserver may have told something that we did not hear: every room is asked again before it is used.</summary>
    public void Doubt() => proven.Doubt();

    /// <summary>The room's use is over: it is forgotten and left.</summary>
    public async ValueTask EndAsync(string room, string ghost, CancellationToken cancellation)
    {
        await ForgetAsync(room, cancellation);
        await leave(room, ghost, cancellation);
    }

    /// <summary>Which of ours shares the room with the user, or null when it is not known.</summary>
    public async ValueTask<string?> GhostInAsync(string room, string user, CancellationToken cancellation) =>
        proven.Find(room) is { } pair && pair.User == user ? pair.Ghost : await records.FindGhostAsync(room, user, cancellation);

    /// <summary>Whether the user is in the room now; the reason where nobody can say.</summary>
    public async ValueTask<(bool? Joined, MatrixAnswer? Why)> HasJoinedAsync(string room, string user, string ghost, CancellationToken cancellation)
    {
        if (proven.Find(room) is { } pair && pair.User == user && pair.Ghost == ghost)
        {
            return (pair.Joined, null);
        }

        var (verdict, why) = await AskAsync(room, user, ghost, cancellation);
        return (verdict?.Joined, why);
    }

    /// <summary>The pair's room: proven, noted, found at the homeserver, or made with an invitation to the user.</summary>
    /// <param name="except">A room that has just proved to be of no use; null for none.</param>
    public async ValueTask<RoomOutcome> FindOrCreateAsync(string user, string ghost, string? except, CancellationToken cancellation)
    {
        if (proven.Find(user, ghost) is var (room, joined) && room != except)
        {
            return new RoomOutcome.Found(room, joined);
        }

        var stripe = stripes[(uint)HashCode.Combine(user, ghost) % stripes.Length];
        await stripe.WaitAsync(cancellation);
        try
        {
            if (proven.Find(user, ghost) is var (other, there) && other != except)
            {
                return new RoomOutcome.Found(other, there);
            }

            if (await NotedAsync(user, ghost, except, cancellation) is { } noted)
            {
                return noted;
            }

            return await ghosts.RegisterAsync(ghost, cancellation) is { } unregistered
                ? new RoomOutcome.NotFound(unregistered)
                : await SearchAsync(user, ghost, except, cancellation) ?? await CreateAsync(user, ghost, cancellation);
        }
        finally
        {
            stripe.Release();
        }
    }

    private async ValueTask<(string User, string Ghost)?> PairOfAsync(string room, CancellationToken cancellation) =>
        proven.Find(room) is { } pair ? (pair.User, pair.Ghost) : await records.FindPairAsync(room, cancellation);

    private async ValueTask ForgetAsync(string room, CancellationToken cancellation)
    {
        proven.Doubt(room);
        await records.RemoveAsync(room, cancellation);
    }

    /// <summary>The verdict over a room as it is now, or why there is none. A room that passes is remembered.</summary>
    private async ValueTask<(RoomVerdict? Verdict, MatrixAnswer? Why)> AskAsync(string room, string user, string ghost, CancellationToken cancellation)
    {
        var asked = proven.Doubts;
        var answer = await connection.ReadStateAsync(room, ghost, cancellation);
        if (answer is not MatrixAnswer.Ok state)
        {
            return (null, answer);
        }

        lock (gate)
        {
            unanswered.Remove(room);
        }

        var verdict = PairRoom.Judge(state.Body, user, ghost);
        if (verdict.RuleId is null)
        {
            proven.Add(room, user, ghost, verdict.Joined, asked);
        }

        return (verdict, null);
    }

    /// <summary>What the table names, when it still is the pair's; null when nothing is. One that the user has joined comes first.</summary>
    private async ValueTask<RoomOutcome?> NotedAsync(string user, string ghost, string? except, CancellationToken cancellation)
    {
        RoomOutcome.Found? invited = null;
        foreach (var room in await records.FindRoomsAsync(user, ghost, MostNoted, cancellation))
        {
            if (room == except)
            {
                continue;
            }

            switch (await AskAsync(room, user, ghost, cancellation))
            {
                case ({ RuleId: null, Joined: true }, _):
                    return new RoomOutcome.Found(room, true);
                case ({ RuleId: null }, _):
                    invited ??= new RoomOutcome.Found(room, false);
                    break;
                case (null, var why and not MatrixAnswer.No) when !IsGivenUp(room, why!):
                    return new RoomOutcome.NotFound(why!);
                default:
                    await EndAsync(room, ghost, cancellation);
                    break;
            }
        }

        return invited;
    }

    /// <summary>Counts a room whose state could not be had. A homeserver that gives nobody anything says nothing about a room.</summary>
    private bool IsGivenUp(string room, MatrixAnswer why)
    {
        if (!connection.IsWell || why is MatrixAnswer.Later { Status: null or 429 })
        {
            return false;
        }

        lock (gate)
        {
            if (unanswered.Count >= MostUnanswered)
            {
                unanswered.Clear();
            }

            var times = unanswered[room] = unanswered.GetValueOrDefault(room) + 1;
            return times >= MostAsked && unanswered.Remove(room);
        }
    }

    /// <summary>A room at the homeserver that is the pair's; null when none is known to be. One that cannot be asked is passed over, and one that breaks a rule is left.</summary>
    private async ValueTask<RoomOutcome?> SearchAsync(string user, string ghost, string? except, CancellationToken cancellation)
    {
        switch (await connection.CallAsync(HttpMethod.Get, "_matrix/client/v3/joined_rooms", null, ghost, cancellation))
        {
            case MatrixAnswer.Ok joined:
                using (var patience = connection.StartPatience())
                foreach (var some in Texts(joined.Body, "joined_rooms").Where(r => r != except).Take(MostSearched).Chunk(SearchedAtOnce))
                {
                    var outcomes = await Task.WhenAll(some.Select(room => LookAtAsync(room, user, ghost, patience.Token, cancellation).AsTask()));
                    if (outcomes.OfType<RoomOutcome.Found>().OrderByDescending(f => f.Joined).FirstOrDefault() is { } found)
                    {
                        await records.AddAsync(found.Room, user, ghost, cancellation);
                        return found;
                    }
                }

                return null;
            case MatrixAnswer.No:
                return null;
            case var later:
                return new RoomOutcome.NotFound(later);
        }
    }

    /// <summary>The user's own entry is asked for first: it is small, and there is none in most rooms.</summary>
    private async ValueTask<RoomOutcome?> LookAtAsync(string room, string user, string ghost, CancellationToken patience, CancellationToken cancellation)
    {
        using var either = CancellationTokenSource.CreateLinkedTokenSource(patience, cancellation);
        try
        {
            if (await connection.ReadMemberAsync(room, user, ghost, either.Token) is not MatrixAnswer.Ok)
            {
                return null;
            }

            switch (await AskAsync(room, user, ghost, either.Token))
            {
                case ({ RuleId: null, Joined: var joined }, _):
                    return new RoomOutcome.Found(room, joined);
                case (not null, _):
                    await leave(room, ghost, cancellation);
                    break;
            }
        }
        catch (OperationCanceledException) when (!cancellation.IsCancellationRequested)
        {
            // Rooms that do not answer are passed over.
        }

        return null;
    }

    private async ValueTask<RoomOutcome> CreateAsync(string user, string ghost, CancellationToken cancellation)
    {
        // The homeserver would let us invite a user that does not exist, and take every message for it. Where it does not say (403), the invitation is the way to find out.
        switch (await connection.CallAsync(HttpMethod.Get, $"_matrix/client/v3/profile/{Uri.EscapeDataString(user)}", null, ghost, cancellation))
        {
            case MatrixAnswer.No { Status: 404 }:
                return new RoomOutcome.NoSuchUser();
            case MatrixAnswer.Ok or MatrixAnswer.No:
                break;
            case var unknown:
                return new RoomOutcome.NotFound(unknown);
        }

        var asked = proven.Doubts;
        var body = new JsonObject
        {
            ["preset"] = "trusted_private_chat",
            ["visibility"] = "private",
            ["is_direct"] = true,
            ["invite"] = new JsonArray(user),
            ["creation_content"] = new JsonObject { ["m.federate"] = false },
            ["initial_state"] = new JsonArray(new JsonObject { ["type"] = "m.room.guest_access", ["state_key"] = "", ["content"] = new JsonObject { ["guest_access"] = "forbidden" } }),
        };
        var answer = await connection.CallOnceAsync(HttpMethod.Post, "_matrix/client/v3/createRoom", body, ghost, cancellation);
        if (answer is MatrixAnswer.Ok made && made.Body.TryGetProperty("room_id", out var id) && id.ValueKind == JsonValueKind.String && id.GetString() is { Length: > 1 and <= MatrixIdentifiers.MaxIdBytes } room)
        {
            await records.AddAsync(room, user, ghost, cancellation);
            proven.Add(room, user, ghost, false, asked);
            return new RoomOutcome.Found(room, false);
        }

        return new RoomOutcome.NotFound(answer is MatrixAnswer.Ok ? new MatrixAnswer.Unknown("the homeserver made a room without an id") : answer);
    }

    private static IEnumerable<string> Texts(JsonElement body, string key) =>
        body.TryGetProperty(key, out var list) && list.ValueKind == JsonValueKind.Array ? list.EnumerateArray().Where(e => e.ValueKind == JsonValueKind.String).Select(e => e.GetString()!) : [];
}
