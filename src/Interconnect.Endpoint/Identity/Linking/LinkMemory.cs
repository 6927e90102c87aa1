using System.Collections.Immutable;
using System.Diagnostics.CodeAnalysis;
using System.Security.Cryptography;

namespace Interconnect.Endpoint;

/// <summary>
/// Which requests were tried or used, for as long as they could come again: what makes a code good for three tries and one use over restarts. Bounded, immutable.
/// <code>
/// struct { opaque request_hash[32]; uint64 expires_ms; uint8 tries; } Tried;   // tries: 1 to 3 wrong ones; 255 used
/// struct { uint16 version = 1; uint8 direction = 0; uint8 count; Tried tried[count]; } LinkMemory;   // ordered by hash
/// </code>
/// </summary>
public sealed class LinkMemory
{
    /// <summary>Most requests that are remembered.</summary>
    public const int Capacity = 64;

    private const byte Stored = 0;
    private const byte Used = 255;

    private readonly ImmutableSortedDictionary<string, Tried> tried;

    private LinkMemory(ImmutableSortedDictionary<string, Tried> tried) => this.tried = tried;

    /// <summary>Nothing was tried.</summary>
    public static LinkMemory Empty { get; } = new(ImmutableSortedDictionary.Create<string, Tried>(StringComparer.Ordinal));

    /// <summary>How many requests are remembered.</summary>
    public int Count => tried.Count;

    /// <summary>Reads what <see cref="ToBytes"/> wrote.</summary>
    public static bool TryRead(ReadOnlySpan<byte> bytes, [NotNullWhen(true)] out LinkMemory? memory, [NotNullWhen(false)] out LinkError? error)
    {
        var reader = new LinkReader(bytes);
        reader.Header(Stored);
        var count = reader.Number(1, "count");
        if (count > Capacity)
            reader.Fail("LNK-007", $"count is at most {Capacity}", reader.Offset - 1);

        var read = Empty.tried.ToBuilder();
        var last = "";
        for (var i = 0UL; i < count && reader.Error is null; i++)
        {
            var at = reader.Offset;
            var hash = Convert.ToHexStringLower(reader.Fixed(SHA256.HashSizeInBytes, "request_hash"));
            var expires = reader.Number(8, "expires_ms");
            var tries = (byte)reader.Number(1, "tries");
            if (string.CompareOrdinal(hash, last) <= 0
                || tries is not ((> 0 and <= LinkCodec.MaxTries) or Used)
                || expires > (ulong)DateTimeOffset.MaxValue.ToUnixTimeMilliseconds())
                reader.Fail("LNK-009", "The requests are not in order, or one has a wrong number of tries or time", at);
            else
                read[last = hash] = new Tried(DateTimeOffset.FromUnixTimeMilliseconds((long)expires), tries);
        }

        reader.End();
        error = reader.Error;
        memory = error is null ? new LinkMemory(read.ToImmutable()) : null;
        return memory is not null;
    }

    /// <summary>The form to store; the same memory gives the same bytes.</summary>
    public byte[] ToBytes()
    {
        using var stream = new MemoryStream();
        LinkCodec.WriteNumber(stream, LinkCodec.Version, 2);
        LinkCodec.WriteNumber(stream, Stored, 1);
        LinkCodec.WriteNumber(stream, (ulong)tried.Count, 1);
        foreach (var (hash, entry) in tried)
        {
            stream.Write(Convert.FromHexString(hash));
            LinkCodec.WriteNumber(stream, (ulong)entry.ExpiresAt.ToUnixTimeMilliseconds(), 8);
            LinkCodec.WriteNumber(stream, entry.Tries, 1);
        }

        return stream.ToArray();
    }

    /// <summary>Without what ran out a whole lifetime ago, so that a clock set back a little brings nothing to life again.</summary>
    internal LinkMemory Forget(DateTimeOffset now)
    {
        var old = tried.Where(entry => now - entry.Value.ExpiresAt > LinkCodec.Lifetime);
        return new(tried.RemoveRange(old.Select(entry => entry.Key)));
    }

    internal bool HasEnded(LinkRequest request) => TriesOf(request) >= LinkCodec.MaxTries;

    internal bool HasRoomFor(LinkRequest request) => tried.Count < Capacity || tried.ContainsKey(Key(request));

    internal int TriesLeft(LinkRequest request) => Math.Max(0, LinkCodec.MaxTries - TriesOf(request));

    internal LinkMemory WithWrongTry(LinkRequest request) => With(request, (byte)(TriesOf(request) + 1));

    internal LinkMemory WithUse(LinkRequest request) => With(request, Used);

    private static string Key(LinkRequest request) => Convert.ToHexStringLower(request.Hash.Span);

    private byte TriesOf(LinkRequest request) => tried.TryGetValue(Key(request), out var entry) ? entry.Tries : (byte)0;

    private LinkMemory With(LinkRequest request, byte tries) => new(tried.SetItem(Key(request), new Tried(request.ExpiresAt, tries)));

    private readonly record struct Tried(DateTimeOffset ExpiresAt, byte Tries);
}
