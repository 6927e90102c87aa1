using Dapper;
using Interconnect.Federation;
using Interconnect.Storage;

namespace Interconnect.Adapters.Matrix.Rooms;

/// <summary>The table <c>matrix_rooms</c> of one network: which user and which of ours share a room. A note, no proof: what stands here is asked of the homeserver before it is used.</summary>
internal sealed class RoomRecords(Database database, NetworkId network)
{
    public async Task AddAsync(string room, string user, string ghost, CancellationToken cancellation)
    {
        await using var connection = await database.OpenAsync(cancellation);
        await connection.ExecuteAsync(new CommandDefinition(
            """
            INSERT INTO matrix_rooms (network, room_id, user_id, ghost_id) VALUES (@network, @room, @user, @ghost)
            ON CONFLICT (network, room_id) DO UPDATE SET user_id = excluded.user_id, ghost_id = excluded.ghost_id
            """,
            new { network = network.Value, room, user, ghost },
            cancellationToken: cancellation));
    }

    public async Task RemoveAsync(string room, CancellationToken cancellation)
    {
        await using var connection = await database.OpenAsync(cancellation);
        await connection.ExecuteAsync(new CommandDefinition("DELETE FROM matrix_rooms WHERE network = @network AND room_id = @room", new { network = network.Value, room }, cancellationToken: cancellation));
    }

    /// <summary>Rooms that are noted for the pair.</summary>
    public async Task<IReadOnlyList<string>> FindRoomsAsync(string user, string ghost, int most, CancellationToken cancellation)
    {
        await using var connection = await database.OpenAsync(cancellation);
        return [.. await connection.QueryAsync<string>(new CommandDefinition(
            "SELECT room_id FROM matrix_rooms WHERE network = @network AND user_id = @user AND ghost_id = @ghost ORDER BY room_id LIMIT @most",
            new { network = network.Value, user, ghost, most }, cancellationToken: cancellation))];
    }

    /// <summary>The pair whose room it is, or null.</summary>
    public async Task<(string User, string Ghost)?> FindPairAsync(string room, CancellationToken cancellation)
    {
        await using var connection = await database.OpenAsync(cancellation);
        return await connection.QueryFirstOrDefaultAsync<(string User, string Ghost)?>(new CommandDefinition(
            "SELECT user_id, ghost_id FROM matrix_rooms WHERE network = @network AND room_id = @room", new { network = network.Value, room }, cancellationToken: cancellation));
    }

    /// <summary>Which of ours is in the room with the user, or null.</summary>
    public async Task<string?> FindGhostAsync(string room, string user, CancellationToken cancellation)
    {
        await using var connection = await database.OpenAsync(cancellation);
        return await connection.ExecuteScalarAsync<string?>(new CommandDefinition(
            "SELECT ghost_id FROM matrix_rooms WHERE network = @network AND room_id = @room AND user_id = @user", new { network = network.Value, room, user }, cancellationToken: cancellation));
    }
}
