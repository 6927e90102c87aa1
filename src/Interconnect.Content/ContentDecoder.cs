using System.Diagnostics.CodeAnalysis;
using Interconnect.Content.Cbor;

namespace Interconnect.Content;

/// <summary>Reads the structure of draft-ietf-mimi-content section 4 field by field; <see cref="CborInput"/> keeps the first fault.</summary>
internal static class ContentDecoder
{
    private const int FieldsOfContent = 7;
    private const int FieldsOfExpiration = 2;

    public static bool TryDecode(
        ReadOnlySpan<byte> encoded,
        ContentLimits limits,
        [NotNullWhen(true)] out MimiContent? content,
        [NotNullWhen(false)] out ContentError? error)
    {
        content = null;
        if (encoded.Length > limits.MaxBytes)
        {
            error = new ContentError(ContentReason.TooLarge, 0, "");
            return false;
        }

        var cbor = new CborInput(encoded);
        var decoded = ReadContent(ref cbor, limits);
        cbor.ExpectEnd();
        error = cbor.Error;
        content = cbor.Failed ? null : decoded;
        return content is not null;
    }

    /// <summary>A message id in the field entered last.</summary>
    public static MessageId ReadMessageId(ref CborInput cbor)
    {
        var start = cbor.Position;
        var bytes = cbor.ReadBytes(int.MaxValue, ContentReason.MessageIdSize);
        if (cbor.Failed || bytes.Length != MessageId.Size)
        {
            cbor.Fail(ContentReason.MessageIdSize, start);
            return default;
        }

        if (bytes[0] != MessageId.Sha256Algorithm)
            cbor.Fail(ContentReason.MessageIdAlgorithm, start);

        return MessageId.FromBytes(bytes);
    }

    private static MimiContent? ReadContent(ref CborInput cbor, ContentLimits limits)
    {
        if (!ReadFixedArray(ref cbor, FieldsOfContent))
            return null;

        cbor.Enter("salt");
        var salt = ReadSalt(ref cbor);
        cbor.Leave();
        cbor.Enter("replaces");
        MessageId? replaces = cbor.TryReadNull() ? null : ReadMessageId(ref cbor);
        cbor.Leave();
        cbor.Enter("topicId");
        var topicId = Octets.Copy(cbor.ReadBytes(limits.MaxTopicIdBytes, ContentReason.TopicIdTooLong));
        cbor.Leave();
        cbor.Enter("expires");
        Expiration? expires = cbor.TryReadNull() ? null : ReadExpiration(ref cbor, limits);
        cbor.Leave();
        cbor.Enter("inReplyTo");
        MessageId? inReplyTo = cbor.TryReadNull() ? null : ReadMessageId(ref cbor);
        cbor.Leave();
        cbor.Enter("extensions");
        var extensions = ExtensionsDecoder.Read(ref cbor, limits);
        cbor.Leave();
        cbor.Enter("nestedPart");
        var part = PartDecoder.ReadBody(ref cbor, limits);
        cbor.Leave();

        return new MimiContent
        {
            Salt = salt,
            Replaces = replaces,
            TopicId = topicId,
            Expires = expires,
            InReplyTo = inReplyTo,
            Extensions = extensions,
            NestedPart = part,
        };
    }

    private static bool ReadFixedArray(ref CborInput cbor, int expected)
    {
        var start = cbor.Position;
        if (cbor.ReadArray() != expected)
            cbor.Fail(ContentReason.WrongItemCount, start);

        return !cbor.Failed;
    }

    private static Salt ReadSalt(ref CborInput cbor)
    {
        var start = cbor.Position;
        var bytes = cbor.ReadBytes(int.MaxValue, ContentReason.SaltSize);
        if (!cbor.Failed && bytes.Length == Salt.Size)
            return Salt.FromBytes(bytes);

        cbor.Fail(ContentReason.SaltSize, start);
        return default;
    }

    private static Expiration ReadExpiration(ref CborInput cbor, ContentLimits limits)
    {
        if (!ReadFixedArray(ref cbor, FieldsOfExpiration))
            return default;

        var relative = cbor.ReadBoolean();
        var start = cbor.Position;
        var seconds = (uint)cbor.ReadUnsigned(uint.MaxValue);
        if (relative && seconds > limits.MaxExpiry.TotalSeconds)
            cbor.Fail(ContentReason.ExpiryOutOfRange, start);

        return new Expiration(relative, seconds);
    }
}
