using Interconnect.Mls.Crypto;
using Interconnect.Mls.Encoding;
using Interconnect.Mls.Tree;

namespace Interconnect.Mls.Messages;

/// <summary>
/// GroupInfo of RFC 9420 section 12.4.3.
/// <c>struct { GroupContext group_context; Extension extensions&lt;V&gt;; MAC confirmation_tag; uint32 signer; opaque signature&lt;V&gt;; }</c>
/// </summary>
internal sealed record GroupInfo(
    GroupContext Context, IReadOnlyList<Extension> Extensions, ReadOnlyMemory<byte> ConfirmationTag, uint Signer, ReadOnlyMemory<byte> Signature)
    : IMlsStructure<GroupInfo>
{
    public static GroupInfo Read(ref MlsReader reader)
    {
        reader.Enter("group_info");
        var info = new GroupInfo(
            GroupContext.Read(ref reader),
            ExtensionTypes.ReadList(ref reader),
            reader.Opaque("confirmation_tag"),
            reader.U32("signer"),
            reader.Opaque("signature"));
        reader.Leave();
        return info;
    }

    /// <param name="capacity">About how many bytes it encodes to.</param>
    public GroupInfo Sign(SignatureKeyPair key, int capacity = 4096)
    {
        using var tbs = new MlsWriter(capacity);
        WriteUnsigned(tbs);
        return this with { Signature = key.SignWithLabel("GroupInfoTBS"u8, tbs.Written) };
    }

    public bool VerifySignature(SignaturePublicKey key)
    {
        using var tbs = new MlsWriter();
        WriteUnsigned(tbs);
        return key.VerifyWithLabel("GroupInfoTBS"u8, tbs.Written, Signature.Span);
    }

    public void Write(MlsWriter writer)
    {
        WriteUnsigned(writer);
        writer.Opaque(Signature);
    }

    private void WriteUnsigned(MlsWriter writer)
    {
        Context.Write(writer);
        Codec.WriteVector(writer, Extensions);
        writer.Opaque(ConfirmationTag);
        writer.U32(Signer);
    }
}
