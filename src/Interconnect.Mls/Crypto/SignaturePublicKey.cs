namespace Interconnect.Mls.Crypto;

/// <summary>A public signature key as received, parsed once, when it is first used.</summary>
internal sealed class SignaturePublicKey(CipherSuite suite, ReadOnlyMemory<byte> encoded)
{
    private SignatureVerifier? verifier;

    public ReadOnlyMemory<byte> Encoded => encoded;

    /// <summary>VerifyWithLabel (RFC 9420 section 5.1.2). Refuses what is no public key (MLS-111).</summary>
    public bool VerifyWithLabel(ReadOnlySpan<byte> label, ReadOnlySpan<byte> content, ReadOnlySpan<byte> signature)
    {
        verifier ??= new SignatureVerifier(suite, encoded.Span);
        return verifier.VerifyWithLabel(label, content, signature);
    }
}
