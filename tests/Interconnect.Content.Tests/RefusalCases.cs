using static Interconnect.Content.Tests.Wire;

namespace Interconnect.Content.Tests;

/// <summary>One refused input and, beside it, the nearest accepted one.</summary>
internal sealed record RefusalCase(string Name, ContentReason Reason, int Offset, string Field, byte[] Refused, byte[] Accepted);

internal static class RefusalCases
{
    // Offsets within a hand-written message: 87, then the 17 bytes of the salt, then one byte a field.
    private const int AtSalt = 1, AtReplaces = 18, AtTopicId = 19, AtExpires = 20, AtInReplyTo = 21, AtExtensions = 22, AtBody = 23;

    public static readonly IReadOnlyList<RefusalCase> All =
    [
        Case("input above the bound", ContentReason.TooLarge, 0, "", Oversized(1), Oversized(0)),

        Case("nothing at all", ContentReason.Truncated, 0, "", [], Message()),
        Case("ends inside the salt", ContentReason.Truncated, AtSalt, "salt", Message()[..10], Message()),
        Case("ends inside a length", ContentReason.Truncated, AtTopicId, "topicId", [.. Message()[..AtTopicId], 0x59, 0x01], Message()),
        Case("a string claims 2^64 - 1 bytes", ContentReason.Truncated, AtTopicId, "topicId", Message(topicId: "5b ffffffffffffffff"), Message()),

        Case("one byte follows", ContentReason.TrailingBytes, Message().Length, "", Message(after: "00"), Message()),
        Case("a second message follows", ContentReason.TrailingBytes, Message().Length, "", [.. Message(), .. Message()], Message()),

        Case("the message is a map", ContentReason.WrongType, 0, "", Message(outer: "a7"), Message()),
        Case("the salt is text", ContentReason.WrongType, AtSalt, "salt", Message(salt: "60"), Message()),
        Case("replaces is undefined", ContentReason.WrongType, AtReplaces, "replaces", Message(replaces: "f7"), Message()),
        Case("the topic id is text", ContentReason.WrongType, AtTopicId, "topicId", Message(topicId: "60"), Message()),
        Case("relative is an integer", ContentReason.WrongType, AtExpires + 1, "expires", Message(expires: "82 01 05"), Message(expires: "82 f5 05")),
        Case("an expiry time below zero", ContentReason.WrongType, AtExpires + 2, "expires", Message(expires: "82 f5 20"), Message(expires: "82 f5 00")),
        Case("extensions are an array", ContentReason.WrongType, AtExtensions, "extensions", Message(extensions: "80"), Message()),
        Case("the sender's URI is bytes", ContentReason.WrongType, AtExtensions + 2, "extensions[0]", Message(extensions: "a1 01 41 61"), Message(extensions: "a1 01 61 61")),
        Case("the body is null", ContentReason.WrongType, AtBody, "nestedPart", Message(body: "f6"), Message()),
        Case("content is text", ContentReason.WrongType, AtBody + 5, "nestedPart.content", Message(body: "85 01 60 01 60 60"), Message(body: "85 01 60 01 60 40")),

        Case("outer count of two bytes", ContentReason.NotMinimal, 0, "", Message(outer: "98 07"), Message()),
        Case("salt length of two bytes", ContentReason.NotMinimal, AtSalt, "salt", Message(salt: SaltField.Replace("50", "58 10", StringComparison.Ordinal)), Message()),
        Case("disposition 23 in two bytes", ContentReason.NotMinimal, AtBody + 1, "nestedPart.disposition", Message(body: "83 18 17 60 00"), Message(body: "83 18 18 60 00")),
        Case("255 in three bytes", ContentReason.NotMinimal, AtExpires + 2, "expires", Message(expires: "82 f5 19 00ff"), Message(expires: "82 f5 19 0100")),
        Case("65535 in five bytes", ContentReason.NotMinimal, AtExpires + 2, "expires", Message(expires: "82 f5 1a 0000ffff"), Message(expires: "82 f5 1a 00010000")),
        Case("2^32 - 1 in nine bytes", ContentReason.NotMinimal, AtExpires + 2, "expires", Message(expires: "82 f4 1b 00000000ffffffff"), Message(expires: "82 f4 1a ffffffff")),
        Case("a tag in two bytes", ContentReason.NotMinimal, AtExtensions + 2, "extensions[0]", Message(extensions: "a1 03 d8 01 00"), Message(extensions: "a1 03 c1 00")),

        Case("an open array", ContentReason.IndefiniteLength, 0, "", Message(outer: "9f", after: "ff"), Message()),
        Case("an open byte string", ContentReason.IndefiniteLength, AtTopicId, "topicId", Message(topicId: "5f 41 00 ff"), Message(topicId: "41 00")),
        Case("an open text string", ContentReason.IndefiniteLength, AtBody + 2, "nestedPart.language", Message(body: "83 01 7f 61 61 ff 00"), Message(body: "83 01 61 61 00")),
        Case("an open map", ContentReason.IndefiniteLength, AtExtensions, "extensions", Message(extensions: "bf ff"), Message(extensions: "a0")),
        Case("an open array in an extension", ContentReason.IndefiniteLength, AtExtensions + 2, "extensions[0]", Message(extensions: "a1 03 9f ff"), Message(extensions: "a1 03 80")),

        Case("a reserved initial byte", ContentReason.Malformed, AtReplaces, "replaces", Message(replaces: "1c"), Message()),
        Case("an open integer", ContentReason.Malformed, AtBody + 1, "nestedPart.disposition", Message(body: "83 1f 60 00"), Message()),
        Case("a break where an item belongs", ContentReason.Malformed, AtExtensions + 2, "extensions[0]", Message(extensions: "a1 03 ff"), Message(extensions: "a1 03 f6")),
        Case("a simple value below 32 in two bytes", ContentReason.Malformed, AtExtensions + 2, "extensions[0]", Message(extensions: "a1 03 f8 1f"), Message(extensions: "a1 03 f8 20")),
        Case("true in two bytes", ContentReason.Malformed, AtExpires + 1, "expires", Message(expires: "82 f8 15 05"), Message(expires: "82 f5 05")),

        Case("an overlong UTF-8 form", ContentReason.InvalidUtf8, AtBody + 2, "nestedPart.language", Message(body: "83 01 62 c080 00"), Message(body: "83 01 62 c2a0 00")),
        Case("a surrogate in UTF-8", ContentReason.InvalidUtf8, AtExtensions + 2, "extensions[0]", Message(extensions: "a1 03 63 eda080"), Message(extensions: "a1 03 63 ee8080")),
        Case("a text key that is not UTF-8", ContentReason.InvalidUtf8, AtExtensions + 1, "extensions[0]", Message(extensions: "a1 61 ff 00"), Message(extensions: "a1 61 7f 00")),
        Case("an inner text key that is not UTF-8", ContentReason.InvalidUtf8, AtExtensions + 3, "extensions[0]", Message(extensions: "a1 03 a1 61 ff 00"), Message(extensions: "a1 03 a1 61 7f 00")),

        Case("parts claim 2^32 items", ContentReason.CountBeyondInput, AtBody + 5, "nestedPart.parts", Message(body: "85 01 60 03 00 9b 0000000100000000"), Message(body: Multi("00", NullBody, NullBody))),
        Case("a map claims one pair more than fits", ContentReason.CountBeyondInput, AtExtensions, "extensions", Message(extensions: "b8 ff"), Message()),
        Case("an array in an extension claims 2^64 - 1 items", ContentReason.CountBeyondInput, AtExtensions + 2, "extensions[0]", Message(extensions: "a1 03 9b ffffffffffffffff"), Message(extensions: "a1 03 81 00")),
        Case("a map in an extension claims 2^64 - 1 pairs", ContentReason.CountBeyondInput, AtExtensions + 2, "extensions[0]", Message(extensions: "a1 03 bb ffffffffffffffff"), Message(extensions: "a1 03 a1 00 00")),

        Case("a tagged message", ContentReason.TagNotAllowed, 0, "", Message(outer: "c1 87"), Message()),
        Case("a tagged URL", ContentReason.TagNotAllowed, AtBody + 5, "nestedPart.url", Message(body: External(url: "d8 20 60")), Message(body: External(url: "60"))),

        Case("a float as disposition", ContentReason.FloatNotAllowed, AtBody + 1, "nestedPart.disposition", Message(body: "83 f9 3c00 60 00"), Message(body: "83 01 60 00")),
        Case("a float as expiry", ContentReason.FloatNotAllowed, AtExpires + 2, "expires", Message(expires: "82 f5 fb 3ff0000000000000"), Message(expires: "82 f5 01")),

        Case("1.0 in five bytes", ContentReason.FloatNotCanonical, AtExtensions + 2, "extensions[0]", Message(extensions: "a1 03 fa 3f800000"), Message(extensions: "a1 03 f9 3c00")),
        Case("100000.0 in nine bytes", ContentReason.FloatNotCanonical, AtExtensions + 2, "extensions[0]", Message(extensions: "a1 03 fb 40f86a0000000000"), Message(extensions: "a1 03 fa 47c35000")),
        Case("infinity in nine bytes", ContentReason.FloatNotCanonical, AtExtensions + 2, "extensions[0]", Message(extensions: "a1 03 fb 7ff0000000000000"), Message(extensions: "a1 03 fb 3ff199999999999a")),
        Case("a NaN with a payload", ContentReason.FloatNotCanonical, AtExtensions + 2, "extensions[0]", Message(extensions: "a1 03 f9 7e01"), Message(extensions: "a1 03 f9 7e00")),
        Case("a NaN in nine bytes", ContentReason.FloatNotCanonical, AtExtensions + 2, "extensions[0]", Message(extensions: "a1 03 fb 7ff8000000000000"), Message(extensions: "a1 03 f9 7e00")),

        Case("a big integer that fits", ContentReason.BigIntegerNotCanonical, AtExtensions + 2, "extensions[0]", Message(extensions: "a1 03 c2 48 ffffffffffffffff"), Message(extensions: "a1 03 c2 49 010000000000000000")),
        Case("a big integer with a leading zero", ContentReason.BigIntegerNotCanonical, AtExtensions + 2, "extensions[0]", Message(extensions: "a1 03 c3 4a 00010000000000000000"), Message(extensions: "a1 03 c3 49 010000000000000000")),
        Case("a big integer of text", ContentReason.BigIntegerNotCanonical, AtExtensions + 2, "extensions[0]", Message(extensions: "a1 03 c2 69 616161616161616161"), Message(extensions: "a1 03 c2 49 616161616161616161")),

        Case("keys out of order", ContentReason.KeysUnsorted, AtExtensions + 4, "extensions[1]", Message(extensions: "a2 02 61 61 01 61 61"), Message(extensions: "a2 01 61 61 02 61 61")),
        Case("keys in RFC 7049 order", ContentReason.KeysUnsorted, AtExtensions + 4, "extensions[1]", Message(extensions: "a2 61 61 00 19 0100 00"), Message(extensions: "a2 19 0100 00 61 61 00")),
        Case("inner keys out of order", ContentReason.KeysUnsorted, AtExtensions + 5, "extensions[0]", Message(extensions: "a1 03 a2 01 00 00 00"), Message(extensions: "a1 03 a2 00 00 01 00")),

        Case("the same key twice", ContentReason.DuplicateKey, AtExtensions + 4, "extensions[1]", Message(extensions: "a2 01 61 61 01 61 61"), Message(extensions: "a2 01 61 61 02 61 61")),
        Case("the same inner key twice", ContentReason.DuplicateKey, AtExtensions + 6, "extensions[0]", Message(extensions: "a1 03 a2 61 61 00 61 61 00"), Message(extensions: "a1 03 a2 61 61 00 61 62 00")),

        Case("an extension key of bytes", ContentReason.KeyType, AtExtensions + 1, "extensions[0]", Message(extensions: "a1 41 61 00"), Message(extensions: "a1 61 61 00")),
        Case("an inner key of bytes is allowed, an array is not", ContentReason.KeyType, AtExtensions + 3, "extensions[0]", Message(extensions: "a1 03 a1 80 00"), Message(extensions: "a1 03 a1 41 61 00")),
        Case("an inner key that is true", ContentReason.KeyType, AtExtensions + 3, "extensions[0]", Message(extensions: "a1 03 a1 f5 00"), Message(extensions: "a1 03 a1 05 00")),

        Case("extension key 0 is reserved", ContentReason.KeyRange, AtExtensions + 1, "extensions[0]", Message(extensions: "a1 00 00"), Message(extensions: "a1 03 00")),
        Case("an extension key of 2^53", ContentReason.KeyRange, AtExtensions + 1, "extensions[0]", Message(extensions: "a1 1b 0020000000000000 00"), Message(extensions: "a1 1b 001fffffffffffff 00")),
        Case("an extension key of -2^53", ContentReason.KeyRange, AtExtensions + 1, "extensions[0]", Message(extensions: "a1 3b 001fffffffffffff 00"), Message(extensions: "a1 3b 001ffffffffffffe 00")),
        Case("an inner key of -2^53", ContentReason.KeyRange, AtExtensions + 3, "extensions[0]", Message(extensions: "a1 03 a1 3b 001fffffffffffff 00"), Message(extensions: "a1 03 a1 3b 001ffffffffffffe 00")),
        Case("an inner key of 2^53", ContentReason.KeyRange, AtExtensions + 3, "extensions[0]", Message(extensions: "a1 03 a1 1b 0020000000000000 00"), Message(extensions: "a1 03 a1 1b 001fffffffffffff 00")),

        Case("an empty text key", ContentReason.KeyLength, AtExtensions + 1, "extensions[0]", Message(extensions: "a1 60 00"), Message(extensions: "a1 61 61 00")),
        Case("a text key of 256 bytes", ContentReason.KeyLength, AtExtensions + 1, "extensions[0]", Message(extensions: $"a1 {Text(256)} 00"), Message(extensions: $"a1 {Text(255)} 00")),

        Case("extensions five levels deep", ContentReason.ExtensionTooDeep, AtExtensions + 5, "extensions[0]", Message(extensions: "a1 03 81 81 81 80"), Message(extensions: "a1 03 81 81 80")),
        Case("a tag at the fifth level", ContentReason.ExtensionTooDeep, AtExtensions + 5, "extensions[0]", Message(extensions: "a1 03 81 81 81 c1 00"), Message(extensions: "a1 03 81 81 c1 00")),
        Case("a map at the fifth level", ContentReason.ExtensionTooDeep, AtExtensions + 5, "extensions[0]", Message(extensions: "a1 03 81 81 c1 a0"), Message(extensions: "a1 03 81 81 a0")),

        Case("eight fields", ContentReason.WrongItemCount, 0, "", Message(outer: "88", after: "00"), Message()),
        Case("six fields", ContentReason.WrongItemCount, 0, "", Message(outer: "86"), Message()),
        Case("an expiry of three fields", ContentReason.WrongItemCount, AtExpires, "expires", Message(expires: "83 f5 05 05"), Message(expires: "82 f5 05")),
        Case("a part of two fields", ContentReason.WrongItemCount, AtBody, "nestedPart", Message(body: "82 01 60"), Message(body: "83 01 60 00")),
        Case("a null part with content", ContentReason.WrongItemCount, AtBody, "nestedPart", Message(body: "85 01 60 00 60 40"), Message(body: "83 01 60 00")),
        Case("a single part without content", ContentReason.WrongItemCount, AtBody, "nestedPart", Message(body: "84 01 60 01 60"), Message(body: "85 01 60 01 60 40")),

        Case("a salt of 15 bytes", ContentReason.SaltSize, AtSalt, "salt", Message(salt: Bytes(15)), Message(salt: Bytes(16))),
        Case("a salt of 17 bytes", ContentReason.SaltSize, AtSalt, "salt", Message(salt: Bytes(17)), Message(salt: Bytes(16))),

        Case("an id of 31 bytes", ContentReason.MessageIdSize, AtReplaces, "replaces", Message(replaces: "581f 01" + Zeros(30)), Message(replaces: "5820 01" + Zeros(31))),
        Case("an id of 33 bytes", ContentReason.MessageIdSize, AtInReplyTo, "inReplyTo", Message(inReplyTo: "5821 01" + Zeros(32)), Message(inReplyTo: "5820 01" + Zeros(31))),

        Case("an id of hash algorithm 2", ContentReason.MessageIdAlgorithm, AtReplaces, "replaces", Message(replaces: "5820 02" + Zeros(31)), Message(replaces: "5820 01" + Zeros(31))),
        Case("an answer to an id of hash algorithm 0", ContentReason.MessageIdAlgorithm, AtInReplyTo, "inReplyTo", Message(inReplyTo: "5820 00" + Zeros(31)), Message(inReplyTo: "5820 01" + Zeros(31))),

        Case("a topic id of 4097 bytes", ContentReason.TopicIdTooLong, AtTopicId, "topicId", Message(topicId: Bytes(4097)), Message(topicId: Bytes(4096))),

        Case("deletion more than a year after reading", ContentReason.ExpiryOutOfRange, AtExpires + 2, "expires", Message(expires: "82 f5 1a 01e28501"), Message(expires: "82 f5 1a 01e28500")),

        Case("an expiry time of 2^32", ContentReason.NumberOutOfRange, AtExpires + 2, "expires", Message(expires: "82 f4 1b 0000000100000000"), Message(expires: "82 f4 1a ffffffff")),
        Case("a disposition of 256", ContentReason.NumberOutOfRange, AtBody + 1, "nestedPart.disposition", Message(body: "83 19 0100 60 00"), Message(body: "83 18 ff 60 00")),
        Case("an encryption algorithm of 65536", ContentReason.NumberOutOfRange, AtBody + 8, "nestedPart.encAlg", Message(body: External(encAlg: "1a 00010000")), Message(body: External(encAlg: "19 ffff"))),
        Case("a hash algorithm of 256", ContentReason.NumberOutOfRange, AtBody + 12, "nestedPart.hashAlg", Message(body: External(hashAlg: "19 0100")), Message(body: External(hashAlg: "18 ff"))),
        Case("an external expiry of 2^32", ContentReason.NumberOutOfRange, AtBody + 6, "nestedPart.expires", Message(body: External(expires: "1b 0000000100000000")), Message(body: External(expires: "1a ffffffff"))),

        Case("cardinality 4", ContentReason.UnknownCardinality, AtBody + 3, "nestedPart.cardinality", Message(body: "83 01 60 04"), Message(body: "83 01 60 00")),

        Case("part semantics 3", ContentReason.UnknownPartSemantics, AtBody + 4, "nestedPart.partSemantics", Message(body: Multi("03", NullBody, NullBody)), Message(body: Multi("02", NullBody, NullBody))),

        Case("a multi part of one", ContentReason.TooFewParts, AtBody + 5, "nestedPart.parts", Message(body: Multi("00", NullBody)), Message(body: Multi("00", NullBody, NullBody))),
        Case("a multi part of none", ContentReason.TooFewParts, AtBody + 5, "nestedPart.parts", Message(body: Multi("00")), Message(body: Multi("00", NullBody, NullBody))),

        Case("five levels of parts", ContentReason.NestedTooDeep, AtBody + (4 * 6), "nestedPart.parts[0].parts[0].parts[0].parts[0]", Message(body: Nested(5)), Message(body: Nested(4))),

        Case("1025 parts", ContentReason.TooManyParts, AtBody + 8 + (1023 * 4), "nestedPart.parts[1023]", Message(body: Flat(1024)), Message(body: Flat(1023))),
        Case("1025 parts in two levels", ContentReason.TooManyParts, AtBody + 6 + (2 * 8) + (1021 * 4), "nestedPart.parts[1].parts[511]", Message(body: Multi("00", Flat(510), Flat(512))), Message(body: Multi("00", Flat(510), Flat(511)))),

        Case("an empty sender URI", ContentReason.UriLength, AtExtensions + 2, "extensions[0]", Message(extensions: "a1 01 60"), Message(extensions: "a1 01 61 61")),
        Case("a room URI of 2049 bytes", ContentReason.UriLength, AtExtensions + 2, "extensions[0]", Message(extensions: $"a1 02 {Text(2049)}"), Message(extensions: $"a1 02 {Text(2048)}")),
        Case("a URL of 2049 bytes", ContentReason.UriLength, AtBody + 5, "nestedPart.url", Message(body: External(url: Text(2049))), Message(body: External(url: Text(2048)))),

        Case("a language of 4097 bytes", ContentReason.TextTooLong, AtBody + 2, "nestedPart.language", Message(body: $"83 01 {Text(4097)} 00"), Message(body: $"83 01 {Text(4096)} 00")),
        Case("a media type of 4097 bytes", ContentReason.TextTooLong, AtBody + 4, "nestedPart.contentType", Message(body: $"85 01 60 01 {Text(4097)} 40"), Message(body: $"85 01 60 01 {Text(4096)} 40")),

        Case("an extension of 4096 bytes", ContentReason.ExtensionTooLarge, AtExtensions + 2, "extensions[0]", Message(extensions: $"a1 03 {Bytes(4093)}"), Message(extensions: $"a1 03 {Bytes(4092)}")),

        Case("a key without an algorithm", ContentReason.AlgorithmMissing, AtBody + 8, "nestedPart.encAlg", Message(body: External(key: "41 00")), Message(body: External(encAlg: "01", key: "41 00"))),
        Case("a hash without an algorithm", ContentReason.AlgorithmMissing, AtBody + 12, "nestedPart.hashAlg", Message(body: External(contentHash: "41 00")), Message(body: External(hashAlg: "01", contentHash: "41 00"))),
    ];

    /// <summary>A multi part of so many null parts.</summary>
    private static string Flat(int parts) => Multi("00", [.. Enumerable.Repeat(NullBody, parts)]);

    /// <summary>So many levels of parts, the innermost a null part.</summary>
    private static string Nested(int levels) => levels == 1 ? NullBody : Multi("00", Nested(levels - 1), NullBody);

    private static string Zeros(int bytes) => string.Concat(Enumerable.Repeat("00", bytes));

    /// <summary>A valid message that is so many bytes above the default bound.</summary>
    private static byte[] Oversized(int above)
    {
        const int fixedBytes = AtBody + 4 + 1 + 5;
        return Message(body: $"85 01 60 01 60 {Bytes(ContentLimits.Default.MaxBytes - fixedBytes + above)}");
    }

    private static RefusalCase Case(string name, ContentReason reason, int offset, string field, byte[] refused, byte[] accepted) =>
        new(name, reason, offset, field, refused, accepted);
}
