using System.Data.Common;
using Dapper;

namespace Interconnect.Storage;

/// <summary>
/// Makes a role a single writer: on PostgreSQL a session advisory lock, which the server drops when the holder's connection ends (kill -9 included); on SQLite
/// an exclusively opened file beside the database, which the kernel drops.
/// </summary>
public sealed class Lease : IAsyncDisposable
{
    private readonly DbConnection? connection;
    private readonly FileStream? file;

    private Lease(DbConnection? connection, FileStream? file)
    {
        this.connection = connection;
        this.file = file;
    }

    /// <summary>The lease of <paramref name="name"/>, or null when another process holds it.</summary>
    public static async ValueTask<Lease?> TryAcquireAsync(Database database, string name, CancellationToken cancellation)
    {
        if (database.IsPostgres)
        {
            var connection = await database.OpenAsync(cancellation);
            if (await connection.ExecuteScalarAsync<bool>(new CommandDefinition("SELECT pg_try_advisory_lock(hashtextextended(@name, 8251))", new { name }, cancellationToken: cancellation)))
            {
                return new Lease(connection, null);
            }

            await connection.DisposeAsync();
            return null;
        }

        try
        {
            Directory.CreateDirectory(Path.GetDirectoryName(database.FilePath)!);
            return new Lease(null, new FileStream($"{database.FilePath}.{name}.lease", FileMode.OpenOrCreate, FileAccess.ReadWrite, FileShare.None));
        }
        catch (IOException)
        {
            return null;
        }
    }

    /// <summary>False when the lease was lost (the database connection broke): stop writing at once.</summary>
    public async ValueTask<bool> IsHeldAsync(CancellationToken cancellation)
    {
        if (connection is null)
        {
            return file is { CanWrite: true };
        }

        try
        {
            return await connection.ExecuteScalarAsync<int>(new CommandDefinition("SELECT 1", cancellationToken: cancellation)) == 1;
        }
        catch (DbException)
        {
            return false;
        }
    }

    /// <summary>Gives the lease back.</summary>
    public async ValueTask DisposeAsync()
    {
        if (connection is not null)
        {
            try
            {
                await connection.ExecuteAsync("SELECT pg_advisory_unlock_all()");
            }
            catch (DbException)
            {
                // The connection is gone, and the server has dropped the lock with it.
            }

            await connection.DisposeAsync();
        }

        if (file is not null)
        {
            await file.DisposeAsync();
        }
    }
}
