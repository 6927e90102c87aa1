using System.Security.Cryptography;

namespace Interconnect.Mls.Crypto;

/// <summary>HPKE in base mode (RFC 9180 section 5.1.1). Without an AEAD it is export only.</summary>
internal sealed class Hpke
{
    private readonly LabeledKdf kdf;
    private readonly HashFunction hash;
    private readonly byte[] pskIdHash;

    public Hpke(HpkeKem kem, HashFunction hash, AeadAlgorithm? aead)
    {
        Kem = kem;
        Aead = aead;
        this.hash = hash;
        kdf = new LabeledKdf(hash, SuiteId(kem, hash, aead));
        pskIdHash = new byte[hash.Size];
        kdf.LabeledExtract(default, "psk_id_hash"u8, default, pskIdHash);
    }

    public HpkeKem Kem { get; }

    public AeadAlgorithm? Aead { get; }

    /// <summary>key_schedule_context: what the info makes of the key schedule, the same for every recipient.</summary>
    public byte[] ScheduleContext(ReadOnlySpan<byte> info)
    {
        var context = new byte[1 + (2 * hash.Size)];
        pskIdHash.CopyTo(context, 1);
        kdf.LabeledExtract(default, "info_hash"u8, info, context.AsSpan(1 + hash.Size));
        return context;
    }

    /// <summary>SetupBaseS with a fresh ephemeral key.</summary>
    public (byte[] Encapsulated, HpkeContext Context) SetupSender(HpkePublicKey recipient, ReadOnlySpan<byte> info, IMlsRandom random)
    {
        using var ephemeral = Kem.GenerateKeyPair(random);
        return SetupSender(recipient, info, ephemeral);
    }

    /// <summary>SetupBaseS with a given ephemeral key.</summary>
    public (byte[] Encapsulated, HpkeContext Context) SetupSender(HpkePublicKey recipient, ReadOnlySpan<byte> info, IDhPrivateKey ephemeral) =>
        SetupSenderUnder(ScheduleContext(info), recipient, ephemeral, exports: true);

    /// <summary>SetupBaseR. Refuses a malformed encapsulation (MLS-111) and an all-zero result (MLS-113).</summary>
    public HpkeContext SetupReceiver(ReadOnlySpan<byte> encapsulated, IDhPrivateKey recipient, ReadOnlySpan<byte> info) =>
        SetupReceiverUnder(ScheduleContext(info), encapsulated, recipient, exports: true);

    /// <summary>Single-shot SealBase (RFC 9180 section 6.1).</summary>
    /// <param name="scheduleContext">Of <see cref="ScheduleContext"/>.</param>
    public HpkeCiphertext Seal(byte[] scheduleContext, HpkePublicKey recipient, ReadOnlySpan<byte> plaintext, IDhPrivateKey ephemeral)
    {
        var (encapsulated, context) = SetupSenderUnder(scheduleContext, recipient, ephemeral, exports: false);
        using (context)
        {
            return new HpkeCiphertext(encapsulated, context.Seal(default, plaintext));
        }
    }

    /// <summary>Single-shot OpenBase (RFC 9180 section 6.1). Refuses what does not open (MLS-115).</summary>
    /// <param name="scheduleContext">Of <see cref="ScheduleContext"/>.</param>
    public byte[] Open(byte[] scheduleContext, IDhPrivateKey recipient, HpkeCiphertext ciphertext)
    {
        using var context = SetupReceiverUnder(scheduleContext, ciphertext.KemOutput.Span, recipient, exports: false);
        return context.Open(default, ciphertext.Ciphertext.Span);
    }

    private (byte[] Encapsulated, HpkeContext Context) SetupSenderUnder(
        byte[] scheduleContext, HpkePublicKey recipient, IDhPrivateKey ephemeral, bool exports)
    {
        Span<byte> shared = stackalloc byte[Kem.SharedSecretSize];
        Kem.Encapsulate(ephemeral, recipient.Key, recipient.Encoded.Span, shared);
        var context = KeySchedule(shared, scheduleContext, exports);
        CryptographicOperations.ZeroMemory(shared);
        return (ephemeral.PublicKey.ToArray(), context);
    }

    private HpkeContext SetupReceiverUnder(byte[] scheduleContext, ReadOnlySpan<byte> encapsulated, IDhPrivateKey recipient, bool exports)
    {
        Span<byte> shared = stackalloc byte[Kem.SharedSecretSize];
        Kem.Decapsulate(encapsulated, recipient, shared);
        var context = KeySchedule(shared, scheduleContext, exports);
        CryptographicOperations.ZeroMemory(shared);
        return context;
    }

    private static byte[] SuiteId(HpkeKem kem, HashFunction hash, AeadAlgorithm? aead)
    {
        var kdfId = hash.Size switch { 32 => 1, 48 => 2, _ => 3 };
        var aeadId = aead?.HpkeId ?? 0xffff;
        return [.. "HPKE"u8, (byte)(kem.Id >> 8), (byte)kem.Id, 0, (byte)kdfId, (byte)(aeadId >> 8), (byte)aeadId];
    }

    private HpkeContext KeySchedule(ReadOnlySpan<byte> shared, ReadOnlySpan<byte> context, bool exports)
    {
        Span<byte> secret = stackalloc byte[hash.Size];
        kdf.LabeledExtract(shared, "secret"u8, default, secret);
        var key = new byte[Aead?.KeySize ?? 0];
        var nonce = new byte[Aead is null ? 0 : AeadAlgorithm.NonceSize];
        var exporter = new byte[exports ? hash.Size : 0];
        if (Aead is not null)
        {
            kdf.LabeledExpand(secret, "key"u8, context, key);
            kdf.LabeledExpand(secret, "base_nonce"u8, context, nonce);
        }

        if (exports)
        {
            kdf.LabeledExpand(secret, "exp"u8, context, exporter);
        }

        CryptographicOperations.ZeroMemory(secret);
        return new HpkeContext(kdf, Aead, key, nonce, exporter);
    }
}
