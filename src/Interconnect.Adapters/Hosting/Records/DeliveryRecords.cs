using System.Data.Common;
using Dapper;
using Interconnect.Federation;
using Interconnect.Storage;

namespace Interconnect.Adapters.Hosting.Records;

/// <summary>What the table of deliveries holds of one event and recipient.</summary>
internal sealed record DeliveryRow
{
    public string EventId { get; init; } = "";

    public string Recipient { get; init; } = "";

    public string Conversation { get; init; } = "";

    /// <summary>0 for an intent, else a <see cref="DeliveryStatus"/>.</summary>
    public int Status { get; init; }

    public int Attempts { get; init; }

    public string? RuleId { get; init; }

    public string? Reason { get; init; }

    public long AtMs { get; init; }
}

/// <summary>The table <c>adapter_deliveries</c> of one network, and the receipts that were early for it.</summary>
internal sealed class DeliveryRecords(Database database, NetworkId network)
{
    /// <summary>Early receipts kept of one recipient: whoever receives can invent ids, and the oldest go.</summary>
    public const int MostEarlyReceipts = 500;

    private const string Columns = "event_id AS EventId, recipient AS Recipient, conversation AS Conversation, status AS Status, attempts AS Attempts, rule_id AS RuleId, reason AS Reason, at_ms AS AtMs";

    /// <summary>Writes that an attempt begins. Counts the attempts; leaves an outcome that is there alone.</summary>
    public SqlStatement Intend(DeliveryItem item, long nowMs) => new(
        """
        INSERT INTO adapter_deliveries (network, event_id, recipient, conversation, status, reported, attempts, at_ms)
        VALUES (@network, @event, @recipient, @conversation, 0, 0, 1, @now)
        ON CONFLICT (network, event_id, recipient) DO UPDATE SET attempts = adapter_deliveries.attempts + 1, at_ms = excluded.at_ms WHERE adapter_deliveries.status = 0
        """,
        ("network", network.Value), ("event", item.Envelope.Id.Hex), ("recipient", item.Recipient.Value), ("conversation", item.Envelope.Conversation.Value), ("now", nowMs));

    /// <summary>Takes an intent back: the attempt certainly did not reach the network.</summary>
    public SqlStatement TakeBack(DeliveryItem item) => new(
        "DELETE FROM adapter_deliveries WHERE network = @network AND event_id = @event AND recipient = @recipient AND status = 0",
        ("network", network.Value), ("event", item.Envelope.Id.Hex), ("recipient", item.Recipient.Value));

    /// <summary>Writes an outcome over the intent, then applies a receipt that came before it.</summary>
    public IEnumerable<SqlStatement> Record(DeliveryItem item, Outcome outcome, long nowMs)
    {
        // Without a reference that can be kept, receipts cannot be told to belong to it; it then ends as expired.
        var kept = outcome.NativeReference is { } given && NetworkText.IsReference(given) ? given : null;
        yield return new SqlStatement(
            """
            INSERT INTO adapter_deliveries (network, event_id, recipient, conversation, status, reported, attempts, native_reference, rule_id, reason, at_ms)
            VALUES (@network, @event, @recipient, @conversation, @status, 0, 1, @reference, @rule, @reason, @now)
            ON CONFLICT (network, event_id, recipient) DO UPDATE
            SET status = excluded.status, native_reference = excluded.native_reference, rule_id = excluded.rule_id, reason = excluded.reason, at_ms = excluded.at_ms
            WHERE adapter_deliveries.status = 0
            """,
            ("network", network.Value), ("event", item.Envelope.Id.Hex), ("recipient", item.Recipient.Value), ("conversation", item.Envelope.Conversation.Value),
            ("status", (int)outcome.Status), ("reference", kept), ("rule", outcome.RuleId), ("reason", NetworkText.Reason(outcome.Reason)), ("now", nowMs));
        if (kept is { } reference && outcome.Status == DeliveryStatus.HandedOver)
        {
            yield return new SqlStatement(
                """
                UPDATE adapter_deliveries SET status = early.status, rule_id = early.rule_id, reason = early.reason
                FROM adapter_receipts AS early
                WHERE adapter_deliveries.network = @network AND adapter_deliveries.event_id = @event AND adapter_deliveries.recipient = @recipient AND adapter_deliveries.status = 2
                  AND early.network = adapter_deliveries.network AND early.native_reference = adapter_deliveries.native_reference AND early.recipient = adapter_deliveries.recipient
                """,
                ("network", network.Value), ("event", item.Envelope.Id.Hex), ("recipient", item.Recipient.Value));
            yield return new SqlStatement(
                "DELETE FROM adapter_receipts WHERE network = @network AND native_reference = @reference AND recipient = @recipient",
                ("network", network.Value), ("reference", reference), ("recipient", item.Recipient.Value));
        }
    }

    /// <summary>Moves a handed-over delivery on, or keeps the receipt when no such delivery is recorded yet. A delivery that has ended stays as it is.</summary>
    public IReadOnlyList<SqlStatement> Receive(InboundReceipt receipt, long nowMs)
    {
        (string, object?)[] values =
        [
            ("network", network.Value), ("reference", receipt.NativeReference), ("recipient", receipt.Recipient.Value), ("status", (int)receipt.Status),
            ("rule", receipt.RuleId), ("reason", NetworkText.Reason(receipt.Reason)), ("now", nowMs),
        ];
        return
        [
            new SqlStatement(
                """
                INSERT INTO adapter_receipts (network, native_reference, recipient, status, rule_id, reason, at_ms)
                SELECT @network, @reference, @recipient, CAST(@status AS INTEGER), CAST(@rule AS TEXT), CAST(@reason AS TEXT), CAST(@now AS BIGINT)
                WHERE NOT EXISTS (SELECT 1 FROM adapter_deliveries WHERE network = @network AND native_reference = @reference AND recipient = @recipient)
                ON CONFLICT (network, native_reference, recipient) DO NOTHING
                """,
                values),
            new SqlStatement(
                """
                UPDATE adapter_deliveries SET status = @status, rule_id = @rule, reason = @reason, at_ms = @now
                WHERE network = @network AND native_reference = @reference AND recipient = @recipient AND status = 2
                """,
                values),
            new SqlStatement(
                """
                DELETE FROM adapter_receipts WHERE network = @network AND recipient = @recipient AND (at_ms, native_reference) <
                  (SELECT at_ms, native_reference FROM adapter_receipts WHERE network = @network AND recipient = @recipient ORDER BY at_ms DESC, native_reference DESC LIMIT 1 OFFSET @last)
                """,
                ("network", network.Value), ("recipient", receipt.Recipient.Value), ("last", MostEarlyReceipts - 1)),
        ];
    }

    /// <summary>Makes the outcome be reported once more.</summary>
    public SqlStatement ReportAgain(DeliveryItem item) => new(
        "UPDATE adapter_deliveries SET reported = 0 WHERE network = @network AND event_id = @event AND recipient = @recipient",
        ("network", network.Value), ("event", item.Envelope.Id.Hex), ("recipient", item.Recipient.Value));

    /// <summary>Notes which status the hub has.</summary>
    public SqlStatement Reported(DeliveryRow row) => new(
        "UPDATE adapter_deliveries SET reported = @status WHERE network = @network AND event_id = @event AND recipient = @recipient",
        ("status", row.Status), ("network", network.Value), ("event", row.EventId), ("recipient", row.Recipient));

    /// <summary>Forgets what ended before <paramref name="beforeMs"/>, and receipts older than <paramref name="receiptsBeforeMs"/>.</summary>
    public IReadOnlyList<SqlStatement> Forget(long beforeMs, long receiptsBeforeMs) =>
    [
        new("DELETE FROM adapter_deliveries WHERE network = @network AND at_ms < @before AND reported = status", ("network", network.Value), ("before", beforeMs)),
        new("DELETE FROM adapter_receipts WHERE network = @network AND at_ms < @before", ("network", network.Value), ("before", receiptsBeforeMs)),
    ];

    /// <summary>The rows of these events, by event and recipient.</summary>
    public async Task<IReadOnlyDictionary<(string EventId, string Recipient), DeliveryRow>> FindAsync(IEnumerable<string> events, CancellationToken cancellation)
    {
        // Dapper spreads a list over IN where the driver has no arrays, and hands it over as an array where it has.
        var among = database.IsPostgres ? "= ANY(@ids)" : "IN @ids";
        await using var connection = await database.OpenAsync(cancellation);
        var found = new Dictionary<(string, string), DeliveryRow>();
        foreach (var ids in events.Distinct().Chunk(500))
        {
            foreach (var row in await connection.QueryAsync<DeliveryRow>(new CommandDefinition(
                $"SELECT {Columns} FROM adapter_deliveries WHERE network = @network AND event_id {among}", new { network = network.Value, ids }, cancellationToken: cancellation)))
            {
                found[(row.EventId, row.Recipient)] = row;
            }
        }

        return found;
    }

    /// <summary>Outcomes that the hub does not have yet, oldest first.</summary>
    public async Task<IReadOnlyList<DeliveryRow>> UnreportedAsync(int most, CancellationToken cancellation)
    {
        await using var connection = await database.OpenAsync(cancellation);
        return [.. await connection.QueryAsync<DeliveryRow>(new CommandDefinition(
            $"SELECT {Columns} FROM adapter_deliveries WHERE network = @network AND reported <> status ORDER BY at_ms LIMIT @most", new { network = network.Value, most }, cancellationToken: cancellation))];
    }
}
