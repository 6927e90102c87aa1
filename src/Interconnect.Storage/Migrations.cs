using System.Data.Common;
using System.Globalization;
using System.Reflection;
using System.Security.Cryptography;
using System.Text;
using Dapper;
using Npgsql;

namespace Interconnect.Storage;

/// <summary>
/// Applies numbered SQL files embedded in an assembly: resource names that end in <c>.Migrations.NNN_name.sql</c>, or <c>.NNN_name.postgres.sql</c> and
/// <c>.NNN_name.sqlite.sql</c> where the dialects differ. Each runs once, in order; all that are missing run in one transaction, and two processes at once wait for each
/// other. A file that ran is remembered by its SHA-256 and must not change afterwards. When none is missing nothing is written, so that a user who may not change tables can ask.
/// </summary>
public static class Migrations
{
    /// <summary>Brings the tables of <paramref name="component"/> up to date and returns how many files ran.</summary>
    /// <exception cref="MigrationException">The database was made by a newer version, a file that ran has changed since, or one is missing and this user may not change tables.</exception>
    /// <exception cref="DbException">The database is away, or refuses a file; nothing of it is applied.</exception>
    public static async Task<int> ApplyAsync(Database database, string component, Assembly assembly, CancellationToken cancellation)
    {
        var files = Read(assembly, database.IsPostgres);
        await using var connection = await database.OpenAsync(cancellation);
        if (await IsUpToDateAsync(connection, database.IsPostgres, component, files, cancellation))
        {
            return 0;
        }

        try
        {
            return await ApplyAsync(connection, database.IsPostgres, component, files, cancellation);
        }
        catch (PostgresException e) when (e.SqlState == PostgresErrorCodes.InsufficientPrivilege)
        {
            throw new MigrationException($"Migrations of '{component}' are missing and this user may not change tables: run 'interconnect database roles --apply' as their owner.");
        }
    }

    private static async Task<bool> IsUpToDateAsync(DbConnection connection, bool postgres, string component, SortedDictionary<int, string> files, CancellationToken cancellation)
    {
        var table = postgres ? "SELECT COUNT(*) FROM pg_tables WHERE schemaname = current_schema() AND tablename = 'interconnect_migrations'" : "SELECT COUNT(*) FROM sqlite_master WHERE name = 'interconnect_migrations'";
        if (await connection.ExecuteScalarAsync<long>(new CommandDefinition(table, cancellationToken: cancellation)) == 0)
        {
            return false;
        }

        var done = await DoneAsync(connection, component, null);
        Check(component, files, done);
        return files.Keys.All(done.ContainsKey);
    }

    private static async Task<Dictionary<int, string>> DoneAsync(DbConnection connection, string component, DbTransaction? transaction) =>
        (await connection.QueryAsync<(long Number, string Digest)>("SELECT number, digest FROM interconnect_migrations WHERE component = @component", new { component }, transaction))
            .ToDictionary(d => (int)d.Number, d => d.Digest);

    private static async Task<int> ApplyAsync(DbConnection connection, bool postgres, string component, SortedDictionary<int, string> files, CancellationToken cancellation)
    {
        await using var transaction = await BeginExclusiveAsync(connection, postgres, cancellation);
        await connection.ExecuteAsync(
            "CREATE TABLE IF NOT EXISTS interconnect_migrations (component TEXT NOT NULL, number BIGINT NOT NULL, digest TEXT NOT NULL, PRIMARY KEY (component, number))", transaction: transaction);
        var done = await DoneAsync(connection, component, transaction);
        Check(component, files, done);

        var ran = 0;
        foreach (var (number, sql) in files.Where(f => !done.ContainsKey(f.Key)))
        {
            await connection.ExecuteAsync(new CommandDefinition(sql, transaction: transaction, cancellationToken: cancellation));
            await connection.ExecuteAsync("INSERT INTO interconnect_migrations (component, number, digest) VALUES (@component, @number, @digest)", new { component, number, digest = Digest(sql) }, transaction);
            ran++;
        }

        await transaction.CommitAsync(cancellation);
        return ran;
    }

    private static void Check(string component, SortedDictionary<int, string> files, Dictionary<int, string> done)
    {
        var newest = files.Keys.Last();
        foreach (var (number, digest) in done)
        {
            if (number > newest)
            {
                throw new MigrationException($"The database holds migration {number} of '{component}', this version knows up to {newest}: start the newer version, or restore a backup.");
            }

            if (!files.TryGetValue(number, out var sql) || Digest(sql) != digest)
            {
                throw new MigrationException($"Migration {number} of '{component}' was applied in another form than this version has: it is not a database of a released version.");
            }
        }
    }

    private static string Digest(string sql) => Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(sql)));

    private static async Task<DbTransaction> BeginExclusiveAsync(DbConnection connection, bool postgres, CancellationToken cancellation)
    {
        if (!postgres)
        {
            return ((Microsoft.Data.Sqlite.SqliteConnection)connection).BeginTransaction(deferred: false);
        }

        var transaction = await connection.BeginTransactionAsync(cancellation);
        await connection.ExecuteAsync(new CommandDefinition("SELECT pg_advisory_xact_lock(7236471839201)", transaction: transaction, cancellationToken: cancellation));
        return transaction;
    }

    private static SortedDictionary<int, string> Read(Assembly assembly, bool postgres)
    {
        var files = new SortedDictionary<int, string>();
        foreach (var name in assembly.GetManifestResourceNames().Where(n => n.Contains(".Migrations.", StringComparison.Ordinal) && n.EndsWith(".sql", StringComparison.Ordinal)))
        {
            if (name.EndsWith(postgres ? ".sqlite.sql" : ".postgres.sql", StringComparison.Ordinal))
            {
                continue;
            }

            var file = name[(name.IndexOf(".Migrations.", StringComparison.Ordinal) + ".Migrations.".Length)..].TrimStart('_');
            using var reader = new StreamReader(assembly.GetManifestResourceStream(name)!);
            files.Add(int.Parse(file.AsSpan(0, 3), NumberStyles.None, CultureInfo.InvariantCulture), reader.ReadToEnd().ReplaceLineEndings("\n"));
        }

        return files.Count > 0 ? files : throw new InvalidOperationException($"{assembly.GetName().Name} embeds no migrations.");
    }
}
