namespace Interconnect.Mls.Crypto;

/// <summary>AES-128-GCM, AES-256-GCM or ChaCha20-Poly1305. Ciphertexts end with the 16-octet tag.</summary>
internal sealed class AeadAlgorithm
{
    public const int NonceSize = 12;

    public const int TagSize = 16;

    private readonly ThreadLocal<CipherContext> contexts;

    private AeadAlgorithm(ushort hpkeId, int keySize, string opensslName)
    {
        HpkeId = hpkeId;
        KeySize = keySize;
        var cipher = Libcrypto.FetchCipher(0, opensslName, null);
        contexts = new ThreadLocal<CipherContext>(() => new CipherContext(cipher));
    }

    public static AeadAlgorithm Aes128Gcm { get; } = new(1, 16, "AES-128-GCM");

    public static AeadAlgorithm Aes256Gcm { get; } = new(2, 32, "AES-256-GCM");

    public static AeadAlgorithm ChaCha20 { get; } = new(3, 32, "ChaCha20-Poly1305");

    public ushort HpkeId { get; }

    public int KeySize { get; }

    /// <summary>Writes ciphertext and tag; the output is <see cref="TagSize"/> longer than the plaintext.</summary>
    public void Seal(ReadOnlySpan<byte> key, ReadOnlySpan<byte> nonce, ReadOnlySpan<byte> aad, ReadOnlySpan<byte> plaintext, Span<byte> output)
    {
        RequireSizes(key, nonce);
        ArgumentOutOfRangeException.ThrowIfNotEqual(output.Length, plaintext.Length + TagSize);
        contexts.Value!.Seal(key, nonce, aad, plaintext, output[..plaintext.Length], output[plaintext.Length..]);
    }

    public byte[] Seal(ReadOnlySpan<byte> key, ReadOnlySpan<byte> nonce, ReadOnlySpan<byte> aad, ReadOnlySpan<byte> plaintext)
    {
        var output = new byte[plaintext.Length + TagSize];
        Seal(key, nonce, aad, plaintext, output);
        return output;
    }

    /// <summary>Null when the ciphertext does not authenticate.</summary>
    public byte[]? TryOpen(ReadOnlySpan<byte> key, ReadOnlySpan<byte> nonce, ReadOnlySpan<byte> aad, ReadOnlySpan<byte> sealedBytes)
    {
        RequireSizes(key, nonce);
        if (sealedBytes.Length < TagSize)
        {
            return null;
        }

        var plaintext = new byte[sealedBytes.Length - TagSize];
        return contexts.Value!.TryOpen(key, nonce, aad, sealedBytes[..^TagSize], sealedBytes[^TagSize..], plaintext) ? plaintext : null;
    }

    // libcrypto reads as many octets as the algorithm needs, whatever was given.
    private void RequireSizes(ReadOnlySpan<byte> key, ReadOnlySpan<byte> nonce)
    {
        ArgumentOutOfRangeException.ThrowIfNotEqual(key.Length, KeySize);
        ArgumentOutOfRangeException.ThrowIfNotEqual(nonce.Length, NonceSize);
    }
}
