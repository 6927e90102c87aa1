using System.Text;

namespace Interconnect.Content;

/// <summary>
/// Makes the messages people send (draft-ietf-mimi-content section 5), each with a fresh salt and its origin stated. Half a surrogate pair in a text
/// becomes U+FFFD. For anything else, construct <see cref="MimiContent"/> itself.
/// </summary>
public static class Compose
{
    /// <summary>A message.</summary>
    /// <param name="origin">Who sends, in which room.</param>
    /// <param name="text">The text.</param>
    /// <param name="mediaType">Plain text unless told otherwise.</param>
    public static MimiContent Text(ContentOrigin origin, string text, string mediaType = ContentMediaTypes.PlainText) =>
        New(origin, TextPart(Disposition.Render, text, mediaType));

    /// <summary>An answer to a message.</summary>
    /// <param name="origin">Who sends, in which room.</param>
    /// <param name="inReplyTo">The newest version of the message that is answered.</param>
    /// <param name="text">The text.</param>
    /// <param name="mediaType">Plain text unless told otherwise.</param>
    public static MimiContent Reply(ContentOrigin origin, MessageId inReplyTo, string text, string mediaType = ContentMediaTypes.PlainText) =>
        Text(origin, text, mediaType) with { InReplyTo = inReplyTo };

    /// <summary>A reaction to a message.</summary>
    /// <param name="origin">Who sends, in which room.</param>
    /// <param name="inReplyTo">The message reacted to.</param>
    /// <param name="emoji">What is shown, usually one emoji.</param>
    public static MimiContent Reaction(ContentOrigin origin, MessageId inReplyTo, string emoji) =>
        New(origin, TextPart(Disposition.Reaction, emoji, ContentMediaTypes.PlainText)) with { InReplyTo = inReplyTo };

    /// <summary>Takes a reaction back.</summary>
    /// <param name="origin">Who sends, in which room.</param>
    /// <param name="reaction">The reaction's id.</param>
    /// <param name="inReplyTo">The message it was a reaction to.</param>
    public static MimiContent WithdrawReaction(ContentOrigin origin, MessageId reaction, MessageId inReplyTo) =>
        New(origin, new NullPart(Disposition.Reaction)) with { Replaces = reaction, InReplyTo = inReplyTo };

    /// <summary>A new version of an own message. Topic, reply and expiry stay those of the original (section 9.3).</summary>
    /// <param name="origin">Who sends, in which room.</param>
    /// <param name="original">The id of the first version, also when it was edited before.</param>
    /// <param name="edited">The first version.</param>
    /// <param name="text">The new text.</param>
    /// <param name="mediaType">Plain text unless told otherwise.</param>
    public static MimiContent Edit(
        ContentOrigin origin, MessageId original, MimiContent edited, string text, string mediaType = ContentMediaTypes.PlainText) =>
        Replace(origin, original, edited, TextPart(edited.NestedPart.Disposition, text, mediaType));

    /// <summary>Withdraws an own message. Topic, reply and expiry stay those of the original (section 9.3).</summary>
    /// <param name="origin">Who sends, in which room.</param>
    /// <param name="original">The id of the first version, also when it was edited before.</param>
    /// <param name="deleted">The first version.</param>
    public static MimiContent Delete(ContentOrigin origin, MessageId original, MimiContent deleted) =>
        Replace(origin, original, deleted, new NullPart(deleted.NestedPart.Disposition));

    private static MimiContent Replace(ContentOrigin origin, MessageId original, MimiContent first, Part part) => New(origin, part) with
    {
        Replaces = original,
        TopicId = first.TopicId,
        Expires = first.Expires,
        InReplyTo = first.InReplyTo,
    };

    private static MimiContent New(ContentOrigin origin, Part part) =>
        new() { Salt = Salt.Generate(), Extensions = ContentExtensions.For(origin), NestedPart = part };

    private static SinglePart TextPart(Disposition disposition, string text, string mediaType) =>
        new(disposition, "", mediaType, Octets.Copy(Encoding.UTF8.GetBytes(text)));
}
