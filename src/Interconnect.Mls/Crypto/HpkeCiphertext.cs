using Interconnect.Mls.Encoding;

namespace Interconnect.Mls.Crypto;

/// <summary>struct { opaque kem_output&lt;V&gt;; opaque ciphertext&lt;V&gt;; } HPKECiphertext (RFC 9420 section 5.1.3)</summary>
internal sealed record HpkeCiphertext(ReadOnlyMemory<byte> KemOutput, ReadOnlyMemory<byte> Ciphertext) : IMlsStructure<HpkeCiphertext>
{
    public static HpkeCiphertext Read(ref MlsReader reader) => new(reader.Opaque("kem_output"), reader.Opaque("ciphertext"));

    public void Write(MlsWriter writer)
    {
        writer.Opaque(KemOutput);
        writer.Opaque(Ciphertext);
    }
}
