using System.Security.Cryptography;

namespace Interconnect.Mls.Crypto;

/// <summary>SHA-256, SHA-384 or SHA-512 with the HMAC and HKDF over it.</summary>
internal sealed class HashFunction(HashAlgorithmName name, int size)
{
    public const int MaxSize = 64;

    public static HashFunction Sha256 { get; } = new(HashAlgorithmName.SHA256, 32);

    public static HashFunction Sha384 { get; } = new(HashAlgorithmName.SHA384, 48);

    public static HashFunction Sha512 { get; } = new(HashAlgorithmName.SHA512, 64);

    public HashAlgorithmName Name => name;

    /// <summary>Output length in bytes; RFC 9420's KDF.Nh.</summary>
    public int Size => size;

    public byte[] Hash(ReadOnlySpan<byte> data) => CryptographicOperations.HashData(name, data);

    public byte[] Mac(ReadOnlySpan<byte> key, ReadOnlySpan<byte> data) => CryptographicOperations.HmacData(name, key, data);

    public void Extract(ReadOnlySpan<byte> salt, ReadOnlySpan<byte> ikm, Span<byte> prk) => HKDF.Extract(name, ikm, salt, prk);

    public void Expand(ReadOnlySpan<byte> prk, ReadOnlySpan<byte> info, Span<byte> output) => HKDF.Expand(name, prk, output, info);
}
