using System.Security.Cryptography;

namespace Interconnect.Mls.Crypto;

/// <summary>
/// SHA-256, SHA-384 or SHA-512 with the HMAC (RFC 2104) and HKDF (RFC 5869) over it. Through libcrypto with one context a thread: a one-shot HMAC of OpenSSL 3
/// spends most of its time on looking the algorithm up.
/// </summary>
internal sealed class HashFunction
{
    public const int MaxSize = 64;
    private const int MaxBlockSize = 128;

    private readonly int blockSize;
    private readonly nint digest;
    private readonly ThreadLocal<DigestContext> contexts;

    private HashFunction(HashAlgorithmName name, int size, int blockSize, string opensslName)
    {
        Name = name;
        Size = size;
        this.blockSize = blockSize;
        digest = Libcrypto.FetchDigest(0, opensslName, null);
        contexts = new ThreadLocal<DigestContext>(() => new DigestContext(digest));
    }

    public static HashFunction Sha256 { get; } = new(HashAlgorithmName.SHA256, 32, 64, "SHA2-256");

    public static HashFunction Sha384 { get; } = new(HashAlgorithmName.SHA384, 48, 128, "SHA2-384");

    public static HashFunction Sha512 { get; } = new(HashAlgorithmName.SHA512, 64, 128, "SHA2-512");

    public HashAlgorithmName Name { get; }

    /// <summary>Output length in bytes; RFC 9420's KDF.Nh.</summary>
    public int Size { get; }

    public byte[] Hash(ReadOnlySpan<byte> data)
    {
        var output = new byte[Size];
        Hash(data, output);
        return output;
    }

    public void Hash(ReadOnlySpan<byte> data, Span<byte> output)
    {
        var context = contexts.Value!;
        context.Begin();
        context.Add(data);
        context.End(output);
    }

    public byte[] Mac(ReadOnlySpan<byte> key, ReadOnlySpan<byte> data)
    {
        var output = new byte[Size];
        Mac(key, data, default, default, output);
        return output;
    }

    public void Extract(ReadOnlySpan<byte> salt, ReadOnlySpan<byte> ikm, Span<byte> prk) => Mac(salt, ikm, default, default, prk);

    public void Expand(ReadOnlySpan<byte> prk, ReadOnlySpan<byte> info, Span<byte> output)
    {
        ArgumentOutOfRangeException.ThrowIfGreaterThan(output.Length, 255 * Size);
        Span<byte> block = stackalloc byte[MaxSize];
        block = block[..Size];
        var before = 0;
        for (byte counter = 1; !output.IsEmpty; counter++)
        {
            Mac(prk, block[..before], info, [counter], block);
            before = Size;
            var taken = Math.Min(Size, output.Length);
            block[..taken].CopyTo(output);
            output = output[taken..];
        }

        CryptographicOperations.ZeroMemory(block);
    }

    // The output may be where the first part lies: it is written last.
    private void Mac(ReadOnlySpan<byte> key, ReadOnlySpan<byte> first, ReadOnlySpan<byte> second, ReadOnlySpan<byte> third, Span<byte> output)
    {
        Span<byte> pad = stackalloc byte[MaxBlockSize];
        Span<byte> inner = stackalloc byte[MaxSize];
        pad = pad[..blockSize];
        inner = inner[..Size];
        pad.Clear();
        if (key.Length > blockSize)
        {
            Hash(key, pad[..Size]);
        }
        else
        {
            key.CopyTo(pad);
        }

        Flip(pad, 0x36);
        var context = contexts.Value!;
        context.Begin();
        context.Add(pad);
        context.Add(first);
        context.Add(second);
        context.Add(third);
        context.End(inner);

        Flip(pad, 0x36 ^ 0x5c);
        context.Begin();
        context.Add(pad);
        context.Add(inner);
        context.End(output);
        CryptographicOperations.ZeroMemory(pad);
        CryptographicOperations.ZeroMemory(inner);
    }

    private static void Flip(Span<byte> pad, byte with)
    {
        for (var i = 0; i < pad.Length; i++)
        {
            pad[i] ^= with;
        }
    }
}
