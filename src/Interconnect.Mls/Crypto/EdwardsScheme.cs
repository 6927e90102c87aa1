using System.Security.Cryptography;
using Interconnect.Mls.Encoding;

namespace Interconnect.Mls.Crypto;

/// <summary>Ed25519 and Ed448 (RFC 8032) through libcrypto, and Ed25519 through libsodium where that is there.</summary>
internal sealed class EdwardsScheme(int evpType, int keySize, int signatureSize) : ISignatureScheme
{
    private const int Ed25519Type = 1087;
    private const int Ed448Type = 1088;

    public static ISignatureScheme Ed25519 { get; } = Libsodium.IsUsed ? new SodiumScheme() : new EdwardsScheme(Ed25519Type, 32, 64);

    public static EdwardsScheme Ed448 { get; } = new(Ed448Type, 57, 114);

    /// <summary>Whichever libraries the machine has.</summary>
    public static IReadOnlyList<ISignatureScheme> AllOfEd25519 { get; } = Libsodium.IsPresent ? [new EdwardsScheme(Ed25519Type, 32, 64), new SodiumScheme()] : [new EdwardsScheme(Ed25519Type, 32, 64)];

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
        Rules.MalformedPublicKey.Require(raw.Length == keySize && (evpType != Ed25519Type || (Ed25519Points.IsCanonical(raw) && !Ed25519Points.IsOfSmallOrder(raw))));
        var key = EvpKey.ImportPublic(evpType, raw);
        Rules.MalformedPublicKey.Require(key is not null);
        return new Verifier(key!, signatureSize, evpType == Ed25519Type);
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

    private sealed class Verifier(EvpKey key, int signatureSize, bool isEd25519) : IVerifier
    {
        public bool Verify(ReadOnlySpan<byte> data, ReadOnlySpan<byte> signature) =>
            signature.Length == signatureSize && (!isEd25519 || !Ed25519Points.IsOfSmallOrder(signature[..32])) && key.Verify(data, signature);
    }
}
