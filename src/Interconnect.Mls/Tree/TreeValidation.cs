using Interconnect.Mls.Encoding;

namespace Interconnect.Mls.Tree;

/// <summary>What RFC 9420 sections 7.9.2 and 12.4.3.1 demand of a tree that is seen for the first time.</summary>
internal static class TreeValidation
{
    /// <summary>Leaf signatures, each with its place (MLS-105); in parallel for larger trees, since they dominate a join.</summary>
    public static void VerifyLeafSignatures(RatchetTree tree, ReadOnlyMemory<byte> groupId)
    {
        var leaves = tree.Leaves().ToList();
        Work.ForEach(leaves.Count, at =>
        {
            var (index, leaf) = leaves[at];
            Rules.LeafSignature.Require(leaf.VerifySignature(tree.Suite, new LeafPlace(groupId, index)));
        });
    }

    /// <summary>Unmerged leaves (MLS-205), parent hashes (MLS-204), distinct keys (MLS-206, MLS-207).</summary>
    public static void VerifyStructure(RatchetTree tree)
    {
        var parents = tree.Nodes().Where(node => node.Parent is not null).ToList();
        foreach (var node in parents)
        {
            VerifySorted(tree, node);
        }

        foreach (var node in parents)
        {
            VerifyUnmergedLeaves(node);
            Rules.ParentHash.Require(IsSetWith(tree, node, node.Left!, node.Right!) || IsSetWith(tree, node, node.Right!, node.Left!));
        }

        VerifyDistinctKeys(tree);
    }

    /// <summary>No key is in the tree twice (MLS-206, MLS-207).</summary>
    public static void VerifyDistinctKeys(RatchetTree tree)
    {
        Rules.DuplicateEncryptionKey.Require(tree.HasDistinctEncryptionKeys);
        Rules.DuplicateSignatureKey.Require(tree.HasDistinctSignatureKeys);
    }

    private static void VerifySorted(RatchetTree tree, Subtree node)
    {
        var unmerged = node.Parent!.UnmergedLeaves;
        for (var i = 0; i < unmerged.Length; i++)
        {
            Rules.UnmergedLeaves.Require(
                unmerged[i] < tree.LeafCount && (i == 0 || unmerged[i - 1] < unmerged[i]) && TreeMath.Covers(node.Node, unmerged[i]));
        }
    }

    private static void VerifyUnmergedLeaves(Subtree node)
    {
        foreach (var leaf in node.Parent!.UnmergedLeaves)
        {
            var at = node;
            while (at.Left is not null)
            {
                Rules.UnmergedLeaves.Require(at.Parent is null || at.Parent.HasUnmerged(leaf));
                at = 2 * leaf < at.Node ? at.Left : at.Right!;
            }

            Rules.UnmergedLeaves.Require(at.Leaf is not null);
        }
    }

    // RFC 9420 section 7.9.2: below one child lies the node D that was set together with this one, and its parent hash says so; besides D, that
    // child's resolution holds exactly the leaves added since.
    private static bool IsSetWith(RatchetTree tree, Subtree node, Subtree child, Subtree sibling)
    {
        var parent = node.Parent!;
        var resolution = new List<uint>();
        child.AddResolution(resolution);
        if (resolution.Count != child.Below(parent.UnmergedLeaves).Length + 1)
        {
            return false;
        }

        foreach (var candidate in resolution)
        {
            if (TreeMath.Level(candidate) > 0 || !parent.HasUnmerged(candidate / 2))
            {
                var below = child.Find(candidate);
                var claimed = below.Leaf is { Source: LeafNodeSource.Commit commit } ? commit.ParentHash : below.Parent?.ParentHash;
                var expected = tree.ParentHash(parent, sibling.HashWithout(tree.Suite.Hash, parent.UnmergedLeaves));
                return claimed is { } hash && hash.Span.SequenceEqual(expected);
            }
        }

        return false;
    }
}
