using Dapper;
using Interconnect.Federation;
using Interconnect.Storage;

namespace Interconnect.Adapters.Matrix.Rooms;

/// <summary>The table <c>matrix_awaiting</c> of one network: what lies in rooms that their recipients were invited to and have not joined.</summary>
internal sealed class AwaitingRecords(Database database, NetworkId network, TimeProvider clock)
{
    /// <summary>Events kept of one room; the oldest go, and end as expired.</summary>
    public const int Most = 1_000;

    /// <summary>Keeps that an event waits for its recipient to join.</summary>
    public async Task AddAsync(string room, string user, string reference, CancellationToken cancellation)
    {
        await using var connection = await database.OpenAsync(cancellation);
        await connection.ExecuteAsync(new CommandDefinition(
            """
            INSERT INTO matrix_awaiting (network, room_id, user_id, native_reference, at_ms) VALUES (@network, @room, @user, @reference, @now)
            ON CONFLICT (network, room_id, native_reference) DO NOTHING
            """,
            new { network = network.Value, room, user, reference, now = clock.GetUtcNow().ToUnixTimeMilliseconds() },
            cancellationToken: cancellation));
        await connection.ExecuteAsync(new CommandDefinition(
            """
            DELETE FROM matrix_awaiting WHERE network = @network AND room_id = @room AND (at_ms, native_reference) <
              (SELECT at_ms, native_reference FROM matrix_awaiting WHERE network = @network AND room_id = @room ORDER BY at_ms DESC, native_reference DESC LIMIT 1 OFFSET @last)
            """,
            new { network = network.Value, room, last = Most - 1 },
            cancellationToken: cancellation));
    }

    /// <summary>What waits in a room for a user, the oldest first.</summary>
    public async Task<IReadOnlyList<string>> OfAsync(string room, string user, CancellationToken cancellation)
    {
        await using var connection = await database.OpenAsync(cancellation);
        return [.. await connection.QueryAsync<string>(new CommandDefinition(
            "SELECT native_reference FROM matrix_awaiting WHERE network = @network AND room_id = @room AND user_id = @user ORDER BY at_ms, native_reference",
            new { network = network.Value, room, user }, cancellationToken: cancellation))];
    }

    /// <summary>It waits no more: its report is stored.</summary>
    public async Task RemoveAsync(string room, string reference, CancellationToken cancellation)
    {
        await using var connection = await database.OpenAsync(cancellation);
        await connection.ExecuteAsync(new CommandDefinition(
            "DELETE FROM matrix_awaiting WHERE network = @network AND room_id = @room AND native_reference = @reference", new { network = network.Value, room, reference }, cancellationToken: cancellation));
    }

    /// <summary>Forgets what is older; the hub has told its sender long since that it expired.</summary>
    public async Task ForgetAsync(TimeSpan age, CancellationToken cancellation)
    {
        await using var connection = await database.OpenAsync(cancellation);
        await connection.ExecuteAsync(new CommandDefinition(
            "DELETE FROM matrix_awaiting WHERE network = @network AND at_ms < @before", new { network = network.Value, before = (clock.GetUtcNow() - age).ToUnixTimeMilliseconds() }, cancellationToken: cancellation));
    }

    /// <summary>Rooms in which something waits, with the one of ours in it where that is still known; in the order of their ids, from one on.</summary>
    public async Task<IReadOnlyList<(string Room, string User, string? Ghost)>> RoomsAsync(string after, int most, CancellationToken cancellation)
    {
        await using var connection = await database.OpenAsync(cancellation);
        return [.. await connection.QueryAsync<(string Room, string User, string? Ghost)>(new CommandDefinition(
            """
            SELECT DISTINCT a.room_id, a.user_id, r.ghost_id FROM matrix_awaiting a
            LEFT JOIN matrix_rooms r ON r.network = a.network AND r.room_id = a.room_id AND r.user_id = a.user_id
            WHERE a.network = @network AND a.room_id > @after ORDER BY a.room_id LIMIT @most
            """,
            new { network = network.Value, after, most }, cancellationToken: cancellation))];
    }
}
