using System.Formats.Cbor;

namespace Interconnect.Content;

/// <summary>Writes deterministic CBOR. The extensions are sorted already, so the writer's own key order, that of RFC 7049, is left off.</summary>
internal static class ContentEncoder
{
    /// <summary>Encodes and then reads the result back: what leaves here, a strict receiver accepts.</summary>
    public static byte[] Encode(MimiContent content)
    {
        var writer = new CborWriter(CborConformanceMode.Strict);
        try
        {
            Write(writer, content);
        }
        catch (ArgumentException)
        {
            // The writer refuses text with a lone surrogate half and extension values that are not CBOR; neither can be encoded.
            throw new ContentException(new ContentError(ContentReason.Malformed, writer.BytesWritten, ""));
        }

        var encoded = writer.Encode();
        return ContentDecoder.TryDecode(encoded, ContentLimits.Default, out _, out var error) ? encoded : throw new ContentException(error);
    }

    public static void WriteMessageId(CborWriter writer, MessageId id)
    {
        Span<byte> bytes = stackalloc byte[MessageId.Size];
        id.CopyTo(bytes);
        writer.WriteByteString(bytes);
    }

    private static void Write(CborWriter writer, MimiContent content)
    {
        Span<byte> salt = stackalloc byte[Salt.Size];
        content.Salt.CopyTo(salt);

        writer.WriteStartArray(7);
        writer.WriteByteString(salt);
        WriteOptionalId(writer, content.Replaces);
        writer.WriteByteString(content.TopicId.Span);
        WriteExpiration(writer, content.Expires);
        WriteOptionalId(writer, content.InReplyTo);
        WriteExtensions(writer, content.Extensions);
        WritePart(writer, content.NestedPart);
        writer.WriteEndArray();
    }

    private static void WriteOptionalId(CborWriter writer, MessageId? id)
    {
        if (id is { } value)
            WriteMessageId(writer, value);
        else
            writer.WriteNull();
    }

    private static void WriteExpiration(CborWriter writer, Expiration? expires)
    {
        if (expires is not { } value)
        {
            writer.WriteNull();
            return;
        }

        writer.WriteStartArray(2);
        writer.WriteBoolean(value.Relative);
        writer.WriteUInt32(value.Seconds);
        writer.WriteEndArray();
    }

    private static void WriteExtensions(CborWriter writer, ContentExtensions extensions)
    {
        writer.WriteStartMap(extensions.Count);
        foreach (var entry in extensions.Entries)
        {
            writer.WriteEncodedValue(entry.EncodedKey.Span);
            writer.WriteEncodedValue(entry.Value.Span);
        }

        writer.WriteEndMap();
    }

    private static void WritePart(CborWriter writer, Part part)
    {
        switch (part)
        {
            case NullPart:
                WriteStart(writer, part, PartDecoder.FieldsOfNull, PartDecoder.NullCardinality);
                break;
            case SinglePart single:
                WriteStart(writer, part, PartDecoder.FieldsOfSingle, PartDecoder.SingleCardinality);
                writer.WriteTextString(single.ContentType);
                writer.WriteByteString(single.Content.Span);
                break;
            case ExternalPart external:
                WriteStart(writer, part, PartDecoder.FieldsOfExternal, PartDecoder.ExternalCardinality);
                WriteExternal(writer, external);
                break;
            case MultiPart multi:
                WriteStart(writer, part, PartDecoder.FieldsOfMulti, PartDecoder.MultiCardinality);
                WriteMulti(writer, multi);
                break;
        }

        writer.WriteEndArray();
    }

    private static void WriteStart(CborWriter writer, Part part, int fields, int cardinality)
    {
        writer.WriteStartArray(fields);
        writer.WriteUInt32(part.Disposition.Value);
        writer.WriteTextString(part.Language);
        writer.WriteInt32(cardinality);
    }

    private static void WriteExternal(CborWriter writer, ExternalPart part)
    {
        writer.WriteTextString(part.ContentType);
        writer.WriteTextString(part.Url);
        writer.WriteUInt32(part.Expires);
        writer.WriteUInt64(part.Size);
        writer.WriteUInt32(part.EncryptionAlgorithm);
        writer.WriteByteString(part.Key.Span);
        writer.WriteByteString(part.Nonce.Span);
        writer.WriteByteString(part.AdditionalData.Span);
        writer.WriteUInt32(part.HashAlgorithm);
        writer.WriteByteString(part.ContentHash.Span);
        writer.WriteTextString(part.Description);
        writer.WriteTextString(part.FileName);
    }

    private static void WriteMulti(CborWriter writer, MultiPart part)
    {
        writer.WriteInt32((int)part.Semantics);
        writer.WriteStartArray(part.Parts.Count);
        foreach (var nested in part.Parts)
            WritePart(writer, nested);

        writer.WriteEndArray();
    }
}
