namespace Interconnect.Content;

/// <summary>A message and its status, which is kept as carried, 0 to 255.</summary>
/// <param name="MessageId">The message.</param>
/// <param name="Value">The number on the wire.</param>
public readonly record struct MessageStatus(MessageId MessageId, byte Value)
{
    /// <summary>A known status.</summary>
    /// <exception cref="ArgumentOutOfRangeException"><paramref name="kind"/> is <see cref="MessageStatusKind.Unknown"/>.</exception>
    public MessageStatus(MessageId messageId, MessageStatusKind kind)
        : this(messageId, kind <= MessageStatusKind.Error ? (byte)kind : throw new ArgumentOutOfRangeException(nameof(kind)))
    {
    }

    /// <summary>What the number means.</summary>
    public MessageStatusKind Kind => Value <= (byte)MessageStatusKind.Error ? (MessageStatusKind)Value : MessageStatusKind.Unknown;
}
