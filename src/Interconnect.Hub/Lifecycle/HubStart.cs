using System.Data.Common;
using Interconnect.Federation;
using Interconnect.Storage;

namespace Interconnect.Hub;

/// <summary>What a session finds in the database when it takes over.</summary>
internal sealed class HubStart
{
    public HubNumbers Numbers { get; } = new();

    public List<OutboxPageHeader> Outbox { get; } = [];

    public List<ParkedConversation> Parked { get; } = [];

    /// <summary>What waits in the parked conversations.</summary>
    public List<(ConversationKey Conversation, HubStream Stream, EventId Id)> Waiting { get; } = [];

    public long ExpiryWatermark { get; private set; }

    /// <summary>Whether the ledger still holds events by their networks' ids, as earlier versions wrote them; none is added, and retention ends them.</summary>
    public bool HasOldIds { get; private set; }

    /// <summary>The ledger time of the last decision; later ledger times never go back behind it.</summary>
    public DateTimeOffset LastDecision { get; private set; }

    private static readonly RowStatement<long> Largest = new(
        """
        SELECT (SELECT COALESCE(MAX(event_no), 0) FROM hub_ledger), (SELECT COALESCE(MAX(page_no), 0) FROM hub_outbox),
               (SELECT COALESCE(MAX(conversation_no), 0) FROM hub_conversations), (SELECT COALESCE(MAX(parked_no), 0) FROM hub_parked),
               (SELECT COALESCE(MAX(accepted_ms), 0) FROM hub_ledger WHERE event_no = (SELECT MAX(event_no) FROM hub_ledger))
        FROM given
        """,
        RowColumn<long>.Number("unused", n => n));

    public static async Task<HubStart> ReadAsync(DbConnection connection, CancellationToken cancellation)
    {
        var start = new HubStart();
        await new StatementBatch()
            .Query(Largest, [0], start.ReadNumbers)
            .Query(OutboxStore.HeadersAfter, [0], row => start.Outbox.Add(new OutboxPageHeader(row.GetInt64(0), NetworkId.Parse(row.GetString(1)), (int)row.GetInt64(2))))
            .Query(ParkedStore.All, [-1], row => start.Parked.Add(ParkedStore.Read(row)))
            .Query(ParkedStore.Envelopes, [-1], row => start.AddWaiting(ParkedStore.ReadEnvelope(row)))
            .Query(WatermarkStore.ByName, [WatermarkStore.Expiry], row => start.ExpiryWatermark = row.GetInt64(1))
            .Query(LedgerQueries.OldestHasNoSentId, [0], row => start.HasOldIds = row.GetBoolean(0))
            .ExecuteAsync(connection, cancellation);

        // When retention has emptied the ledger, numbers go on where the sweep stands.
        start.Numbers.Event = Math.Max(start.Numbers.Event, start.ExpiryWatermark);
        return start;
    }

    private void AddWaiting(ParkedEnvelope parked)
    {
        if (EnvelopeCodec.TryDecode(parked.Body, out var envelope, out _) && envelope.Origin is { } network)
        {
            Waiting.Add((parked.Conversation, parked.Stream, envelope.Id.From(network)));
        }
    }

    private void ReadNumbers(DbDataReader row)
    {
        Numbers.Event = row.GetInt64(0);
        Numbers.Page = row.GetInt64(1);
        Numbers.Conversation = row.GetInt64(2);
        Numbers.Parked = row.GetInt64(3);
        LastDecision = DateTimeOffset.FromUnixTimeMilliseconds(row.GetInt64(4));
    }
}
