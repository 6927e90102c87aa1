using System.Diagnostics.CodeAnalysis;
using System.Globalization;
using FsCheck;
using FsCheck.Fluent;
using Interconnect.Bus.Frames;

namespace Interconnect.Bus.Tests.Frames;

public sealed class BusFrameCodecTests : IDisposable
{
    private readonly FrameKit kit = new();

    public void Dispose() => kit.Dispose();

    /// <summary>Version 2 for ever, but for the signature: two bodies, the second long enough for a length of two bytes.</summary>
    [Fact]
    public void Encode_TwoBodies_GoldenBytes()
    {
        var second = Enumerable.Range(0, 130).Select(i => (byte)i).ToArray();
        var frame = Encode([new byte[] { 0xAA, 0xBB, 0xCC }, second]);
        Assert.Equal("B5020D616461707465723A6E65742D61" + kit.Key.Public.Id.ToString("X16", CultureInfo.InvariantCulture), Convert.ToHexString(frame.AsSpan(0, FrameKit.Head - 64)));
        Assert.Equal("0203AABBCC8201" + Convert.ToHexString(second), Convert.ToHexString(frame.AsSpan(FrameKit.Head)));
        Assert.True(TryDecode(frame, out var bodies, out _));
        Assert.Equal(2, bodies.Length);
        Assert.Equal(second, bodies[1].ToArray());
    }

    [Theory]
    [InlineData("", "BUS-004", 0)]
    [InlineData("81", "BUS-004", 0)]
    [InlineData("810001", "BUS-004", 0)]
    [InlineData("FFFFFFFF01", "BUS-004", 0)]
    [InlineData("00", "BUS-005", 0)]
    [InlineData("8120", "BUS-005", 0)]
    [InlineData("0100", "BUS-006", 1)]
    [InlineData("010241", "BUS-006", 1)]
    [InlineData("018100", "BUS-004", 1)]
    [InlineData("020141", "BUS-004", 3)]
    [InlineData("01014142", "BUS-007", 3)]
    public void TryDecode_Damaged_RefusesWithRuleAndOffset(string hex, string rule, int offset)
    {
        Assert.False(TryDecode(kit.Seal(Convert.FromHexString(hex)), out var bodies, out var error));
        Assert.Null(bodies);
        Assert.Equal((rule, FrameKit.Head + offset), (error.RuleId, error.Offset));

        Assert.True(TryDecode(kit.Seal(Convert.FromHexString("010141")), out var good, out _));
        Assert.Equal("A"u8.ToArray(), Assert.Single(good).ToArray());
    }

    [Fact]
    public void Encode_TheLargestBody_IsWithinTheBound() => Assert.True(TryDecode(Encode([new byte[BusFrameCodec.MaxBodyBytes]]), out _, out _));

    [Fact]
    public void Encode_BeyondTheBounds_Throws()
    {
        Assert.ThrowsAny<ArgumentException>(() => Encode([]));
        Assert.ThrowsAny<ArgumentException>(() => Encode([ReadOnlyMemory<byte>.Empty]));
        Assert.ThrowsAny<ArgumentException>(() => Encode([.. Enumerable.Repeat<ReadOnlyMemory<byte>>(new byte[1], BusFrameCodec.MaxBodies + 1)]));
        Assert.ThrowsAny<ArgumentException>(() => Encode([new byte[BusFrameCodec.MaxBytes]]));
    }

    [Fact]
    public void TryDecode_Encoded_RoundTrips()
    {
        Prop.ForAll(
            ArbMap.Default.ArbFor<byte[][]>(),
            bodies =>
            {
                var kept = bodies.Where(b => b is { Length: > 0 }).Select(b => (ReadOnlyMemory<byte>)b).ToList();
                if (kept.Count == 0)
                {
                    return true;
                }

                return TryDecode(Encode(kept), out var back, out _)
                    && back.Select(b => Convert.ToHexString(b.Span)).SequenceEqual(kept.Select(b => Convert.ToHexString(b.Span)));
            }).QuickCheckThrowOnFailure();
    }

    /// <summary>Any bytes: an answer, never an exception; and what decodes encodes to the same bytes, so there is one form.</summary>
    [Fact]
    public void TryDecode_DamagedAtRandom_AnswersAndIsCanonical()
    {
        var random = new Random(20261121);
        var seeds = new[] { Encode([new byte[] { 1 }, new byte[300], new byte[] { 2, 3 }]), Encode([.. Enumerable.Repeat<ReadOnlyMemory<byte>>(new byte[5], 200)]) };
        var decoded = 0;
        for (var i = 0; i < 40_000; i++)
        {
            var bytes = seeds[i % seeds.Length].ToArray();
            for (var hits = random.Next(1, 4); hits > 0; hits--)
            {
                bytes[FrameKit.Head + random.Next(Math.Min(bytes.Length - FrameKit.Head, 16))] = (byte)random.Next(256);
            }

            if (i % 3 == 0)
            {
                bytes = bytes[..random.Next(FrameKit.Head, bytes.Length)];
            }

            if (TryDecode(bytes, out var bodies, out var error))
            {
                decoded++;
                Assert.Equal(bytes[FrameKit.Head..], Encode(bodies)[FrameKit.Head..]);
            }
            else
            {
                Assert.InRange(error.Offset, 0, bytes.Length);
            }
        }

        Assert.NotEqual(0, decoded);
    }

    private byte[] Encode(IReadOnlyList<ReadOnlyMemory<byte>> bodies) => BusFrameCodec.Encode(bodies, TestBus.From, kit.Key, FrameKit.Submit);

    private static bool TryDecode(byte[] frame, [NotNullWhen(true)] out ReadOnlyMemory<byte>[]? bodies, [NotNullWhen(false)] out FrameError? error)
    {
        Assert.True(SealedFrame.TryRead(frame, out var read, out _));
        return BusFrameCodec.TryDecode(read, out bodies, out error);
    }
}
