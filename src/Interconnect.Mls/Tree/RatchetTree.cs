using Interconnect.Mls.Encoding;

namespace Interconnect.Mls.Tree;

/// <summary>One node of a leaf's filtered direct path and its child that the leaf is not under.</summary>
internal readonly record struct PathStep(uint Node, uint CopathNode);

/// <summary>
/// The public ratchet tree (RFC 9420 sections 4 and 7). Immutable; every change costs O(log n) new nodes. Holds public values only.
/// </summary>
internal sealed class RatchetTree
{
    private readonly Subtree root;
    private KeyIndex? keys;

    private RatchetTree(CipherSuite suite, Subtree root, KeyIndex? keys = null)
    {
        Suite = suite;
        this.root = root;
        this.keys = keys;
    }

    public CipherSuite Suite { get; }

    /// <summary>The leaves of the full tree, blank ones included: a power of two.</summary>
    public uint LeafCount => root.Node + 1;

    public uint MemberCount => root.OccupiedLeaves;

    public byte[] TreeHash => root.Hash(Suite.Hash);

    /// <summary>What all members have in common; null for a tree without any.</summary>
    public LeafTraits? Traits => root.Traits;

    /// <summary>No encryption key, of a leaf or a parent, is in the tree twice.</summary>
    public bool HasDistinctEncryptionKeys => Keys.HasDistinctEncryptionKeys;

    /// <summary>No signature key is in the tree twice.</summary>
    public bool HasDistinctSignatureKeys => Keys.HasDistinctSignatureKeys;

    private KeyIndex Keys => keys ??= KeyIndex.Of(Nodes());

    public static RatchetTree OfOne(CipherSuite suite, LeafNode leaf) => new(suite, Subtree.OfLeaf(0, leaf));

    internal static RatchetTree FromRoot(CipherSuite suite, Subtree root) => new(suite, root);

    public LeafNode? Leaf(uint leafIndex) => leafIndex < LeafCount ? root.Find(2 * leafIndex).Leaf : null;

    public Subtree At(uint node) => root.Find(node);

    public IReadOnlyList<uint> Resolution(uint node)
    {
        var nodes = new List<uint>();
        root.Find(node).AddResolution(nodes);
        return nodes;
    }

    /// <summary>Occupied leaves in order.</summary>
    public IEnumerable<(uint Index, LeafNode Leaf)> Leaves() => Nodes().Where(n => n.Leaf is not null).Select(n => (n.Node / 2, n.Leaf!));

    /// <summary>Every node in array order.</summary>
    public IEnumerable<Subtree> Nodes()
    {
        var pending = new Stack<Subtree>();
        for (var at = root; at is not null || pending.Count > 0;)
        {
            while (at is not null)
            {
                pending.Push(at);
                at = at.Left;
            }

            at = pending.Pop();
            yield return at;
            at = at.Right;
        }
    }

    /// <summary>The direct path without the nodes whose other child has an empty resolution, from the leaf up (RFC 9420 section 4.1.2).</summary>
    public IReadOnlyList<PathStep> FilteredDirectPath(uint leafIndex)
    {
        var steps = new List<PathStep>();
        for (var at = root; at.Left is not null;)
        {
            var (towards, copath) = 2 * leafIndex < at.Node ? (at.Left, at.Right!) : (at.Right!, at.Left);
            if (!copath.IsBlank)
            {
                steps.Add(new PathStep(at.Node, copath.Node));
            }

            at = towards;
        }

        steps.Reverse();
        return steps;
    }

    /// <summary>Applies an Add (RFC 9420 section 12.1.1): the leftmost blank leaf, or the first of a doubled tree.</summary>
    public RatchetTree Add(LeafNode leaf, out uint leafIndex)
    {
        var place = root.LeftmostBlankLeaf();
        var grown = place is null ? Subtree.Join(null, root, Subtree.Empty(LeafCount, LeafCount)) : root;
        var index = place is null ? LeafCount : place.Node / 2;
        leafIndex = index;
        return Rewritten(grown, index, leaf, node => node.Parent?.WithUnmerged(index));
    }

    /// <summary>Applies an Update (RFC 9420 section 12.1.2): the new leaf, and a blank direct path.</summary>
    public RatchetTree Update(uint leafIndex, LeafNode leaf) => Rewritten(root, leafIndex, leaf, _ => null);

    /// <summary>Applies a Remove (RFC 9420 section 12.1.3): a blank leaf and direct path, then without the empty right halves.</summary>
    public RatchetTree Remove(uint leafIndex)
    {
        var blanked = Rewritten(root, leafIndex, null, _ => null);
        var (trimmed, index) = (blanked.root, blanked.keys);
        while (trimmed.Left is not null && trimmed.Right!.OccupiedLeaves == 0)
        {
            index = index?.Without(trimmed);
            trimmed = trimmed.Left;
        }

        return new RatchetTree(Suite, trimmed, index);
    }

    /// <summary>Puts a committer's new leaf and its path in place; nodes not on the filtered direct path become blank.</summary>
    public RatchetTree WithPath(uint leafIndex, LeafNode leaf, IReadOnlyDictionary<uint, ParentNode> path) =>
        Rewritten(root, leafIndex, leaf, node => path.GetValueOrDefault(node.Node));

    /// <summary>
    /// The parent nodes that these public keys make on the filtered direct path, with their parent hashes, and the parent hash that the leaf must have
    /// (RFC 9420 section 7.9).
    /// </summary>
    public (IReadOnlyDictionary<uint, ParentNode> Nodes, byte[] LeafParentHash) PlanPath(
        IReadOnlyList<PathStep> steps, IReadOnlyList<ReadOnlyMemory<byte>> publicKeys)
    {
        var nodes = new Dictionary<uint, ParentNode>(steps.Count);
        byte[] parentHash = [];
        for (var i = steps.Count - 1; i >= 0; i--)
        {
            var node = new ParentNode(publicKeys[i], parentHash, []);
            nodes[steps[i].Node] = node;
            parentHash = ParentHash(node, root.Find(steps[i].CopathNode).Hash(Suite.Hash));
        }

        return (nodes, parentHash);
    }

    /// <summary>Hash of ParentHashInput { encryption_key&lt;V&gt;; parent_hash&lt;V&gt;; original_sibling_tree_hash&lt;V&gt;; } (RFC 9420 section 7.9)</summary>
    public byte[] ParentHash(ParentNode node, ReadOnlySpan<byte> siblingTreeHash)
    {
        using var input = new MlsWriter();
        input.Opaque(node.EncryptionKey);
        input.Opaque(node.ParentHash);
        input.Opaque(siblingTreeHash);
        return Suite.Hash.Hash(input.Written);
    }

    public bool HasEncryptionKey(ReadOnlyMemory<byte> key) => Keys.HasEncryptionKey(key);

    /// <summary>The leaf with this signature key; null when there is none.</summary>
    public uint? FindSignatureKey(ReadOnlyMemory<byte> key) => Keys.FindSignatureKey(key);

    public Member Member(uint leafIndex)
    {
        var leaf = Leaf(leafIndex) ?? throw new InvalidOperationException("The leaf is blank.");
        return MemberOf(leafIndex, leaf);
    }

    /// <summary>Everybody, by leaf index.</summary>
    public IReadOnlyList<Member> Members() => Leaves().Select(item => MemberOf(item.Index, item.Leaf)).ToList();

    private static Member MemberOf(uint leafIndex, LeafNode leaf) => new(leafIndex, leaf.Credential, leaf.SignatureKey) { Extensions = leaf.Extensions };

    private RatchetTree Rewritten(Subtree from, uint leafIndex, LeafNode? leaf, Func<Subtree, ParentNode?> parent)
    {
        var to = from.Rewrite(2 * leafIndex, leaf, parent);
        return new RatchetTree(Suite, to, Keys.AfterRewrite(from, to, 2 * leafIndex));
    }
}
