using Interconnect.Mls.Encoding;
using Interconnect.Mls.Tree;

namespace Interconnect.Mls.Messages;

/// <summary>
/// GroupContext of RFC 9420 section 8.1.
/// <c>struct { ProtocolVersion version; CipherSuite cipher_suite; opaque group_id&lt;V&gt;; uint64 epoch; opaque tree_hash&lt;V&gt;; opaque confirmed_transcript_hash&lt;V&gt;; Extension extensions&lt;V&gt;; }</c>
/// </summary>
internal sealed record GroupContext(
    ushort Version,
    ushort Suite,
    ReadOnlyMemory<byte> GroupId,
    ulong Epoch,
    ReadOnlyMemory<byte> TreeHash,
    ReadOnlyMemory<byte> ConfirmedTranscriptHash,
    IReadOnlyList<Extension> Extensions) : IMlsStructure<GroupContext>
{
    public static GroupContext Read(ref MlsReader reader)
    {
        reader.Enter("group_context");
        var context = new GroupContext(
            reader.U16("version"),
            reader.U16("cipher_suite"),
            reader.Opaque("group_id"),
            reader.U64("epoch"),
            reader.Opaque("tree_hash"),
            reader.Opaque("confirmed_transcript_hash"),
            ExtensionTypes.ReadList(ref reader));
        reader.Leave();
        return context;
    }

    public void Write(MlsWriter writer)
    {
        writer.U16(Version);
        writer.U16(Suite);
        writer.Opaque(GroupId);
        writer.U64(Epoch);
        writer.Opaque(TreeHash);
        writer.Opaque(ConfirmedTranscriptHash);
        Codec.WriteVector(writer, Extensions);
    }
}
