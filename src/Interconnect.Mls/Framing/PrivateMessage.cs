using Interconnect.Mls.Encoding;

namespace Interconnect.Mls.Framing;

/// <summary>
/// PrivateMessage of RFC 9420 section 6.3.
/// <c>struct { opaque group_id&lt;V&gt;; uint64 epoch; ContentType content_type; opaque authenticated_data&lt;V&gt;; opaque encrypted_sender_data&lt;V&gt;; opaque ciphertext&lt;V&gt;; }</c>
/// </summary>
internal sealed record PrivateMessage(
    ReadOnlyMemory<byte> GroupId,
    ulong Epoch,
    ContentType ContentType,
    ReadOnlyMemory<byte> AuthenticatedData,
    ReadOnlyMemory<byte> EncryptedSenderData,
    ReadOnlyMemory<byte> Ciphertext) : IMlsStructure<PrivateMessage>
{
    public static PrivateMessage Read(ref MlsReader reader)
    {
        reader.Enter("private_message");
        var message = new PrivateMessage(
            reader.Opaque("group_id"),
            reader.U64("epoch"),
            Content.ReadType(ref reader),
            reader.Opaque("authenticated_data"),
            reader.Opaque("encrypted_sender_data"),
            reader.Opaque("ciphertext"));
        reader.Leave();
        return message;
    }

    public void Write(MlsWriter writer)
    {
        writer.Opaque(GroupId);
        writer.U64(Epoch);
        writer.U8((byte)ContentType);
        writer.Opaque(AuthenticatedData);
        writer.Opaque(EncryptedSenderData);
        writer.Opaque(Ciphertext);
    }
}
