using System.Data.Common;
using Interconnect.Federation;

namespace Interconnect.Hub;

/// <summary>What the ledger tells of an event that comes in again: enough to repeat the answer that its sender got.</summary>
/// <param name="Id">Which: <see cref="PreparedEvent.Id"/>.</param>
/// <param name="Network">Where it came from; null when the hub made it.</param>
/// <param name="Sender">Who was answered; null when nobody was.</param>
/// <param name="Frame">The accepted frame; null when refused.</param>
/// <param name="Sequence">Its number in its conversation; null when it got none.</param>
/// <param name="DecidedAt">When it was decided, in ledger time.</param>
/// <param name="RuleId">The rule that refused it; null when accepted.</param>
/// <param name="Detail">Another part's rule behind it.</param>
internal sealed record KnownEvent(EventId Id, NetworkId? Network, UserUri? Sender, FrameId? Frame, long? Sequence, DateTimeOffset DecidedAt, string? RuleId, string? Detail)
{
    /// <summary>An answer younger than this is on its way still: what the bus brings again after a crash asks for nothing.</summary>
    public static readonly TimeSpan Quiet = TimeSpan.FromSeconds(2);

    /// <summary>The least time between two repetitions of one answer.</summary>
    public static readonly TimeSpan Pause = TimeSpan.FromSeconds(1);

    /// <summary>When this process last repeated the answer; null when it did not.</summary>
    public DateTimeOffset? RepeatedAt { get; init; }

    /// <summary>Whether the sender of <paramref name="again"/>, who is the sender of the event, waits for an answer that was given long enough ago. A clock that went back counts as time passed.</summary>
    public bool IsToRepeat(FederationEnvelope again, DateTimeOffset now) =>
        Network is not null && Network == again.Origin && Sender is not null && Sender == again.Sender && again.Proof is { } proof
        && (RuleId is not null || Frame == proof.FrameId) && again.Event.ConversationFor(Sender) == again.Conversation
        && (now - DecidedAt).Duration() >= Quiet && (RepeatedAt is not { } last || (now - last).Duration() >= Pause);

    public static KnownEvent Read(DbDataReader row)
    {
        _ = EventId.TryRead(row.GetFieldValue<byte[]>(0), out var id);
        var frame = default(FrameId);
        var hasFrame = !row.IsDBNull(3) && FrameId.TryRead(row.GetFieldValue<byte[]>(3), out frame);
        return new KnownEvent(
            id, row.IsDBNull(1) ? null : NetworkId.Parse(row.GetString(1)), row.IsDBNull(2) ? null : UserUri.Parse(row.GetString(2)), hasFrame ? frame : null,
            row.IsDBNull(4) ? null : row.GetInt64(4), DateTimeOffset.FromUnixTimeMilliseconds(row.GetInt64(5)), row.IsDBNull(6) ? null : row.GetString(6), row.IsDBNull(7) ? null : row.GetString(7));
    }
}

/// <summary>When an answer was last repeated.</summary>
internal sealed record Repetition(DateTimeOffset At);
