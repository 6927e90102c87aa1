using FsCheck;
using FsCheck.Fluent;
using Interconnect.Bus.Frames;

namespace Interconnect.Bus.Tests.Frames;

public sealed class BusFrameCodecTests
{
    /// <summary>Version 1 for ever: two bodies, the second long enough for a length of two bytes.</summary>
    [Fact]
    public void Encode_TwoBodies_GoldenBytes()
    {
        var second = Enumerable.Range(0, 130).Select(i => (byte)i).ToArray();
        var frame = BusFrameCodec.Encode([new byte[] { 0xAA, 0xBB, 0xCC }, second]);
        Assert.Equal("B5010203AABBCC8201" + Convert.ToHexString(second), Convert.ToHexString(frame));
        Assert.True(BusFrameCodec.TryDecode(frame, out var bodies, out _));
        Assert.Equal(2, bodies.Length);
        Assert.Equal(second, bodies[1].ToArray());
    }

    [Theory]
    [InlineData("", "BUS-002", 0)]
    [InlineData("B5", "BUS-002", 0)]
    [InlineData("B401010141", "BUS-002", 0)]
    [InlineData("B502010141", "BUS-003", 1)]
    [InlineData("B501", "BUS-004", 2)]
    [InlineData("B50181", "BUS-004", 2)]
    [InlineData("B501810001", "BUS-004", 2)]
    [InlineData("B501FFFFFFFF01", "BUS-004", 2)]
    [InlineData("B50100", "BUS-005", 2)]
    [InlineData("B5018120", "BUS-005", 2)]
    [InlineData("B5010100", "BUS-006", 3)]
    [InlineData("B501010241", "BUS-006", 3)]
    [InlineData("B501018100", "BUS-004", 3)]
    [InlineData("B501020141", "BUS-004", 5)]
    [InlineData("B50101014142", "BUS-007", 5)]
    public void TryDecode_Damaged_RefusesWithRuleAndOffset(string hex, string rule, int offset)
    {
        Assert.False(BusFrameCodec.TryDecode(Convert.FromHexString(hex), out var bodies, out var error));
        Assert.Null(bodies);
        Assert.Equal((rule, offset), (error.RuleId, error.Offset));

        Assert.True(BusFrameCodec.TryDecode(Convert.FromHexString("B501010141"), out var good, out _));
        Assert.Equal("A"u8.ToArray(), Assert.Single(good).ToArray());
    }

    [Fact]
    public void TryDecode_Oversize_Refuses()
    {
        Assert.False(BusFrameCodec.TryDecode(new byte[BusFrameCodec.MaxBytes + 1], out _, out var error));
        Assert.Equal("BUS-001", error.RuleId);

        var largest = BusFrameCodec.Encode([new byte[BusFrameCodec.MaxBodyBytes]]);
        Assert.True(BusFrameCodec.TryDecode(largest, out _, out _));
    }

    [Fact]
    public void Encode_BeyondTheBounds_Throws()
    {
        Assert.ThrowsAny<ArgumentException>(() => BusFrameCodec.Encode([]));
        Assert.ThrowsAny<ArgumentException>(() => BusFrameCodec.Encode([ReadOnlyMemory<byte>.Empty]));
        Assert.ThrowsAny<ArgumentException>(() => BusFrameCodec.Encode([.. Enumerable.Repeat<ReadOnlyMemory<byte>>(new byte[1], BusFrameCodec.MaxBodies + 1)]));
        Assert.ThrowsAny<ArgumentException>(() => BusFrameCodec.Encode([new byte[BusFrameCodec.MaxBytes]]));
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

                return BusFrameCodec.TryDecode(BusFrameCodec.Encode(kept), out var back, out _)
                    && back.Select(b => Convert.ToHexString(b.Span)).SequenceEqual(kept.Select(b => Convert.ToHexString(b.Span)));
            }).QuickCheckThrowOnFailure();
    }

    /// <summary>Any bytes: an answer, never an exception; and what decodes encodes to the same bytes, so there is one form.</summary>
    [Fact]
    public void TryDecode_DamagedAtRandom_AnswersAndIsCanonical()
    {
        var random = new Random(20261121);
        var seeds = new[] { BusFrameCodec.Encode([new byte[] { 1 }, new byte[300], new byte[] { 2, 3 }]), BusFrameCodec.Encode([.. Enumerable.Repeat<ReadOnlyMemory<byte>>(new byte[5], 200)]) };
        var decoded = 0;
        for (var i = 0; i < 40_000; i++)
        {
            var bytes = seeds[i % seeds.Length].ToArray();
            for (var hits = random.Next(1, 4); hits > 0; hits--)
            {
                bytes[random.Next(Math.Min(bytes.Length, 16))] = (byte)random.Next(256);
            }

            if (i % 3 == 0)
            {
                bytes = bytes[..random.Next(bytes.Length)];
            }

            if (BusFrameCodec.TryDecode(bytes, out var bodies, out var error))
            {
                decoded++;
                Assert.Equal(bytes, BusFrameCodec.Encode(bodies));
            }
            else
            {
                Assert.InRange(error.Offset, 0, bytes.Length);
            }
        }

        Assert.NotEqual(0, decoded);
    }
}
