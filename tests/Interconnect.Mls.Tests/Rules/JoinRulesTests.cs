using Interconnect.Mls.Crypto;
using Interconnect.Mls.Encoding;
using Interconnect.Mls.Messages;
using Interconnect.Mls.Tests.Groups;
using Interconnect.Mls.Tree;

namespace Interconnect.Mls.Tests.Rules;

public sealed class JoinRulesTests
{
    private readonly Person alice = new Person("alice").Create();
    private readonly Person bob = new("bob");

    [Fact]
    [Covers("MLS-601", "MLS-602", "MLS-603", "MLS-903")]
    public void Welcome_ForSomebodyElse_Refused()
    {
        var welcome = alice.Group.AddMembers([bob.Verified]).Value.Welcome!;
        Assert.Equal("MLS-601", bob.Client.Join(welcome, []).Error.Rule);
        Assert.Equal("MLS-601", bob.Client.Join(welcome, [new Person("x").Bundle]).Error.Rule);
        Assert.Equal("MLS-602", new Person("x", suite: 2).Client.Join(welcome, [bob.Bundle]).Error.Rule);
        var wrongKey = new KeyPackageBundle(
            bob.Client.Suite, bob.Verified.KeyPackage, bob.Client.Suite.Kem.GenerateKeyPair(SystemRandomness.Instance), bob.Bundle.LeafKey);
        Assert.Equal("MLS-603", bob.Client.Join(welcome, [wrongKey]).Error.Rule);
        Assert.True(bob.Client.Join(welcome, [bob.Bundle]).IsOk);
        bob.Bundle.Dispose();
        Assert.Equal("MLS-903", bob.Client.Join(welcome, [bob.Bundle]).Error.Rule);
    }

    [Fact]
    [Covers("MLS-604", "MLS-701")]
    public void Welcome_WithAnotherPsk_Refused()
    {
        Person Knowing(string name, byte value) => new(name, options: new MlsOptions { FindExternalPsk = _ => [value] });
        var owner = Knowing("owner", 1).Create();
        var wrong = Knowing("wrong", 2);
        var right = Knowing("right", 1);
        var ignorant = new Person("ignorant");
        var added = owner.Group.Commit(new CommitRequest
        {
            Add = [wrong.Verified, right.Verified, ignorant.Verified], ExternalPsks = [new byte[] { 7 }],
        }).Value.Welcome!;
        Assert.Equal("MLS-604", wrong.Client.Join(added, [wrong.Bundle]).Error.Rule);
        Assert.Equal("MLS-701", ignorant.Client.Join(added, [ignorant.Bundle]).Error.Rule);
        Assert.True(right.Client.Join(added, [right.Bundle]).IsOk);
    }

    [Fact]
    [Covers("MLS-406", "MLS-508", "MLS-607", "MLS-704")]
    public void Welcome_IntoAGroupThatDoesNotFit_Refused()
    {
        var joiner = new Person("joiner");
        PreSharedKeyId Resumption(ResumptionUsage usage, byte nonce) =>
            new PreSharedKeyId.Resumption(usage, "old"u8.ToArray(), 3, Enumerable.Repeat(nonce, 32).ToArray());
        var branch = Resumption(ResumptionUsage.Branch, 1);
        string Rule(Person from, params PreSharedKeyId[] ids) =>
            joiner.Client.Join(Forge.Welcome(from, joiner, ids, ids.Select(_ => new byte[] { 9 }).ToList()), [joiner.Bundle]).Error.Rule;

        Assert.Equal("MLS-607", Rule(alice));
        Assert.Equal("MLS-704", Rule(alice, branch, Resumption(ResumptionUsage.ReInit, 2)));
        Assert.Equal("MLS-406", Rule(alice, branch, branch));

        var fresh = new Person("fresh");
        var again = new Person("again").Create();
        var added = again.Group.AddMembers([fresh.Verified]).Value;
        again.Group = added.NewState;
        var forged = Forge.Welcome(again, fresh, [], [], confirmationTag: new byte[32]);
        Assert.Equal("MLS-508", fresh.Client.Join(forged, [fresh.Bundle]).Error.Rule);
        Assert.True(fresh.Client.Join(Forge.Welcome(again, fresh, [], []), [fresh.Bundle]).IsOk);
    }

    [Fact]
    [Covers("MLS-203", "MLS-208", "MLS-605", "MLS-606", "MLS-608", "MLS-610")]
    public void GroupInfo_Forged_Refused()
    {
        var info = Forge.GroupInfo(alice);
        string Rule(GroupInfo forged) => Forge.Open(Forge.Encode(forged)).Error.Rule;
        Assert.Equal("MLS-203", Rule((info with { Context = info.Context with { TreeHash = new byte[32] } }).Sign(alice.Key)));
        Assert.Equal("MLS-208", Rule((info with { Signer = 5 }).Sign(alice.Key)));
        Assert.Equal("MLS-605", Rule(info.Sign(bob.Key)));
        var noTree = (info with { Extensions = info.Extensions.Where(e => e.Type != ExtensionTypes.RatchetTree).ToList() }).Sign(alice.Key);
        Assert.Equal("MLS-606", Rule(noTree));
        Assert.Equal("MLS-610", Rule((info with { Context = info.Context with { Version = 2 } }).Sign(alice.Key)));
        Assert.Equal("MLS-610", Rule((info with { Context = info.Context with { Suite = 99 } }).Sign(alice.Key)));
        var noKey = (info with { Extensions = info.Extensions.Where(e => e.Type != ExtensionTypes.ExternalPub).ToList() }).Sign(alice.Key);
        Assert.Equal("MLS-608", bob.Client.JoinExternally(Forge.Encode(noKey)).Error.Rule);

        Assert.True(Forge.Open(Forge.Encode(info)).IsOk);
        Assert.True(Forge.Open(Forge.Encode(noTree), RatchetTreeCodec.Encode(alice.State.Tree)).IsOk);
        Assert.True(bob.Client.JoinExternally(Forge.Encode(noTree), RatchetTreeCodec.Encode(alice.State.Tree)).IsOk);
    }

    [Fact]
    [Covers("MLS-105", "MLS-204", "MLS-205", "MLS-206", "MLS-207")]
    public void Tree_Forged_Refused()
    {
        alice.Add([bob, new Person("cathy"), new Person("dave")]);
        alice.Commit(new CommitRequest());
        var tree = alice.State.Tree;
        string Rule(RatchetTree forged) => Forge.Open(Forge.GroupInfoWithTree(alice, forged)).Error.Rule;
        var root = TreeMath.Root(tree.LeafCount);
        var parents = tree.Nodes().Where(node => node.Parent is not null).ToDictionary(node => node.Node, node => node.Parent!);
        RatchetTree With(uint node, ParentNode parent) =>
            tree.WithPath(0, tree.Leaf(0)!, new Dictionary<uint, ParentNode>(parents) { [node] = parent });

        Assert.Equal("MLS-204", Rule(With(1, parents[1].WithParentHash(new byte[32]))));
        Assert.Equal("MLS-204", Rule(With(root, new ParentNode(alice.Bundle.KeyPackage[..32], ReadOnlyMemory<byte>.Empty, []))));
        Assert.Equal("MLS-205", Rule(With(root, new ParentNode(parents[root].EncryptionKey, parents[root].ParentHash, [3, 2]))));
        Assert.Equal("MLS-205", Rule(With(root, new ParentNode(parents[root].EncryptionKey, parents[root].ParentHash, [1]))));
        Assert.Equal("MLS-205", Rule(With(root, new ParentNode(parents[root].EncryptionKey, parents[root].ParentHash, [9]))));

        var erin = new Person("erin");
        Assert.Equal("MLS-206", Rule(tree.Add(Forge.Leaf(erin, Forge.Lifetime, encryptionKey: tree.Leaf(1)!.EncryptionKey), out _)));
        Assert.Equal("MLS-207", Rule(tree.Add(Forge.Leaf(bob, Forge.Lifetime), out _)));
        var misplaced = Forge.Leaf(erin, new LeafNodeSource.Update(), place: new LeafPlace("group"u8.ToArray(), 2));
        Assert.Equal("MLS-105", Rule(tree.Add(misplaced, out _)));

        Assert.True(Forge.Open(Forge.GroupInfoWithTree(alice, tree.Add(Forge.Leaf(erin, Forge.Lifetime), out _))).IsOk);
    }
}
