using Interconnect.Federation;
using Interconnect.Storage;

namespace Interconnect.Hub;

/// <summary>One event that the hub accepted, refused or made. Holds no content.</summary>
internal sealed record LedgerEvent
{
    public required long No { get; init; }

    /// <summary>See <see cref="PreparedEvent.Id"/>; what the hub makes has its own.</summary>
    public required EventId Id { get; init; }

    /// <summary>What its network knows it by; null when the hub made it.</summary>
    public EventId? SentId { get; init; }

    /// <summary>See <see cref="FrameKey"/>; null unless accepted from a client.</summary>
    public byte[]? FrameKey { get; init; }

    public FrameId? Frame { get; init; }

    public required string Kind { get; init; }

    /// <summary>Null when the hub made it.</summary>
    public NetworkId? Network { get; init; }

    /// <summary>Who is told what becomes of it; null when nobody is.</summary>
    public UserUri? Sender { get; init; }

    public long? ConversationNo { get; init; }

    public long? Sequence { get; init; }

    public EncryptionLabels Labels { get; init; }

    public required int Bytes { get; init; }

    public required DateTimeOffset ReceivedAt { get; init; }

    public required DateTimeOffset DecidedAt { get; init; }

    /// <summary>The rule that refused it; null when accepted.</summary>
    public HubRule? Rule { get; init; }

    public string? Detail { get; init; }
}

/// <summary>One recipient's copy of an accepted event.</summary>
internal sealed record LedgerDelivery(long EventNo, UserUri Recipient, DeliveryStatus Status, DateTimeOffset ChangedAt, string? Rule = null);

/// <summary>Tables <c>hub_ledger</c> and <c>hub_deliveries</c>: what is written.</summary>
internal static class LedgerStore
{
    public static readonly RowStatement<LedgerEvent> Insert = new(
        """
        INSERT INTO hub_ledger (event_no, event_id, sent_id, frame_key, frame_id, kind, network, sender, conversation_no, sequence, outer_label, inner_label, bytes, received_ms, accepted_ms, rule, detail)
        SELECT event_no, event_id, sent_id, frame_key, frame_id, kind, network, sender, conversation_no, sequence, outer_label, inner_label, bytes, received_ms, accepted_ms, rule, detail FROM given
        """,
        RowColumn<LedgerEvent>.Number("event_no", e => e.No),
        RowColumn<LedgerEvent>.Bytes("event_id", e => e.Id.ToBytes()),
        RowColumn<LedgerEvent>.Bytes("sent_id", e => e.SentId?.ToBytes()),
        RowColumn<LedgerEvent>.Bytes("frame_key", e => e.FrameKey),
        RowColumn<LedgerEvent>.Bytes("frame_id", e => e.Frame?.ToBytes()),
        RowColumn<LedgerEvent>.Text("kind", e => e.Kind),
        RowColumn<LedgerEvent>.Text("network", e => e.Network?.Value),
        RowColumn<LedgerEvent>.Text("sender", e => e.Sender?.Value),
        RowColumn<LedgerEvent>.OptionalNumber("conversation_no", e => e.ConversationNo),
        RowColumn<LedgerEvent>.OptionalNumber("sequence", e => e.Sequence),
        RowColumn<LedgerEvent>.Number("outer_label", e => (long)e.Labels.Outer),
        RowColumn<LedgerEvent>.Number("inner_label", e => (long)e.Labels.Inner),
        RowColumn<LedgerEvent>.Number("bytes", e => e.Bytes),
        RowColumn<LedgerEvent>.Number("received_ms", e => e.ReceivedAt.ToUnixTimeMilliseconds()),
        RowColumn<LedgerEvent>.Number("accepted_ms", e => e.DecidedAt.ToUnixTimeMilliseconds()),
        RowColumn<LedgerEvent>.Text("rule", e => e.Rule?.Id),
        RowColumn<LedgerEvent>.Text("detail", e => e.Detail));

    public static readonly RowStatement<LedgerDelivery> InsertDelivery = new(
        "INSERT INTO hub_deliveries (event_no, recipient, status, changed_ms, rule) SELECT event_no, recipient, status, changed_ms, rule FROM given",
        DeliveryColumns());

    /// <summary>Forward only, and never out of a terminal state, whatever the caller believes.</summary>
    public static readonly RowStatement<LedgerDelivery> Move = new(
        """
        UPDATE hub_deliveries SET status = given.status, changed_ms = given.changed_ms, rule = given.rule FROM given
        WHERE hub_deliveries.event_no = given.event_no AND hub_deliveries.recipient = given.recipient
        AND hub_deliveries.status < 3 AND hub_deliveries.status < given.status
        """,
        DeliveryColumns());

    private static RowColumn<LedgerDelivery>[] DeliveryColumns() =>
    [
        RowColumn<LedgerDelivery>.Number("event_no", d => d.EventNo),
        RowColumn<LedgerDelivery>.Text("recipient", d => d.Recipient.Value),
        RowColumn<LedgerDelivery>.Number("status", d => (long)d.Status),
        RowColumn<LedgerDelivery>.Number("changed_ms", d => d.ChangedAt.ToUnixTimeMilliseconds()),
        RowColumn<LedgerDelivery>.Text("rule", d => d.Rule),
    ];
}
