using Interconnect.Mls.Tree;

namespace Interconnect.Mls.Schedule;

/// <summary>Which of a sender's two ratchets.</summary>
internal enum RatchetKind
{
    Handshake,
    Application,
}

/// <summary>
/// The secret tree of an epoch (RFC 9420 section 9). Immutable; nodes are opened only where a sender is heard, and a message changes only the nodes on one
/// path. What an operation uses up goes into the list of consumed secrets.
/// </summary>
internal sealed class SecretTree
{
    private readonly SecretNode root;

    internal SecretTree(uint leafCount, SecretNode root)
    {
        LeafCount = leafCount;
        this.root = root;
    }

    public uint LeafCount { get; }

    internal SecretNode RootNode => root;

    /// <param name="encryptionSecret">Taken over: erased when the root is opened.</param>
    public static SecretTree Start(uint leafCount, byte[] encryptionSecret) => new(leafCount, new SecretNode.Seed(encryptionSecret));

    /// <summary>The next key of the own leaf.</summary>
    public (SecretTree Next, MessageKey Key, uint Generation) NextKey(CipherSuite suite, uint leafIndex, RatchetKind kind, ConsumedSecrets consumed)
    {
        MessageKey? key = null;
        uint generation = 0;
        var next = Change(suite, root, TreeMath.Root(LeafCount), leafIndex, kind, consumed, ratchet =>
        {
            generation = ratchet.Generation;
            (var advanced, key) = ratchet.Advance(suite, consumed);
            return advanced;
        });
        return (new SecretTree(LeafCount, next), key!, generation);
    }

    /// <summary>The key of a received message.</summary>
    public (SecretTree Next, MessageKey Key) KeyFor(
        CipherSuite suite, uint leafIndex, RatchetKind kind, uint generation, RatchetWindow window, ConsumedSecrets consumed)
    {
        MessageKey? key = null;
        var next = Change(suite, root, TreeMath.Root(LeafCount), leafIndex, kind, consumed, ratchet =>
        {
            (var advanced, key) = ratchet.Take(suite, generation, window, consumed);
            return advanced;
        });
        return (new SecretTree(LeafCount, next), key!);
    }

    /// <summary>Every secret still held.</summary>
    public IEnumerable<byte[]> AllSecrets() => root.AllSecrets();

    public override string ToString() => "secret tree (redacted)";

    private static SecretNode Change(
        CipherSuite suite, SecretNode node, uint index, uint leafIndex, RatchetKind kind, ConsumedSecrets consumed, Func<SecretRatchet, SecretRatchet> change)
    {
        var open = node is SecretNode.Seed seed ? Open(suite, seed, index, consumed) : node;
        if (open is SecretNode.Leaf leaf)
        {
            return kind == RatchetKind.Handshake
                ? leaf with { Handshake = change(leaf.Handshake) }
                : leaf with { Application = change(leaf.Application) };
        }

        var inner = (SecretNode.Inner)open;
        return 2 * leafIndex < index
            ? inner with { Left = Change(suite, inner.Left, TreeMath.Left(index)!.Value, leafIndex, kind, consumed, change) }
            : inner with { Right = Change(suite, inner.Right, TreeMath.Right(index)!.Value, leafIndex, kind, consumed, change) };
    }

    private static SecretNode Open(CipherSuite suite, SecretNode.Seed seed, uint index, ConsumedSecrets consumed)
    {
        consumed.Add(seed.Secret);
        var size = suite.Hash.Size;
        return TreeMath.Level(index) == 0
            ? new SecretNode.Leaf(
                SecretRatchet.Start(suite.Kdf.ExpandWithLabel(seed.Secret, "handshake"u8, default, size)),
                SecretRatchet.Start(suite.Kdf.ExpandWithLabel(seed.Secret, "application"u8, default, size)))
            : new SecretNode.Inner(
                new SecretNode.Seed(suite.Kdf.ExpandWithLabel(seed.Secret, "tree"u8, "left"u8, size)),
                new SecretNode.Seed(suite.Kdf.ExpandWithLabel(seed.Secret, "tree"u8, "right"u8, size)));
    }
}

/// <summary>A node of the secret tree: still closed, opened into its children, or a leaf's two ratchets. Closed set.</summary>
internal abstract record SecretNode
{
    private SecretNode()
    {
    }

    internal sealed record Seed(byte[] Secret) : SecretNode
    {
        public override string ToString() => "seed (redacted)";
    }

    internal sealed record Inner(SecretNode Left, SecretNode Right) : SecretNode
    {
        public override string ToString() => "inner";
    }

    internal sealed record Leaf(SecretRatchet Handshake, SecretRatchet Application) : SecretNode
    {
        public override string ToString() => "ratchets (redacted)";
    }

    public IEnumerable<byte[]> AllSecrets() => this switch
    {
        Seed seed => [seed.Secret],
        Inner inner => inner.Left.AllSecrets().Concat(inner.Right.AllSecrets()),
        Leaf leaf => leaf.Handshake.AllSecrets().Concat(leaf.Application.AllSecrets()),
        _ => throw new InvalidOperationException("The set of secret nodes is closed."),
    };
}
