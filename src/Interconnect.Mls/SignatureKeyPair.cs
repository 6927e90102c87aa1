namespace Interconnect.Mls;

/// <summary>A signature key pair of one suite. Thread-safe.</summary>
public sealed class SignatureKeyPair : IDisposable
{
    internal SignatureKeyPair()
    {
    }

    /// <summary>The suite the pair is for.</summary>
    public CipherSuite Suite => throw new NotSupportedException();

    /// <summary>The public key as MLS encodes it: raw for EdDSA, uncompressed point for ECDSA.</summary>
    public ReadOnlyMemory<byte> PublicKey => throw new NotSupportedException();

    /// <summary>SignWithLabel (RFC 9420 section 5.1.2).</summary>
    /// <param name="label">Without the "MLS 1.0 " prefix.</param>
    public byte[] SignWithLabel(string label, ReadOnlySpan<byte> content) => throw new NotSupportedException();

    /// <summary>The private key: EdDSA seed, or ECDSA scalar padded to the field's length. The caller's to protect and erase.</summary>
    public byte[] ExportPrivateKey() => throw new NotSupportedException();

    /// <summary>Reads what <see cref="ExportPrivateKey"/> wrote; the public key is computed.</summary>
    public static MlsResult<SignatureKeyPair> Import(CipherSuite suite, ReadOnlySpan<byte> privateKey) => throw new NotSupportedException();

    /// <summary>Erases the private key.</summary>
    public void Dispose() => throw new NotSupportedException();
}
