using Interconnect.Mls.Tree;

namespace Interconnect.Mls.Tests.Interop;

/// <summary>What other implementations get wrong, so that it is told from a divergence. Each is excused or kept from only where it applies.</summary>
internal static class KnownDefects
{
    /// <summary>
    /// ts-mls 1.6.4 (validateRatchetTree) joins only where all parent nodes above an unmerged leaf have equal lists. RFC 9420 section 12.4.3.1 demands that each
    /// node between the leaf and a parent that lists it lists this leaf, too; the lists may differ otherwise, and do when several leaves are unmerged.
    /// </summary>
    public static bool IsUnequalUnmergedLeaves(PeerRefusal refusal, MixedGroup group) =>
        refusal.Message.Contains("must list leaf node in its unmerged_leaves", StringComparison.Ordinal)
        && HasUnequalLists(group.Ours.First().Group.State.Tree);

    /// <summary>ts-mls 1.6.4 (applyProposals) does not see that it was removed when the same commit gives its leaf to somebody else.</summary>
    public static bool IsRefilledLeaf(PeerRefusal refusal, bool removed, bool othersJoin) =>
        removed && othersJoin && refusal.Message.Contains("No overlap between provided private keys and update path", StringComparison.Ordinal);

    /// <summary>
    /// core-crypto 9.3.4 refuses an external commit that removes its own former leaf when that makes the tree smaller ("length of the received update path"). RFC 9420
    /// section 12.4.2 gives the joiner the leftmost blank leaf of the tree with the proposals applied, and ts-mls agrees (there is a test of that).
    /// </summary>
    public static bool IsShrinkingReturn(IMember member, MixedGroup group)
    {
        var tree = group.Ours.First().Group.State.Tree;
        return tree.Remove(group.LeafOf(member)).LeafCount < tree.LeafCount;
    }

    private static bool HasUnequalLists(RatchetTree tree)
    {
        var parents = tree.Nodes().Where(node => node.Parent is not null).Select(node => (node.Node, Lists: node.Parent!.UnmergedLeaves.ToArray())).ToList();
        return parents.Any(parent => parent.Lists.Any(leaf =>
            parents.Any(other => TreeMath.Covers(other.Node, leaf) && !other.Lists.SequenceEqual(parent.Lists))));
    }
}
