using System.Collections.Immutable;

namespace Interconnect.Mls.Tree;

/// <summary>
/// Which public keys are in a tree and where. Persistent: a change of the tree costs a few entries, so that a commit need not walk all nodes to know that its
/// keys are new. Keys that appear more than once are counted, and such an index is not carried on: no accepted tree has any.
/// </summary>
internal sealed class KeyIndex
{
    private readonly ImmutableDictionary<ReadOnlyMemory<byte>, uint> encryption;
    private readonly ImmutableDictionary<ReadOnlyMemory<byte>, uint> signature;

    private KeyIndex(
        ImmutableDictionary<ReadOnlyMemory<byte>, uint> encryption, ImmutableDictionary<ReadOnlyMemory<byte>, uint> signature,
        bool distinctEncryption, bool distinctSignature)
    {
        this.encryption = encryption;
        this.signature = signature;
        HasDistinctEncryptionKeys = distinctEncryption;
        HasDistinctSignatureKeys = distinctSignature;
    }

    public bool HasDistinctEncryptionKeys { get; }

    public bool HasDistinctSignatureKeys { get; }

    public static KeyIndex Of(IEnumerable<Subtree> nodes)
    {
        var draft = new Draft(
            ImmutableDictionary.CreateBuilder<ReadOnlyMemory<byte>, uint>(KeyComparer.Instance),
            ImmutableDictionary.CreateBuilder<ReadOnlyMemory<byte>, uint>(KeyComparer.Instance));
        foreach (var node in nodes)
        {
            draft.Add(node);
        }

        return draft.ToIndex();
    }

    public bool HasEncryptionKey(ReadOnlyMemory<byte> key) => encryption.ContainsKey(key);

    /// <summary>The leaf with this signature key.</summary>
    public uint? FindSignatureKey(ReadOnlyMemory<byte> key) => signature.TryGetValue(key, out var leaf) ? leaf : null;

    /// <summary>The index after a leaf and its direct path were rewritten; null when it has to be made anew.</summary>
    /// <param name="before">The root before.</param>
    /// <param name="after">The root after, at the same node.</param>
    /// <param name="leafNode">The node of the rewritten leaf.</param>
    public KeyIndex? AfterRewrite(Subtree before, Subtree after, uint leafNode)
    {
        if (!HasDistinctEncryptionKeys || !HasDistinctSignatureKeys)
        {
            return null;
        }

        var draft = new Draft(encryption.ToBuilder(), signature.ToBuilder());
        for (var at = before; at is not null; at = at.Towards(leafNode))
        {
            draft.Remove(at);
        }

        for (var at = after; at is not null; at = at.Towards(leafNode))
        {
            draft.Add(at);
        }

        return draft.ToIndex();
    }

    /// <summary>The index without the keys of one node.</summary>
    public KeyIndex? Without(Subtree node)
    {
        if (node.Parent is null)
        {
            return this;
        }

        var draft = new Draft(encryption.ToBuilder(), signature.ToBuilder());
        draft.Remove(node);
        return HasDistinctEncryptionKeys && HasDistinctSignatureKeys ? draft.ToIndex() : null;
    }

    private sealed class Draft(
        ImmutableDictionary<ReadOnlyMemory<byte>, uint>.Builder encryption, ImmutableDictionary<ReadOnlyMemory<byte>, uint>.Builder signature)
    {
        private bool distinctEncryption = true;
        private bool distinctSignature = true;

        public void Add(Subtree node)
        {
            if (EncryptionKey(node) is { } key)
            {
                distinctEncryption &= encryption.TryAdd(key, node.Node);
            }

            if (node.Leaf is not null)
            {
                distinctSignature &= signature.TryAdd(node.Leaf.SignatureKey, node.Node / 2);
            }
        }

        public void Remove(Subtree node)
        {
            if (EncryptionKey(node) is { } key)
            {
                encryption.Remove(key);
            }

            if (node.Leaf is not null)
            {
                signature.Remove(node.Leaf.SignatureKey);
            }
        }

        public KeyIndex ToIndex() => new(encryption.ToImmutable(), signature.ToImmutable(), distinctEncryption, distinctSignature);

        private static ReadOnlyMemory<byte>? EncryptionKey(Subtree node) => node.Leaf?.EncryptionKey ?? node.Parent?.EncryptionKey;
    }

    // HashCode is seeded anew in each process, so nobody can choose keys that collide.
    private sealed class KeyComparer : IEqualityComparer<ReadOnlyMemory<byte>>
    {
        public static KeyComparer Instance { get; } = new();

        public bool Equals(ReadOnlyMemory<byte> x, ReadOnlyMemory<byte> y) => x.Span.SequenceEqual(y.Span);

        public int GetHashCode(ReadOnlyMemory<byte> key)
        {
            var hash = default(HashCode);
            hash.AddBytes(key.Span);
            return hash.ToHashCode();
        }
    }
}
