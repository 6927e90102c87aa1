using System.Diagnostics.CodeAnalysis;

namespace Interconnect.Content;

/// <summary>
/// A message's content, `application/mimi-content` (draft-ietf-mimi-content-08 section 4; -09 has the same wire form).
/// It carries no time and no proof of its sender: those come from the group and the hub around it. Prints nothing of what it holds.
/// <code>
/// mimiContent = [ salt: bstr .size 16, replaces: null / MessageId, topicId: bstr, expires: null / Expiration,
///                 inReplyTo: null / MessageId, mimiExtensions: extensions, nestedPart: NestedPart ]
/// </code>
/// </summary>
public sealed record MimiContent
{
    /// <summary>Random, fresh for every message.</summary>
    public required Salt Salt { get; init; }

    /// <summary>The message this one edits or withdraws, always its first version; null for a message of its own.</summary>
    public MessageId? Replaces { get; init; }

    /// <summary>The topic (thread) the message belongs to; empty for none.</summary>
    public Octets TopicId { get; init; }

    /// <summary>When to delete it locally; null for never.</summary>
    public Expiration? Expires { get; init; }

    /// <summary>The message this one answers or reacts to; null for none.</summary>
    public MessageId? InReplyTo { get; init; }

    /// <summary>The extensions; senders state themselves and the room here.</summary>
    public ContentExtensions Extensions { get; init; } = ContentExtensions.Empty;

    /// <summary>The body.</summary>
    public required Part NestedPart { get; init; }

    /// <summary>What the message does, told from its fields.</summary>
    public ContentIntent Intent => (Replaces, NestedPart, NestedPart.Disposition.Kind) switch
    {
        (not null, NullPart, DispositionKind.Reaction) => ContentIntent.WithdrawReaction,
        (not null, NullPart, _) => ContentIntent.Delete,
        (not null, _, _) => ContentIntent.Edit,
        (null, _, DispositionKind.Reaction) when InReplyTo is not null => ContentIntent.Reaction,
        (null, _, _) when InReplyTo is not null => ContentIntent.Reply,
        _ => ContentIntent.Message,
    };

    /// <summary>Decodes with the default limits. Never throws; allocates no more than the input's size calls for.</summary>
    /// <param name="encoded">One message; it is copied, the caller may reuse the memory.</param>
    /// <param name="content">The message, or null.</param>
    /// <param name="error">Null, or the first fault.</param>
    public static bool TryDecode(
        ReadOnlyMemory<byte> encoded, [NotNullWhen(true)] out MimiContent? content, [NotNullWhen(false)] out ContentError? error) =>
        TryDecode(encoded, ContentLimits.Default, out content, out error);

    /// <summary>Decodes with the given limits. Never throws; allocates no more than the input's size calls for.</summary>
    /// <param name="encoded">One message; it is copied, the caller may reuse the memory.</param>
    /// <param name="limits">Bounds to refuse at.</param>
    /// <param name="content">The message, or null.</param>
    /// <param name="error">Null, or the first fault.</param>
    public static bool TryDecode(
        ReadOnlyMemory<byte> encoded,
        ContentLimits limits,
        [NotNullWhen(true)] out MimiContent? content,
        [NotNullWhen(false)] out ContentError? error) =>
        ContentDecoder.TryDecode(encoded.Span, limits, out content, out error);

    /// <summary>The deterministic encoding; decoding it gives an equal message.</summary>
    /// <exception cref="ContentException">The message breaks a rule of the format, so that every receiver would refuse it.</exception>
    public byte[] Encode() => ContentEncoder.Encode(this);

    /// <summary>
    /// Checks what only the receiver knows: that the sender and room the message claims, if it does, are those of the group it came in.
    /// </summary>
    /// <param name="origin">The sender by the group's credential and the room it was received in.</param>
    /// <returns>Null when they agree; else the mismatch, with offset 0.</returns>
    public ContentError? CheckOrigin(ContentOrigin origin) =>
        Extensions.SenderUri is { } sender && sender != origin.SenderUri ? new(ContentReason.SenderMismatch, 0, "extensions")
        : Extensions.RoomUri is { } room && room != origin.RoomUri ? new(ContentReason.RoomMismatch, 0, "extensions")
        : null;

    /// <summary>Checks an absolute expiry against the time the hub accepted the message (section 9.1).</summary>
    /// <param name="accepted">The hub's accepted timestamp.</param>
    /// <param name="limits">Null for the defaults.</param>
    /// <returns>Null when there is no absolute expiry or it is within a year either way; else the refusal, with offset 0.</returns>
    public ContentError? CheckExpiry(DateTimeOffset accepted, ContentLimits? limits = null)
    {
        if (Expires is not { Relative: false, Seconds: var seconds })
            return null;

        var distance = (DateTimeOffset.FromUnixTimeSeconds(seconds) - accepted).Duration();
        return distance > (limits ?? ContentLimits.Default).MaxExpiry ? new(ContentReason.ExpiryOutOfRange, 0, "expires") : null;
    }

    /// <summary>The type's name only.</summary>
    public override string ToString() => "MimiContent(redacted)";
}
