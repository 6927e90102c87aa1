using System.Data.Common;
using System.Globalization;
using System.Reflection;
using Dapper;

namespace Interconnect.Storage;

/// <summary>
/// Applies numbered SQL files embedded in an assembly: resource names that end in <c>.Migrations.NNN_name.sql</c>, or <c>.NNN_name.postgres.sql</c> and
/// <c>.NNN_name.sqlite.sql</c> where the dialects differ. Each runs once, in order, in a transaction of its own; two processes at once wait for each other.
/// </summary>
public static class Migrations
{
    /// <summary>Brings the tables of <paramref name="component"/> up to date and returns how many files ran.</summary>
    /// <exception cref="InvalidOperationException">The database was made by a newer version.</exception>
    public static async Task<int> ApplyAsync(Database database, string component, Assembly assembly, CancellationToken cancellation)
    {
        var files = Read(assembly, database.IsPostgres);
        await using var connection = await database.OpenAsync(cancellation);
        await using var transaction = await BeginExclusiveAsync(connection, database.IsPostgres, cancellation);
        await connection.ExecuteAsync("CREATE TABLE IF NOT EXISTS interconnect_migrations (component TEXT NOT NULL, number INTEGER NOT NULL, PRIMARY KEY (component, number))", transaction: transaction);
        var done = (await connection.QueryAsync<int>("SELECT number FROM interconnect_migrations WHERE component = @component", new { component }, transaction)).ToHashSet();
        if (done.Count > 0 && done.Max() > files.Keys.Max())
        {
            throw new InvalidOperationException($"The database holds migration {done.Max()} of '{component}', this version knows up to {files.Keys.Max()}: start the newer version, or restore a backup.");
        }

        var ran = 0;
        foreach (var (number, sql) in files.Where(f => !done.Contains(f.Key)))
        {
            await connection.ExecuteAsync(new CommandDefinition(sql, transaction: transaction, cancellationToken: cancellation));
            await connection.ExecuteAsync("INSERT INTO interconnect_migrations (component, number) VALUES (@component, @number)", new { component, number }, transaction);
            ran++;
        }

        await transaction.CommitAsync(cancellation);
        return ran;
    }

    private static async Task<DbTransaction> BeginExclusiveAsync(DbConnection connection, bool postgres, CancellationToken cancellation)
    {
        if (!postgres)
        {
            return ((Microsoft.Data.Sqlite.SqliteConnection)connection).BeginTransaction(deferred: false);
        }

        var transaction = await connection.BeginTransactionAsync(cancellation);
        await connection.ExecuteAsync("SELECT pg_advisory_xact_lock(7236471839201)", transaction: transaction);
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
            files.Add(int.Parse(file.AsSpan(0, 3), NumberStyles.None, CultureInfo.InvariantCulture), reader.ReadToEnd());
        }

        return files.Count > 0 ? files : throw new InvalidOperationException($"{assembly.GetName().Name} embeds no migrations.");
    }
}
