using Interconnect.Mls.Crypto;
using Interconnect.Mls.Encoding;

namespace Interconnect.Mls.Tree;

/// <summary>
/// ParentNode of RFC 9420 section 7.1. Immutable.
/// <c>struct { HPKEPublicKey encryption_key; opaque parent_hash&lt;V&gt;; uint32 unmerged_leaves&lt;V&gt;; }</c>
/// </summary>
internal sealed class ParentNode(ReadOnlyMemory<byte> encryptionKey, ReadOnlyMemory<byte> parentHash, uint[] unmergedLeaves)
    : IMlsStructure<ParentNode>
{
    private HpkePublicKey? parsedEncryptionKey;

    public ReadOnlyMemory<byte> EncryptionKey => encryptionKey;

    public ReadOnlyMemory<byte> ParentHash => parentHash;

    /// <summary>Sorted leaf indices.</summary>
    public ReadOnlySpan<uint> UnmergedLeaves => unmergedLeaves;

    public static ParentNode Read(ref MlsReader reader)
    {
        reader.Enter("parent_node");
        var key = reader.Opaque("encryption_key");
        var parentHash = reader.Opaque("parent_hash");
        var outer = reader.BeginVector("unmerged_leaves");
        var unmerged = new List<uint>();
        while (!reader.AtEnd)
        {
            unmerged.Add(reader.U32("leaf_index"));
        }

        reader.EndVector(outer);
        reader.Leave();
        return new ParentNode(key, parentHash, unmerged.ToArray());
    }

    public void Write(MlsWriter writer)
    {
        writer.Opaque(encryptionKey);
        writer.Opaque(parentHash);
        var mark = writer.BeginVector();
        foreach (var leaf in unmergedLeaves)
        {
            writer.U32(leaf);
        }

        writer.EndVector(mark);
    }

    public HpkePublicKey EncryptionPublicKey(CipherSuite suite) => parsedEncryptionKey ??= new HpkePublicKey(suite.Kem, encryptionKey);

    public ParentNode WithUnmerged(uint leaf)
    {
        var at = Array.BinarySearch(unmergedLeaves, leaf);
        return at >= 0
            ? this
            : new ParentNode(encryptionKey, parentHash, [.. unmergedLeaves[..~at], leaf, .. unmergedLeaves[~at..]]);
    }

    /// <param name="leaves">Sorted.</param>
    public ParentNode WithoutUnmerged(ReadOnlySpan<uint> leaves)
    {
        var kept = new List<uint>(unmergedLeaves.Length);
        foreach (var leaf in unmergedLeaves)
        {
            if (leaves.BinarySearch(leaf) < 0)
            {
                kept.Add(leaf);
            }
        }

        return new ParentNode(encryptionKey, parentHash, kept.ToArray());
    }

    /// <summary>Needs the leaves to be sorted, which <see cref="TreeValidation"/> checks before anything else.</summary>
    public bool HasUnmerged(uint leaf) => Array.BinarySearch(unmergedLeaves, leaf) >= 0;

    public ParentNode WithParentHash(ReadOnlyMemory<byte> hash) => new(encryptionKey, hash, unmergedLeaves);
}
