using Interconnect.Mls.Crypto;
using Interconnect.Mls.Encoding;

namespace Interconnect.Mls.Tree;

/// <summary>
/// One node of the ratchet tree with everything below it. Immutable; a change makes new nodes from the leaf up to the root and shares all others, so
/// the cached hash of an unchanged subtree is never computed twice.
/// </summary>
internal sealed class Subtree
{
    private byte[]? hash;
    private LeafTraits? traits;

    private Subtree(uint node, LeafNode? leaf, ParentNode? parent, Subtree? left, Subtree? right)
    {
        Node = node;
        Leaf = leaf;
        Parent = parent;
        Left = left;
        Right = right;
        OccupiedLeaves = left is null ? (leaf is null ? 0u : 1u) : left.OccupiedLeaves + right!.OccupiedLeaves;
        IsBlank = leaf is null && parent is null && (left is null || (left.IsBlank && right!.IsBlank));
    }

    /// <summary>The node's index in the array numbering.</summary>
    public uint Node { get; }

    public LeafNode? Leaf { get; }

    public ParentNode? Parent { get; }

    /// <summary>Null exactly for leaves.</summary>
    public Subtree? Left { get; }

    /// <summary>Null exactly for leaves.</summary>
    public Subtree? Right { get; }

    public uint OccupiedLeaves { get; }

    /// <summary>True when neither this node nor any below has content; then its resolution is empty.</summary>
    public bool IsBlank { get; }

    /// <summary>What the leaves below have in common; null when there are none. Equal values are one object, so a large group holds few.</summary>
    public LeafTraits? Traits
    {
        get
        {
            if (OccupiedLeaves == 0 || traits is not null)
            {
                return traits;
            }

            if (Leaf is not null)
            {
                return LeafTraits.Of(Leaf);
            }

            var combined = LeafTraits.Combine(Left!.Traits, Right!.Traits)!;
            Left.Share(combined);
            Right.Share(combined);
            return traits = combined;
        }
    }

    public static Subtree OfLeaf(uint leafIndex, LeafNode? leaf) => new(2 * leafIndex, leaf, null, null, null);

    public static Subtree Join(ParentNode? parent, Subtree left, Subtree right) =>
        new((left.Node + right.Node) / 2, null, parent, left, right);

    /// <summary>An empty subtree over the leaves first .. first + count - 1.</summary>
    public static Subtree Empty(uint first, uint count) =>
        count == 1 ? OfLeaf(first, null) : Join(null, Empty(first, count / 2), Empty(first + (count / 2), count / 2));

    /// <summary>The child on the way to a leaf's node; null at a leaf.</summary>
    public Subtree? Towards(uint leafNode) => leafNode < Node ? Left : Right;

    public Subtree Find(uint node)
    {
        var at = this;
        while (at.Node != node)
        {
            at = node < at.Node ? at.Left! : at.Right!;
        }

        return at;
    }

    /// <summary>Replaces a leaf, and every parent on its direct path by what the function makes of it.</summary>
    public Subtree Rewrite(uint leafNode, LeafNode? leaf, Func<Subtree, ParentNode?> parent)
    {
        if (Left is null)
        {
            return OfLeaf(Node / 2, leaf);
        }

        return leafNode < Node
            ? Join(parent(this), Left.Rewrite(leafNode, leaf, parent), Right!)
            : Join(parent(this), Left, Right!.Rewrite(leafNode, leaf, parent));
    }

    public Subtree? LeftmostBlankLeaf()
    {
        if (Left is null)
        {
            return Leaf is null ? this : null;
        }

        var leaves = 1u << (TreeMath.Level(Node) - 1);
        return Left.OccupiedLeaves < leaves ? Left.LeftmostBlankLeaf() : Right!.LeftmostBlankLeaf();
    }

    /// <summary>Resolution of RFC 9420 section 4.1.1, as node indices in order.</summary>
    public void AddResolution(List<uint> nodes)
    {
        if (Leaf is not null)
        {
            nodes.Add(Node);
        }
        else if (Parent is not null)
        {
            nodes.Add(Node);
            foreach (var leaf in Parent.UnmergedLeaves)
            {
                nodes.Add(2 * leaf);
            }
        }
        else if (Left is not null && !IsBlank)
        {
            Left.AddResolution(nodes);
            Right!.AddResolution(nodes);
        }
    }

    /// <summary>Tree hash of RFC 9420 section 7.8.</summary>
    public byte[] Hash(HashFunction function) => hash ??= ComputeHash(function, Leaf, Parent, Left?.Hash(function), Right?.Hash(function));

    /// <summary>The tree hash this subtree had before the leaves were added: with them blank and taken out of every list (RFC 9420 section 7.9).</summary>
    /// <param name="leaves">Sorted.</param>
    public byte[] HashWithout(HashFunction function, ReadOnlySpan<uint> leaves)
    {
        var mine = Below(leaves);
        return mine.IsEmpty
            ? Hash(function)
            : ComputeHash(function, null, Parent?.WithoutUnmerged(mine), Left?.HashWithout(function, mine), Right?.HashWithout(function, mine));
    }

    /// <summary>Those of some sorted leaves that lie in this subtree.</summary>
    public ReadOnlySpan<uint> Below(ReadOnlySpan<uint> leaves)
    {
        var half = (1u << TreeMath.Level(Node)) - 1;
        var first = (Node - half) / 2;
        var last = (Node + half) / 2;
        var from = leaves.BinarySearch(first);
        var to = leaves.BinarySearch(last);
        return leaves[(from < 0 ? ~from : from)..(to < 0 ? ~to : to + 1)];
    }

    private void Share(LeafTraits wider)
    {
        if (traits is { } mine && LeafTraits.AreSame(mine, wider))
        {
            traits = wider;
        }
    }

    // TreeHashInput of RFC 9420 section 7.8.
    private byte[] ComputeHash(HashFunction function, LeafNode? leaf, ParentNode? parent, byte[]? left, byte[]? right)
    {
        using var input = new MlsWriter();
        if (left is null)
        {
            input.U8(1);
            input.U32(Node / 2);
            input.Optional(leaf is not null);
            leaf?.Write(input);
        }
        else
        {
            input.U8(2);
            input.Optional(parent is not null);
            parent?.Write(input);
            input.Opaque(left);
            input.Opaque(right!);
        }

        return function.Hash(input.Written);
    }
}
