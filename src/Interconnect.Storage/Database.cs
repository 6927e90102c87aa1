using System.Data.Common;
using Dapper;
using Microsoft.Data.Sqlite;
using Npgsql;

namespace Interconnect.Storage;

/// <summary>Opens connections to PostgreSQL or SQLite. A committed transaction is on stable storage in both (SQLite: WAL with synchronous=FULL).</summary>
public sealed class Database : IAsyncDisposable
{
    private const UnixFileMode OwnerOnly = UnixFileMode.UserRead | UnixFileMode.UserWrite;

    private readonly NpgsqlDataSource? postgres;
    private readonly string? sqlite;

    private Database(NpgsqlDataSource? postgres, string? sqlite)
    {
        this.postgres = postgres;
        this.sqlite = sqlite;
    }

    /// <summary>Whether it is PostgreSQL; else SQLite.</summary>
    public bool IsPostgres => postgres is not null;

    /// <summary>The SQLite file's full path; null on PostgreSQL.</summary>
    public string? FilePath { get; private init; }

    /// <summary>A database by its options; nothing is opened yet.</summary>
    /// <exception cref="ArgumentException">The connection string cannot be read; <see cref="DatabaseOptions.Problems"/> says so beforehand.</exception>
    public static Database Create(DatabaseOptions options)
    {
        if (options.Provider == "postgres")
        {
            return new Database(NpgsqlDataSource.Create(Tuned(options.ConnectionString)), null);
        }

        var path = Path.GetFullPath(options.ConnectionString);
        var builder = new SqliteConnectionStringBuilder { DataSource = path, Pooling = true, ForeignKeys = true, DefaultTimeout = 30 };
        return new Database(null, builder.ToString()) { FilePath = path };
    }

    /// <summary>An open connection; dispose it after use.</summary>
    /// <exception cref="DbException">The database cannot be reached; a state of the outside world, which callers turn into a reason.</exception>
    public async ValueTask<DbConnection> OpenAsync(CancellationToken cancellation)
    {
        if (postgres is not null)
        {
            return await postgres.OpenConnectionAsync(cancellation);
        }

        CreateFile(FilePath!);
        var connection = new SqliteConnection(sqlite);
        try
        {
            await connection.OpenAsync(cancellation);
            await connection.ExecuteAsync("PRAGMA busy_timeout=30000; PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL;");
            return connection;
        }
        catch
        {
            await connection.DisposeAsync();
            throw;
        }
    }

    /// <summary>Null when the database answers; else the reason in plain words, without credentials.</summary>
    public async ValueTask<string?> WhyNotReadyAsync(CancellationToken cancellation)
    {
        try
        {
            await using var connection = await OpenAsync(cancellation);
            await connection.ExecuteScalarAsync<int>(new CommandDefinition("SELECT 1", cancellationToken: cancellation));
            return null;
        }
        catch (Exception e) when (DatabaseErrors.Classify(e) is not null || e is UnauthorizedAccessException)
        {
            return DatabaseErrors.Describe(e);
        }
    }

    /// <inheritdoc/>
    public ValueTask DisposeAsync()
    {
        if (sqlite is not null)
        {
            SqliteConnection.ClearPool(new SqliteConnection(sqlite));
        }

        return postgres?.DisposeAsync() ?? ValueTask.CompletedTask;
    }

    internal static string Tuned(string connectionString)
    {
        var builder = new NpgsqlConnectionStringBuilder(connectionString);

        // The stores send few distinct statements; preparing them spares the server parsing and planning each time.
        if (builder.MaxAutoPrepare == 0)
        {
            builder.MaxAutoPrepare = 100;
            builder.AutoPrepareMinUsages = 2;
        }

        // A session whose other end is gone without a word (partition, power loss) must end in seconds on both sides: on the server's side it holds a lease.
        if (builder.KeepAlive == 0)
        {
            builder.KeepAlive = 10;
        }

        if (string.IsNullOrEmpty(builder.Options))
        {
            builder.Options = "-c tcp_keepalives_idle=10 -c tcp_keepalives_interval=5 -c tcp_keepalives_count=3 -c tcp_user_timeout=30000";
        }

        builder.ApplicationName ??= "interconnect";
        return builder.ToString();
    }

    // The file holds who writes to whom, so it is born readable by its owner only; SQLite gives its -wal and -shm files the same mode.
    private static void CreateFile(string path)
    {
        Directory.CreateDirectory(Path.GetDirectoryName(path)!);
        if (File.Exists(path) || OperatingSystem.IsWindows())
        {
            return;
        }

        try
        {
            using var created = new FileStream(path, new FileStreamOptions { Mode = FileMode.CreateNew, Access = FileAccess.Write, UnixCreateMode = OwnerOnly });
        }
        catch (IOException) when (File.Exists(path))
        {
            // Another process or thread was first; it created the file the same way.
        }
    }
}
