using Interconnect.Mls.Encoding;
using Interconnect.Mls.Messages;
using Interconnect.Mls.Tests.Rules;
using Interconnect.Mls.Tree;

namespace Interconnect.Mls.Tests.Encoding;

public sealed class DecoderRefusals
{
    [Theory]
    [InlineData("", "MLS-001", 0)]
    [InlineData("05aabb", "MLS-001", 1)]
    [InlineData("40", "MLS-001", 1)]
    [InlineData("4005aabbccddee", "MLS-003", 0)]
    [InlineData("80000005aabbccddee", "MLS-003", 0)]
    [InlineData("80003fff", "MLS-003", 0)]
    [InlineData("c000000000000005", "MLS-004", 0)]
    [InlineData("ff", "MLS-004", 0)]
    [InlineData("02aabbcc", "MLS-002", 3)]
    [Covers("MLS-001", "MLS-002", "MLS-003", "MLS-004")]
    public void Opaque_Malformed_SaysRuleAndOffset(string hex, string rule, int offset)
    {
        var good = new MlsReader(Convert.FromHexString("02aabb"));
        Assert.Equal(2, good.Opaque("value").Length);
        good.End();
        var refusal = Assert.Throws<MlsRefusal>(() =>
        {
            var reader = new MlsReader(Convert.FromHexString(hex));
            reader.Opaque("value");
            reader.End();
        });
        Assert.Equal((rule, offset), (refusal.Error.Rule, refusal.Error.Offset));
    }

    [Fact]
    [Covers("MLS-005")]
    public void Commit_PresenceOctetTwo_Refused()
    {
        var refusal = Assert.Throws<MlsRefusal>(() => Codec.Decode<Commit>(new byte[] { 0, 2 }));
        Assert.Equal(("MLS-005", 1, "commit.path"), (refusal.Error.Rule, refusal.Error.Offset, refusal.Error.Path));
        Assert.Null(Codec.Decode<Commit>(new byte[] { 0, 0 }).Path);
    }

    [Theory]
    [InlineData("0063", "MLS-006")] // proposal type
    [InlineData("000403", "MLS-006")] // PSK type
    [InlineData("00040204", "MLS-006")] // resumption usage
    [Covers("MLS-006")]
    public void Proposal_UnknownValue_Refused(string hex, string rule)
    {
        Assert.IsType<Proposal.Remove>(Codec.Decode<Proposal>(Convert.FromHexString("000300000001")));
        var refusal = Assert.Throws<MlsRefusal>(() => Codec.Decode<Proposal>(Convert.FromHexString(hex)));
        Assert.Equal(rule, refusal.Error.Rule);
    }

    [Fact]
    public void Vector_ElementRunsOverItsEnd_Refused()
    {
        var refusal = Assert.Throws<MlsRefusal>(() => Codec.Decode<Capabilities>(new byte[] { 3, 0, 1, 0, 0, 0, 0, 0 }));
        Assert.Equal(("MLS-001", "capabilities.versions.element"), (refusal.Error.Rule, refusal.Error.Path));
        Assert.Equal([1], Codec.Decode<Capabilities>(new byte[] { 2, 0, 1, 0, 0, 0, 0 }).Versions);
    }

    [Fact]
    public void GreaseInCapabilities_IsCarriedUnharmed()
    {
        var bytes = Convert.FromHexString("020001" + "040a0a0001" + "020a0a" + "022a2a" + "04eaea0001");
        var capabilities = Codec.Decode<Capabilities>(bytes);
        Assert.Contains((ushort)0x0a0a, capabilities.CipherSuites);
        Assert.Equal(bytes, Codec.Encode(capabilities));
    }

    [Theory]
    [InlineData("00", "MLS-209")] // no node
    [InlineData("0100", "MLS-201")] // one blank node
    [InlineData("020103", "MLS-006")] // unknown node type
    [InlineData("020102", "MLS-202")] // a parent at a leaf's place
    [Covers("MLS-201", "MLS-202", "MLS-209")]
    public void RatchetTree_Malformed_Refused(string hex, string rule)
    {
        var genuine = RatchetTreeCodec.Encode(new Groups.Person("alice").Create().State.Tree);
        Assert.Equal(1u, RatchetTreeCodec.Decode(CipherSuite.Get(1), genuine).MemberCount);
        var refusal = Assert.Throws<MlsRefusal>(() => RatchetTreeCodec.Decode(CipherSuite.Get(1), Convert.FromHexString(hex)));
        Assert.Equal(rule, refusal.Error.Rule);
    }

    [Fact]
    public void RatchetTree_MillionBlankNodes_RefusedBeforeAnyIsMade()
    {
        using var writer = new MlsWriter();
        writer.Opaque(new byte[1_000_000]);
        var before = GC.GetAllocatedBytesForCurrentThread();
        var refusal = Assert.Throws<MlsRefusal>(() => RatchetTreeCodec.Decode(CipherSuite.Get(1), writer.ToArray()));
        Assert.Equal("MLS-209", refusal.Error.Rule);
        Assert.True(GC.GetAllocatedBytesForCurrentThread() - before < 16_000_000);
    }
}
