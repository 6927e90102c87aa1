using System.Security.Cryptography;
using Interconnect.Mls.Encoding;

namespace Interconnect.Mls.Crypto;

/// <summary>Ed25519 and Ed448 (RFC 8032) through libcrypto.</summary>
internal sealed class EdwardsScheme(int evpType, int keySize, int signatureSize) : ISignatureScheme
{
    public static EdwardsScheme Ed25519 { get; } = new(1087, 32, 64);

    public static EdwardsScheme Ed448 { get; } = new(1088, 57, 114);

    public ISigner Generate(IMlsRandom random)
    {
        Span<byte> seed = stackalloc byte[keySize];
        random.Fill(seed);
        var signer = ImportPrivate(seed);
        CryptographicOperations.ZeroMemory(seed);
        return signer;
    }

    public ISigner ImportPrivate(ReadOnlySpan<byte> raw)
    {
        Rules.MalformedPrivateKey.Require(raw.Length == keySize);
        var key = EvpKey.ImportPrivate(evpType, raw);
        Rules.MalformedPrivateKey.Require(key is not null);
        return new Signer(key!, raw.ToArray(), signatureSize);
    }

    public IVerifier ImportPublic(ReadOnlySpan<byte> raw)
    {
        Rules.MalformedPublicKey.Require(raw.Length == keySize);
        var key = EvpKey.ImportPublic(evpType, raw);
        Rules.MalformedPublicKey.Require(key is not null);
        return new Verifier(key!, signatureSize);
    }

    private sealed class Signer(EvpKey key, byte[] seed, int signatureSize) : ISigner
    {
        public ReadOnlyMemory<byte> PublicKey { get; } = key.PublicKey(seed.Length);

        public byte[] Sign(ReadOnlySpan<byte> data) => key.Sign(data, signatureSize);

        public byte[] Export() => (byte[])seed.Clone();

        public void Dispose()
        {
            CryptographicOperations.ZeroMemory(seed);
            key.Dispose();
        }

        public override string ToString() => "signature key (redacted)";
    }

    private sealed class Verifier(EvpKey key, int signatureSize) : IVerifier
    {
        public bool Verify(ReadOnlySpan<byte> data, ReadOnlySpan<byte> signature) =>
            signature.Length == signatureSize && key.Verify(data, signature);
    }
}
