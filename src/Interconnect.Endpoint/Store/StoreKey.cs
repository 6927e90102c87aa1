using System.Security.Cryptography;
using System.Text;

namespace Interconnect.Endpoint;

/// <summary>What opens a store: a passphrase, or the 32 random bytes of a key file. Erased on dispose.</summary>
public sealed class StoreKey : IDisposable
{
    /// <summary>Bytes in a key file.</summary>
    public const int KeyFileSize = 32;

    /// <summary>Fewest characters of a passphrase.</summary>
    public const int MinPassphraseLength = 8;

    private readonly byte[] secret;

    private StoreKey(byte[] secret, bool isPassphrase)
    {
        this.secret = secret;
        IsPassphrase = isPassphrase;
    }

    /// <summary>True for a passphrase, false for a key file's bytes.</summary>
    public bool IsPassphrase { get; }

    /// <summary>Takes a passphrase, byte for byte as its UTF-8.</summary>
    /// <exception cref="ArgumentException">It is shorter than <see cref="MinPassphraseLength"/> characters.</exception>
    public static StoreKey FromPassphrase(ReadOnlySpan<char> passphrase)
    {
        if (passphrase.Length < MinPassphraseLength)
            throw new ArgumentException($"A passphrase has at least {MinPassphraseLength} characters.", nameof(passphrase));

        var bytes = new byte[Encoding.UTF8.GetByteCount(passphrase)];
        Encoding.UTF8.GetBytes(passphrase, bytes);
        return new StoreKey(bytes, true);
    }

    /// <summary>Takes the bytes of a key file; they are copied.</summary>
    /// <exception cref="ArgumentException">There are not 32 of them.</exception>
    public static StoreKey FromKeyFile(ReadOnlySpan<byte> bytes) => bytes.Length == KeyFileSize
        ? new StoreKey(bytes.ToArray(), false)
        : throw new ArgumentException($"A key file holds {KeyFileSize} random bytes and nothing else.", nameof(bytes));

    /// <summary>32 random bytes for a new key file; the caller's to write (mode 0600) and erase.</summary>
    public static byte[] NewKeyFile() => RandomNumberGenerator.GetBytes(KeyFileSize);

    internal byte[] Derive(StoreHeader header) => header.Kdf == StoreHeader.Pbkdf2
        ? Rfc2898DeriveBytes.Pbkdf2(secret, header.Salt, header.Iterations, HashAlgorithmName.SHA256, 32)
        : HKDF.DeriveKey(HashAlgorithmName.SHA256, secret, 32, header.Salt, "interconnect endpoint key file"u8.ToArray());

    /// <inheritdoc/>
    public void Dispose() => CryptographicOperations.ZeroMemory(secret);

    /// <summary>Redacted.</summary>
    public override string ToString() => "StoreKey(redacted)";
}
