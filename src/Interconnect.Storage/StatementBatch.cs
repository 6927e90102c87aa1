using System.Data.Common;
using Microsoft.Data.Sqlite;
using Npgsql;

namespace Interconnect.Storage;

/// <summary>
/// Statements over many rows that go together: on PostgreSQL one round trip and one implicit transaction, on SQLite one transaction. Either all of it is committed
/// or nothing. Statements run in the order they were added; an empty row list adds nothing.
/// </summary>
public sealed class StatementBatch
{
    private readonly List<Func<NpgsqlBatchCommand>> postgres = [];
    private readonly List<Action<SqliteConnection, SqliteTransaction?>> sqlite = [];
    private readonly List<Action<DbDataReader>?> readers = [];

    /// <summary>How many statements wait.</summary>
    public int Count => postgres.Count;

    /// <summary>Whether a statement reads rows only; a batch of readers needs no write lock on SQLite.</summary>
    public bool ReadsOnly => readers.TrueForAll(r => r is not null);

    /// <summary>Adds a statement that changes rows.</summary>
    public StatementBatch Add<TRow>(RowStatement<TRow> statement, IReadOnlyList<TRow> rows) => Add(statement, rows, null);

    /// <summary>Adds a query; <paramref name="read"/> is called for each row that it gives.</summary>
    public StatementBatch Query<TRow>(RowStatement<TRow> statement, IReadOnlyList<TRow> rows, Action<DbDataReader> read) => Add(statement, rows, read);

    /// <summary>Runs it all. Returning means committed.</summary>
    /// <exception cref="DbException">Sort it with <see cref="DatabaseErrors.Classify"/>; only <see cref="DatabaseFailure.Unavailable"/> leaves open whether it was committed.</exception>
    public async Task ExecuteAsync(DbConnection connection, CancellationToken cancellation)
    {
        if (Count == 0)
        {
            return;
        }

        if (connection is NpgsqlConnection server)
        {
            await OnPostgresAsync(server, cancellation);
        }
        else
        {
            OnSqlite((SqliteConnection)connection);
        }
    }

    private StatementBatch Add<TRow>(RowStatement<TRow> statement, IReadOnlyList<TRow> rows, Action<DbDataReader>? read)
    {
        if (rows.Count > 0)
        {
            postgres.Add(() => statement.ForPostgres(rows));
            sqlite.Add((connection, transaction) => statement.OnSqlite(connection, transaction, rows, read));
            readers.Add(read);
        }

        return this;
    }

    // Without an explicit transaction Npgsql sends the batch with one Sync at its end: the server runs it as one implicit transaction and commits at the Sync.
    private async Task OnPostgresAsync(NpgsqlConnection connection, CancellationToken cancellation)
    {
        await using var batch = new NpgsqlBatch(connection);
        foreach (var make in postgres)
        {
            batch.BatchCommands.Add(make());
        }

        await using var reader = await batch.ExecuteReaderAsync(cancellation);
        var withRows = new Queue<Action<DbDataReader>>(readers.OfType<Action<DbDataReader>>());
        while (withRows.TryDequeue(out var read))
        {
            while (await reader.ReadAsync(cancellation))
            {
                read(reader);
            }

            await reader.NextResultAsync(cancellation);
        }

        while (await reader.NextResultAsync(cancellation))
        {
        }
    }

    private void OnSqlite(SqliteConnection connection)
    {
        using var transaction = connection.BeginTransaction(deferred: ReadsOnly);
        foreach (var run in sqlite)
        {
            run(connection, transaction);
        }

        transaction.Commit();
    }
}
