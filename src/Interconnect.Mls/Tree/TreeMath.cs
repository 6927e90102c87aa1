using System.Numerics;

namespace Interconnect.Mls.Tree;

/// <summary>The array numbering of a complete binary tree (RFC 9420 section 4.1 and appendix C). Node 2i is leaf i.</summary>
internal static class TreeMath
{
    /// <summary>0 for leaves; the number of trailing one bits otherwise.</summary>
    public static int Level(uint node) => BitOperations.TrailingZeroCount(~node);

    public static uint NodeCount(uint leafCount) => leafCount == 0 ? 0 : (2 * leafCount) - 1;

    public static uint Root(uint leafCount) => leafCount - 1;

    /// <summary>Null for a leaf.</summary>
    public static uint? Left(uint node) => Level(node) is > 0 and var level ? node ^ (1u << (level - 1)) : null;

    /// <summary>Null for a leaf.</summary>
    public static uint? Right(uint node) => Level(node) is > 0 and var level ? node ^ (3u << (level - 1)) : null;

    /// <summary>Null for the root.</summary>
    public static uint? Parent(uint node, uint leafCount)
    {
        if (node == Root(leafCount))
        {
            return null;
        }

        var level = Level(node);
        var bit = (node >> (level + 1)) & 1;
        return (node | (1u << level)) ^ (bit << (level + 1));
    }

    /// <summary>Null for the root.</summary>
    public static uint? Sibling(uint node, uint leafCount) =>
        Parent(node, leafCount) is { } parent ? (node < parent ? Right(parent) : Left(parent)) : null;

    /// <summary>The smallest full tree that holds this many leaves: a power of two.</summary>
    public static uint FullLeafCount(uint leaves) => leaves == 0 ? 0 : BitOperations.RoundUpToPowerOf2(leaves);

    /// <summary>True when the leaf lies in the subtree of the node.</summary>
    public static bool Covers(uint node, uint leafIndex)
    {
        var level = Level(node);
        return (2 * leafIndex) >> (level + 1) == node >> (level + 1);
    }

    /// <summary>The lowest node that has both leaves below it.</summary>
    public static uint CommonAncestor(uint leafA, uint leafB)
    {
        var a = 2 * leafA;
        var b = 2 * leafB;
        if (a == b)
        {
            return a;
        }

        var level = 32 - BitOperations.LeadingZeroCount(a ^ b);
        var prefix = level == 32 ? 0 : (a >> level) << level;
        return prefix | ((1u << (level - 1)) - 1);
    }
}
