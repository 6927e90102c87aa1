using System.Security.Cryptography;

namespace Interconnect.Mls.Crypto;

/// <summary>DHKEM of RFC 9180 section 4.1.</summary>
internal sealed class HpkeKem
{
    private readonly LabeledKdf kdf;

    private HpkeKem(ushort id, IDhGroup group, HashFunction hash)
    {
        Id = id;
        Group = group;
        kdf = new LabeledKdf(hash, [(byte)'K', (byte)'E', (byte)'M', (byte)(id >> 8), (byte)id]);
    }

    public static HpkeKem P256 { get; } = new(0x10, NistGroup.P256, HashFunction.Sha256);

    public static HpkeKem P384 { get; } = new(0x11, NistGroup.P384, HashFunction.Sha384);

    public static HpkeKem P521 { get; } = new(0x12, NistGroup.P521, HashFunction.Sha512);

    public static HpkeKem X25519 { get; } = new(0x20, MontgomeryGroup.X25519, HashFunction.Sha256);

    public static HpkeKem X448 { get; } = new(0x21, MontgomeryGroup.X448, HashFunction.Sha512);

    public ushort Id { get; }

    public IDhGroup Group { get; }

    public int SharedSecretSize => kdf.Hash.Size;

    public IDhPrivateKey DeriveKeyPair(ReadOnlySpan<byte> ikm)
    {
        Span<byte> prk = stackalloc byte[HashFunction.MaxSize];
        Span<byte> raw = stackalloc byte[128];
        prk = prk[..kdf.Hash.Size];
        raw = raw[..Group.PrivateKeySize];
        kdf.LabeledExtract(default, "dkp_prk"u8, ikm, prk);
        Group.DerivePrivate(kdf, prk, raw);
        var key = Group.ImportPrivate(raw);
        CryptographicOperations.ZeroMemory(prk);
        CryptographicOperations.ZeroMemory(raw);
        return key;
    }

    /// <summary>A key pair of <see cref="IDhGroup.PrivateKeySize"/> random octets: as they are where every string is a key, derived from otherwise.</summary>
    public IDhPrivateKey FromRandom(ReadOnlySpan<byte> random) => Group.EveryStringIsKey ? Group.ImportPrivate(random) : DeriveKeyPair(random);

    public IDhPrivateKey GenerateKeyPair(IMlsRandom random)
    {
        Span<byte> ikm = stackalloc byte[128];
        ikm = ikm[..Group.PrivateKeySize];
        random.Fill(ikm);
        var key = FromRandom(ikm);
        CryptographicOperations.ZeroMemory(ikm);
        return key;
    }

    /// <summary>Encap with a given ephemeral key pair; the encapsulation is its public key.</summary>
    public void Encapsulate(IDhPrivateKey ephemeral, IDhPublicKey recipient, ReadOnlySpan<byte> recipientEncoded, Span<byte> shared) =>
        ExtractAndExpand(ephemeral, recipient, ephemeral.PublicKey.Span, recipientEncoded, shared);

    public void Decapsulate(ReadOnlySpan<byte> encapsulated, IDhPrivateKey recipient, Span<byte> shared) =>
        ExtractAndExpand(recipient, Group.ImportPublic(encapsulated), encapsulated, recipient.PublicKey.Span, shared);

    private void ExtractAndExpand(
        IDhPrivateKey own, IDhPublicKey peer, ReadOnlySpan<byte> encapsulated, ReadOnlySpan<byte> recipient, Span<byte> shared)
    {
        Span<byte> dh = stackalloc byte[128];
        Span<byte> prk = stackalloc byte[HashFunction.MaxSize];
        Span<byte> context = stackalloc byte[2 * 133];
        dh = dh[..Group.SharedSecretSize];
        prk = prk[..kdf.Hash.Size];
        context = context[..(encapsulated.Length + recipient.Length)];
        own.Agree(peer, dh);
        encapsulated.CopyTo(context);
        recipient.CopyTo(context[encapsulated.Length..]);
        kdf.LabeledExtract(default, "eae_prk"u8, dh, prk);
        kdf.LabeledExpand(prk, "shared_secret"u8, context, shared);
        CryptographicOperations.ZeroMemory(dh);
        CryptographicOperations.ZeroMemory(prk);
    }
}
