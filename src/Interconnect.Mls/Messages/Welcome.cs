using Interconnect.Mls.Crypto;
using Interconnect.Mls.Encoding;

namespace Interconnect.Mls.Messages;

/// <summary>struct { opaque new_member&lt;V&gt;; HPKECiphertext encrypted_group_secrets; } EncryptedGroupSecrets (RFC 9420 section 12.4.3.1)</summary>
internal sealed record EncryptedGroupSecrets(ReadOnlyMemory<byte> NewMember, HpkeCiphertext Secrets) : IMlsStructure<EncryptedGroupSecrets>
{
    public static EncryptedGroupSecrets Read(ref MlsReader reader) => new(reader.Opaque("new_member"), HpkeCiphertext.Read(ref reader));

    public void Write(MlsWriter writer)
    {
        writer.Opaque(NewMember);
        Secrets.Write(writer);
    }
}

/// <summary>struct { CipherSuite cipher_suite; EncryptedGroupSecrets secrets&lt;V&gt;; opaque encrypted_group_info&lt;V&gt;; } Welcome (RFC 9420 section 12.4.3.1)</summary>
internal sealed record Welcome(ushort Suite, IReadOnlyList<EncryptedGroupSecrets> Secrets, ReadOnlyMemory<byte> EncryptedGroupInfo)
    : IMlsStructure<Welcome>
{
    public static Welcome Read(ref MlsReader reader)
    {
        reader.Enter("welcome");
        var welcome = new Welcome(
            reader.U16("cipher_suite"),
            Codec.ReadVector<EncryptedGroupSecrets>(ref reader, "secrets"),
            reader.Opaque("encrypted_group_info"));
        reader.Leave();
        return welcome;
    }

    public void Write(MlsWriter writer)
    {
        writer.U16(Suite);
        Codec.WriteVector(writer, Secrets);
        writer.Opaque(EncryptedGroupInfo);
    }
}
