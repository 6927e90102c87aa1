using System.Diagnostics.CodeAnalysis;
using System.Security.Cryptography;
using Interconnect.Federation;

namespace Interconnect.Endpoint;

/// <summary>
/// What an old device answers: the signed device lists, in the order that the new device checks them.
/// <code>
/// struct {
///   uint16 version = 1;
///   uint8 direction = 2;
///   opaque request_hash[32];
///   uint16 count;               // 1 to 200
///   opaque list&lt;1..65536&gt;;      // count times; uint32 length
///   opaque tag[32];             // HMAC-SHA256(code, "interconnect device link 1 answer" ‖ all before)
/// } LinkAnswer;
/// </code>
/// </summary>
internal sealed class LinkAnswer
{
    /// <summary>As many as a chain has.</summary>
    public const int MaxLists = 200;

    public const int MaxListBytes = 64 << 10;

    /// <summary>What an endpoint frame holds, with room for its other fields.</summary>
    public const int MaxBytes = EndpointFrame.MaxBytes - (64 << 10);

    internal const byte Direction = 2;

    private readonly byte[] bytes;
    private readonly byte[] requestHash;

    private LinkAnswer(byte[] bytes, byte[] requestHash, IReadOnlyList<ReadOnlyMemory<byte>> lists) =>
        (this.bytes, this.requestHash, Lists) = (bytes, requestHash, lists);

    public IReadOnlyList<ReadOnlyMemory<byte>> Lists { get; }

    public static bool TryRead(ReadOnlySpan<byte> message, [NotNullWhen(true)] out LinkAnswer? answer, [NotNullWhen(false)] out LinkError? error)
    {
        answer = null;
        var reader = new LinkReader(message);
        if (message.Length > MaxBytes)
            reader.Fail("LNK-007", $"An answer has at most {MaxBytes} bytes", 0);

        reader.Header(Direction);
        var hash = reader.Fixed(SHA256.HashSizeInBytes, "request_hash");
        var countAt = reader.Offset;
        var count = reader.Number(2, "count");
        if (count is 0 or > MaxLists)
            reader.Fail("LNK-007", $"count is 1 to {MaxLists}", countAt);

        var lists = new List<ReadOnlyMemory<byte>>();
        for (var i = 0UL; i < count && reader.Error is null; i++)
            lists.Add(reader.Opaque(4, 1, MaxListBytes, "list").ToArray());

        reader.Fixed(LinkCodec.TagSize, "tag");
        reader.End();
        error = reader.Error;
        if (error is null)
            answer = new LinkAnswer(message.ToArray(), hash.ToArray(), lists);

        return error is null;
    }

    /// <summary>Null when there are more lists or bytes than an answer holds.</summary>
    public static byte[]? Write(LinkCode code, ReadOnlySpan<byte> requestHash, IReadOnlyList<ReadOnlyMemory<byte>> lists)
    {
        if (lists.Count is 0 or > MaxLists
            || lists.Any(list => list.Length is 0 or > MaxListBytes)
            || lists.Sum(list => list.Length + 4L) > MaxBytes - 128)
            return null;

        using var stream = new MemoryStream();
        LinkCodec.WriteNumber(stream, LinkCodec.Version, 2);
        LinkCodec.WriteNumber(stream, Direction, 1);
        stream.Write(requestHash);
        LinkCodec.WriteNumber(stream, (ulong)lists.Count, 2);
        foreach (var list in lists)
            LinkCodec.WriteOpaque(stream, list.Span, 4);

        stream.Write(Tag(code, stream.ToArray()));
        return stream.ToArray();
    }

    public bool IsTo(ReadOnlySpan<byte> hash) => CryptographicOperations.FixedTimeEquals(requestHash, hash);

    public bool IsUnder(LinkCode code)
    {
        var body = bytes.Length - LinkCodec.TagSize;
        return CryptographicOperations.FixedTimeEquals(Tag(code, bytes.AsSpan(0, body)), bytes.AsSpan(body));
    }

    private static byte[] Tag(LinkCode code, ReadOnlySpan<byte> body) => code.Authenticate("interconnect device link 1 answer"u8, body);
}
