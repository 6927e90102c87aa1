using System.Security.Cryptography;
using Interconnect.Mls.Encoding;

namespace Interconnect.Mls.Crypto;

/// <summary>X25519 and X448 (RFC 7748) through libcrypto.</summary>
internal sealed class MontgomeryGroup(int evpType, int size) : IDhGroup
{
    public static MontgomeryGroup X25519 { get; } = new(1034, 32);

    public static MontgomeryGroup X448 { get; } = new(1035, 56);

    public int PrivateKeySize => size;

    public int PublicKeySize => size;

    public int SharedSecretSize => size;

    public bool EveryStringIsKey => true;

    public IDhPrivateKey ImportPrivate(ReadOnlySpan<byte> raw)
    {
        Rules.MalformedPrivateKey.Require(raw.Length == size);
        var key = EvpKey.ImportPrivate(evpType, raw);
        Rules.MalformedPrivateKey.Require(key is not null);
        return new PrivateKey(key!, raw.ToArray());
    }

    public IDhPublicKey ImportPublic(ReadOnlySpan<byte> raw)
    {
        Rules.MalformedPublicKey.Require(raw.Length == size);
        var key = EvpKey.ImportPublic(evpType, raw);
        Rules.MalformedPublicKey.Require(key is not null);
        return new PublicKey(key!);
    }

    // RFC 7748 section 5: every string of the right size is a public key.
    public void RequirePublic(ReadOnlySpan<byte> raw) => Rules.MalformedPublicKey.Require(raw.Length == size);

    public void DerivePrivate(LabeledKdf kdf, ReadOnlySpan<byte> dkpPrk, Span<byte> privateKey) =>
        kdf.LabeledExpand(dkpPrk, "sk"u8, default, privateKey);

    private sealed class PublicKey(EvpKey key) : IDhPublicKey
    {
        public EvpKey Key => key;
    }

    private sealed class PrivateKey(EvpKey key, byte[] raw) : IDhPrivateKey
    {
        private readonly byte[] publicKey = key.PublicKey(raw.Length);

        ReadOnlyMemory<byte> IDhPrivateKey.PublicKey => publicKey;

        public void Agree(IDhPublicKey peer, Span<byte> shared)
        {
            Rules.KeysErased.Require(!key.IsClosed);
            Rules.AllZeroSharedSecret.Require(key.TryAgree(((PublicKey)peer).Key, shared) && shared.ContainsAnyExcept((byte)0));
        }

        public byte[] Export() => (byte[])raw.Clone();

        public void Dispose()
        {
            CryptographicOperations.ZeroMemory(raw);
            key.Dispose();
        }

        public override string ToString() => "private key (redacted)";
    }
}
