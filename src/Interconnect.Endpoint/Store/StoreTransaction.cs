using Microsoft.Data.Sqlite;

namespace Interconnect.Endpoint;

/// <summary>One change of the store: all of it or, when disposed without <see cref="Commit"/>, nothing. Reads see its own writes.</summary>
internal sealed class StoreTransaction : IDisposable
{
    private readonly SqliteConnection connection;
    private readonly StoreCipher cipher;
    private readonly SqliteTransaction transaction;
    private StoreSeal? seal;

    public StoreTransaction(SqliteConnection connection, StoreCipher cipher)
    {
        this.connection = connection;
        this.cipher = cipher;
        transaction = connection.BeginTransaction(deferred: true);
    }

    /// <summary>True when something was written.</summary>
    public bool IsChanged => seal is not null;

    /// <summary>The value of that name, or null.</summary>
    public byte[]? Get(EntryKind kind, string name)
    {
        var hashed = cipher.NameOf(kind, name);
        return ReadRow(kind, hashed) is var (position, value) ? cipher.Decrypt(value, kind, hashed, position) : null;
    }

    /// <summary>Writes a value; keeps its position when it is there already, else takes <paramref name="position"/> or the next one of its kind.</summary>
    public void Put(EntryKind kind, string name, byte[] value, long? position = null)
    {
        var hashed = cipher.NameOf(kind, name);
        var old = ReadRow(kind, hashed);
        if (old is var (oldPosition, oldValue))
            Seal.Remove(cipher.SealOf(oldValue, kind, hashed, oldPosition));

        var at = old?.Position ?? position ?? NextPosition(kind);
        var sealedValue = cipher.Encrypt(value, kind, hashed, at);
        Execute(
            "INSERT INTO entries (kind, name, position, value) VALUES ($kind, $name, $position, $value) ON CONFLICT (kind, name) DO UPDATE SET value = $value",
            ("$kind", (int)kind), ("$name", hashed), ("$position", at), ("$value", sealedValue));
        Seal.Add(cipher.SealOf(sealedValue, kind, hashed, at));
    }

    /// <summary>Removes a value; false when there is none.</summary>
    public bool Delete(EntryKind kind, string name)
    {
        var hashed = cipher.NameOf(kind, name);
        if (ReadRow(kind, hashed) is not var (position, value))
            return false;

        Seal.Remove(cipher.SealOf(value, kind, hashed, position));
        Execute("DELETE FROM entries WHERE kind = $kind AND name = $name", ("$kind", (int)kind), ("$name", hashed));
        return true;
    }

    /// <summary>Removes all of a kind whose position is below the bound.</summary>
    public int DeleteBefore(EntryKind kind, long position)
    {
        var rows = ReadRows(kind).Where(row => row.Position < position).ToList();
        foreach (var (name, at, value) in rows)
        {
            Seal.Remove(cipher.SealOf(value, kind, name, at));
            Execute("DELETE FROM entries WHERE kind = $kind AND name = $name", ("$kind", (int)kind), ("$name", name));
        }

        return rows.Count;
    }

    /// <summary>All values of a kind by position.</summary>
    public IReadOnlyList<byte[]> All(EntryKind kind) => [.. ReadRows(kind).Select(row => cipher.Decrypt(row.Value, kind, row.Name, row.Position))];

    /// <summary>Where that name stands among its kind; null when it is not there.</summary>
    public long? PositionOf(EntryKind kind, string name) => ReadRow(kind, cipher.NameOf(kind, name))?.Position;

    /// <summary>True when that name is there.</summary>
    public bool Has(EntryKind kind, string name) => ReadRow(kind, cipher.NameOf(kind, name)) is not null;

    /// <summary>Makes the change durable. A crash before leaves the store as it was; after, all of it is there.</summary>
    public void Commit()
    {
        if (seal is not null)
            Execute("UPDATE seal SET value = $value WHERE id = 1", ("$value", cipher.EncryptSeal(seal.Encode())));

        transaction.Commit();
    }

    public void Dispose() => transaction.Dispose();

    private StoreSeal Seal => seal ??= ReadSeal(connection, transaction, cipher) ?? throw new StoreDamagedException();

    internal static StoreSeal? ReadSeal(SqliteConnection connection, SqliteTransaction? transaction, StoreCipher cipher)
    {
        using var command = connection.CreateCommand();
        command.Transaction = transaction;
        command.CommandText = "SELECT value FROM seal WHERE id = 1";
        return command.ExecuteScalar() is byte[] value && cipher.TryDecryptSeal(value) is { Length: StoreSeal.Size } total ? new StoreSeal(total) : null;
    }

    private (long Position, byte[] Value)? ReadRow(EntryKind kind, byte[] name)
    {
        using var command = Command("SELECT position, value FROM entries WHERE kind = $kind AND name = $name", ("$kind", (int)kind), ("$name", name));
        using var reader = command.ExecuteReader();
        return reader.Read() ? (reader.GetInt64(0), reader.GetFieldValue<byte[]>(1)) : null;
    }

    private List<(byte[] Name, long Position, byte[] Value)> ReadRows(EntryKind kind)
    {
        using var command = Command("SELECT name, position, value FROM entries WHERE kind = $kind ORDER BY position, name", ("$kind", (int)kind));
        using var reader = command.ExecuteReader();
        var rows = new List<(byte[], long, byte[])>();
        while (reader.Read())
            rows.Add((reader.GetFieldValue<byte[]>(0), reader.GetInt64(1), reader.GetFieldValue<byte[]>(2)));

        return rows;
    }

    private long NextPosition(EntryKind kind)
    {
        using var command = Command("SELECT COALESCE(MAX(position), 0) + 1 FROM entries WHERE kind = $kind", ("$kind", (int)kind));
        return (long)command.ExecuteScalar()!;
    }

    private void Execute(string sql, params ReadOnlySpan<(string Name, object Value)> parameters)
    {
        using var command = Command(sql, parameters);
        command.ExecuteNonQuery();
    }

    private SqliteCommand Command(string sql, params ReadOnlySpan<(string Name, object Value)> parameters)
    {
        var command = connection.CreateCommand();
        command.Transaction = transaction;
        command.CommandText = sql;
        foreach (var (name, value) in parameters)
            command.Parameters.AddWithValue(name, value);

        return command;
    }
}
