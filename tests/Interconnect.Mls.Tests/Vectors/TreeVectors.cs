using System.Collections.Immutable;
using System.Text.Json.Nodes;
using Interconnect.Mls.Crypto;
using Interconnect.Mls.Encoding;
using Interconnect.Mls.Messages;
using Interconnect.Mls.Tree;

namespace Interconnect.Mls.Tests.Vectors;

public sealed class TreeVectors
{
    [Theory]
    [VectorFiles("tree-math")]
    public void TreeMath_AllSizes_Match(string file)
    {
        var cases = VectorFile.Load(file);
        foreach (var test in cases)
        {
            var leaves = test.Number("n_leaves");
            Assert.Equal(test.Number("n_nodes"), TreeMath.NodeCount(leaves));
            Assert.Equal(test.Number("root"), TreeMath.Root(leaves));
            for (uint node = 0; node < TreeMath.NodeCount(leaves); node++)
            {
                var at = (int)node;
                Assert.Equal(test["left"]![at]?.GetValue<uint>(), TreeMath.Left(node));
                Assert.Equal(test["right"]![at]?.GetValue<uint>(), TreeMath.Right(node));
                Assert.Equal(test["parent"]![at]?.GetValue<uint>(), TreeMath.Parent(node, leaves));
                Assert.Equal(test["sibling"]![at]?.GetValue<uint>(), TreeMath.Sibling(node, leaves));
            }
        }

        VectorFile.AssertCount(file, 10, cases.Count);
    }

    [Theory]
    [VectorFiles("tree-operations")]
    public void TreeOperations_AllCases_Match(string file)
    {
        var cases = VectorFile.Load(file);
        foreach (var test in cases)
        {
            var tree = RatchetTreeCodec.Decode(test.Suite(), test.Hex("tree_before"));
            Assert.Equal(test.Hex("tree_hash_before"), tree.TreeHash);
            var after = Codec.Decode<Proposal>(test.Hex("proposal")) switch
            {
                Proposal.Add add => tree.Add(add.KeyPackage.Leaf, out _),
                Proposal.Update update => tree.Update(test.Number("proposal_sender"), update.Leaf),
                Proposal.Remove remove => tree.Remove(remove.Removed),
                _ => throw new InvalidOperationException("a proposal that does not change the tree"),
            };
            Assert.Equal(test.Hex("tree_after"), RatchetTreeCodec.Encode(after));
            Assert.Equal(test.Hex("tree_hash_after"), after.TreeHash);
        }

        VectorFile.AssertCount(file, 5, cases.Count);
    }

    [Theory]
    [VectorFiles("tree-validation")]
    public void TreeValidation_AllCases_Match(string file)
    {
        var cases = VectorFile.Load(file);
        foreach (var test in cases)
        {
            var tree = RatchetTreeCodec.Decode(test.Suite(), test.Hex("tree"));
            var hashes = test.Items("tree_hashes");
            var resolutions = test.Items("resolutions");
            Assert.Equal((int)TreeMath.NodeCount(tree.LeafCount), hashes.Count);
            for (uint node = 0; node < hashes.Count; node++)
            {
                Assert.Equal(Convert.FromHexString(hashes[(int)node]!.GetValue<string>()), tree.At(node).Hash(tree.Suite.Hash));
                Assert.Equal(resolutions[(int)node]!.AsArray().Select(n => n!.GetValue<uint>()), tree.Resolution(node));
            }

            TreeValidation.VerifyStructure(tree);
            TreeValidation.VerifyLeafSignatures(tree, test.Hex("group_id"));
            Assert.Equal(test.Hex("tree"), RatchetTreeCodec.Encode(tree));
            var refusal = Assert.Throws<MlsRefusal>(() => TreeValidation.VerifyLeafSignatures(tree, new byte[] { 1 }));
            Assert.Equal("MLS-105", refusal.Error.Rule);
        }

        VectorFile.AssertCount(file, 98, cases.Count);
    }

    [Theory]
    [VectorFiles("treekem")]
    public void TreeKem_AllPaths_Match(string file)
    {
        var cases = VectorFile.Load(file);
        var paths = 0;
        foreach (var test in cases)
        {
            var suite = test.Suite();
            var tree = RatchetTreeCodec.Decode(suite, test.Hex("ratchet_tree"));
            var members = Members(suite, tree, test.Items("leaves_private"));
            foreach (var update in test.Items("update_paths"))
            {
                Receive(test, update, tree, members);
                CreateAndReceive(test, update.Number("sender"), tree, members);
                paths++;
            }
        }

        VectorFile.AssertCount(file, 77, cases.Count);
        VectorFile.AssertCount(file, 434, paths);
    }

    private static Dictionary<uint, (PrivatePath Path, SignatureKeyPair Key)> Members(CipherSuite suite, RatchetTree tree, IReadOnlyList<JsonNode> leaves)
    {
        var members = new Dictionary<uint, (PrivatePath, SignatureKeyPair)>();
        foreach (var leaf in leaves)
        {
            var index = leaf.Number("index");
            var key = suite.Kem.Group.ImportPrivate(leaf.Hex("encryption_priv"));
            Assert.Equal(tree.Leaf(index)!.EncryptionKey.ToArray(), key.PublicKey.ToArray());
            var path = PrivatePath.OfLeaf(index, key);
            foreach (var item in leaf.Items("path_secrets"))
            {
                (path, _) = TreeKem.Follow(tree, path, item.Hex("path_secret"), [item.Number("node")]);
            }

            members[index] = (path, SignatureKeyPair.Import(suite, leaf.Hex("signature_priv")).Value);
        }

        return members;
    }

    private static byte[] Context(JsonNode test, RatchetTree tree) => Codec.Encode(new GroupContext(
        1, tree.Suite.Id, test.Hex("group_id"), test["epoch"]!.GetValue<ulong>(), tree.TreeHash, test.Hex("confirmed_transcript_hash"), []));

    private static void Receive(
        JsonNode test, JsonNode update, RatchetTree tree, Dictionary<uint, (PrivatePath Path, SignatureKeyPair Key)> members)
    {
        var sender = update.Number("sender");
        var path = Codec.Decode<UpdatePath>(update.Hex("update_path"));
        var after = TreeKem.Apply(tree, sender, path);
        Assert.Equal(update.Hex("tree_hash_after"), after.TreeHash);
        Assert.True(path.Leaf.VerifySignature(tree.Suite, new LeafPlace(test.Hex("group_id"), sender)));
        foreach (var (index, member) in members.Where(m => m.Key != sender))
        {
            var (_, secrets) = TreeKem.Decrypt(after, sender, path, member.Path, ImmutableHashSet<uint>.Empty, Context(test, after));
            Assert.Equal(update["path_secrets"]![(int)index]!.GetValue<string>(), Convert.ToHexStringLower(secrets.Chain[0].Secret.Span));
            Assert.Equal(update.Hex("commit_secret"), secrets.CommitSecret.Span.ToArray());
        }
    }

    private static void CreateAndReceive(
        JsonNode test, uint sender, RatchetTree tree, Dictionary<uint, (PrivatePath Path, SignatureKeyPair Key)> members)
    {
        var leaf = tree.Leaf(sender)!;
        var template = new LeafTemplate(leaf.Credential, leaf.Capabilities, leaf.Extensions);
        var draft = TreeKem.Draft(tree, sender, test.Hex("group_id"), members[sender].Key, template, SystemRandomness.Instance);
        var path = TreeKem.Encrypt(draft, ImmutableHashSet<uint>.Empty, Context(test, draft.Tree), SystemRandomness.Instance);
        var after = TreeKem.Apply(tree, sender, path);
        Assert.Equal(draft.Tree.TreeHash, after.TreeHash);
        TreeValidation.VerifyStructure(after);
        foreach (var (_, member) in members.Where(m => m.Key != sender))
        {
            var (_, secrets) = TreeKem.Decrypt(after, sender, path, member.Path, ImmutableHashSet<uint>.Empty, Context(test, after));
            Assert.Equal(draft.Secrets.CommitSecret.Span.ToArray(), secrets.CommitSecret.Span.ToArray());
        }
    }
}
