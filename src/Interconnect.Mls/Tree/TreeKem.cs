using System.Collections.Immutable;
using System.Security.Cryptography;
using Interconnect.Mls.Crypto;
using Interconnect.Mls.Encoding;
using Interconnect.Mls.Messages;

namespace Interconnect.Mls.Tree;

/// <summary>Making and taking in update paths (RFC 9420 sections 7.4 to 7.6).</summary>
internal static class TreeKem
{
    private static ReadOnlySpan<byte> PathLabel => "UpdatePathNode"u8;

    /// <summary>
    /// Makes new keys for a leaf and its filtered direct path in a tree that has the proposals applied. The path is encrypted afterwards by
    /// <see cref="Encrypt"/>, because the context to encrypt under holds the new tree's hash.
    /// </summary>
    public static PathDraft Draft(
        RatchetTree tree, uint leafIndex, ReadOnlyMemory<byte> groupId, SignatureKeyPair signer, LeafTemplate template, IMlsRandom random)
    {
        var suite = tree.Suite;
        var steps = tree.FilteredDirectPath(leafIndex);
        using var first = Secret<Kind.Path>.Random(suite.Hash.Size, random);
        var secrets = PathSecrets.Derive(suite, first.Span, steps.Select(step => step.Node));
        var leafKey = suite.Kem.GenerateKeyPair(random);
        var (nodes, parentHash) = tree.PlanPath(steps, secrets.Chain.Select(link => link.Key.PublicKey).ToList());
        var leaf = LeafNode.Sign(
            signer, leafKey.PublicKey, template.Credential, template.Capabilities, new LeafNodeSource.Commit(parentHash), template.Extensions,
            new LeafPlace(groupId, leafIndex));
        var keys = secrets.Chain.ToImmutableDictionary(link => link.Node, link => link.Key);
        return new PathDraft(tree.WithPath(leafIndex, leaf, nodes), leaf, steps, secrets, new PrivatePath(leafIndex, leafKey, keys));
    }

    /// <summary>Encrypts a draft's path secrets to everybody but the leaves that were added by the same commit.</summary>
    /// <param name="context">The encoded provisional GroupContext.</param>
    public static UpdatePath Encrypt(PathDraft draft, IReadOnlySet<uint> addedLeaves, ReadOnlySpan<byte> context, IMlsRandom random)
    {
        var suite = draft.Tree.Suite;
        var scheduleContext = suite.EncryptContext(PathLabel, context);
        var recipients = draft.Steps.Select(step => Recipients(draft.Tree, step.CopathNode, addedLeaves)).ToList();
        var jobs = new List<(int Step, uint Node)>();
        for (var i = 0; i < recipients.Count; i++)
        {
            jobs.AddRange(recipients[i].Select(node => (i, node)));
        }

        // Randomness is drawn in order, whatever the order of the work.
        var size = suite.Kem.Group.PrivateKeySize;
        var ephemeral = new byte[jobs.Count * size];
        random.Fill(ephemeral);
        var sealedSecrets = new HpkeCiphertext[jobs.Count];
        Work.ForEach(jobs.Count, at =>
        {
            var (step, node) = jobs[at];
            using var key = suite.Kem.FromRandom(ephemeral.AsSpan(at * size, size));
            sealedSecrets[at] = suite.Hpke.Seal(scheduleContext, PublicKeyOf(draft.Tree, node), draft.Secrets.Chain[step].Secret.Span, key);
        });
        CryptographicOperations.ZeroMemory(ephemeral);

        var nodes = new List<UpdatePathNode>(draft.Steps.Count);
        var done = 0;
        for (var i = 0; i < draft.Steps.Count; i++)
        {
            nodes.Add(new UpdatePathNode(draft.Secrets.Chain[i].Key.PublicKey, sealedSecrets[done..(done + recipients[i].Count)]));
            done += recipients[i].Count;
        }

        return new UpdatePath(draft.Leaf, nodes);
    }

    /// <summary>Puts a received path's public part into a tree that has the proposals applied. Refuses a wrong length (MLS-503) or parent hash (MLS-505).</summary>
    public static RatchetTree Apply(RatchetTree tree, uint senderLeaf, UpdatePath path)
    {
        var steps = tree.FilteredDirectPath(senderLeaf);
        Rules.PathLength.Require(steps.Count == path.Nodes.Count);
        Rules.PathLeafSource.Require(path.Leaf.Source is LeafNodeSource.Commit);
        var (nodes, parentHash) = tree.PlanPath(steps, path.Nodes.Select(node => (ReadOnlyMemory<byte>)node.EncryptionKey.ToArray()).ToList());
        Rules.PathParentHash.Require(((LeafNodeSource.Commit)path.Leaf.Source).ParentHash.Span.SequenceEqual(parentHash));
        return tree.WithPath(senderLeaf, path.Leaf.Detached(), nodes);
    }

    /// <summary>Demands one ciphertext for each node that a path secret is for (MLS-504). The tree has the path applied.</summary>
    public static void VerifyCiphertextCounts(RatchetTree tree, uint senderLeaf, UpdatePath path, IReadOnlySet<uint> addedLeaves)
    {
        var steps = tree.FilteredDirectPath(senderLeaf);
        for (var i = 0; i < steps.Count; i++)
        {
            Rules.PathCiphertexts.Require(path.Nodes[i].EncryptedPathSecrets.Count == Recipients(tree, steps[i].CopathNode, addedLeaves).Count);
        }
    }

    /// <summary>
    /// Opens the path secret meant for this member and derives the rest (RFC 9420 section 7.5). The tree has the path applied and the numbers of ciphertexts
    /// are right; refused are a ciphertext that does not open (MLS-115), and public keys that are not those of the secrets (MLS-506).
    /// </summary>
    public static (PrivatePath Path, PathSecrets Secrets) Decrypt(
        RatchetTree tree, uint senderLeaf, UpdatePath path, PrivatePath own, IReadOnlySet<uint> addedLeaves, ReadOnlySpan<byte> context)
    {
        var suite = tree.Suite;
        var steps = tree.FilteredDirectPath(senderLeaf);
        var mine = 0;
        while (mine < steps.Count && !TreeMath.Covers(steps[mine].Node, own.LeafIndex))
        {
            mine++;
        }

        Rules.PathSecretFindable.Require(mine < steps.Count);
        var recipients = Recipients(tree, steps[mine].CopathNode, addedLeaves);
        for (var i = 0; i < recipients.Count; i++)
        {
            if (own.KeyFor(tree, recipients[i]) is { } key)
            {
                using var secret = new Secret<Kind.Path>(
                    suite.DecryptWithLabel(key, PathLabel, context, path.Nodes[mine].EncryptedPathSecrets[i]));
                return Follow(tree, own, secret.Span, steps.Skip(mine).Select(step => step.Node));
            }
        }

        Rules.PathSecretFindable.Refuse();
        return default;
    }

    /// <summary>Takes in the path secret of a node (from a path or a Welcome) and those above it. Refuses keys that do not match the tree (MLS-506).</summary>
    public static (PrivatePath Path, PathSecrets Secrets) Follow(RatchetTree tree, PrivatePath own, ReadOnlySpan<byte> secret, IEnumerable<uint> nodes)
    {
        Rules.PathSecretLength.Require(secret.Length == tree.Suite.Hash.Size);
        var secrets = PathSecrets.Derive(tree.Suite, secret, nodes);
        var keys = own.NodeKeys;
        foreach (var (node, _, key) in secrets.Chain)
        {
            Rules.PathPublicKeys.Require(
                tree.At(node).Parent is { } parent && parent.EncryptionKey.Span.SequenceEqual(key.PublicKey.Span));
            keys = keys.SetItem(node, key);
        }

        return (own with { NodeKeys = keys }, secrets);
    }

    private static List<uint> Recipients(RatchetTree tree, uint copathNode, IReadOnlySet<uint> addedLeaves)
    {
        var nodes = new List<uint>();
        tree.At(copathNode).AddResolution(nodes);
        if (addedLeaves.Count > 0)
        {
            nodes.RemoveAll(node => TreeMath.Level(node) == 0 && addedLeaves.Contains(node / 2));
        }

        return nodes;
    }

    private static HpkePublicKey PublicKeyOf(RatchetTree tree, uint node)
    {
        var at = tree.At(node);
        return at.Leaf is not null ? at.Leaf.EncryptionPublicKey(tree.Suite) : at.Parent!.EncryptionPublicKey(tree.Suite);
    }
}

/// <summary>What a committer's own leaf says besides its keys.</summary>
internal sealed record LeafTemplate(MemberCredential Credential, Capabilities Capabilities, IReadOnlyList<Extension> Extensions);

/// <summary>A path with its keys in the tree, not encrypted yet.</summary>
internal sealed record PathDraft(RatchetTree Tree, LeafNode Leaf, IReadOnlyList<PathStep> Steps, PathSecrets Secrets, PrivatePath Private)
{
    public override string ToString() => "path draft (redacted)";
}
