using System.Security.Cryptography;
using Interconnect.Bus.Frames;
using Interconnect.Federation;

namespace Interconnect.Bus.Tests.Frames;

/// <summary>Whose frame it is: each rule refuses, and beside it the same frame as it should be is taken.</summary>
public sealed class BusKeyringTests : IDisposable
{
    /// <summary>Worked out by another implementation of Ed25519.</summary>
    private const string GoldenFrame =
        "B5020D616461707465723A6E65742D6156475AA75463474CCA2A67040025F3BD9811A48B282C029919205B1FE2EC72D76AC6288F883D42AB32BB68815704890299EB484FA14A7CEC91D1B1732A3868A8"
        + "A14D80171BCF540F0202AABB01CC";

    private readonly FrameKit kit = new();

    public void Dispose() => kit.Dispose();

    [Fact]
    public void Open_SignedByANetwork_IsItsAndByteForByte()
    {
        Refused("BUS-012", Flip(kit.Frame(TestBus.From, FrameKit.Submit, 1, 2, 3), FrameKit.Head + 3));
        var read = Taken(kit.Frame(TestBus.From, FrameKit.Submit, 1, 2, 3));
        Assert.Equal(TestBus.From, read.Sender);
        Assert.Equal([1, 2, 3], Assert.Single(read.Bodies).ToArray());
    }

    /// <summary>All bytes of a frame, the signature's included: made by this key they are these for ever.</summary>
    [Fact]
    public void Encode_WithAKnownKey_GoldenFrame()
    {
        File.WriteAllText(kit.NewKey("golden.key"), "ed25519-seed:AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=\n");
        if (!OperatingSystem.IsWindows())
        {
            File.SetUnixFileMode(kit.NewKey("golden.key"), UnixFileMode.UserRead | UnixFileMode.UserWrite);
        }

        Assert.True(RoleKey.TryRead(kit.NewKey("golden.key"), out var key, out _));
        Assert.Equal("ed25519:A6EHv/POEL4dcN0Y50vAmWfk1jCbpQ1fHdyGZBJVMbg=", key.Public.ToString());
        var frame = BusFrameCodec.Encode([new byte[] { 0xAA, 0xBB }, new byte[] { 0xCC }], TestBus.From, key, FrameKit.Submit);
        Assert.Equal(GoldenFrame, Convert.ToHexString(frame));
        key.Dispose();
    }

    [Theory]
    [InlineData("", "BUS-002")]
    [InlineData("B5", "BUS-002")]
    [InlineData("B402", "BUS-002")]
    [InlineData("B503", "BUS-003")]
    [InlineData("B501010141", "BUS-008")]
    [InlineData("B502", "BUS-009")]
    [InlineData("B50200", "BUS-009")]
    [InlineData("B50203687562", "BUS-009")]
    [InlineData("B50229", "BUS-009")]
    public void Open_NoHead_IsNobodys(string hex, string rule)
    {
        Refused(rule, Convert.FromHexString(hex));
        Taken(kit.Frame(TestBus.From, FrameKit.Submit, 1));
    }

    [Fact]
    public void Open_Oversize_IsRefusedBeforeItIsRead()
    {
        Refused("BUS-001", new byte[BusFrameCodec.MaxBytes + 1]);
        Taken(kit.Frame(TestBus.From, FrameKit.Submit, 1));
    }

    [Fact]
    public void Open_SignerThatDoesNotWriteThere_IsRefused()
    {
        Refused("BUS-010", kit.Frame(TestBus.From, FrameKit.Deliver, 1), FrameKit.Deliver);
        Refused("BUS-010", kit.Frame(FrameKit.Hub, FrameKit.Submit, 1));
        Refused("BUS-010", Rename(kit.Frame(TestBus.From, FrameKit.Submit, 1), "adapter:net-x"));
        Assert.Equal(FrameKit.Hub, Taken(kit.Frame(FrameKit.Hub, FrameKit.Deliver, 1), FrameKit.Deliver).Sender);
    }

    [Fact]
    public void Open_AnotherRolesKey_IsRefused()
    {
        // Signed with one's own key in another's name.
        Refused("BUS-011", BusFrameCodec.Encode([new byte[1]], FrameKit.Other, kit.Key, FrameKit.Submit));

        // The right key's id over another's signature.
        Refused("BUS-012", Rename(kit.Frame(FrameKit.Other, FrameKit.Submit, 1), FrameKit.Other.Name, mine: false));
        Taken(kit.Frame(FrameKit.Other, FrameKit.Submit, 1));
    }

    /// <summary>A frame counts in its stream, in whatever partition, and in no other.</summary>
    [Fact]
    public void Open_MovedToAnotherStream_IsRefused()
    {
        var frame = kit.Frame(TestBus.From, FrameKit.Submit, 1);
        Refused("BUS-012", frame, FrameKit.Report);
        Refused("BUS-012", kit.Frame(FrameKit.Hub, FrameKit.Deliver, 1), new BusAddress.Deliver(NetworkId.Parse("net-a")));
        Taken(frame);
    }

    [Fact]
    public void Open_AnyBitOfTheFrameChanged_IsRefused()
    {
        var frame = kit.Frame(TestBus.From, FrameKit.Submit, 7, 8);
        for (var at = 0; at < frame.Length; at++)
        {
            Assert.IsType<FrameReading.Broken>(kit.Keyring.Open(Flip(frame, at), FrameKit.Submit, null));
        }

        Taken(frame);
    }

    [Fact]
    public void Open_AnotherUserOnTheBroker_IsRefusedAndNoneIsTaken()
    {
        var roles = kit.Roles.ToDictionary(r => r.Key, r => r.Value with { User = "user-of-" + r.Key });
        using var strict = kit.With(roles);
        var frame = kit.Frame(TestBus.From, FrameKit.Submit, 1);
        Assert.Equal("BUS-013", Assert.IsType<FrameReading.Broken>(strict.Open(frame, FrameKit.Submit, "user-of-hub")).Error.RuleId);
        Assert.IsType<FrameReading.Whole>(strict.Open(frame, FrameKit.Submit, "user-of-adapter:net-a"));

        // Moved by hand: the broker vouches for nobody, the signature still does.
        Assert.IsType<FrameReading.Whole>(strict.Open(frame, FrameKit.Submit, null));
    }

    /// <summary>Rotation: readers learn the new key first, then the role signs with it, then the old one goes. Nothing in between is lost.</summary>
    [Fact]
    public void Open_WhileAKeyIsReplaced_BothAreTakenAndTheOldOneNoLongerAfter()
    {
        var before = kit.Frame(TestBus.From, FrameKit.Submit, 1);
        using var created = RoleKey.Create(kit.NewKey("new.key"));
        var mine = kit.Roles[TestBus.From.Name];
        using var overlap = kit.With(Changed(mine with { KeyFile = kit.NewKey("new.key"), PublicKeys = [.. mine.PublicKeys, created.Public.ToString()] }));
        using var ended = kit.With(Changed(mine with { KeyFile = kit.NewKey("new.key"), PublicKeys = [created.Public.ToString()] }));
        var after = BusFrameCodec.Encode([new byte[1]], TestBus.From, overlap.Of(TestBus.From), FrameKit.Submit);

        Refused("BUS-011", after);
        Assert.IsType<FrameReading.Whole>(overlap.Open(before, FrameKit.Submit, null));
        Assert.IsType<FrameReading.Whole>(overlap.Open(after, FrameKit.Submit, null));
        Assert.Equal("BUS-011", Assert.IsType<FrameReading.Broken>(ended.Open(before, FrameKit.Submit, null)).Error.RuleId);
        Assert.IsType<FrameReading.Whole>(ended.Open(after, FrameKit.Submit, null));
    }

    /// <summary>What a role signed and nobody can read is a defect, not an intruder's: it does not go where anybody's rubbish pushes the oldest out.</summary>
    [Fact]
    public void Open_SignedAndUnreadable_IsNotUnauthentic()
    {
        var broken = Assert.IsType<FrameReading.Broken>(kit.Keyring.Open(kit.Seal([0]), FrameKit.Submit, null));
        Assert.Equal(("BUS-005", false), (broken.Error.RuleId, broken.IsUnauthentic));
        Taken(kit.Seal([1, 1, 1]));
    }

    [Fact]
    public void Open_RandomBytes_AnswersAndNeverTakes()
    {
        var random = new Random(8);
        var frame = kit.Frame(TestBus.From, FrameKit.Submit, 1, 2, 3, 4);
        for (var i = 0; i < 5_000; i++)
        {
            var bytes = frame[..random.Next(frame.Length)];
            for (var hits = random.Next(4); hits > 0 && bytes.Length > 0; hits--)
            {
                bytes[random.Next(bytes.Length)] = (byte)random.Next(256);
            }

            Assert.IsType<FrameReading.Broken>(kit.Keyring.Open(bytes, FrameKit.Submit, null));
        }

        Taken(frame);
    }

    private Dictionary<string, BusRoleOptions> Changed(BusRoleOptions mine) => kit.Roles.ToDictionary(r => r.Key, r => r.Key == TestBus.From.Name ? mine : r.Value);

    private FrameReading.Whole Taken(byte[] frame, BusAddress? address = null) => Assert.IsType<FrameReading.Whole>(kit.Keyring.Open(frame, address ?? FrameKit.Submit, null));

    private void Refused(string rule, byte[] frame, BusAddress? address = null)
    {
        var broken = Assert.IsType<FrameReading.Broken>(kit.Keyring.Open(frame, address ?? FrameKit.Submit, null));
        Assert.Equal((rule, true), (broken.Error.RuleId, broken.IsUnauthentic));
    }

    private static byte[] Flip(byte[] frame, int at)
    {
        var changed = frame.ToArray();
        changed[at] ^= 1;
        return changed;
    }

    /// <summary>Another signer's name and, unless <paramref name="mine"/>, that signer's key id over this signature.</summary>
    private byte[] Rename(byte[] frame, string name, bool mine = true)
    {
        var changed = frame.ToArray();
        System.Text.Encoding.ASCII.GetBytes(name, changed.AsSpan(3));
        if (!mine)
        {
            RandomNumberGenerator.Fill(changed.AsSpan(3 + name.Length + 8, 64));
        }

        return changed;
    }
}
