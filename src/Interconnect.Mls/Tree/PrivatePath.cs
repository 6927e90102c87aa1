using System.Collections.Immutable;
using Interconnect.Mls.Crypto;

namespace Interconnect.Mls.Tree;

/// <summary>The private keys a member holds: its leaf's, and those of nodes on its direct path (RFC 9420 section 4.1.3). Immutable.</summary>
internal sealed record PrivatePath(uint LeafIndex, IDhPrivateKey LeafKey, ImmutableDictionary<uint, IDhPrivateKey> NodeKeys)
{
    public static PrivatePath OfLeaf(uint leafIndex, IDhPrivateKey leafKey) => new(leafIndex, leafKey, ImmutableDictionary<uint, IDhPrivateKey>.Empty);

    /// <summary>The private key for a node as it is in the tree now; null when this member has none or an outdated one.</summary>
    public IDhPrivateKey? KeyFor(RatchetTree tree, uint node)
    {
        if (node == 2 * LeafIndex)
        {
            return LeafKey;
        }

        return NodeKeys.TryGetValue(node, out var key)
            && tree.At(node).Parent is { } parent
            && parent.EncryptionKey.Span.SequenceEqual(key.PublicKey.Span)
                ? key
                : null;
    }

    /// <summary>Without the keys of nodes that are blank, changed or gone in this tree.</summary>
    public PrivatePath PrunedTo(RatchetTree tree)
    {
        var stale = NodeKeys.Keys.Where(node => node >= TreeMath.NodeCount(tree.LeafCount) || KeyFor(tree, node) is null);
        return this with { NodeKeys = NodeKeys.RemoveRange(stale) };
    }

    public IEnumerable<IDhPrivateKey> AllKeys() => NodeKeys.Values.Prepend(LeafKey);

    public override string ToString() => "private path (redacted)";
}
