using Interconnect.Mls.Crypto;
using Interconnect.Mls.Encoding;

namespace Interconnect.Mls;

/// <summary>
/// A public signature key of one suite, parsed once, for callers that verify with the same key again and again. Thread-safe. Holds native memory, freed when the
/// verifier is collected. Made by <see cref="CipherSuite.CreateVerifier"/>.
/// </summary>
public sealed class SignatureVerifier
{
    private readonly IVerifier verifier;

    internal SignatureVerifier(CipherSuite suite, ReadOnlySpan<byte> publicKey)
    {
        Suite = suite;
        verifier = suite.Signatures.ImportPublic(publicKey);
    }

    /// <summary>The suite the key is for.</summary>
    public CipherSuite Suite { get; }

    /// <summary>VerifyWithLabel (RFC 9420 section 5.1.2).</summary>
    /// <param name="label">Without the "MLS 1.0 " prefix.</param>
    public bool VerifyWithLabel(string label, ReadOnlySpan<byte> content, ReadOnlySpan<byte> signature)
    {
        Span<byte> utf8 = stackalloc byte[Labels.MaxUtf8];
        return VerifyWithLabel(Labels.Utf8(label, utf8), content, signature);
    }

    internal bool VerifyWithLabel(ReadOnlySpan<byte> label, ReadOnlySpan<byte> content, ReadOnlySpan<byte> signature)
    {
        using var signed = new MlsWriter(content.Length + 64);
        Labels.WriteSignContent(signed, label, content);
        return verifier.Verify(signed.Written, signature);
    }
}
