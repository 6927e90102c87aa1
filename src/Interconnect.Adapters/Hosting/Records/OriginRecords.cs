using Dapper;
using Interconnect.Federation;
using Interconnect.Storage;

namespace Interconnect.Adapters.Hosting.Records;

/// <summary>The table <c>adapter_origins</c> of one network.</summary>
internal sealed class OriginRecords(Database database, NetworkId network)
{
    /// <summary>Notes how to answer about an event; the first note stays.</summary>
    public SqlStatement Add(EventId id, string nativeReference, long nowMs) => new(
        "INSERT INTO adapter_origins (network, event_id, native_reference, at_ms) VALUES (@network, @event, @reference, @now) ON CONFLICT (network, event_id) DO NOTHING",
        ("network", network.Value), ("event", id.Hex), ("reference", nativeReference), ("now", nowMs));

    /// <summary>Forgets notes older than <paramref name="beforeMs"/>.</summary>
    public SqlStatement Forget(long beforeMs) => new("DELETE FROM adapter_origins WHERE network = @network AND at_ms < @before", ("network", network.Value), ("before", beforeMs));

    /// <summary>The note of an event, or null.</summary>
    public async Task<string?> FindAsync(EventId id, CancellationToken cancellation)
    {
        await using var connection = await database.OpenAsync(cancellation);
        return await connection.ExecuteScalarAsync<string?>(new CommandDefinition(
            "SELECT native_reference FROM adapter_origins WHERE network = @network AND event_id = @event", new { network = network.Value, @event = id.Hex }, cancellationToken: cancellation));
    }
}
