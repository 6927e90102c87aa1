using System.Buffers.Binary;
using System.Security.Cryptography;
using System.Text;

namespace Interconnect.Endpoint;

/// <summary>
/// The store's cryptography, all from its one random key: AES-256-GCM for values (random nonce, 96 bits), HMAC-SHA-256 for names and for the seal over the
/// set of entries. An entry's associated data is its table, name, position and the schema version, so that no value can stand in another's place.
/// </summary>
internal sealed class StoreCipher : IDisposable
{
    public const int KeySize = 32;
    public const int Overhead = NonceSize + TagSize;
    private const int NonceSize = 12;
    private const int TagSize = 16;

    private readonly byte[] valueKey;
    private readonly byte[] nameKey;
    private readonly byte[] sealKey;

    public StoreCipher(byte[] storeKey)
    {
        valueKey = HKDF.Expand(HashAlgorithmName.SHA256, storeKey, KeySize, "interconnect endpoint values"u8.ToArray());
        nameKey = HKDF.Expand(HashAlgorithmName.SHA256, storeKey, KeySize, "interconnect endpoint names"u8.ToArray());
        sealKey = HKDF.Expand(HashAlgorithmName.SHA256, storeKey, KeySize, "interconnect endpoint seal"u8.ToArray());
        CryptographicOperations.ZeroMemory(storeKey);
    }

    /// <summary>What an entry is found by; says nothing to who lacks the key.</summary>
    public byte[] NameOf(EntryKind kind, string name)
    {
        var bytes = Encoding.UTF8.GetBytes(name);
        var input = new byte[4 + bytes.Length];
        BinaryPrimitives.WriteInt32BigEndian(input, (int)kind);
        bytes.CopyTo(input, 4);
        return HMACSHA256.HashData(nameKey, input);
    }

    public byte[] Encrypt(byte[] value, EntryKind kind, byte[] name, long position) => Encrypt(valueKey, value, EntryData(kind, name, position));

    /// <exception cref="StoreDamagedException">The entry is not what was written there.</exception>
    public byte[] Decrypt(byte[] sealedValue, EntryKind kind, byte[] name, long position) =>
        TryDecrypt(valueKey, sealedValue, EntryData(kind, name, position)) ?? throw new StoreDamagedException();

    /// <summary>An entry's share of the seal.</summary>
    public byte[] SealOf(byte[] sealedValue, EntryKind kind, byte[] name, long position) =>
        HMACSHA256.HashData(sealKey, (byte[])[.. EntryData(kind, name, position), .. SHA256.HashData(sealedValue)]);

    public byte[] EncryptSeal(byte[] total) => Encrypt(valueKey, total, "interconnect endpoint seal 1"u8);

    public byte[]? TryDecryptSeal(byte[] sealedTotal) => TryDecrypt(valueKey, sealedTotal, "interconnect endpoint seal 1"u8);

    public static byte[] Encrypt(byte[] key, ReadOnlySpan<byte> value, ReadOnlySpan<byte> associatedData)
    {
        var output = new byte[Overhead + value.Length];
        RandomNumberGenerator.Fill(output.AsSpan(0, NonceSize));
        using var gcm = new AesGcm(key, TagSize);
        gcm.Encrypt(output.AsSpan(0, NonceSize), value, output.AsSpan(NonceSize, value.Length), output.AsSpan(NonceSize + value.Length), associatedData);
        return output;
    }

    public static byte[]? TryDecrypt(byte[] key, ReadOnlySpan<byte> input, ReadOnlySpan<byte> associatedData)
    {
        if (input.Length < Overhead)
            return null;

        var value = new byte[input.Length - Overhead];
        using var gcm = new AesGcm(key, TagSize);
        try
        {
            gcm.Decrypt(input[..NonceSize], input[NonceSize..^TagSize], input[^TagSize..], value, associatedData);
            return value;
        }
        catch (AuthenticationTagMismatchException)
        {
            return null;
        }
    }

    public void Dispose()
    {
        CryptographicOperations.ZeroMemory(valueKey);
        CryptographicOperations.ZeroMemory(nameKey);
        CryptographicOperations.ZeroMemory(sealKey);
    }

    private static byte[] EntryData(EntryKind kind, byte[] name, long position)
    {
        var data = new byte[16 + name.Length];
        BinaryPrimitives.WriteInt32BigEndian(data, StoreHeader.CurrentFormat);
        BinaryPrimitives.WriteInt32BigEndian(data.AsSpan(4), (int)kind);
        BinaryPrimitives.WriteInt64BigEndian(data.AsSpan(8), position);
        name.CopyTo(data, 16);
        return data;
    }
}
