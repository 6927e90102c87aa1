using System.Formats.Cbor;
using FsCheck;
using FsCheck.Fluent;

namespace Interconnect.Content.Tests;

/// <summary>Random valid messages and reports.</summary>
internal static class ContentGenerators
{
    private static readonly Gen<Octets> Blobs = Gen.Choose(0, 255).Select(value => (byte)value).ArrayOf().Select(bytes => Octets.Copy(bytes));

    private static readonly Gen<string> Texts = Gen.Elements("", "a", "en,fr", "text/plain", "äöü", "日本語", "🥳", "\0", new string('x', 300));

    private static readonly Gen<uint> Words = Gen.Elements(0u, 1u, 23u, 24u, 255u, 256u, 65535u, 65536u, uint.MaxValue);

    private static readonly Gen<byte> Octet = Gen.Choose(0, 255).Select(value => (byte)value);

    private static readonly Gen<Disposition> Dispositions = Octet.Select(value => new Disposition(value));

    private static readonly Gen<MessageId> Ids =
        Octet.ArrayOf(MessageId.Size - 1).Select(bytes => MessageId.FromBytes([MessageId.Sha256Algorithm, .. bytes]));

    private static readonly Gen<MessageId?> MaybeIds = Gen.OneOf(Gen.Constant<MessageId?>(null), Ids.Select(id => (MessageId?)id));

    private static readonly Gen<Expiration?> Expirations = Gen.OneOf(
        Gen.Constant<Expiration?>(null),
        Words.Select(seconds => (Expiration?)new Expiration(false, seconds)),
        Gen.Choose(0, 366 * 86400).Select(seconds => (Expiration?)new Expiration(true, (uint)seconds)));

    private static readonly Gen<ExtensionKey> Keys = Gen.OneOf(
        Gen.Elements(3L, 23, 24, 255, 256, 65536, (1L << 53) - 1, -1, -24, -25, -256, -257, -(1L << 53) + 1).Select(ExtensionKey.Of),
        Gen.Elements("a", "b", "aa", "äöü", new string('k', 255)).Select(ExtensionKey.Of));

    private static readonly Gen<ContentExtensions> Extensions =
        from claims in Gen.Elements(0, 1, 2)
        from pairs in Keys.Zip(Values(3)).ListOf()
        select pairs.Aggregate(
            claims switch
            {
                0 => ContentExtensions.Empty,
                1 => ContentExtensions.Empty.WithText(ExtensionKey.SenderUri, "mimi://a.example/u/alice"),
                _ => ContentExtensions.For(new ContentOrigin("mimi://a.example/u/alice", "mimi://b.example/r/room")),
            },
            (all, pair) => all.With(pair.Item1, pair.Item2));

    public static Arbitrary<MimiContent> Messages { get; } = Arb.From(
        from salt in Octet.ArrayOf(Salt.Size)
        from replaces in MaybeIds
        from topicId in Blobs
        from expires in Expirations
        from inReplyTo in MaybeIds
        from extensions in Extensions
        from part in Parts(4)
        select new MimiContent
        {
            Salt = Salt.FromBytes(salt),
            Replaces = replaces,
            TopicId = topicId,
            Expires = expires,
            InReplyTo = inReplyTo,
            Extensions = extensions,
            NestedPart = part,
        });

    public static Arbitrary<MessageStatusReport> Reports { get; } =
        Arb.From(Ids.Zip(Octet, (id, value) => new MessageStatus(id, value)).ListOf().Select(statuses => new MessageStatusReport([.. statuses])));

    private static Gen<Part> Parts(int levels)
    {
        var none = Dispositions.Zip(Texts, (disposition, language) => (Part)new NullPart(disposition, language));
        var single = from disposition in Dispositions
                     from language in Texts
                     from type in Texts
                     from content in Blobs
                     select (Part)new SinglePart(disposition, language, type, content);
        var leaf = Gen.OneOf(none, single, External());
        if (levels == 1)
            return leaf;

        var multi = from disposition in Dispositions
                    from language in Texts
                    from semantics in Gen.Elements(Enum.GetValues<PartSemantics>())
                    from count in Gen.Choose(2, 4)
                    from parts in Parts(levels - 1).ListOf(count)
                    select (Part)new MultiPart(disposition, language, semantics, [.. parts]);
        return Gen.Frequency((2, leaf), (1, multi));
    }

    private static Gen<Part> External() =>
        from disposition in Dispositions
        from texts in Texts.ListOf(5)
        from expires in Words
        from size in Gen.Elements(0ul, 1ul, 4294967296ul, ulong.MaxValue)
        from encryption in Gen.Elements<ushort>(0, 1, 24, 256, ushort.MaxValue)
        from hash in Gen.Elements<byte>(0, 1, 255)
        from blobs in Blobs.ListOf(4)
        select (Part)new ExternalPart(
            disposition,
            texts[0],
            texts[1],
            texts[2],
            expires,
            size,
            encryption,
            encryption == 0 ? Octets.Empty : blobs[0],
            encryption == 0 ? Octets.Empty : blobs[1],
            encryption == 0 ? Octets.Empty : blobs[2],
            hash,
            hash == 0 ? Octets.Empty : blobs[3],
            texts[3],
            texts[4]);

    /// <summary>Encoded values that open at most so many levels.</summary>
    private static Gen<byte[]> Values(int levels)
    {
        var scalar = Gen.OneOf(
            Gen.Elements(0L, 23, 24, long.MaxValue, -1, -24, -25, long.MinValue).Select(value => Write(writer => writer.WriteInt64(value))),
            Texts.Select(value => Write(writer => writer.WriteTextString(value))),
            Blobs.Select(value => Write(writer => writer.WriteByteString(value.Span))),
            Gen.Elements("f4", "f5", "f6", "f7", "e0", "f820", "f8ff", "f90000", "f98000", "f97e00", "f97c00", "fa47c35000", "fb3ff199999999999a")
                .Select(Convert.FromHexString));
        if (levels == 0)
            return scalar;

        var inner = Values(levels - 1);
        var array = inner.ListOf().Select(items => Write(writer => WriteArray(writer, items)));
        var map = inner.ListOf().Select(items => Write(writer => WriteMap(writer, items)));
        var tagged = inner.Select(item => (byte[])[0xd8, 0x20, .. item]);
        var bigInteger = Gen.Constant(Convert.FromHexString("c249010000000000000000"));
        return Gen.Frequency((3, scalar), (1, array), (1, map), (1, tagged), (1, bigInteger));
    }

    private static void WriteArray(CborWriter writer, IReadOnlyList<byte[]> items)
    {
        writer.WriteStartArray(items.Count);
        foreach (var item in items)
            writer.WriteEncodedValue(item);

        writer.WriteEndArray();
    }

    private static void WriteMap(CborWriter writer, IReadOnlyList<byte[]> items)
    {
        writer.WriteStartMap(items.Count);
        for (var i = 0; i < items.Count; i++)
        {
            writer.WriteInt32(i);
            writer.WriteEncodedValue(items[i]);
        }

        writer.WriteEndMap();
    }

    private static byte[] Write(Action<CborWriter> write)
    {
        var writer = new CborWriter(CborConformanceMode.Strict);
        write(writer);
        return writer.Encode();
    }
}
