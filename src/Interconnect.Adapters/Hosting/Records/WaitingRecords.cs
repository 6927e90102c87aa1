using Dapper;
using Interconnect.Federation;
using Interconnect.Storage;

namespace Interconnect.Adapters.Hosting.Records;

/// <summary>One delivery that waits.</summary>
internal sealed record WaitingRow
{
    public string EventId { get; init; } = "";

    public string Recipient { get; init; } = "";

    public byte[] Envelope { get; init; } = [];

    public long SinceMs { get; init; }
}

/// <summary>The table <c>adapter_waiting</c> of one network.</summary>
internal sealed class WaitingRecords(Database database, NetworkId network)
{
    /// <summary>Puts a delivery behind those of its lane; one that waits already keeps its place.</summary>
    public SqlStatement Add(DeliveryItem item, long nowMs) => new(
        """
        INSERT INTO adapter_waiting (network, conversation, event_id, recipient, envelope, since_ms)
        VALUES (@network, @conversation, @event, @recipient, @envelope, @now)
        ON CONFLICT (network, event_id, recipient) DO NOTHING
        """,
        ("network", network.Value), ("conversation", item.Envelope.Conversation.Value), ("event", item.Envelope.Id.Hex), ("recipient", item.Recipient.Value), ("envelope", item.Body.ToArray()), ("now", nowMs));

    /// <summary>Removes one that has ended.</summary>
    public SqlStatement Remove(DeliveryItem item) => new(
        "DELETE FROM adapter_waiting WHERE network = @network AND event_id = @event AND recipient = @recipient",
        ("network", network.Value), ("event", item.Envelope.Id.Hex), ("recipient", item.Recipient.Value));

    /// <summary>The next of a lane in order.</summary>
    public async Task<IReadOnlyList<WaitingRow>> NextAsync(DeliveryLane lane, int most, CancellationToken cancellation)
    {
        await using var connection = await database.OpenAsync(cancellation);
        return [.. await connection.QueryAsync<WaitingRow>(new CommandDefinition(
            "SELECT event_id AS EventId, recipient AS Recipient, envelope AS Envelope, since_ms AS SinceMs FROM adapter_waiting WHERE network = @network AND conversation = @conversation AND recipient = @recipient ORDER BY position LIMIT @most",
            new { network = network.Value, conversation = lane.Conversation, recipient = lane.Recipient, most }, cancellationToken: cancellation))];
    }

    /// <summary>Which deliveries of these events wait.</summary>
    public async Task<IReadOnlySet<(string EventId, string Recipient)>> AmongAsync(IEnumerable<string> events, CancellationToken cancellation)
    {
        var among = database.IsPostgres ? "= ANY(@ids)" : "IN @ids";
        await using var connection = await database.OpenAsync(cancellation);
        var found = new HashSet<(string, string)>();
        foreach (var ids in events.Distinct().Chunk(500))
        {
            found.UnionWith(await connection.QueryAsync<(string, string)>(new CommandDefinition(
                $"SELECT event_id, recipient FROM adapter_waiting WHERE network = @network AND event_id {among}", new { network = network.Value, ids }, cancellationToken: cancellation)));
        }

        return found;
    }

    /// <summary>The lanes that wait, with how many deliveries each.</summary>
    public async Task<IReadOnlyList<(DeliveryLane Lane, long Count)>> LanesAsync(CancellationToken cancellation)
    {
        await using var connection = await database.OpenAsync(cancellation);
        var lanes = await connection.QueryAsync<(string Conversation, string Recipient, long Count)>(new CommandDefinition(
            "SELECT conversation, recipient, COUNT(*) FROM adapter_waiting WHERE network = @network GROUP BY conversation, recipient ORDER BY MIN(position)", new { network = network.Value }, cancellationToken: cancellation));
        return [.. lanes.Select(l => (new DeliveryLane(l.Conversation, l.Recipient), l.Count))];
    }
}
