using Interconnect.Mls.Crypto;
using Interconnect.Mls.Encoding;
using Interconnect.Mls.Tree;

namespace Interconnect.Mls.Messages;

/// <summary>struct { HPKEPublicKey encryption_key; HPKECiphertext encrypted_path_secret&lt;V&gt;; } UpdatePathNode (RFC 9420 section 7.6)</summary>
internal sealed record UpdatePathNode(ReadOnlyMemory<byte> EncryptionKey, IReadOnlyList<HpkeCiphertext> EncryptedPathSecrets) : IMlsStructure<UpdatePathNode>
{
    public static UpdatePathNode Read(ref MlsReader reader) =>
        new(reader.Opaque("encryption_key"), Codec.ReadVector<HpkeCiphertext>(ref reader, "encrypted_path_secret"));

    public void Write(MlsWriter writer)
    {
        writer.Opaque(EncryptionKey);
        Codec.WriteVector(writer, EncryptedPathSecrets);
    }
}

/// <summary>struct { LeafNode leaf_node; UpdatePathNode nodes&lt;V&gt;; } UpdatePath (RFC 9420 section 7.6)</summary>
internal sealed record UpdatePath(LeafNode Leaf, IReadOnlyList<UpdatePathNode> Nodes) : IMlsStructure<UpdatePath>
{
    public static UpdatePath Read(ref MlsReader reader)
    {
        reader.Enter("path");
        var path = new UpdatePath(LeafNode.Read(ref reader), Codec.ReadVector<UpdatePathNode>(ref reader, "nodes"));
        reader.Leave();
        return path;
    }

    public void Write(MlsWriter writer)
    {
        Leaf.Write(writer);
        Codec.WriteVector(writer, Nodes);
    }
}
