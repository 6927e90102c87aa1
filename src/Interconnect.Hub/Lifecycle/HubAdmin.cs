using System.Data.Common;
using Dapper;
using Interconnect.Federation;
using Interconnect.Storage;

namespace Interconnect.Hub;

/// <summary>A conversation that waits because of a defect, as operators see it.</summary>
/// <param name="OpaqueId">Random; names the conversation to <see cref="HubAdmin.ReleaseAsync"/> and says nothing about who is in it.</param>
/// <param name="Reason">Plain words.</param>
/// <param name="Attempts">How often it was tried.</param>
/// <param name="ParkedAt">Since when.</param>
/// <param name="NotBefore">When it is tried again by itself.</param>
/// <param name="Waiting">How many envelopes wait in it.</param>
public sealed record ParkedView(string OpaqueId, string Reason, int Attempts, DateTimeOffset ParkedAt, DateTimeOffset NotBefore, int Waiting);

/// <summary>What the ledger holds, in numbers.</summary>
/// <param name="Deliveries">How many deliveries stand in each state.</param>
/// <param name="Refused">How many events each rule refused.</param>
/// <param name="OutboxPages">Pages that wait to be published or deleted.</param>
/// <param name="ParkedConversations">Conversations that are parked.</param>
public sealed record HubCounts(IReadOnlyDictionary<DeliveryStatus, long> Deliveries, IReadOnlyDictionary<string, long> Refused, long OutboxPages, long ParkedConversations);

/// <summary>
/// Questions and commands of operators. Works on the database, so from any process, whether or not it holds the lease; no answer names a user or a room.
/// </summary>
public sealed class HubAdmin : IAsyncDisposable
{
    private readonly HubDatabase database;
    private readonly bool owned;

    internal HubAdmin(HubDatabase database, bool owned = false) => (this.database, this.owned) = (database, owned);

    /// <summary>An administrator's view of the database of these options; dispose it after use.</summary>
    public static HubAdmin Open(DatabaseOptions options) => new(new HubDatabase(Database.Create(options)), owned: true);

    /// <summary>Closes what <see cref="Open"/> opened; the hub's own database stays open.</summary>
    public ValueTask DisposeAsync() => owned ? database.DisposeAsync() : ValueTask.CompletedTask;

    /// <summary>Counts by state and rule.</summary>
    /// <exception cref="DbException">The database is away, or has no tables of a hub yet.</exception>
    public async Task<HubCounts> CountsAsync(CancellationToken cancellation)
    {
        await using var connection = await database.Database.OpenAsync(cancellation);
        var deliveries = await connection.QueryAsync<(long Status, long Count)>(new CommandDefinition("SELECT status, COUNT(*) FROM hub_deliveries GROUP BY status", cancellationToken: cancellation));
        var refused = await connection.QueryAsync<(string Rule, long Count)>(new CommandDefinition("SELECT rule, COUNT(*) FROM hub_ledger WHERE rule IS NOT NULL GROUP BY rule", cancellationToken: cancellation));
        return new HubCounts(
            deliveries.ToDictionary(d => (DeliveryStatus)d.Status, d => d.Count),
            refused.ToDictionary(r => r.Rule, r => r.Count, StringComparer.Ordinal),
            await connection.ExecuteScalarAsync<long>(new CommandDefinition("SELECT COUNT(*) FROM hub_outbox", cancellationToken: cancellation)),
            await connection.ExecuteScalarAsync<long>(new CommandDefinition("SELECT COUNT(*) FROM hub_parked_conversations", cancellationToken: cancellation)));
    }

    /// <summary>What is parked, the longest first.</summary>
    public async Task<IReadOnlyList<ParkedView>> ParkedAsync(CancellationToken cancellation)
    {
        await using var connection = await database.Database.OpenAsync(cancellation);
        var rows = await connection.QueryAsync<(string Id, string Reason, long Attempts, long Parked, long NotBefore, long Waiting)>(new CommandDefinition(
            """
            SELECT c.opaque_id, c.reason, c.attempts, c.parked_ms, c.not_before_ms, (SELECT COUNT(*) FROM hub_parked p WHERE p.conversation = c.conversation)
            FROM hub_parked_conversations c ORDER BY c.parked_ms, c.opaque_id
            """,
            cancellationToken: cancellation));
        return [.. rows.Select(r => new ParkedView(
            r.Id, r.Reason, (int)r.Attempts, DateTimeOffset.FromUnixTimeMilliseconds(r.Parked), DateTimeOffset.FromUnixTimeMilliseconds(r.NotBefore), (int)r.Waiting))];
    }

    /// <summary>Has the active hub try a parked conversation with its next sweep. False when there is none of that id.</summary>
    public async Task<bool> ReleaseAsync(string opaqueId, CancellationToken cancellation)
    {
        await using var connection = await database.Database.OpenAsync(cancellation);
        return await connection.ExecuteAsync(new CommandDefinition(
            "UPDATE hub_parked_conversations SET not_before_ms = 0 WHERE opaque_id = @opaqueId", new { opaqueId }, cancellationToken: cancellation)) == 1;
    }
}
