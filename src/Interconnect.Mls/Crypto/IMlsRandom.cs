namespace Interconnect.Mls.Crypto;

/// <summary>Where every random byte of this project comes from. ECDSA nonces are the exception: OpenSSL draws those itself.</summary>
internal interface IMlsRandom
{
    void Fill(Span<byte> target);
}
