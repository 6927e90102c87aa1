using Interconnect.Mls;
using Interconnect.Mls.Crypto;

namespace Interconnect.Benchmarks.Mls;

/// <summary>
/// The primitives that an operation cannot do without, whoever implements it: how many of each, and on how many bytes. Keys are parsed before and nothing is encoded.
/// A seal is one key generation, one Diffie-Hellman, the key schedule of HPKE and one AEAD; an open the same without the generation.
/// </summary>
internal sealed record Counted
{
    /// <summary>Bytes under each signature made.</summary>
    public IReadOnlyList<int> Signs { get; init; } = [];

    /// <summary>Bytes under each signature verified.</summary>
    public IReadOnlyList<int> Verifies { get; init; } = [];

    /// <summary>Signatures over <see cref="LeafBytes"/> verified besides: those of a tree seen for the first time.</summary>
    public int LeafVerifies { get; init; }

    /// <summary>Key pairs derived from a secret (DeriveKeyPair).</summary>
    public int KeyPairs { get; init; }

    public int Seals { get; init; }

    public int Opens { get; init; }

    /// <summary>HKDF-Extract or HKDF-Expand of one block.</summary>
    public int Kdfs { get; init; }

    /// <summary>Bytes of each message under an AEAD.</summary>
    public IReadOnlyList<int> AeadSeals { get; init; } = [];

    public IReadOnlyList<int> AeadOpens { get; init; } = [];

    /// <summary>Bytes of each longer input to the hash or HMAC: transcript, tags.</summary>
    public IReadOnlyList<int> Hashes { get; init; } = [];

    /// <summary>Node and parent hashes, of about <see cref="LeafBytes"/> each.</summary>
    public int NodeHashes { get; init; }

    public const int LeafBytes = 200;
}

/// <summary>Does counted primitives, nothing else, through the same thin layer over libcrypto that the library uses; the fastest that is known here for each.</summary>
internal sealed class Bare
{
    private readonly CipherSuite suite;
    private readonly ISigner signer;
    private readonly IVerifier verifier;
    private readonly Dictionary<int, (byte[] Data, byte[] Signature)> signed = [];
    private readonly Dictionary<int, byte[]> sealedBytes = [];
    private readonly byte[] key;
    private readonly byte[] nonce = new byte[AeadAlgorithm.NonceSize];
    private readonly byte[] secret;
    private readonly byte[] info = new byte[64];
    private readonly byte[] output = new byte[4 * 1024 * 1024];
    private readonly HpkePublicKey recipient;
    private readonly IDhPrivateKey recipientKey;
    private readonly byte[] scheduleContext;
    private readonly HpkeCiphertext ciphertext;

    public Bare(CipherSuite suite)
    {
        this.suite = suite;
        signer = suite.Signatures.Generate(SystemRandomness.Instance);
        verifier = suite.Signatures.ImportPublic(signer.PublicKey.Span);
        key = new byte[suite.Aead.KeySize];
        secret = new byte[suite.Hash.Size];
        recipientKey = suite.Kem.GenerateKeyPair(SystemRandomness.Instance);
        recipient = new HpkePublicKey(suite.Kem, recipientKey.PublicKey);
        scheduleContext = suite.EncryptContext("UpdatePathNode"u8, info);
        using var ephemeral = suite.Kem.GenerateKeyPair(SystemRandomness.Instance);
        ciphertext = suite.Hpke.Seal(scheduleContext, recipient, secret, ephemeral);
    }

    /// <summary>Makes inputs of the needed sizes, which <see cref="Do"/> then only reads.</summary>
    public void Prepare(Counted counted)
    {
        foreach (var size in counted.Verifies.Concat(counted.Signs).Append(Counted.LeafBytes))
        {
            var data = new byte[size];
            signed.TryAdd(size, (data, signer.Sign(data)));
        }

        foreach (var size in counted.AeadOpens)
        {
            sealedBytes.TryAdd(size, suite.Aead.Seal(key, nonce, default, new byte[size]));
        }
    }

    public void Do(Counted counted)
    {
        foreach (var size in counted.Signs)
        {
            signer.Sign(signed[size].Data);
        }

        foreach (var size in counted.Verifies)
        {
            Require(verifier.Verify(signed[size].Data, signed[size].Signature));
        }

        var leaf = signed[Counted.LeafBytes];
        for (var i = 0; i < counted.LeafVerifies; i++)
        {
            Require(verifier.Verify(leaf.Data, leaf.Signature));
        }

        for (var i = 0; i < counted.KeyPairs; i++)
        {
            suite.Kem.DeriveKeyPair(secret).Dispose();
        }

        for (var i = 0; i < counted.Seals; i++)
        {
            using var ephemeral = suite.Kem.GenerateKeyPair(SystemRandomness.Instance);
            suite.Hpke.Seal(scheduleContext, recipient, secret, ephemeral);
        }

        for (var i = 0; i < counted.Opens; i++)
        {
            suite.Hpke.Open(scheduleContext, recipientKey, ciphertext);
        }

        for (var i = 0; i < counted.Kdfs; i++)
        {
            suite.Hash.Expand(secret, info, output.AsSpan(0, secret.Length));
        }

        foreach (var size in counted.AeadSeals)
        {
            suite.Aead.Seal(key, nonce, default, output.AsSpan(0, size), output.AsSpan(size, size + AeadAlgorithm.TagSize));
        }

        foreach (var size in counted.AeadOpens)
        {
            Require(suite.Aead.TryOpen(key, nonce, default, sealedBytes[size]) is not null);
        }

        foreach (var size in counted.Hashes)
        {
            suite.Hash.Hash(output.AsSpan(0, size), secret);
        }

        for (var i = 0; i < counted.NodeHashes; i++)
        {
            suite.Hash.Hash(leaf.Data, secret);
        }
    }

    private static void Require(bool holds)
    {
        if (!holds)
        {
            throw new InvalidOperationException("A primitive failed.");
        }
    }
}
