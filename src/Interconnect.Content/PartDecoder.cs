using Interconnect.Content.Cbor;

namespace Interconnect.Content;

/// <summary>
/// Reads body parts (draft-ietf-mimi-content section 4.4), their depth and number bounded.
/// <code>
/// NestedPart = [ disposition: 0..255, language: tstr, cardinality: 0..3, then by cardinality:
///   0 Null: nothing;  1 Single: contentType, content;  3 Multi: partSemantics, [2* NestedPart]
///   2 External: contentType, url, expires, size, encAlg, key, nonce, aad, hashAlg, contentHash, description, filename ]
/// </code>
/// </summary>
internal static class PartDecoder
{
    public const int NullCardinality = 0;
    public const int SingleCardinality = 1;
    public const int ExternalCardinality = 2;
    public const int MultiCardinality = 3;

    public const int FieldsOfNull = 3;
    public const int FieldsOfSingle = 5;
    public const int FieldsOfExternal = 15;
    public const int FieldsOfMulti = 5;

    private const int FewestParts = 2;

    /// <summary>The body with everything inside it; a placeholder when the input has failed.</summary>
    public static Part ReadBody(ref CborInput cbor, ContentLimits limits)
    {
        var parts = 0;
        return ReadPart(ref cbor, limits, 1, ref parts);
    }

    private static Part ReadPart(ref CborInput cbor, ContentLimits limits, int level, ref int parts)
    {
        var start = cbor.Position;
        if (level > limits.MaxNesting)
            cbor.Fail(ContentReason.NestedTooDeep, start);
        else if (++parts > limits.MaxParts)
            cbor.Fail(ContentReason.TooManyParts, start);

        var fields = cbor.ReadArray();
        if (fields < FieldsOfNull)
            cbor.Fail(ContentReason.WrongItemCount, start);

        var disposition = new Disposition((byte)ReadUnsigned(ref cbor, "disposition", byte.MaxValue));
        var language = ReadText(ref cbor, "language", limits);
        var cardinality = ReadUnsigned(ref cbor, "cardinality", MultiCardinality, ContentReason.UnknownCardinality);
        if (!cbor.Failed && fields != FieldsOf(cardinality))
            cbor.Fail(ContentReason.WrongItemCount, start);

        return cbor.Failed ? new NullPart(disposition) : cardinality switch
        {
            NullCardinality => new NullPart(disposition, language),
            SingleCardinality => ReadSingle(ref cbor, limits, disposition, language),
            ExternalCardinality => ReadExternal(ref cbor, limits, disposition, language),
            _ => ReadMulti(ref cbor, limits, level, ref parts, disposition, language),
        };
    }

    private static int FieldsOf(ulong cardinality) => cardinality switch
    {
        NullCardinality => FieldsOfNull,
        SingleCardinality => FieldsOfSingle,
        ExternalCardinality => FieldsOfExternal,
        _ => FieldsOfMulti,
    };

    private static SinglePart ReadSingle(ref CborInput cbor, ContentLimits limits, Disposition disposition, string language) => new(
        disposition,
        language,
        ReadText(ref cbor, "contentType", limits),
        ReadBytes(ref cbor, "content"));

    private static ExternalPart ReadExternal(ref CborInput cbor, ContentLimits limits, Disposition disposition, string language)
    {
        var contentType = ReadText(ref cbor, "contentType", limits);
        var url = ReadUrl(ref cbor, limits);
        var expires = (uint)ReadUnsigned(ref cbor, "expires", uint.MaxValue);
        var size = ReadUnsigned(ref cbor, "size", ulong.MaxValue);

        var encryptionStart = cbor.Position;
        var encryption = (ushort)ReadUnsigned(ref cbor, "encAlg", ushort.MaxValue);
        var key = ReadBytes(ref cbor, "key");
        var nonce = ReadBytes(ref cbor, "nonce");
        var additionalData = ReadBytes(ref cbor, "aad");
        ExpectAlgorithm(ref cbor, "encAlg", encryptionStart, encryption, key.Length + nonce.Length + additionalData.Length);

        var hashStart = cbor.Position;
        var hash = (byte)ReadUnsigned(ref cbor, "hashAlg", byte.MaxValue);
        var contentHash = ReadBytes(ref cbor, "contentHash");
        ExpectAlgorithm(ref cbor, "hashAlg", hashStart, hash, contentHash.Length);

        return new ExternalPart(
            disposition,
            language,
            contentType,
            url,
            expires,
            size,
            encryption,
            key,
            nonce,
            additionalData,
            hash,
            contentHash,
            ReadText(ref cbor, "description", limits),
            ReadText(ref cbor, "filename", limits));
    }

    private static void ExpectAlgorithm(ref CborInput cbor, string field, int start, int algorithm, int bytesForIt)
    {
        if (algorithm != 0 || bytesForIt == 0)
            return;

        cbor.Enter(field);
        cbor.Fail(ContentReason.AlgorithmMissing, start);
        cbor.Leave();
    }

    private static MultiPart ReadMulti(
        ref CborInput cbor, ContentLimits limits, int level, ref int parts, Disposition disposition, string language)
    {
        var semantics = (PartSemantics)ReadUnsigned(
            ref cbor, "partSemantics", (ulong)PartSemantics.ProcessAll, ContentReason.UnknownPartSemantics);
        var start = cbor.Position;
        cbor.Enter("parts");
        var count = cbor.ReadArray();
        if (count < FewestParts)
            cbor.Fail(ContentReason.TooFewParts, start);

        cbor.Leave();
        var nested = new List<Part>();
        for (var i = 0; i < count && !cbor.Failed; i++)
        {
            cbor.Enter("parts", i);
            nested.Add(ReadPart(ref cbor, limits, level + 1, ref parts));
            cbor.Leave();
        }

        return new MultiPart(disposition, language, semantics, nested.AsReadOnly());
    }

    private static ulong ReadUnsigned(ref CborInput cbor, string field, ulong max, ContentReason above = ContentReason.NumberOutOfRange)
    {
        cbor.Enter(field);
        var value = cbor.ReadUnsigned(max, above);
        cbor.Leave();
        return value;
    }

    private static string ReadText(ref CborInput cbor, string field, ContentLimits limits)
    {
        cbor.Enter(field);
        var text = cbor.ReadText(limits.MaxTextBytes, ContentReason.TextTooLong);
        cbor.Leave();
        return text;
    }

    private static string ReadUrl(ref CborInput cbor, ContentLimits limits)
    {
        cbor.Enter("url");
        var url = cbor.ReadText(limits.MaxUriBytes, ContentReason.UriLength);
        cbor.Leave();
        return url;
    }

    private static Octets ReadBytes(ref CborInput cbor, string field)
    {
        cbor.Enter(field);
        var bytes = Octets.Copy(cbor.ReadBytes(int.MaxValue, ContentReason.TooLarge));
        cbor.Leave();
        return bytes;
    }
}
