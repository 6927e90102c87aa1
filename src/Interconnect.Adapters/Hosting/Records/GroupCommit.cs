using System.Data;
using System.Data.Common;
using System.Threading.Channels;
using Interconnect.Storage;

namespace Interconnect.Adapters.Hosting.Records;

/// <summary>
/// Writes of one network, in the order they were asked for, as many to a transaction as are waiting. Because they are serial, a statement may decide on what an
/// earlier one wrote. Bounded: a full queue makes the writer wait. They go through the lease's own connection, so that a host that lost its lease can write nothing.
/// </summary>
internal sealed class GroupCommit : IAsyncDisposable
{
    private const int MostPerCommit = 512;
    private readonly Lease lease;
    private readonly SemaphoreSlim connectionInUse = new(1);
    private readonly Channel<Entry> queue = Channel.CreateBounded<Entry>(new BoundedChannelOptions(4_096) { SingleReader = true });
    private readonly Task loop;

    public GroupCommit(Lease lease)
    {
        this.lease = lease;
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

    /// <summary>Whether the lease is still held; asked between two commits, because the connection serves one caller at a time.</summary>
    public async ValueTask<bool> IsHeldAsync(CancellationToken cancellation)
    {
        await connectionInUse.WaitAsync(cancellation);
        try
        {
            return await lease.IsHeldAsync(cancellation);
        }
        finally
        {
            connectionInUse.Release();
        }
    }

    public async ValueTask DisposeAsync()
    {
        queue.Writer.TryComplete();
        await loop;
        connectionInUse.Dispose();
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

            await connectionInUse.WaitAsync();
            try
            {
                await CommitAsync(batch);
            }
            finally
            {
                connectionInUse.Release();
            }
        }
    }

    private async Task CommitAsync(List<Entry> batch)
    {
        if (batch.Count > 1 && await TryExecuteAsync(batch) is null)
        {
            return;
        }

        // One bad write must not fail its neighbours: each alone tells which it is.
        foreach (var entry in batch)
        {
            if (await TryExecuteAsync([entry]) is { } failure)
            {
                entry.Done.TrySetException(failure);
            }
        }
    }

    private async Task<Exception?> TryExecuteAsync(List<Entry> batch)
    {
        if (lease.Connection.State != ConnectionState.Open)
        {
            return new LeaseLostException();
        }

        try
        {
            await ExecuteAsync(lease.Connection, batch);
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
