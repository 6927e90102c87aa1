using System.Data;
using System.Data.Common;
using Dapper;

namespace Interconnect.Storage;

/// <summary>
/// Makes a role a single writer. On PostgreSQL a session advisory lock, which the server drops when the holder's session ends (kill -9 included); on SQLite
/// an exclusively locked file beside the database, which the kernel drops.
/// A holder writes through <see cref="Connection"/> only: on PostgreSQL that is the session that has the lock, so a write of a holder that lost it cannot be
/// committed; there is no moment between the check and the write.
/// </summary>
/// <remarks>Session locks do not work through a connection pooler in transaction mode; connect the holder directly.</remarks>
public sealed class Lease : IAsyncDisposable
{
    private readonly FileStream? file;
    private bool disposed;

    private Lease(DbConnection connection, FileStream? file)
    {
        Connection = connection;
        this.file = file;
    }

    /// <summary>The connection to write through; not for two callers at once. Owned by the lease.</summary>
    public DbConnection Connection { get; }

    /// <summary>The lease of <paramref name="name"/>, or null when another holds it.</summary>
    /// <exception cref="DbException">The database cannot be reached.</exception>
    public static async ValueTask<Lease?> TryAcquireAsync(Database database, string name, CancellationToken cancellation)
    {
        var file = database.IsPostgres ? null : TryLockFile($"{database.FilePath}.{name}.lease");
        if (!database.IsPostgres && file is null)
        {
            return null;
        }

        DbConnection? connection = null;
        try
        {
            connection = await database.OpenAsync(cancellation);
            if (!database.IsPostgres || await connection.ExecuteScalarAsync<bool>(new CommandDefinition("SELECT pg_try_advisory_lock(hashtextextended(@name, 8251))", new { name }, cancellationToken: cancellation)))
            {
                return new Lease(connection, file);
            }
        }
        catch
        {
            await ReleaseAsync(connection, file);
            throw;
        }

        await ReleaseAsync(connection, file);
        return null;
    }

    /// <summary>
    /// False when the lease was lost: the session that holds the lock broke, or the lease file is no longer ours. Uses <see cref="Connection"/>, so not while a write runs.
    /// </summary>
    public async ValueTask<bool> IsHeldAsync(CancellationToken cancellation)
    {
        if (disposed || Connection.State != ConnectionState.Open)
        {
            return false;
        }

        if (file is not null)
        {
            // Somebody removed the file and so opened the door to a second holder of a new one.
            return File.Exists(file.Name);
        }

        try
        {
            return await Connection.ExecuteScalarAsync<int>(new CommandDefinition("SELECT 1", commandTimeout: 10, cancellationToken: cancellation)) == 1;
        }
        catch (Exception e) when (DatabaseErrors.Classify(e) is not null)
        {
            return false;
        }
    }

    /// <summary>Gives the lease back.</summary>
    public async ValueTask DisposeAsync()
    {
        if (disposed)
        {
            return;
        }

        disposed = true;
        if (file is null && Connection.State == ConnectionState.Open)
        {
            try
            {
                await Connection.ExecuteAsync("SELECT pg_advisory_unlock_all()");
            }
            catch (Exception e) when (DatabaseErrors.Classify(e) is not null)
            {
                // The session is gone, and the server has dropped the lock with it.
            }
        }

        await ReleaseAsync(Connection, file);
    }

    private static async ValueTask ReleaseAsync(DbConnection? connection, FileStream? file)
    {
        if (connection is not null)
        {
            await connection.DisposeAsync();
        }

        if (file is not null)
        {
            await file.DisposeAsync();
        }
    }

    private static FileStream? TryLockFile(string path)
    {
        Directory.CreateDirectory(Path.GetDirectoryName(path)!);
        var options = new FileStreamOptions { Mode = FileMode.OpenOrCreate, Access = FileAccess.ReadWrite, Share = FileShare.None };
        if (!OperatingSystem.IsWindows())
        {
            options.UnixCreateMode = UnixFileMode.UserRead | UnixFileMode.UserWrite;
        }

        try
        {
            return new FileStream(path, options);
        }
        catch (IOException)
        {
            return null;
        }
    }
}
