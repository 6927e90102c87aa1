using Interconnect.Mls.Crypto;
using Interconnect.Mls.Messages;
using Interconnect.Mls.Tests.Groups;
using Interconnect.Mls.Tests.Rules;
using Interconnect.Mls.Tree;

namespace Interconnect.Mls.Tests.Hostile;

/// <summary>Public keys with which every Diffie-Hellman result is all zero, wherever a peer can put one.</summary>
public sealed class LowOrderKeys
{
    private const string Two255 = "ffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff";

    private readonly Person alice = new Person("alice").Create();
    private readonly Person bob = new("bob");

    public LowOrderKeys() => alice.Add([bob]);

    [Theory]
    [InlineData(1, "0000000000000000000000000000000000000000000000000000000000000000")]
    [InlineData(1, "0100000000000000000000000000000000000000000000000000000000000000")]
    [InlineData(1, "0100000000000000000000000000000000000000000000000000000000000080")]
    [InlineData(1, "e0eb7a7c3b41b8ae1656e3faf19fc46ada098deb9c32b1fd866205165f49b800")]
    [InlineData(1, "5f9c95bca3508c24b1d0b1559c83ef5b04445cc4581c8e86d8224eddd09f11d7")]
    [InlineData(1, "ec" + Two255 + "7f")]
    [InlineData(1, "ed" + Two255 + "ff")]
    [InlineData(1, "ee" + Two255 + "7f")]
    [InlineData(4, "01000000000000000000000000000000000000000000000000000000" + "00000000000000000000000000000000000000000000000000000000")]
    [InlineData(4, "feffffffffffffffffffffffffffffffffffffffffffffffffffffff" + "feffffffffffffffffffffffffffffffffffffffffffffffffffffff")]
    [InlineData(4, "ffffffffffffffffffffffffffffffffffffffffffffffffffffffff" + "feffffffffffffffffffffffffffffffffffffffffffffffffffffff")]
    [InlineData(4, "00000000000000000000000000000000000000000000000000000000" + "ffffffffffffffffffffffffffffffffffffffffffffffffffffffff")]
    [Covers("MLS-113")]
    public void PublicKey_OfLowOrder_Refused(ushort suite, string hex)
    {
        var group = CipherSuite.Get(suite).Kem.Group;
        var key = Convert.FromHexString(hex);
        Assert.Equal("MLS-113", Forge.RuleOf(() => group.ImportPublic(key)));
        key[3] ^= 4;
        Assert.NotNull(group.ImportPublic(key));
    }

    [Fact]
    [Covers("MLS-113")]
    public void Peer_PutsAKeyOfLowOrderAnywhere_Refused()
    {
        var zero = new byte[32];
        var mallory = new Person("mallory");
        var poisonedLeaf = Forge.Leaf(mallory, Forge.Lifetime, encryptionKey: zero);
        Assert.Equal("MLS-113", Forge.Verdict(Forge.KeyPackage(mallory, poisonedLeaf)));
        Assert.Equal("MLS-113", Forge.Verdict(Forge.KeyPackage(mallory, Forge.Leaf(mallory, Forge.Lifetime), initKey: zero)));
        Assert.Equal("MLS-113", bob.Refusal(Forge.Proposal(alice, new Proposal.Add(Forge.KeyPackage(mallory, poisonedLeaf)))));
        var update = Forge.Leaf(alice, new LeafNodeSource.Update(), encryptionKey: zero, place: Forge.PlaceOf(alice));
        Assert.Equal("MLS-113", bob.Refusal(Forge.Proposal(alice, new Proposal.Update(update))));
        Assert.Equal("MLS-113", bob.Refusal(Forge.CommitWithPath(alice, path => path with
        {
            Leaf = Forge.Leaf(alice, new LeafNodeSource.Commit(zero), encryptionKey: zero, place: Forge.PlaceOf(alice)),
        })));
        Assert.Equal("MLS-113", bob.Refusal(Forge.CommitWithPath(alice, path => path with
        {
            Nodes = path.Nodes.Select(node => node with { EncryptedPathSecrets = [new HpkeCiphertext(zero, new byte[48])] }).ToList(),
        })));

        var joiner = new Person("joiner");
        var tree = alice.State.Tree.Add(poisonedLeaf, out _);
        Assert.Equal("MLS-113", joiner.Client.JoinExternally(Forge.GroupInfoWithTree(alice, tree)).Error.Rule);
        Assert.Equal("MLS-113", Forge.Open(Forge.GroupInfoWithTree(alice, tree)).Error.Rule);
        var info = Forge.GroupInfo(alice);
        var extensions = info.Extensions.Where(e => e.Type != ExtensionTypes.ExternalPub).Append(new Extension(ExtensionTypes.ExternalPub, (byte[])[32, .. zero])).ToList();
        Assert.Equal("MLS-113", joiner.Client.JoinExternally(Forge.Encode((info with { Extensions = extensions }).Sign(alice.Key))).Error.Rule);

        var good = new Person("good");
        Assert.Null(Forge.Verdict(good.Verified.KeyPackage));
        alice.Commit(new CommitRequest { Add = [good.Verified] }, bob);
        Assert.True(joiner.Client.JoinExternally(alice.Group.CreateGroupInfo()).IsOk);
    }
}
