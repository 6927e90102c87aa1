using System.Text.Json;
using System.Text.Json.Nodes;
using Interconnect.Adapters.Matrix.Wire;

namespace Interconnect.Adapters.Matrix.Rooms;

/// <summary>The room that a user and one of ours share, or why there is none.</summary>
internal abstract record RoomOutcome
{
    public sealed record Found(string Room) : RoomOutcome;

    /// <summary>The homeserver did not give one.</summary>
    public sealed record NotFound(MatrixAnswer Why) : RoomOutcome;

    /// <summary>The homeserver has no such user.</summary>
    public sealed record NoSuchUser : RoomOutcome;
}

/// <summary>
/// Registers ghosts and finds or makes the one conversation of a pair. What is found is remembered in memory and in the database; the homeserver is asked when
/// neither knows. Creating a room cannot be repeated safely, so a crash after it and before the note leaves a room that the next search finds at the homeserver.
/// </summary>
internal sealed class RoomDirectory(MatrixConnection connection, MatrixIdentifiers identifiers, RoomRecords records)
{
    private const int MostKnown = 100_000;
    private const int MostSearched = 200;
    private readonly SemaphoreSlim[] stripes = [.. Enumerable.Range(0, 64).Select(_ => new SemaphoreSlim(1))];
    private readonly Lock gate = new();
    private readonly HashSet<string> registered = [];
    private readonly Dictionary<(string User, string Ghost), string> known = [];
    private readonly Dictionary<string, (string User, string Ghost)> rooms = [];

    /// <summary>Makes sure that one of ours exists; null when it does, else why not.</summary>
    public async ValueTask<MatrixAnswer?> RegisterAsync(string ghost, CancellationToken cancellation)
    {
        lock (gate)
        {
            if (registered.Contains(ghost))
            {
                return null;
            }
        }

        var body = new JsonObject { ["type"] = "m.login.application_service", ["username"] = MatrixIdentifiers.LocalpartOf(ghost), ["inhibit_login"] = true };
        var answer = await connection.CallAsync(HttpMethod.Post, "_matrix/client/v3/register", body, null, cancellation);
        if (answer is not (MatrixAnswer.Ok or MatrixAnswer.No { ErrorCode: "M_USER_IN_USE" }))
        {
            return answer;
        }

        if (answer is MatrixAnswer.Ok && identifiers.TryGhostUser(ghost, out var user))
        {
            // Only how it looks: a failure changes nothing.
            await connection.CallAsync(HttpMethod.Put, $"_matrix/client/v3/profile/{Uri.EscapeDataString(ghost)}/displayname", new JsonObject { ["displayname"] = $"{user.User}@{user.Domain.Value}" }, ghost, cancellation);
        }

        lock (gate)
        {
            if (registered.Count >= MostKnown)
            {
                registered.Clear();
            }

            registered.Add(ghost);
        }

        return null;
    }

    /// <summary>Joins a room that one of ours was invited to, and notes the pair when they are alone in it; null when done or of no use, else why to come back.</summary>
    public async ValueTask<MatrixAnswer?> JoinAsync(string room, string ghost, string user, CancellationToken cancellation)
    {
        if (await RegisterAsync(ghost, cancellation) is { } unregistered)
        {
            return unregistered is MatrixAnswer.No ? null : unregistered;
        }

        switch (await connection.JoinAsync(room, ghost, cancellation))
        {
            case MatrixAnswer.Ok:
                return await NoteIfPairAsync(room, user, ghost, cancellation);
            case MatrixAnswer.No:
                // The invitation was taken back meanwhile.
                return null;
            case var later:
                return later;
        }
    }

    /// <summary>Declines an invitation; a failure leaves it open, which harms nobody. A name in our namespace that stands for nobody is not made to exist for it.</summary>
    public async ValueTask DeclineAsync(string room, string ghost, CancellationToken cancellation)
    {
        if ((ghost == identifiers.Service || identifiers.TryGhostUser(ghost, out _)) && await RegisterAsync(ghost, cancellation) is null)
        {
            await connection.CallAsync(HttpMethod.Post, $"_matrix/client/v3/rooms/{Uri.EscapeDataString(room)}/leave", new JsonObject { ["reason"] = "This gateway speaks with the users of its own homeserver only" }, ghost, cancellation);
        }
    }

    /// <summary>Somebody left: the room is looked up anew when it is needed.</summary>
    public async ValueTask ForgetAsync(string room, CancellationToken cancellation)
    {
        lock (gate)
        {
            if (rooms.Remove(room, out var pair))
            {
                known.Remove(pair);
            }
        }

        await records.RemoveAsync(room, cancellation);
    }

    /// <summary>Somebody is in a room, or invited to it. A third one ends what the room was for: the pair's next event goes into a room of theirs alone.</summary>
    public async ValueTask EnteredAsync(string room, string who, CancellationToken cancellation)
    {
        (string User, string Ghost)? pair;
        lock (gate)
        {
            pair = rooms.TryGetValue(room, out var remembered) ? remembered : null;
        }

        pair ??= await records.FindPairAsync(room, cancellation);
        if (pair is { } known && who != known.User && who != known.Ghost)
        {
            await ForgetAsync(room, cancellation);
        }
    }

    /// <summary>Which of ours shares the room with the user, or null when it is not known.</summary>
    public async ValueTask<string?> GhostInAsync(string room, string user, CancellationToken cancellation)
    {
        lock (gate)
        {
            if (rooms.TryGetValue(room, out var pair) && pair.User == user)
            {
                return pair.Ghost;
            }
        }

        return await records.FindGhostAsync(room, user, cancellation);
    }

    /// <summary>The pair's room: remembered, found at the homeserver, or made with an invitation to the user.</summary>
    public async ValueTask<RoomOutcome> FindOrCreateAsync(string user, string ghost, CancellationToken cancellation)
    {
        var stripe = stripes[(uint)HashCode.Combine(user, ghost) % stripes.Length];
        await stripe.WaitAsync(cancellation);
        try
        {
            var room = Remembered(user, ghost) ?? await records.FindRoomAsync(user, ghost, cancellation);
            if (room is not null)
            {
                Remember(room, user, ghost);
                return new RoomOutcome.Found(room);
            }

            if (await RegisterAsync(ghost, cancellation) is { } unregistered)
            {
                return new RoomOutcome.NotFound(unregistered);
            }

            return await SearchAsync(user, ghost, cancellation) ?? await CreateAsync(user, ghost, cancellation);
        }
        finally
        {
            stripe.Release();
        }
    }

    private static IEnumerable<string> Texts(JsonElement body, string key) =>
        body.TryGetProperty(key, out var list) && list.ValueKind == JsonValueKind.Array ? list.EnumerateArray().Where(e => e.ValueKind == JsonValueKind.String).Select(e => e.GetString()!) : [];

    private string? Remembered(string user, string ghost)
    {
        lock (gate)
        {
            return known.GetValueOrDefault((user, ghost));
        }
    }

    private void Remember(string room, string user, string ghost)
    {
        lock (gate)
        {
            if (known.Count >= MostKnown || rooms.Count >= MostKnown)
            {
                known.Clear();
                rooms.Clear();
            }

            known[(user, ghost)] = room;
            rooms[room] = (user, ghost);
        }
    }

    private async ValueTask NoteAsync(string room, string user, string ghost, CancellationToken cancellation)
    {
        await records.AddAsync(room, user, ghost, cancellation);
        Remember(room, user, ghost);
    }

    /// <summary>A room at the homeserver with the two and nobody else; null when there is none.</summary>
    private async ValueTask<RoomOutcome?> SearchAsync(string user, string ghost, CancellationToken cancellation)
    {
        if (await connection.CallAsync(HttpMethod.Get, "_matrix/client/v3/joined_rooms", null, ghost, cancellation) is not MatrixAnswer.Ok joined)
        {
            return null;
        }

        foreach (var room in Texts(joined.Body, "joined_rooms").Take(MostSearched))
        {
            var answer = await MembersAsync(room, ghost, cancellation);
            if (answer is not MatrixAnswer.Ok members)
            {
                return new RoomOutcome.NotFound(answer);
            }

            if (IsPair(members, user, ghost))
            {
                await NoteAsync(room, user, ghost, cancellation);
                return new RoomOutcome.Found(room);
            }
        }

        return null;
    }

    /// <summary>A room with others in it never carries the pair's frames; null when that is known, else why to come back.</summary>
    private async ValueTask<MatrixAnswer?> NoteIfPairAsync(string room, string user, string ghost, CancellationToken cancellation)
    {
        var answer = await MembersAsync(room, ghost, cancellation);
        if (answer is MatrixAnswer.Ok members && IsPair(members, user, ghost))
        {
            await NoteAsync(room, user, ghost, cancellation);
        }

        return answer is MatrixAnswer.Ok or MatrixAnswer.No ? null : answer;
    }

    private ValueTask<MatrixAnswer> MembersAsync(string room, string ghost, CancellationToken cancellation) =>
        connection.CallAsync(HttpMethod.Get, $"_matrix/client/v3/rooms/{Uri.EscapeDataString(room)}/members?not_membership=leave", null, ghost, cancellation);

    private static bool IsPair(MatrixAnswer.Ok members, string user, string ghost) =>
        members.Body.TryGetProperty("chunk", out var chunk) && chunk.ValueKind == JsonValueKind.Array
        && chunk.EnumerateArray().Where(IsPresent).Select(e => e.GetProperty("state_key").GetString()!).ToHashSet().SetEquals([user, ghost]);

    private static bool IsPresent(JsonElement member) =>
        member.ValueKind == JsonValueKind.Object && member.TryGetProperty("state_key", out var key) && key.ValueKind == JsonValueKind.String
        && member.TryGetProperty("content", out var content) && content.ValueKind == JsonValueKind.Object
        && content.TryGetProperty("membership", out var membership) && membership.ValueKind == JsonValueKind.String && membership.GetString() is "join" or "invite";

    private async ValueTask<RoomOutcome> CreateAsync(string user, string ghost, CancellationToken cancellation)
    {
        // The homeserver would let us invite a user that does not exist, and take every message for it.
        switch (await connection.CallAsync(HttpMethod.Get, $"_matrix/client/v3/profile/{Uri.EscapeDataString(user)}", null, ghost, cancellation))
        {
            case MatrixAnswer.Ok:
                break;
            case MatrixAnswer.No { Status: 404 }:
                return new RoomOutcome.NoSuchUser();
            case var unknown:
                return new RoomOutcome.NotFound(unknown);
        }

        var body = new JsonObject
        {
            ["preset"] = "trusted_private_chat",
            ["visibility"] = "private",
            ["is_direct"] = true,
            ["invite"] = new JsonArray(user),
            ["creation_content"] = new JsonObject { ["m.federate"] = false },
        };
        var answer = await connection.CallOnceAsync(HttpMethod.Post, "_matrix/client/v3/createRoom", body, ghost, cancellation);
        if (answer is MatrixAnswer.Ok made && made.Body.TryGetProperty("room_id", out var id) && id.GetString() is { Length: > 1 and <= MatrixIdentifiers.MaxIdBytes } room)
        {
            await NoteAsync(room, user, ghost, cancellation);
            return new RoomOutcome.Found(room);
        }

        return new RoomOutcome.NotFound(answer is MatrixAnswer.Ok ? new MatrixAnswer.Unknown("the homeserver made a room without an id") : answer);
    }
}
