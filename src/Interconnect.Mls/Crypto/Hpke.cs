using System.Security.Cryptography;

namespace Interconnect.Mls.Crypto;

/// <summary>HPKE in base mode (RFC 9180 section 5.1.1).</summary>
/// <param name="aead">Null = export only.</param>
internal sealed class Hpke(HpkeKem kem, HashFunction hash, AeadAlgorithm? aead)
{
    private readonly LabeledKdf kdf = new(hash, SuiteId(kem, hash, aead));

    public HpkeKem Kem => kem;

    public AeadAlgorithm? Aead => aead;

    /// <summary>SetupBaseS with a fresh ephemeral key.</summary>
    public (byte[] Encapsulated, HpkeContext Context) SetupSender(HpkePublicKey recipient, ReadOnlySpan<byte> info, IMlsRandom random)
    {
        using var ephemeral = kem.GenerateKeyPair(random);
        return SetupSender(recipient, info, ephemeral);
    }

    /// <summary>SetupBaseS with a given ephemeral key.</summary>
    public (byte[] Encapsulated, HpkeContext Context) SetupSender(HpkePublicKey recipient, ReadOnlySpan<byte> info, IDhPrivateKey ephemeral)
    {
        Span<byte> shared = stackalloc byte[kem.SharedSecretSize];
        kem.Encapsulate(ephemeral, recipient.Key, recipient.Encoded.Span, shared);
        var context = KeySchedule(shared, info);
        CryptographicOperations.ZeroMemory(shared);
        return (ephemeral.PublicKey.ToArray(), context);
    }

    /// <summary>SetupBaseR. Refuses a malformed encapsulation (MLS-111) and an all-zero result (MLS-113).</summary>
    public HpkeContext SetupReceiver(ReadOnlySpan<byte> encapsulated, IDhPrivateKey recipient, ReadOnlySpan<byte> info)
    {
        Span<byte> shared = stackalloc byte[kem.SharedSecretSize];
        kem.Decapsulate(encapsulated, recipient, shared);
        var context = KeySchedule(shared, info);
        CryptographicOperations.ZeroMemory(shared);
        return context;
    }

    private static byte[] SuiteId(HpkeKem kem, HashFunction hash, AeadAlgorithm? aead)
    {
        var kdfId = hash.Size switch { 32 => 1, 48 => 2, _ => 3 };
        var aeadId = aead?.HpkeId ?? 0xffff;
        return [.. "HPKE"u8, (byte)(kem.Id >> 8), (byte)kem.Id, 0, (byte)kdfId, (byte)(aeadId >> 8), (byte)aeadId];
    }

    private HpkeContext KeySchedule(ReadOnlySpan<byte> shared, ReadOnlySpan<byte> info)
    {
        var size = hash.Size;
        Span<byte> context = stackalloc byte[1 + (2 * size)];
        Span<byte> secret = stackalloc byte[size];
        context[0] = 0;
        kdf.LabeledExtract(default, "psk_id_hash"u8, default, context.Slice(1, size));
        kdf.LabeledExtract(default, "info_hash"u8, info, context[(1 + size)..]);
        kdf.LabeledExtract(shared, "secret"u8, default, secret);
        var key = new byte[aead?.KeySize ?? 0];
        var nonce = new byte[aead is null ? 0 : AeadAlgorithm.NonceSize];
        var exporter = new byte[size];
        if (aead is not null)
        {
            kdf.LabeledExpand(secret, "key"u8, context, key);
            kdf.LabeledExpand(secret, "base_nonce"u8, context, nonce);
        }

        kdf.LabeledExpand(secret, "exp"u8, context, exporter);
        CryptographicOperations.ZeroMemory(secret);
        return new HpkeContext(kdf, aead, key, nonce, exporter);
    }
}
