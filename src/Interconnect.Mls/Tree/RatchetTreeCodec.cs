using Interconnect.Mls.Encoding;

namespace Interconnect.Mls.Tree;

/// <summary>
/// The encoded tree (RFC 9420 section 12.4.3.3): <c>optional&lt;Node&gt; ratchet_tree&lt;V&gt;</c> without trailing blanks, where
/// <c>struct { NodeType node_type; select { leaf(1): LeafNode; parent(2): ParentNode; } } Node</c>.
/// </summary>
internal static class RatchetTreeCodec
{
    /// <summary>65,536 leaves: a blank node costs one byte on the wire and an object here, so the bound is on nodes, not bytes.</summary>
    private const int MaxNodes = (1 << 17) - 1;

    public static byte[] Encode(RatchetTree tree)
    {
        using var writer = new MlsWriter((int)Math.Min(1 << 20, 512 + (256 * tree.MemberCount)));
        var mark = writer.BeginVector();
        var blanks = 0;
        foreach (var node in tree.Nodes())
        {
            if (node.Leaf is null && node.Parent is null)
            {
                blanks++;
                continue;
            }

            for (; blanks > 0; blanks--)
            {
                writer.Optional(false);
            }

            writer.Optional(true);
            writer.U8(node.Leaf is null ? (byte)2 : (byte)1);
            node.Leaf?.Write(writer);
            node.Parent?.Write(writer);
        }

        writer.EndVector(mark);
        return writer.ToArray();
    }

    /// <summary>Decodes a tree; structure and form are checked (MLS-201, MLS-202, MLS-209), the rest by <see cref="TreeValidation"/>.</summary>
    public static RatchetTree Decode(CipherSuite suite, ReadOnlyMemory<byte> encoded)
    {
        var reader = new MlsReader(encoded);
        reader.Enter("ratchet_tree");
        var nodes = new List<(LeafNode? Leaf, ParentNode? Parent)>();
        var outer = reader.BeginVector("nodes");
        while (!reader.AtEnd)
        {
            Rules.EmptyTree.Require(nodes.Count < MaxNodes);
            nodes.Add(reader.Optional("node") ? ReadNode(ref reader, nodes.Count) : default);
        }

        Rules.EmptyTree.Require(nodes.Count > 0);
        Rules.TreeTrailingBlank.Require(nodes[^1] != default);
        reader.EndVector(outer);
        reader.End();
        var leaves = TreeMath.FullLeafCount(((uint)nodes.Count + 2) / 2);
        return RatchetTree.FromRoot(suite, Build(nodes, TreeMath.Root(leaves)));
    }

    private static (LeafNode? Leaf, ParentNode? Parent) ReadNode(ref MlsReader reader, int index)
    {
        var type = reader.U8("node_type");
        if (type is not (1 or 2))
        {
            throw reader.Refusal(Rules.UnknownValue, "node_type");
        }

        if (type != (index % 2 == 0 ? 1 : 2))
        {
            throw reader.Refusal(Rules.TreeNodeKind, "node_type");
        }

        return type == 1 ? (LeafNode.Read(ref reader), null) : (null, ParentNode.Read(ref reader));
    }

    private static Subtree Build(List<(LeafNode? Leaf, ParentNode? Parent)> nodes, uint node)
    {
        var (leaf, parent) = node < nodes.Count ? nodes[(int)node] : default;
        return TreeMath.Left(node) is { } left
            ? Subtree.Join(parent, Build(nodes, left), Build(nodes, TreeMath.Right(node)!.Value))
            : Subtree.OfLeaf(node / 2, leaf);
    }
}
