using System.Diagnostics.CodeAnalysis;
using Interconnect.Mls.Crypto;
using Interconnect.Mls.Encoding;

namespace Interconnect.Mls;

/// <summary>One of the seven suites of RFC 9420 section 17.1. Instances are shared and immutable.</summary>
public sealed class CipherSuite
{
    private CipherSuite(ushort id, string name, HpkeKem kem, AeadAlgorithm aead, HashFunction hash, ISignatureScheme signatures)
    {
        Id = id;
        Name = name;
        Kem = kem;
        Aead = aead;
        Hash = hash;
        Signatures = signatures;
        Hpke = new Hpke(kem, hash, aead);
        Kdf = new SuiteKdf(hash);
    }

    /// <summary>All suites, by number.</summary>
    public static IReadOnlyList<CipherSuite> All { get; } =
    [
        new(1, "MLS_128_DHKEMX25519_AES128GCM_SHA256_Ed25519", HpkeKem.X25519, AeadAlgorithm.Aes128Gcm, HashFunction.Sha256, EdwardsScheme.Ed25519),
        new(2, "MLS_128_DHKEMP256_AES128GCM_SHA256_P256", HpkeKem.P256, AeadAlgorithm.Aes128Gcm, HashFunction.Sha256, EcdsaScheme.P256),
        new(3, "MLS_128_DHKEMX25519_CHACHA20POLY1305_SHA256_Ed25519", HpkeKem.X25519, AeadAlgorithm.ChaCha20, HashFunction.Sha256, EdwardsScheme.Ed25519),
        new(4, "MLS_256_DHKEMX448_AES256GCM_SHA512_Ed448", HpkeKem.X448, AeadAlgorithm.Aes256Gcm, HashFunction.Sha512, EdwardsScheme.Ed448),
        new(5, "MLS_256_DHKEMP521_AES256GCM_SHA512_P521", HpkeKem.P521, AeadAlgorithm.Aes256Gcm, HashFunction.Sha512, EcdsaScheme.P521),
        new(6, "MLS_256_DHKEMX448_CHACHA20POLY1305_SHA512_Ed448", HpkeKem.X448, AeadAlgorithm.ChaCha20, HashFunction.Sha512, EdwardsScheme.Ed448),
        new(7, "MLS_256_DHKEMP384_AES256GCM_SHA384_P384", HpkeKem.P384, AeadAlgorithm.Aes256Gcm, HashFunction.Sha384, EcdsaScheme.P384),
    ];

    /// <summary>The IANA number, 1 to 7.</summary>
    public ushort Id { get; }

    /// <summary>The IANA name.</summary>
    public string Name { get; }

    internal HpkeKem Kem { get; }

    internal AeadAlgorithm Aead { get; }

    internal HashFunction Hash { get; }

    internal ISignatureScheme Signatures { get; }

    internal Hpke Hpke { get; }

    internal SuiteKdf Kdf { get; }

    /// <summary>The suite with this number; an unknown one is a defect of the caller and throws.</summary>
    public static CipherSuite Get(ushort id) =>
        TryGet(id, out var suite) ? suite : throw new ArgumentOutOfRangeException(nameof(id), id, "RFC 9420 defines the suites 1 to 7.");

    /// <summary>The suite with this number, when it is known.</summary>
    public static bool TryGet(ushort id, [NotNullWhen(true)] out CipherSuite? suite)
    {
        suite = id >= 1 && id <= All.Count ? All[id - 1] : null;
        return suite is not null;
    }

    /// <summary>Makes a new signature key pair.</summary>
    public SignatureKeyPair GenerateSignatureKeyPair() => new(this, Signatures.Generate(SystemRandomness.Instance));

    /// <summary>VerifyWithLabel (RFC 9420 section 5.1.2). False for a key that cannot be read, too. For many signatures of one key: <see cref="CreateVerifier"/>.</summary>
    /// <param name="label">Without the "MLS 1.0 " prefix.</param>
    public bool VerifyWithLabel(ReadOnlySpan<byte> publicKey, string label, ReadOnlySpan<byte> content, ReadOnlySpan<byte> signature)
    {
        try
        {
            return new SignatureVerifier(this, publicKey).VerifyWithLabel(label, content, signature);
        }
        catch (MlsRefusal)
        {
            return false;
        }
    }

    /// <summary>Parses a public signature key for repeated use. Refuses what is no public key of the suite (MLS-111).</summary>
    public MlsResult<SignatureVerifier> CreateVerifier(ReadOnlySpan<byte> publicKey)
    {
        try
        {
            return new SignatureVerifier(this, publicKey);
        }
        catch (MlsRefusal refusal)
        {
            return refusal.Error;
        }
    }

    /// <inheritdoc/>
    public override string ToString() => Name;

    /// <summary>EncryptWithLabel (RFC 9420 section 5.1.3).</summary>
    internal HpkeCiphertext EncryptWithLabel(
        HpkePublicKey recipient, ReadOnlySpan<byte> label, ReadOnlySpan<byte> context, ReadOnlySpan<byte> plaintext, IMlsRandom random)
    {
        using var ephemeral = Kem.GenerateKeyPair(random);
        return Hpke.Seal(EncryptContext(label, context), recipient, plaintext, ephemeral);
    }

    /// <summary>DecryptWithLabel (RFC 9420 section 5.1.3). Refuses what does not open (MLS-115).</summary>
    internal byte[] DecryptWithLabel(IDhPrivateKey recipient, ReadOnlySpan<byte> label, ReadOnlySpan<byte> context, HpkeCiphertext ciphertext) =>
        Hpke.Open(EncryptContext(label, context), recipient, ciphertext);

    /// <summary>What label and context make of HPKE's key schedule; the same for all recipients of one commit.</summary>
    internal byte[] EncryptContext(ReadOnlySpan<byte> label, ReadOnlySpan<byte> context)
    {
        using var info = new MlsWriter(context.Length + 64);
        Labels.WriteEncryptContext(info, label, context);
        return Hpke.ScheduleContext(info.Written);
    }

    /// <summary>RefHash (RFC 9420 section 5.2): Hash(RefHashInput { opaque label&lt;V&gt;; opaque value&lt;V&gt;; }).</summary>
    internal byte[] RefHash(ReadOnlySpan<byte> label, ReadOnlySpan<byte> value)
    {
        using var input = new MlsWriter(value.Length + 64);
        input.Opaque(label);
        input.Opaque(value);
        return Hash.Hash(input.Written);
    }
}
