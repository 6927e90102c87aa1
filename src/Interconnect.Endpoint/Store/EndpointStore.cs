using Microsoft.Data.Sqlite;

namespace Interconnect.Endpoint;

/// <summary>
/// An endpoint's encrypted store: one SQLite file <c>endpoint.db</c> (mode 0600) in a folder (mode 0700) that one process may use at a time. Every value is
/// encrypted, every name an HMAC; in clear are only the key derivation's parameters, table numbers, positions and sizes. A store is checked as a whole when it is
/// opened: any change from outside is an error. (An old copy of the whole file is not noticed; keep the folder where only its owner writes.)
/// Not thread-safe: <see cref="EndpointClient"/> serialises its use.
/// </summary>
public sealed class EndpointStore : IDisposable
{
    /// <summary>The database file's name in its folder.</summary>
    public const string FileName = "endpoint.db";

    private const string LockFileName = "lock";
    private const int ApplicationId = 0x49434550;

    private readonly SqliteConnection connection;
    private readonly StoreCipher cipher;
    private readonly StoreLock held;

    private EndpointStore(SqliteConnection connection, StoreCipher cipher, StoreLock held)
    {
        this.connection = connection;
        this.cipher = cipher;
        this.held = held;
    }

    /// <summary>Makes a new, empty store; the folder is created when it is missing.</summary>
    /// <param name="folder">Where.</param>
    /// <param name="key">What will open it; the caller disposes it.</param>
    public static StoreOpening Create(string folder, StoreKey key)
    {
        try
        {
            CreateFolder(folder);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            return new StoreOpening.Failed(StoreError.NoAccess);
        }

        return WithLock(folder, held =>
        {
            var path = Path.Combine(folder, FileName);
            if (File.Exists(path))
                return new StoreOpening.Failed(StoreError.Exists);

            // A crash before the rename leaves only the new- file, which the next attempt replaces: there is never half a store under the real name.
            var draft = Path.Combine(folder, "new-" + FileName);
            DeleteWithJournals(draft);
            try
            {
                CreateFile(draft);
                using (var connection = Connect(draft))
                    Initialise(connection, key);

                File.Move(draft, path);
            }
            catch
            {
                DeleteWithJournals(draft);
                throw;
            }

            return OpenLocked(path, key, held);
        });
    }

    /// <summary>Opens a store and checks all of it.</summary>
    /// <param name="folder">Where it is.</param>
    /// <param name="key">What opens it; the caller disposes it.</param>
    public static StoreOpening Open(string folder, StoreKey key)
    {
        var path = Path.Combine(folder, FileName);
        return File.Exists(path) ? WithLock(folder, held => OpenLocked(path, key, held)) : new StoreOpening.Failed(StoreError.NotFound);
    }

    /// <summary>True when the folder holds a store.</summary>
    public static bool Exists(string folder) => File.Exists(Path.Combine(folder, FileName));

    internal StoreTransaction Begin() => new(connection, cipher);

    /// <summary>Closes the file, erases the keys in memory and lets the next process in.</summary>
    public void Dispose()
    {
        connection.Dispose();
        cipher.Dispose();
        held.Dispose();
    }

    private static StoreOpening WithLock(string folder, Func<StoreLock, StoreOpening> then)
    {
        StoreLock? held = null;
        StoreOpening? result = null;
        try
        {
            held = StoreLock.TryTake(Path.Combine(folder, LockFileName), out var holder);
            result = held is null ? new StoreOpening.Failed(StoreError.InUse(holder)) : then(held);
        }
        catch (SqliteException)
        {
            result = new StoreOpening.Failed(StoreError.Damaged);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            result = new StoreOpening.Failed(StoreError.NoAccess);
        }
        finally
        {
            if (result is not StoreOpening.Opened)
                held?.Dispose();
        }

        return result;
    }

    private static StoreOpening OpenLocked(string path, StoreKey key, StoreLock held)
    {
        var connection = Connect(path);
        StoreCipher? cipher = null;
        StoreError? error;
        try
        {
            error = CheckForm(connection, out var header) ?? Unlock(header!, key, out cipher) ?? CheckEntries(connection, cipher!);
            if (error is null)
            {
                Execute(connection, "PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; PRAGMA secure_delete = ON");
                return new StoreOpening.Opened(new EndpointStore(connection, cipher!, held));
            }
        }
        catch (Exception e) when (e is SqliteException or InvalidCastException or FormatException or OverflowException or InvalidOperationException or ArgumentException)
        {
            // What the driver says when a page, a type or the schema was changed.
            error = StoreError.Damaged;
        }

        cipher?.Dispose();
        connection.Dispose();
        return new StoreOpening.Failed(error);
    }

    private static StoreError? CheckForm(SqliteConnection connection, out StoreHeader? header)
    {
        header = null;
        if (Scalar(connection, "PRAGMA application_id") is not (long)ApplicationId)
            return StoreError.Damaged;

        if (Scalar(connection, "PRAGMA user_version") is not (long)StoreHeader.CurrentFormat)
            return StoreError.UnknownVersion;

        if (Scalar(connection, "PRAGMA integrity_check") is not "ok")
            return StoreError.Damaged;

        header = StoreHeader.Read(connection);
        return header is { Format: StoreHeader.CurrentFormat, IsWellFormed: true } ? null : StoreError.Damaged;
    }

    private static StoreError? Unlock(StoreHeader header, StoreKey key, out StoreCipher? cipher)
    {
        cipher = null;
        if (!header.Fits(key))
            return StoreError.OtherKind(header.Kdf == StoreHeader.Pbkdf2);

        if (header.Unwrap(key) is not { } storeKey)
            return StoreError.WrongKey;

        cipher = new StoreCipher(storeKey);
        return null;
    }

    private static StoreError? CheckEntries(SqliteConnection connection, StoreCipher cipher)
    {
        var seal = new StoreSeal();
        using var command = connection.CreateCommand();
        command.CommandText = "SELECT kind, name, position, value FROM entries";
        using (var reader = command.ExecuteReader())
        {
            while (reader.Read())
                seal.Add(cipher.SealOf(reader.GetFieldValue<byte[]>(3), (EntryKind)reader.GetInt32(0), reader.GetFieldValue<byte[]>(1), reader.GetInt64(2)));
        }

        var expected = StoreTransaction.ReadSeal(connection, null, cipher);
        return expected is not null && expected.Encode().AsSpan().SequenceEqual(seal.Encode()) ? null : StoreError.Damaged;
    }

    private static void Initialise(SqliteConnection connection, StoreKey key)
    {
        Execute(connection, $"PRAGMA application_id = {ApplicationId}; PRAGMA user_version = {StoreHeader.CurrentFormat}; PRAGMA synchronous = FULL");
        var (header, storeKey) = StoreHeader.Create(key);
        using var cipher = new StoreCipher(storeKey);
        using var transaction = connection.BeginTransaction();
        Execute(connection, Schema, transaction);
        header.Write(connection, transaction);
        using var command = connection.CreateCommand();
        command.Transaction = transaction;
        command.CommandText = "INSERT INTO seal (id, value) VALUES (1, $value)";
        command.Parameters.AddWithValue("$value", cipher.EncryptSeal(new StoreSeal().Encode()));
        command.ExecuteNonQuery();
        transaction.Commit();
    }

    private const string Schema = """
        CREATE TABLE header (id INTEGER PRIMARY KEY CHECK (id = 1), format INTEGER NOT NULL, kdf TEXT NOT NULL, iterations INTEGER NOT NULL, salt BLOB NOT NULL, wrapped BLOB NOT NULL);
        CREATE TABLE seal (id INTEGER PRIMARY KEY CHECK (id = 1), value BLOB NOT NULL);
        CREATE TABLE entries (kind INTEGER NOT NULL, name BLOB NOT NULL, position INTEGER NOT NULL, value BLOB NOT NULL, PRIMARY KEY (kind, name)) WITHOUT ROWID;
        CREATE INDEX entries_by_position ON entries (kind, position);
        """;

    private static SqliteConnection Connect(string path)
    {
        var connection = new SqliteConnection(new SqliteConnectionStringBuilder { DataSource = path, Mode = SqliteOpenMode.ReadWrite, Pooling = false }.ToString());
        connection.Open();
        return connection;
    }

    private static void Execute(SqliteConnection connection, string sql, SqliteTransaction? transaction = null)
    {
        using var command = connection.CreateCommand();
        command.Transaction = transaction;
        command.CommandText = sql;
        command.ExecuteNonQuery();
    }

    private static object? Scalar(SqliteConnection connection, string sql)
    {
        using var command = connection.CreateCommand();
        command.CommandText = sql;
        return command.ExecuteScalar();
    }

    private static void CreateFolder(string folder)
    {
        if (OperatingSystem.IsWindows())
            Directory.CreateDirectory(folder);
        else
            Directory.CreateDirectory(folder, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute);
    }

    private static void CreateFile(string path)
    {
        var options = new FileStreamOptions { Mode = FileMode.CreateNew, Access = FileAccess.Write };
        if (!OperatingSystem.IsWindows())
            options.UnixCreateMode = UnixFileMode.UserRead | UnixFileMode.UserWrite;

        new FileStream(path, options).Dispose();
    }

    private static void DeleteWithJournals(string path)
    {
        foreach (var suffix in (string[])["", "-journal", "-wal", "-shm"])
            File.Delete(path + suffix);
    }
}
