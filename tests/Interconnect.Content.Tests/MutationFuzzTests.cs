using System.Formats.Cbor;
using FsCheck.Fluent;

namespace Interconnect.Content.Tests;

/// <summary>Damages valid input at random, from a fixed seed: whatever is accepted must be canonical, and nothing may throw.</summary>
public sealed class MutationFuzzTests
{
    private const int Rounds = 20_000;

    [Fact]
    public void TryDecode_DamagedMessage_NeverThrowsAndAcceptsOnlyTheCanonicalForm()
    {
        var random = new Random(20260301);
        var seeds = ContentGenerators.Messages.Generator.Sample(60, 40).Select(content => content.Encode())
            .Concat(RefusalCases.All.Where(refusal => refusal.Refused.Length < 1000).Select(refusal => refusal.Refused))
            .ToArray();
        var accepted = 0;
        for (var round = 0; round < Rounds; round++)
        {
            var damaged = Damage(random, seeds[random.Next(seeds.Length)]);
            if (MimiContent.TryDecode(damaged, out var content, out var error))
            {
                accepted++;
                Assert.Equal(damaged, content.Encode());
                Assert.Equal(damaged.Length, CountWithFramework(damaged));
            }
            else
            {
                Assert.InRange(error.Offset, 0, damaged.Length);
            }
        }

        Assert.InRange(accepted, 1, Rounds - 1);
    }

    [Fact]
    public void TryDecode_DamagedReport_NeverThrowsAndAcceptsOnlyTheCanonicalForm()
    {
        var random = new Random(20260302);
        var seeds = ContentGenerators.Reports.Generator.Sample(10, 40).Select(report => report.Encode()).ToArray();
        var accepted = 0;
        for (var round = 0; round < Rounds; round++)
        {
            var damaged = Damage(random, seeds[random.Next(seeds.Length)]);
            if (MessageStatusReport.TryDecode(damaged, out var report, out var error))
            {
                accepted++;
                Assert.Equal(damaged, report.Encode());
            }
            else
            {
                Assert.InRange(error.Offset, 0, damaged.Length);
            }
        }

        Assert.InRange(accepted, 1, Rounds - 1);
    }

    [Fact]
    public void TryDecode_RandomBytes_NeverThrows()
    {
        var random = new Random(20260303);
        for (var round = 0; round < Rounds; round++)
        {
            var noise = new byte[random.Next(64)];
            random.NextBytes(noise);
            Assert.False(MimiContent.TryDecode(noise, out _, out _));
            byte[] behindSalt = [0x87, 0x50, .. new byte[16], .. noise];
            if (MimiContent.TryDecode(behindSalt, out var content, out _))
                Assert.Equal(behindSalt, content.Encode());
        }
    }

    private static byte[] Damage(Random random, byte[] source)
    {
        var bytes = source.ToList();
        for (var times = random.Next(1, 4); times > 0 && bytes.Count > 0; times--)
        {
            var at = random.Next(bytes.Count);
            switch (random.Next(5))
            {
                case 0:
                    bytes[at] ^= (byte)(1 << random.Next(8));
                    break;
                case 1:
                    bytes[at] = (byte)random.Next(256);
                    break;
                case 2:
                    bytes.RemoveAt(at);
                    break;
                case 3:
                    bytes.Insert(at, (byte)random.Next(256));
                    break;
                default:
                    bytes.RemoveRange(at, random.Next(bytes.Count - at));
                    break;
            }
        }

        return [.. bytes];
    }

    private static int CountWithFramework(byte[] encoded)
    {
        var reader = new CborReader(encoded, CborConformanceMode.Strict);
        reader.SkipValue();
        return encoded.Length - reader.BytesRemaining;
    }
}
