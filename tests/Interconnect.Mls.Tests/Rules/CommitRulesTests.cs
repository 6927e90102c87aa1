using Interconnect.Mls.Crypto;
using Interconnect.Mls.Encoding;
using Interconnect.Mls.Framing;
using Interconnect.Mls.Messages;
using Interconnect.Mls.Tests.Groups;
using Interconnect.Mls.Tree;

namespace Interconnect.Mls.Tests.Rules;

public sealed class CommitRulesTests
{
    private readonly Person alice = new Person("alice").Create();
    private readonly Person bob = new("bob");
    private readonly Person cathy = new("cathy");
    private readonly Person dave = new("dave");

    public CommitRulesTests() => alice.Add([bob, cathy, dave]);

    [Fact]
    [Covers("MLS-501", "MLS-502", "MLS-503", "MLS-504", "MLS-505", "MLS-506", "MLS-507", "MLS-508")]
    public void Commit_WithAWrongPath_Refused()
    {
        Assert.Equal("MLS-501", bob.Refusal(Forge.Commit(alice, new Proposal.Remove(2))));
        Assert.Equal("MLS-502", bob.Refusal(Forge.CommitWithPath(
            alice, path => path with { Leaf = Forge.Leaf(alice, new LeafNodeSource.Update(), place: Forge.PlaceOf(alice)) })));
        Assert.Equal("MLS-503", bob.Refusal(Forge.CommitWithPath(alice, path => path with { Nodes = path.Nodes.Skip(1).ToList() })));
        Assert.Equal("MLS-504", bob.Refusal(Forge.CommitWithPath(alice, path => path with
        {
            Nodes = path.Nodes.Select(node => node with { EncryptedPathSecrets = [.. node.EncryptedPathSecrets, node.EncryptedPathSecrets[0]] }).ToList(),
        })));
        Assert.Equal("MLS-505", bob.Refusal(Forge.CommitWithPath(alice, path => path with
        {
            Leaf = Forge.Leaf(alice, new LeafNodeSource.Commit(new byte[32]), place: Forge.PlaceOf(alice)),
        })));
        Assert.Equal("MLS-506", bob.Refusal(OtherKeys()));
        Assert.Equal("MLS-507", bob.Refusal(Forge.CommitWithPath(alice, path => path with
        {
            Nodes = path.Nodes.Select(node => node with { EncryptionKey = cathy.State.Tree.Leaf(cathy.Leaf)!.EncryptionKey }).ToList(),
        })));
        Assert.Equal("MLS-508", bob.Refusal(Forge.CommitWithPath(alice, path => path)));

        alice.Commit(new CommitRequest(), bob, cathy, dave);
        Person.AssertAgree(alice, bob, cathy, dave);
    }

    [Fact]
    [Covers("MLS-115")]
    public void Commit_WhosePathSecretDoesNotOpen_Refused()
    {
        var damaged = Forge.CommitWithPath(alice, path => path with
        {
            Nodes = path.Nodes.Select(node => node with
            {
                EncryptedPathSecrets = node.EncryptedPathSecrets
                    .Select(c => c with { Ciphertext = Forge.Flip(c.Ciphertext.ToArray(), 0) }).ToList(),
            }).ToList(),
        });
        Assert.Equal("MLS-115", bob.Refusal(damaged));
        bob.Take(alice.Group.Update().Value.Commit);
    }

    [Fact]
    [Covers("MLS-509")]
    public void PathSecret_OfWrongLength_Refused()
    {
        var path = ((Content.OfCommit)((MlsMessage.OfPublicMessage)Codec.Decode<MlsMessage>(alice.Group.Update().Value.Commit))
            .Message.Content.Content).Commit.Path!;
        var tree = TreeKem.Apply(alice.State.Tree, alice.Leaf, path);
        Assert.Equal("MLS-509", Forge.RuleOf(() => TreeKem.Follow(tree, bob.State.Path, new byte[31], [])));
        Assert.Equal("MLS-509", Forge.RuleOf(() => TreeKem.Follow(tree, bob.State.Path, new byte[33], [])));
        using var secrets = TreeKem.Follow(tree, bob.State.Path, new byte[32], []).Secrets;
        Assert.Empty(secrets.Chain);
    }

    [Fact]
    [Covers("MLS-511")]
    public void Path_ToAMemberWithoutItsKeys_Refused()
    {
        alice.Commit(new CommitRequest(), bob, cathy, dave);
        dave.Commit(new CommitRequest(), alice, bob, cathy);
        var keyless = bob.State with { Path = bob.State.Path with { NodeKeys = bob.State.Path.NodeKeys.Clear() } };
        var lost = new MlsGroup(bob.Client, keyless);
        var commit = cathy.Group.Update().Value.Commit;
        Assert.Equal("MLS-511", lost.Process(commit).Error.Rule);
        Assert.True(bob.Group.Process(commit).IsOk);
    }

    [Fact]
    [Covers("MLS-410", "MLS-418", "MLS-420")]
    public void ExternalCommit_WithMoreThanItMay_Refused()
    {
        var erin = new Person("erin");
        var join = erin.Client.JoinExternally(alice.Group.CreateGroupInfo()).Value;
        var genuine = ((MlsMessage.OfPublicMessage)Codec.Decode<MlsMessage>(join.Commit)).Message;
        var commit = ((Content.OfCommit)genuine.Content.Content).Commit;
        byte[] With(params Proposal[] more) => Forge.Public(
            alice,
            new Content.OfCommit(commit with { Proposals = [.. commit.Proposals, .. more.Select(p => new ProposalOrRef.ByValue(p))] }),
            new Sender.NewMemberCommit(),
            erin.Key);

        Assert.Equal("MLS-410", bob.Refusal(With(new Proposal.Add(erin.Verified.KeyPackage))));
        Assert.Equal("MLS-410", bob.Refusal(With(new Proposal.ExternalInit(new byte[32]))));
        Assert.Equal("MLS-420", bob.Refusal(With(new Proposal.Remove(2), new Proposal.Remove(3))));
        Assert.Equal("MLS-418", erin.Client.JoinExternally(alice.Group.CreateGroupInfo(), formerLeaf: cathy.Leaf)
            .Match(forged => bob.Refusal(forged.Commit), error => error.Rule));
        Assert.IsType<Processed.CommitApplied>(bob.Take(join.Commit));
    }

    // A path whose leaf and parent hashes fit together but whose first node has another key than its secret makes.
    private byte[] OtherKeys()
    {
        var steps = alice.State.Tree.FilteredDirectPath(alice.Leaf);
        return Forge.CommitWithPath(alice, path =>
        {
            var keys = path.Nodes.Select(node => node.EncryptionKey).ToList();
            keys[^1] = alice.Client.Suite.Kem.GenerateKeyPair(SystemRandomness.Instance).PublicKey;
            var (_, parentHash) = alice.State.Tree.PlanPath(steps, keys);
            var leaf = Forge.Leaf(alice, new LeafNodeSource.Commit(parentHash), place: Forge.PlaceOf(alice));
            var nodes = path.Nodes.Select((node, i) => Reencrypted(node, keys[i], path, leaf, keys)).ToList();
            return new UpdatePath(leaf, nodes);
        });

        UpdatePathNode Reencrypted(UpdatePathNode node, ReadOnlyMemory<byte> key, UpdatePath path, LeafNode leaf, List<ReadOnlyMemory<byte>> keys)
        {
            var (planned, _) = alice.State.Tree.PlanPath(steps, keys);
            var tree = alice.State.Tree.WithPath(alice.Leaf, leaf, planned);
            var context = Codec.Encode(Mls.Groups.EpochTransition.Provisional(alice.State.Context, tree, alice.State.Context.Extensions));
            var at = path.Nodes.ToList().IndexOf(node);
            var recipients = tree.Resolution(steps[at].CopathNode);
            return new UpdatePathNode(key, recipients.Select(recipient => alice.Client.Suite.EncryptWithLabel(
                tree.At(recipient).Leaf is { } to ? to.EncryptionPublicKey(tree.Suite) : tree.At(recipient).Parent!.EncryptionPublicKey(tree.Suite),
                "UpdatePathNode"u8, context, new byte[32], SystemRandomness.Instance)).ToList());
        }
    }
}
