using System.Data.Common;
using Interconnect.Federation;
using Interconnect.Storage;

namespace Interconnect.Hub;

/// <summary>One delivery with what a report about it needs.</summary>
/// <param name="EventNo">Its event's number.</param>
/// <param name="Event">Its event, as it went on: reports name it so.</param>
/// <param name="Sent">Its event, as its sender's network knows it.</param>
/// <param name="Recipient">Whose copy.</param>
/// <param name="Status">Where it stands.</param>
/// <param name="Network">Where the event came from; null when the hub made it.</param>
/// <param name="Sender">Who is told; null when nobody is.</param>
/// <param name="Frame">The sender's frame.</param>
/// <param name="Conversation">Null when the event had no place in one.</param>
/// <param name="AcceptedAt">When the hub accepted it.</param>
internal sealed record LedgerTarget(
    long EventNo, EventId Event, EventId Sent, UserUri Recipient, DeliveryStatus Status, NetworkId? Network, UserUri? Sender, FrameId? Frame, ConversationKey? Conversation, DateTimeOffset AcceptedAt);

/// <summary>Where a sweep through the ledger stands, and up to which time it goes.</summary>
internal sealed record ChunkQuery(long AfterNo, DateTimeOffset Before);

/// <summary>Tables <c>hub_ledger</c> and <c>hub_deliveries</c>: what is read.</summary>
internal static class LedgerQueries
{
    private const string Target = "l.event_no, l.event_id, d.recipient, d.status, l.network, l.sender, l.frame_id, c.conversation, l.accepted_ms, COALESCE(l.sent_id, l.event_id)";

    private const string Known = "l.network, l.sender, l.frame_id, l.sequence, l.accepted_ms, l.rule, l.detail";

    /// <summary>By <see cref="PreparedEvent.Id"/>.</summary>
    public static readonly RowStatement<PreparedEvent> KnownEvents = new(
        $"SELECT l.event_id, {Known} FROM given JOIN hub_ledger l ON l.event_id = given.event_id", RowColumn<PreparedEvent>.Bytes("event_id", e => e.Id.ToBytes()));

    /// <summary>
    /// By the network's own id, which is what rows without a <c>sent_id</c> keep. Whose a row is comes with it and is looked at by the caller: a condition more here, and the planner
    /// reads the whole table.
    /// </summary>
    public static readonly RowStatement<PreparedEvent> KnownBySentId = new(
        $"SELECT given.event_id, {Known} FROM given JOIN hub_ledger l ON l.event_id = given.sent_id",
        RowColumn<PreparedEvent>.Bytes("event_id", e => e.Id.ToBytes()),
        RowColumn<PreparedEvent>.Bytes("sent_id", e => e.Envelope.Id.ToBytes()));

    /// <summary>Whether the oldest row of a network's event is older than ids of the hub's own; the given row is only there because a statement has one.</summary>
    public static readonly RowStatement<long> OldestHasNoSentId = new(
        "SELECT sent_id IS NULL FROM hub_ledger WHERE event_no > (SELECT event_no FROM given) AND network IS NOT NULL ORDER BY event_no LIMIT 1", RowColumn<long>.Number("event_no", n => n));

    public static readonly RowStatement<byte[]> KnownFrames = new(
        "SELECT l.frame_key FROM given JOIN hub_ledger l ON l.frame_key = given.frame_key",
        RowColumn<byte[]>.Bytes("frame_key", k => k));

    public static readonly RowStatement<(EventId Event, UserUri Recipient)> Targets = new(
        $"""
        SELECT {Target} FROM given JOIN hub_ledger l ON l.event_id = given.event_id
        JOIN hub_deliveries d ON d.event_no = l.event_no AND d.recipient = given.recipient
        LEFT JOIN hub_conversations c ON c.conversation_no = l.conversation_no
        """,
        RowColumn<(EventId Event, UserUri Recipient)>.Bytes("event_id", t => t.Event.ToBytes()),
        RowColumn<(EventId Event, UserUri Recipient)>.Text("recipient", t => t.Recipient.Value));

    /// <summary>The last of the next events in the order of numbers that was decided in time; no row's value when none. Numbers and times grow together.</summary>
    public static readonly RowStatement<ChunkQuery> ChunkEnd = new(
        """
        SELECT MAX(chunk.event_no) FROM (
            SELECT event_no, accepted_ms FROM hub_ledger WHERE event_no > (SELECT after_no FROM given) ORDER BY event_no LIMIT 1000) AS chunk
        WHERE chunk.accepted_ms <= (SELECT before_ms FROM given)
        """,
        RowColumn<ChunkQuery>.Number("after_no", q => q.AfterNo),
        RowColumn<ChunkQuery>.Number("before_ms", q => q.Before.ToUnixTimeMilliseconds()));

    /// <summary>The deliveries of a range of events that have not ended.</summary>
    public static readonly RowStatement<(long AfterNo, long ThroughNo)> Open = new(
        $"""
        SELECT {Target} FROM hub_ledger l JOIN hub_deliveries d ON d.event_no = l.event_no LEFT JOIN hub_conversations c ON c.conversation_no = l.conversation_no
        WHERE l.event_no > (SELECT after_no FROM given) AND l.event_no <= (SELECT through_no FROM given) AND d.status < 3 ORDER BY l.event_no
        """,
        RowColumn<(long AfterNo, long ThroughNo)>.Number("after_no", q => q.AfterNo),
        RowColumn<(long AfterNo, long ThroughNo)>.Number("through_no", q => q.ThroughNo));

    public static readonly RowStatement<long> DeleteThrough = new(
        "DELETE FROM hub_ledger WHERE event_no <= (SELECT through_no FROM given)", RowColumn<long>.Number("through_no", n => n));

    public static readonly RowStatement<long> DeleteDeliveriesThrough = new(
        "DELETE FROM hub_deliveries WHERE event_no <= (SELECT through_no FROM given)", RowColumn<long>.Number("through_no", n => n));

    public static LedgerTarget Read(DbDataReader row)
    {
        _ = EventId.TryRead(row.GetFieldValue<byte[]>(1), out var id);
        var frame = default(FrameId);
        var hasFrame = !row.IsDBNull(6) && FrameId.TryRead(row.GetFieldValue<byte[]>(6), out frame);
        ConversationKey? conversation = null;
        if (!row.IsDBNull(7))
        {
            ConversationKey.TryParse(row.GetString(7), out conversation);
        }

        _ = EventId.TryRead(row.GetFieldValue<byte[]>(9), out var sent);
        return new LedgerTarget(
            row.GetInt64(0), id, sent, UserUri.Parse(row.GetString(2)), (DeliveryStatus)row.GetInt64(3), row.IsDBNull(4) ? null : NetworkId.Parse(row.GetString(4)),
            row.IsDBNull(5) ? null : UserUri.Parse(row.GetString(5)), hasFrame ? frame : null, conversation, DateTimeOffset.FromUnixTimeMilliseconds(row.GetInt64(8)));
    }
}
