using System.Data.Common;
using Interconnect.Federation;
using Interconnect.Storage;

namespace Interconnect.Hub;

/// <summary>
/// One tenure of the lease. Start: (1) read where the last tenure ended, (2) put its outbox before anything new, (3) run the engine, (4) bind to the bus.
/// Stop: the other way round, finishing what is in flight. Abort: at once, as a crash would; nothing more is written.
/// </summary>
internal sealed class HubSession : IAsyncDisposable
{
    private readonly HubParts parts;
    private readonly OutboxDispatcher dispatcher;
    private readonly HubEngine engine;
    private readonly Sweeps sweeps;
    private readonly CommitVerification commits;
    private readonly CancellationTokenSource abort = new();
    private readonly List<IAsyncDisposable> bindings = [];
    private readonly Task running;
    private ITimer? timer;

    private HubSession(HubParts parts, HubStart start)
    {
        this.parts = parts;
        HubEngine? made = null;
        dispatcher = new OutboxDispatcher(parts.Publisher, ReadBodyAsync, page => made!.Confirmed(page), parts.Policy.Limits, parts.Clock);
        engine = made = new HubEngine(parts, start, dispatcher);
        sweeps = new Sweeps(parts, start);
        commits = new CommitVerification(parts.Database, parts.Policy, parts.Verifiers);
        foreach (var page in start.Outbox)
        {
            dispatcher.Enqueue(page);
        }

        running = Task.Run(() => engine.RunAsync(abort.Token));
        Ended = WatchAsync();
    }

    /// <summary>Completes when the engine has ended: with the exception that ended it, or without one after a stop.</summary>
    public Task Ended { get; }

    /// <summary>Starts and binds; completes when events are taken.</summary>
    /// <exception cref="DbException">The database is away.</exception>
    public static async Task<HubSession> StartAsync(HubParts parts, CancellationToken cancellation)
    {
        var session = new HubSession(parts, await HubStart.ReadAsync(parts.Lease.Connection, cancellation));
        try
        {
            parts.Metrics.Observe(session.dispatcher.Depths, () => session.engine.Parking.Count);
            var interval = parts.Policy.Options.SweepInterval;
            session.timer = parts.Clock.CreateTimer(_ => session.engine.Sweep(session.sweeps.RunAsync), null, interval, interval);
            await session.BindAsync(cancellation);
            return session;
        }
        catch
        {
            await session.DisposeAsync();
            throw;
        }
    }

    /// <summary>Takes nothing new, publishes what it can until cancelled, and leaves the rest in the database.</summary>
    public async Task StopAsync(CancellationToken cancellation)
    {
        foreach (var binding in bindings)
        {
            await binding.DisposeAsync();
        }

        bindings.Clear();
        if (timer is not null)
        {
            await timer.DisposeAsync();
        }

        await dispatcher.DrainAsync(cancellation);
        engine.Complete();
        await running;
    }

    /// <summary>Ends at once. After <see cref="StopAsync"/> there is nothing left to end.</summary>
    public async ValueTask DisposeAsync()
    {
        if (timer is not null)
        {
            await timer.DisposeAsync();
        }

        await abort.CancelAsync();
        engine.Complete();
        await Quietly(running);
        await dispatcher.AbortAsync();
        foreach (var binding in bindings)
        {
            await binding.DisposeAsync();
        }

        bindings.Clear();
        abort.Dispose();
    }

    private async Task BindAsync(CancellationToken cancellation)
    {
        foreach (var (address, stream) in new (BusAddress, HubStream)[] { (new BusAddress.Report(), HubStream.Report), (new BusAddress.Submit(), HubStream.Submit) })
        {
            var bound = parts.Consumer.ConsumeAsync(address, (batch, token) => HandleAsync(stream, batch, token), cancellation).AsTask();
            await Task.WhenAny(bound, Ended);
            if (!bound.IsCompleted)
            {
                _ = bound.ContinueWith(static t => t.Result.DisposeAsync().AsTask(), CancellationToken.None, TaskContinuationOptions.OnlyOnRanToCompletion, TaskScheduler.Default);
                await Ended;
            }

            bindings.Add(await bound);
        }
    }

    // (3) of the way of a message. Returning acknowledges, so it returns after the commit; an exception acknowledges nothing.
    private async ValueTask<IReadOnlyList<Unusable>> HandleAsync(HubStream stream, BusBatch batch, CancellationToken cancellation)
    {
        var prepared = Preparation.Prepare(stream, batch.Bodies, parts.Policy, parts.Verifiers, parts.Budgets, parts.Lists, parts.Clock.GetUtcNow(), out var unusable);
        await engine.HandleAsync(await commits.JudgeAsync(prepared, cancellation), cancellation);
        return unusable;
    }

    private async Task WatchAsync() => await await Task.WhenAny(running, dispatcher.Failed);

    private async Task<byte[]?> ReadBodyAsync(long page, CancellationToken cancellation)
    {
        byte[]? body = null;
        await using var connection = await parts.Database.OpenAsync(cancellation);
        await new StatementBatch().Query(OutboxStore.Body, [page], row => body = row.GetFieldValue<byte[]>(0)).ExecuteAsync(connection, cancellation);
        return body;
    }

    private static async Task Quietly(Task task)
    {
        try
        {
            await task;
        }
        catch (Exception e) when (e is not OutOfMemoryException)
        {
            // Why the session ended was said by Ended.
        }
    }
}
