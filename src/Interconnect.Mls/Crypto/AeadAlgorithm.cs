using System.Security.Cryptography;

namespace Interconnect.Mls.Crypto;

/// <summary>AES-128-GCM, AES-256-GCM or ChaCha20-Poly1305. Ciphertexts end with the 16-octet tag.</summary>
internal sealed class AeadAlgorithm
{
    public const int NonceSize = 12;

    public const int TagSize = 16;

    private readonly bool chaCha;

    private AeadAlgorithm(ushort hpkeId, int keySize, bool chaCha)
    {
        HpkeId = hpkeId;
        KeySize = keySize;
        this.chaCha = chaCha;
    }

    public static AeadAlgorithm Aes128Gcm { get; } = new(1, 16, chaCha: false);

    public static AeadAlgorithm Aes256Gcm { get; } = new(2, 32, chaCha: false);

    public static AeadAlgorithm ChaCha20 { get; } = new(3, 32, chaCha: true);

    public ushort HpkeId { get; }

    public int KeySize { get; }

    /// <summary>Writes ciphertext and tag; the output is <see cref="TagSize"/> longer than the plaintext.</summary>
    public void Seal(ReadOnlySpan<byte> key, ReadOnlySpan<byte> nonce, ReadOnlySpan<byte> aad, ReadOnlySpan<byte> plaintext, Span<byte> output)
    {
        var ciphertext = output[..plaintext.Length];
        var tag = output[plaintext.Length..];
        if (chaCha)
        {
            using var cipher = new ChaCha20Poly1305(key);
            cipher.Encrypt(nonce, plaintext, ciphertext, tag, aad);
        }
        else
        {
            using var cipher = new AesGcm(key, TagSize);
            cipher.Encrypt(nonce, plaintext, ciphertext, tag, aad);
        }
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
        if (sealedBytes.Length < TagSize)
        {
            return null;
        }

        var ciphertext = sealedBytes[..^TagSize];
        var tag = sealedBytes[^TagSize..];
        var plaintext = new byte[ciphertext.Length];
        try
        {
            if (chaCha)
            {
                using var cipher = new ChaCha20Poly1305(key);
                cipher.Decrypt(nonce, ciphertext, tag, plaintext, aad);
            }
            else
            {
                using var cipher = new AesGcm(key, TagSize);
                cipher.Decrypt(nonce, ciphertext, tag, plaintext, aad);
            }

            return plaintext;
        }
        catch (AuthenticationTagMismatchException)
        {
            return null;
        }
    }
}
