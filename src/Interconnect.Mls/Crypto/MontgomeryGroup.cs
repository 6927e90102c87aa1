using System.Security.Cryptography;
using Interconnect.Mls.Encoding;

namespace Interconnect.Mls.Crypto;

/// <summary>
/// X25519 and X448 (RFC 7748) through libcrypto. A public key of low order, with which every result is all zero, is refused when it is read (MLS-113), not only when it is
/// used: nobody could commit in a group that has such a leaf, except by removing it.
/// </summary>
internal sealed class MontgomeryGroup(int evpType, int size, byte topBits, params string[] lowOrder) : IDhGroup
{
    private readonly byte[][] lowOrder = lowOrder.Select(Convert.FromHexString).ToArray();

    /// <summary>The low-order points are 0, 1, the two of order 8, and p-1, p, p+1; the highest bit is ignored by RFC 7748.</summary>
    public static MontgomeryGroup X25519 { get; } = new(
        1034,
        32,
        0x7f,
        "0000000000000000000000000000000000000000000000000000000000000000",
        "0100000000000000000000000000000000000000000000000000000000000000",
        "e0eb7a7c3b41b8ae1656e3faf19fc46ada098deb9c32b1fd866205165f49b800",
        "5f9c95bca3508c24b1d0b1559c83ef5b04445cc4581c8e86d8224eddd09f1157",
        "ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
        "edffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
        "eeffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f");

    /// <summary>The low-order points are 0, 1, p-1, p, p+1.</summary>
    public static MontgomeryGroup X448 { get; } = new(
        1035,
        56,
        0xff,
        "0000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000",
        "0100000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000",
        "fefffffffffffffffffffffffffffffffffffffffffffffffffffffffeffffffffffffffffffffffffffffffffffffffffffffffffffffff",
        "fffffffffffffffffffffffffffffffffffffffffffffffffffffffffeffffffffffffffffffffffffffffffffffffffffffffffffffffff",
        "00000000000000000000000000000000000000000000000000000000ffffffffffffffffffffffffffffffffffffffffffffffffffffffff");

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
        RequirePublic(raw);
        var key = EvpKey.ImportPublic(evpType, raw);
        Rules.MalformedPublicKey.Require(key is not null);
        return new PublicKey(key!);
    }

    // RFC 7748 section 5: every string of the right size is a public key; some are of low order.
    public void RequirePublic(ReadOnlySpan<byte> raw)
    {
        Rules.MalformedPublicKey.Require(raw.Length == size);
        Rules.AllZeroSharedSecret.Require(!IsLowOrder(raw));
    }

    public void DerivePrivate(LabeledKdf kdf, ReadOnlySpan<byte> dkpPrk, Span<byte> privateKey) =>
        kdf.LabeledExpand(dkpPrk, "sk"u8, default, privateKey);

    private bool IsLowOrder(ReadOnlySpan<byte> raw)
    {
        foreach (var point in lowOrder)
        {
            if (raw[..^1].SequenceEqual(point.AsSpan(..^1)) && (raw[^1] & topBits) == point[^1])
            {
                return true;
            }
        }

        return false;
    }

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
