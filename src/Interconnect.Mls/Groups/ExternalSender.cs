using Interconnect.Mls.Encoding;
using Interconnect.Mls.Tree;

namespace Interconnect.Mls.Groups;

/// <summary>struct { SignaturePublicKey signature_key; Credential credential; } ExternalSender (RFC 9420 section 12.1.8.1)</summary>
internal sealed record ExternalSender(ReadOnlyMemory<byte> SignatureKey, MemberCredential Credential) : IMlsStructure<ExternalSender>
{
    /// <summary>ExternalSender external_senders&lt;V&gt;</summary>
    public static IReadOnlyList<ExternalSender> ReadList(ReadOnlyMemory<byte> data)
    {
        var reader = new MlsReader(data);
        var list = Codec.ReadVector<ExternalSender>(ref reader, "external_senders");
        reader.End();
        return list;
    }

    /// <summary>The senders that these GroupContext extensions list; none when there is no external_senders.</summary>
    public static IReadOnlyList<ExternalSender> In(IReadOnlyList<Extension> groupExtensions) =>
        groupExtensions.Find(ExtensionTypes.ExternalSenders) is { } extension ? ReadList(extension.Data) : [];

    public static ExternalSender Read(ref MlsReader reader) => new(reader.Opaque("signature_key"), CredentialCodec.Read(ref reader));

    public void Write(MlsWriter writer)
    {
        writer.Opaque(SignatureKey);
        CredentialCodec.Write(writer, Credential);
    }
}
