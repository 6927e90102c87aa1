using System.Data.Common;
using System.Threading.Channels;
using Interconnect.Storage;

namespace Interconnect.Adapters.Hosting.Records;

/// <summary>
/// Writes of one network, in the order they were asked for, as many to a transaction as are waiting. Because they are serial, a statement may decide on what an
/// earlier one wrote. Bounded: a full queue makes the writer wait.
/// </summary>
internal sealed class GroupCommit : IAsyncDisposable
{
    private const int MostPerCommit = 512;
    private readonly Database database;
    private readonly Channel<Entry> queue = Channel.CreateBounded<Entry>(new BoundedChannelOptions(4_096) { SingleReader = true });
    private readonly Task loop;

    public GroupCommit(Database database)
    {
        this.database = database;
        loop = Task.Run(RunAsync);
    }

    /// <summary>Completes when committed.</summary>
    /// <exception cref="DbException">The database did not take it; nothing of it is stored.</exception>
    public async Task WriteAsync(IReadOnlyList<SqlStatement> statements, CancellationToken cancellation)
    {
        var entry = new Entry(statements, new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously));
        await queue.Writer.WriteAsync(entry, cancellation);
        await entry.Done.Task;
    }

    public async ValueTask DisposeAsync()
    {
        queue.Writer.TryComplete();
        await loop;
    }

    private async Task RunAsync()
    {
        var batch = new List<Entry>();
        while (await queue.Reader.WaitToReadAsync())
        {
            batch.Clear();
            while (batch.Count < MostPerCommit && queue.Reader.TryRead(out var entry))
            {
                batch.Add(entry);
            }

            await CommitAsync(batch);
        }
    }

    private async Task CommitAsync(List<Entry> batch)
    {
        DbConnection connection;
        try
        {
            connection = await database.OpenAsync(CancellationToken.None);
        }
        catch (Exception e)
        {
            batch.ForEach(entry => entry.Done.TrySetException(e));
            return;
        }

        await using (connection)
        {
            if (batch.Count > 1 && await TryExecuteAsync(connection, batch) is null)
            {
                return;
            }

            // One bad write must not fail its neighbours: each alone tells which it is.
            foreach (var entry in batch)
            {
                if (await TryExecuteAsync(connection, [entry]) is { } failure)
                {
                    entry.Done.TrySetException(failure);
                }
            }
        }
    }

    private static async Task<Exception?> TryExecuteAsync(DbConnection connection, List<Entry> batch)
    {
        try
        {
            await ExecuteAsync(connection, batch);
        }
        catch (Exception e)
        {
            return e;
        }

        batch.ForEach(entry => entry.Done.TrySetResult());
        return null;
    }

    private static async Task ExecuteAsync(DbConnection connection, List<Entry> batch)
    {
        await using var transaction = await connection.BeginTransactionAsync();
        if (connection.CanCreateBatch)
        {
            await using var commands = connection.CreateBatch();
            commands.Transaction = transaction;
            foreach (var statement in batch.SelectMany(e => e.Statements))
            {
                var command = commands.CreateBatchCommand();
                command.CommandText = statement.Sql;
                Bind(command.Parameters, command.CreateParameter, statement);
                commands.BatchCommands.Add(command);
            }

            await commands.ExecuteNonQueryAsync();
        }
        else
        {
            foreach (var statement in batch.SelectMany(e => e.Statements))
            {
                await using var command = connection.CreateCommand();
                command.Transaction = transaction;
                command.CommandText = statement.Sql;
                Bind(command.Parameters, command.CreateParameter, statement);
                await command.ExecuteNonQueryAsync();
            }
        }

        await transaction.CommitAsync();
    }

    private static void Bind(DbParameterCollection into, Func<DbParameter> create, SqlStatement statement)
    {
        foreach (var (name, value) in statement.Parameters)
        {
            var parameter = create();
            parameter.ParameterName = name;
            parameter.Value = value ?? DBNull.Value;
            into.Add(parameter);
        }
    }

    private sealed record Entry(IReadOnlyList<SqlStatement> Statements, TaskCompletionSource Done);
}
