using System.Buffers.Binary;
using System.Security.Cryptography;
using Interconnect.Mls.Encoding;

namespace Interconnect.Mls.Crypto;

/// <summary>An HPKE encryption context (RFC 9180 section 5.2). Holds its key until disposed.</summary>
internal sealed class HpkeContext(LabeledKdf kdf, AeadAlgorithm? aead, byte[] key, byte[] baseNonce, byte[] exporterSecret) : IDisposable
{
    private ulong sequence;

    public byte[] Seal(ReadOnlySpan<byte> aad, ReadOnlySpan<byte> plaintext)
    {
        Span<byte> nonce = stackalloc byte[AeadAlgorithm.NonceSize];
        NextNonce(nonce);
        return Cipher.Seal(key, nonce, aad, plaintext);
    }

    /// <summary>Refuses what does not authenticate (MLS-115).</summary>
    public byte[] Open(ReadOnlySpan<byte> aad, ReadOnlySpan<byte> ciphertext)
    {
        Span<byte> nonce = stackalloc byte[AeadAlgorithm.NonceSize];
        NextNonce(nonce);
        var plaintext = Cipher.TryOpen(key, nonce, aad, ciphertext);
        Rules.HpkeOpen.Require(plaintext is not null);
        return plaintext!;
    }

    public byte[] Export(ReadOnlySpan<byte> exporterContext, int length)
    {
        if (exporterSecret.Length == 0)
        {
            throw new InvalidOperationException("A single-shot context exports nothing.");
        }

        var output = new byte[length];
        kdf.LabeledExpand(exporterSecret, "sec"u8, exporterContext, output);
        return output;
    }

    public void Dispose()
    {
        CryptographicOperations.ZeroMemory(key);
        CryptographicOperations.ZeroMemory(baseNonce);
        CryptographicOperations.ZeroMemory(exporterSecret);
    }

    private AeadAlgorithm Cipher => aead ?? throw new InvalidOperationException("An export-only context neither seals nor opens.");

    private void NextNonce(Span<byte> nonce)
    {
        baseNonce.CopyTo(nonce);
        var tail = nonce[^8..];
        BinaryPrimitives.WriteUInt64BigEndian(tail, BinaryPrimitives.ReadUInt64BigEndian(tail) ^ sequence);
        sequence = checked(sequence + 1);
    }
}
