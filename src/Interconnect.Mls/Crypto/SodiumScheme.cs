using System.Security.Cryptography;
using Interconnect.Mls.Encoding;

namespace Interconnect.Mls.Crypto;

/// <summary>Ed25519 (RFC 8032) through libsodium.</summary>
internal sealed class SodiumScheme : ISignatureScheme
{
    private const int KeySize = 32;
    private const int SignatureSize = 64;

    public ISigner Generate(IMlsRandom random)
    {
        Span<byte> seed = stackalloc byte[KeySize];
        random.Fill(seed);
        var signer = ImportPrivate(seed);
        CryptographicOperations.ZeroMemory(seed);
        return signer;
    }

    public ISigner ImportPrivate(ReadOnlySpan<byte> raw)
    {
        Rules.MalformedPrivateKey.Require(raw.Length == KeySize);
        return new Signer(raw);
    }

    public IVerifier ImportPublic(ReadOnlySpan<byte> raw)
    {
        Rules.MalformedPublicKey.Require(raw.Length == KeySize && Ed25519Points.IsCanonical(raw) && !Ed25519Points.IsOfSmallOrder(raw));
        return new Verifier(raw.ToArray());
    }

    private sealed class Signer : ISigner
    {
        // Seed, then public key. Never moved, so that no copy is left behind.
        private readonly byte[] secret = GC.AllocateUninitializedArray<byte>(Libsodium.SecretKeySize, pinned: true);
        private volatile bool disposed;

        public Signer(ReadOnlySpan<byte> seed)
        {
            var publicKey = new byte[KeySize];
            Libsodium.KeyPairOf(seed, publicKey, secret);
            PublicKey = publicKey;
        }

        public ReadOnlyMemory<byte> PublicKey { get; }

        public byte[] Sign(ReadOnlySpan<byte> data)
        {
            ObjectDisposedException.ThrowIf(disposed, this);
            var signature = new byte[SignatureSize];
            Libsodium.Sign(data, secret, signature);
            return signature;
        }

        public byte[] Export() => secret[..KeySize];

        public void Dispose()
        {
            disposed = true;
            CryptographicOperations.ZeroMemory(secret);
        }

        public override string ToString() => "signature key (redacted)";
    }

    private sealed class Verifier(byte[] publicKey) : IVerifier
    {
        public bool Verify(ReadOnlySpan<byte> data, ReadOnlySpan<byte> signature) => signature.Length == SignatureSize && Libsodium.Verify(data, publicKey, signature);
    }
}
