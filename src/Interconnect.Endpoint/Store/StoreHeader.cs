using System.Buffers.Binary;
using System.Security.Cryptography;
using System.Text;
using Microsoft.Data.Sqlite;

namespace Interconnect.Endpoint;

/// <summary>The only part of a store that is in clear: how its key is derived, and the store's own random key wrapped under that.</summary>
internal sealed record StoreHeader(int Format, string Kdf, int Iterations, byte[] Salt, byte[] Wrapped)
{
    public const int CurrentFormat = 1;
    public const string Pbkdf2 = "pbkdf2-sha256";
    public const string KeyFile = "key-file";
    public const int MinIterations = 600_000;
    private const int MaxIterations = 10_000_000;
    private const int SaltSize = 16;

    public bool IsWellFormed => Salt.Length == SaltSize
        && Wrapped.Length == StoreCipher.Overhead + StoreCipher.KeySize
        && (Kdf == KeyFile ? Iterations == 0 : Kdf == Pbkdf2 && Iterations is >= MinIterations and <= MaxIterations);

    public bool Fits(StoreKey key) => key.IsPassphrase == (Kdf == Pbkdf2);

    public static (StoreHeader Header, byte[] StoreKey) Create(StoreKey key)
    {
        var storeKey = RandomNumberGenerator.GetBytes(StoreCipher.KeySize);
        var bare = new StoreHeader(CurrentFormat, key.IsPassphrase ? Pbkdf2 : KeyFile, key.IsPassphrase ? MinIterations : 0, RandomNumberGenerator.GetBytes(SaltSize), []);
        var wrapping = key.Derive(bare);
        var header = bare with { Wrapped = StoreCipher.Encrypt(wrapping, storeKey, bare.AssociatedData()) };
        CryptographicOperations.ZeroMemory(wrapping);
        return (header, storeKey);
    }

    /// <summary>The store's key; null when <paramref name="key"/> is not the right one or the header was changed.</summary>
    public byte[]? Unwrap(StoreKey key)
    {
        var wrapping = key.Derive(this);
        try
        {
            return StoreCipher.TryDecrypt(wrapping, Wrapped, AssociatedData());
        }
        finally
        {
            CryptographicOperations.ZeroMemory(wrapping);
        }
    }

    public static StoreHeader? Read(SqliteConnection connection)
    {
        using var command = connection.CreateCommand();
        command.CommandText = "SELECT format, kdf, iterations, salt, wrapped FROM header WHERE id = 1";
        using var reader = command.ExecuteReader();
        return reader.Read()
            ? new StoreHeader(reader.GetInt32(0), reader.GetString(1), reader.GetInt32(2), reader.GetFieldValue<byte[]>(3), reader.GetFieldValue<byte[]>(4))
            : null;
    }

    public void Write(SqliteConnection connection, SqliteTransaction transaction)
    {
        using var command = connection.CreateCommand();
        command.Transaction = transaction;
        command.CommandText = "INSERT INTO header (id, format, kdf, iterations, salt, wrapped) VALUES (1, $format, $kdf, $iterations, $salt, $wrapped)";
        command.Parameters.AddWithValue("$format", Format);
        command.Parameters.AddWithValue("$kdf", Kdf);
        command.Parameters.AddWithValue("$iterations", Iterations);
        command.Parameters.AddWithValue("$salt", Salt);
        command.Parameters.AddWithValue("$wrapped", Wrapped);
        command.ExecuteNonQuery();
    }

    private byte[] AssociatedData()
    {
        var kdf = Encoding.ASCII.GetBytes(Kdf);
        var label = "interconnect endpoint header"u8;
        var data = new byte[label.Length + 12 + kdf.Length + Salt.Length];
        label.CopyTo(data);
        BinaryPrimitives.WriteInt32BigEndian(data.AsSpan(label.Length), Format);
        BinaryPrimitives.WriteInt32BigEndian(data.AsSpan(label.Length + 4), Iterations);
        BinaryPrimitives.WriteInt32BigEndian(data.AsSpan(label.Length + 8), kdf.Length);
        kdf.CopyTo(data, label.Length + 12);
        Salt.CopyTo(data, label.Length + 12 + kdf.Length);
        return data;
    }
}
