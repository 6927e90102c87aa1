using System.Diagnostics.CodeAnalysis;
using System.Formats.Cbor;
using Interconnect.Content.Cbor;

namespace Interconnect.Content;

/// <summary>
/// Delivery and read receipts, `application/mimi-message-status` (draft-mahy-mimi-message-status-01): an array of [message id, status].
/// It travels encrypted like any message, so that no hub learns who read what.
/// </summary>
/// <param name="Statuses">In the sender's order; may be empty. A message may occur more than once, the last one counts.</param>
public sealed record MessageStatusReport(IReadOnlyList<MessageStatus> Statuses)
{
    private const int FieldsOfStatus = 2;

    /// <summary>Decodes with the default limits. Never throws; allocates no more than the input's size calls for.</summary>
    /// <param name="encoded">One report.</param>
    /// <param name="report">The report, or null.</param>
    /// <param name="error">Null, or the first fault.</param>
    public static bool TryDecode(
        ReadOnlyMemory<byte> encoded, [NotNullWhen(true)] out MessageStatusReport? report, [NotNullWhen(false)] out ContentError? error) =>
        TryDecode(encoded, ContentLimits.Default, out report, out error);

    /// <summary>Decodes with the given limits, of which only <see cref="ContentLimits.MaxBytes"/> matters here.</summary>
    /// <param name="encoded">One report.</param>
    /// <param name="limits">Bounds to refuse at.</param>
    /// <param name="report">The report, or null.</param>
    /// <param name="error">Null, or the first fault.</param>
    public static bool TryDecode(
        ReadOnlyMemory<byte> encoded,
        ContentLimits limits,
        [NotNullWhen(true)] out MessageStatusReport? report,
        [NotNullWhen(false)] out ContentError? error)
    {
        report = null;
        if (encoded.Length > limits.MaxBytes)
        {
            error = new ContentError(ContentReason.TooLarge, 0, "");
            return false;
        }

        var cbor = new CborInput(encoded.Span);
        var statuses = ReadStatuses(ref cbor);
        cbor.ExpectEnd();
        error = cbor.Error;
        report = cbor.Failed ? null : new MessageStatusReport(statuses);
        return report is not null;
    }

    /// <summary>The deterministic encoding.</summary>
    /// <exception cref="ContentException">A message id was not made with SHA-256, or the report is too large.</exception>
    public byte[] Encode()
    {
        var writer = new CborWriter(CborConformanceMode.Strict);
        writer.WriteStartArray(Statuses.Count);
        foreach (var status in Statuses)
        {
            writer.WriteStartArray(FieldsOfStatus);
            ContentEncoder.WriteMessageId(writer, status.MessageId);
            writer.WriteUInt32(status.Value);
            writer.WriteEndArray();
        }

        writer.WriteEndArray();
        var encoded = writer.Encode();
        return TryDecode(encoded, out _, out var error) ? encoded : throw new ContentException(error);
    }

    /// <summary>Equal when the statuses are, in order.</summary>
    public bool Equals(MessageStatusReport? other) => other is not null && Statuses.SequenceEqual(other.Statuses);

    /// <inheritdoc/>
    public override int GetHashCode() => HashCode.Combine(Statuses.Count, Statuses.FirstOrDefault());

    /// <summary>The count only.</summary>
    public override string ToString() => $"MessageStatusReport({Statuses.Count})";

    private static List<MessageStatus> ReadStatuses(ref CborInput cbor)
    {
        var count = cbor.ReadArray();
        var statuses = new List<MessageStatus>();
        for (var i = 0; i < count && !cbor.Failed; i++)
        {
            cbor.Enter("", i);
            var start = cbor.Position;
            if (cbor.ReadArray() != FieldsOfStatus)
                cbor.Fail(ContentReason.WrongItemCount, start);

            cbor.Enter("messageId");
            var id = ContentDecoder.ReadMessageId(ref cbor);
            cbor.Leave();
            cbor.Enter("status");
            statuses.Add(new MessageStatus(id, (byte)cbor.ReadUnsigned(byte.MaxValue)));
            cbor.Leave();
            cbor.Leave();
        }

        return statuses;
    }
}
