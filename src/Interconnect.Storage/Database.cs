using System.Data.Common;
using Dapper;
using Microsoft.Data.Sqlite;
using Npgsql;

namespace Interconnect.Storage;

/// <summary>Opens connections to PostgreSQL or SQLite. A committed transaction is on stable storage in both (SQLite: WAL with synchronous=FULL).</summary>
public sealed class Database : IAsyncDisposable
{
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
    public static Database Create(DatabaseOptions options)
    {
        if (options.Provider == "postgres")
        {
            return new Database(NpgsqlDataSource.Create(options.ConnectionString), null);
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

        Directory.CreateDirectory(Path.GetDirectoryName(FilePath)!);
        var connection = new SqliteConnection(sqlite);
        await connection.OpenAsync(cancellation);
        await connection.ExecuteAsync("PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL; PRAGMA busy_timeout=30000;");
        return connection;
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
        catch (PostgresException e)
        {
            return $"the database refuses: SQLSTATE {e.SqlState}";
        }
        catch (DbException e)
        {
            return "the database cannot be reached: " + (e.InnerException?.GetType().Name ?? e.GetType().Name);
        }
    }

    /// <inheritdoc/>
    public ValueTask DisposeAsync() => postgres?.DisposeAsync() ?? ValueTask.CompletedTask;
}
