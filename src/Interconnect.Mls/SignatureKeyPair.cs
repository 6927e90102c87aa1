using Interconnect.Mls.Crypto;
using Interconnect.Mls.Encoding;

namespace Interconnect.Mls;

/// <summary>A signature key pair of one suite. Thread-safe.</summary>
public sealed class SignatureKeyPair : IDisposable
{
    private readonly ISigner signer;

    internal SignatureKeyPair(CipherSuite suite, ISigner signer)
    {
        Suite = suite;
        this.signer = signer;
    }

    /// <summary>The suite the pair is for.</summary>
    public CipherSuite Suite { get; }

    /// <summary>The public key as MLS encodes it: raw for EdDSA, uncompressed point for ECDSA.</summary>
    public ReadOnlyMemory<byte> PublicKey => signer.PublicKey;

    /// <summary>Reads what <see cref="ExportPrivateKey"/> wrote; the public key is computed.</summary>
    public static MlsResult<SignatureKeyPair> Import(CipherSuite suite, ReadOnlySpan<byte> privateKey)
    {
        try
        {
            return new SignatureKeyPair(suite, suite.Signatures.ImportPrivate(privateKey));
        }
        catch (MlsRefusal refusal)
        {
            return refusal.Error;
        }
    }

    /// <summary>SignWithLabel (RFC 9420 section 5.1.2).</summary>
    /// <param name="label">Without the "MLS 1.0 " prefix.</param>
    public byte[] SignWithLabel(string label, ReadOnlySpan<byte> content) => SignWithLabel(System.Text.Encoding.UTF8.GetBytes(label), content);

    /// <summary>The private key: EdDSA seed, or ECDSA scalar padded to the field's length. The caller's to protect and erase.</summary>
    public byte[] ExportPrivateKey() => signer.Export();

    /// <summary>Erases the private key.</summary>
    public void Dispose() => signer.Dispose();

    /// <summary>Redacted.</summary>
    public override string ToString() => "signature key pair (redacted)";

    internal byte[] SignWithLabel(ReadOnlySpan<byte> label, ReadOnlySpan<byte> content)
    {
        using var signed = new MlsWriter(content.Length + 64);
        Labels.WriteSignContent(signed, label, content);
        return signer.Sign(signed.Written);
    }
}
