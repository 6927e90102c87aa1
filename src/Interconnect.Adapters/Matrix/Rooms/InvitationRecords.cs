using Dapper;
using Interconnect.Federation;
using Interconnect.Storage;

namespace Interconnect.Adapters.Matrix.Rooms;

/// <summary>The table <c>matrix_invitations</c> of one network: what of ours was invited and has not answered.</summary>
internal sealed class InvitationRecords(Database database, NetworkId network, TimeProvider clock)
{
    /// <summary>Keeps an invitation until it is answered, unless there are so many already. A crash after this: it is answered after the start.</summary>
    public async Task AddAsync(MatrixInbound.Invited invited, int most, CancellationToken cancellation)
    {
        await using var connection = await database.OpenAsync(cancellation);
        await connection.ExecuteAsync(new CommandDefinition(
            """
            INSERT INTO matrix_invitations (network, room_id, ghost_id, by_user, welcome, since_ms) SELECT @network, @room, @ghost, @by, @welcome, @now
            WHERE (SELECT COUNT(*) FROM matrix_invitations WHERE network = @network) < @most
            ON CONFLICT (network, room_id, ghost_id) DO UPDATE SET by_user = excluded.by_user, welcome = excluded.welcome
            """,
            new { network = network.Value, room = invited.Room, ghost = invited.Ghost, by = invited.By, welcome = invited.Welcome ? 1 : 0, now = clock.GetUtcNow().ToUnixTimeMilliseconds(), most },
            cancellationToken: cancellation));
    }

    /// <summary>Answered, or given up.</summary>
    public async Task RemoveAsync(MatrixInbound.Invited invited, CancellationToken cancellation)
    {
        await using var connection = await database.OpenAsync(cancellation);
        await connection.ExecuteAsync(new CommandDefinition(
            "DELETE FROM matrix_invitations WHERE network = @network AND room_id = @room AND ghost_id = @ghost", new { network = network.Value, room = invited.Room, ghost = invited.Ghost }, cancellationToken: cancellation));
    }

    /// <summary>What is open, the oldest first.</summary>
    public async Task<IReadOnlyList<MatrixInbound.Invited>> AllAsync(int most, CancellationToken cancellation)
    {
        await using var connection = await database.OpenAsync(cancellation);
        var rows = await connection.QueryAsync<(string Room, string Ghost, string By, long Welcome)>(new CommandDefinition(
            "SELECT room_id, ghost_id, by_user, CAST(welcome AS BIGINT) FROM matrix_invitations WHERE network = @network ORDER BY since_ms, room_id LIMIT @most", new { network = network.Value, most }, cancellationToken: cancellation));
        return [.. rows.Select(r => new MatrixInbound.Invited(r.Room, r.Ghost, r.By, r.Welcome != 0))];
    }
}
