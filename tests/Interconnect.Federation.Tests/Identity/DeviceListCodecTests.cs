using Interconnect.Testing;

namespace Interconnect.Federation.Tests.Identity;

/// <summary>One value has one encoding, frozen in `Golden/device-list-v1.txt`; everything else is an error with its place, and never an exception.</summary>
public sealed class DeviceListCodecTests
{
    private static readonly string GoldenPath = Path.Combine(SharedFiles.RepositoryRoot, "tests", "Interconnect.Federation.Tests", "Golden", "device-list-v1.txt");
    private static readonly ClientUri Tablet = ClientUri.Parse("mimi://a.test/d/alice/tablet");
    private static readonly ClientUri Watch = ClientUri.Parse("mimi://a.test/d/alice/watch");

    [Fact]
    public void Version1_HasItsFrozenBytes()
    {
        var actual = new[] { Sample(), Later() }.Select(l => Convert.ToHexStringLower(l.Encoded.Span)).ToList();
        if (Environment.GetEnvironmentVariable("INTERCONNECT_WRITE_GOLDEN") == "1")
        {
            File.WriteAllLines(GoldenPath, actual);
        }

        Assert.Equal(File.ReadAllLines(GoldenPath), actual);
    }

    [Fact]
    public void TryDecode_WhatWasEncoded_IsTheSame()
    {
        Assert.True(SignedDeviceList.TryDecode(Later().Encoded, out var read, out _));
        Assert.True(read.Is(Later()));
        Assert.Equal(Later().List.Devices, read.List.Devices);
        Assert.Equal(Later().List.Removed, read.List.Removed);
        Assert.Equal((1UL, 1UL, Samples.AlicePhone), (read.List.Era, read.List.Version, read.Signer));
        Assert.Equal(Later().List.FreshUntil, read.List.FreshUntil);
    }

    [Fact]
    public void TryDecode_EveryPrefix_IsRefusedWithItsPlace()
    {
        var bytes = Later().Encoded;
        for (var length = 0; length < bytes.Length; length++)
        {
            Assert.False(SignedDeviceList.TryDecode(bytes[..length], out _, out var error));
            Assert.StartsWith("DEV-00", error.RuleId, StringComparison.Ordinal);
        }

        Assert.False(SignedDeviceList.TryDecode((byte[])[.. bytes.Span, 0], out _, out var trailing));
        Assert.Equal(("DEV-001", (int?)bytes.Length), (trailing.RuleId, trailing.Offset));
    }

    [Fact]
    public void TryDecode_AnyByteChanged_IsRefusedOrAnotherValue()
    {
        var original = Later();
        var bytes = original.Encoded.ToArray();
        for (var i = 0; i < bytes.Length; i++)
        {
            for (var bit = 0; bit < 8; bit++)
            {
                bytes[i] ^= (byte)(1 << bit);
                if (SignedDeviceList.TryDecode(bytes.ToArray(), out var read, out _))
                {
                    Assert.False(read.Is(original));
                    Assert.False(read.SignedContent.Span.SequenceEqual(original.SignedContent.Span) && read.Signature.Span.SequenceEqual(original.Signature.Span));
                }

                bytes[i] ^= (byte)(1 << bit);
            }
        }
    }

    [Fact]
    public void TryDecode_RandomBytes_NeverThrows()
    {
        var random = new Random(20261201);
        for (var i = 0; i < 20_000; i++)
        {
            var bytes = Later().Encoded.ToArray();
            for (var n = random.Next(1, 12); n > 0; n--)
            {
                bytes[random.Next(bytes.Length)] = (byte)random.Next(256);
            }

            SignedDeviceList.TryDecode(bytes.AsMemory(0, random.Next(bytes.Length + 1)), out _, out _);
            DeviceEntry.TryDecode(bytes.AsMemory(random.Next(bytes.Length)), out _, out _);
        }
    }

    [Fact]
    public void Sign_ListOutsideTheRules_IsRefusedByTheRuleItBreaks()
    {
        Refused("DEV-006", l => l with { Devices = [] });
        Refused("DEV-006", l => l with { Era = 0 });
        Refused("DEV-006", l => l with { IdentityKey = Samples.Bytes(1, 31) });
        Refused("DEV-006", l => l with { Previous = Samples.Bytes(1, 32) });
        Refused("DEV-006", l => l with { FreshUntil = l.IssuedAt });
        Refused("DEV-006", l => l with { FreshUntil = l.IssuedAt.AddDays(90).AddMilliseconds(1) });
        Refused("DEV-006", l => l with { Devices = [l.Devices[0] with { SignatureKey = default }] });
        Refused("DEV-006", l => l with { Devices = [l.Devices[0] with { Kind = (DeviceKind)3 }] });
        Refused("DEV-005", l => l with { Devices = [l.Devices[0] with { Client = Samples.BobPhone }] });
        Refused("DEV-005", l => l with { Removed = [Samples.BobPhone] });
        Refused("DEV-007", l => l with { Removed = [Samples.AlicePhone] });
        Refused("DEV-004", l => l with { Devices = [l.Devices[0], l.Devices[0]] });
        Refused("DEV-004", l => l with { Devices = [l.Devices[0], l.Devices[0] with { Client = Tablet }] });
        Refused("DEV-004", l => l with { Devices = [l.Devices[0] with { Client = Tablet }, l.Devices[0] with { SignatureKey = Signers.Key(11) }] });
        Refused("DEV-004", l => l with { Removed = [Watch, Tablet] });
        Refused("DEV-002", l => l with { Devices = [.. Enumerable.Range(0, 101).Select(i => l.Devices[0] with { Client = ClientUri.Parse($"mimi://a.test/d/alice/{i:000}"), SignatureKey = Signers.Key((byte)i) })] });
        Refused("DEV-002", l => l with { Removed = [.. Enumerable.Range(0, 1_001).Select(i => ClientUri.Parse($"mimi://a.test/d/alice/{i:0000}"))] });
        Assert.Equal(0UL, Sample().List.Version);
    }

    [Fact]
    public void ToString_NamesNobody()
    {
        foreach (var text in new[] { Sample().ToString(), Sample().List.ToString(), Sample().List.Devices[0].ToString() })
        {
            Assert.DoesNotContain("alice", text, StringComparison.Ordinal);
        }
    }

    private static DeviceEntry Device(ClientUri client, byte key, ushort suite = 1) => new(client, suite, Signers.Key(key), DeviceKind.Agent, true, Samples.Time);

    private static SignedDeviceList Sample() =>
        SignedDeviceList.ByIdentity(DeviceList.First(Samples.Alice, Signers.Key(1), [Device(Tablet, 20), Device(Samples.AlicePhone, 12, 2), Device(Samples.AlicePhone, 10)], Samples.Time), Signers.With(Signers.Key(1)));

    private static SignedDeviceList Later() =>
        SignedDeviceList.ByDevice(DeviceList.Next(Sample(), [Device(Watch, 30) with { Kind = DeviceKind.Companion, Authorises = false }], [Tablet], Samples.Time.AddDays(1)), Samples.AlicePhone, 1, Signers.With(Signers.Key(10)));

    private static void Refused(string rule, Func<DeviceList, DeviceList> change)
    {
        var list = DeviceList.First(Samples.Alice, Signers.Key(1), [Device(Samples.AlicePhone, 10)], Samples.Time);
        var thrown = Assert.Throws<ArgumentException>(() => SignedDeviceList.ByIdentity(change(list), Signers.With(Signers.Key(1))));
        Assert.Contains(rule, thrown.Message, StringComparison.Ordinal);
    }
}
