using Interconnect.Adapters.Hosting.Records;
using Interconnect.Federation;
using Interconnect.Storage;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;

namespace Interconnect.Adapters.Hosting;

/// <summary>
/// Hosts one network's adapter: a single writer by lease, what it receives goes to the hub (<see cref="AdapterIntake"/>), what the hub fans out goes to it
/// (<see cref="DeliveryConsumer"/>, <see cref="WaitingRoom"/>), outcomes go back (<see cref="Reporter"/>). When it cannot run it says why and tries again.
/// </summary>
internal sealed class AdapterRole(
    AdapterHostOptions options,
    Func<INetworkAdapter> makeAdapter,
    Database database,
    IBusPublishers publishers,
    IBusConsumer consumer,
    TimeProvider clock,
    ILogger<AdapterRole> logger) : BackgroundService, IAdapterHealth
{
    private static readonly TimeSpan LeaseCheck = TimeSpan.FromSeconds(5);
    private static readonly TimeSpan Sweep = TimeSpan.FromHours(1);
    private volatile AdapterStatus status = new(AdapterState.Starting, "not started yet");
    private volatile WaitingRoom? waitingRoom;

    /// <inheritdoc/>
    public NetworkId Network { get; } = NetworkId.Parse(options.Network);

    /// <inheritdoc/>
    public AdapterStatus Status => status;

    /// <inheritdoc/>
    public long Waiting => waitingRoom?.Count ?? 0;

    /// <inheritdoc/>
    public async ValueTask<string?> WhyNotReadyAsync(CancellationToken cancellation) =>
        await database.WhyNotReadyAsync(cancellation) ?? status switch
        {
            { State: AdapterState.Connected } => Waiting >= options.MaxWaiting ? "too many deliveries wait for the network" : null,
            { Reason: { } reason } => reason,
            { State: var state } => state.ToString().ToLowerInvariant(),
        };

    /// <inheritdoc/>
    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        using var metrics = new AdapterMetrics(Network, () => Waiting, () => status.State);
        while (!stoppingToken.IsCancellationRequested)
        {
            try
            {
                await RunOnceAsync(metrics, stoppingToken);
            }
            catch (OperationCanceledException) when (stoppingToken.IsCancellationRequested)
            {
                break;
            }
            catch (Exception e)
            {
                NotRunning(e is AdapterStartException or MigrationException ? e.Message : WaitingRoom.Failure(e));
            }

            try
            {
                await Task.Delay(options.RestartPause, clock, stoppingToken);
            }
            catch (OperationCanceledException)
            {
                break;
            }
        }

        Change(new AdapterStatus(AdapterState.Stopped));
    }

    private async Task RunOnceAsync(AdapterMetrics metrics, CancellationToken stopping)
    {
        await Migrations.ApplyAsync(database, "adapters", typeof(AdapterRole).Assembly, stopping);
        await using var lease = await Lease.TryAcquireAsync(database, "adapter." + Network.Value, stopping);
        if (lease is null)
        {
            NotRunning("another process runs this network");
            return;
        }

        // Cancelled as soon as the role stops or has lost its lease, before the binding and the adapter are let go.
        using var ended = CancellationTokenSource.CreateLinkedTokenSource(stopping);
        await using var writes = new GroupCommit(lease);
        await using var adapter = makeAdapter();
        var deliveries = new DeliveryRecords(database, Network);
        var origins = new OriginRecords(database, Network);
        var publisher = publishers.As(new BusSender.Network(Network));
        var reporter = new Reporter(Network, publisher, writes, deliveries, metrics, clock, logger);
        var step = new DeliveryStep(adapter, options, writes, deliveries, origins, metrics, clock);
        var waiting = new WaitingRoom(adapter, step, options, writes, deliveries, new WaitingRecords(database, Network), reporter, metrics, clock, logger);
        var intake = new AdapterIntake(Network, options, publisher, writes, deliveries, origins, reporter, metrics, clock, logger);
        var handler = new DeliveryConsumer(adapter, step, options, writes, deliveries, waiting, reporter, metrics, clock, logger, ended.Token);
        waitingRoom = waiting;
        await waiting.LoadAsync(stopping);
        intake.Changed += changed =>
        {
            Change(changed);
            if (changed.State == AdapterState.Connected)
            {
                waiting.Wake();
            }
        };

        using var ending = new CancellationTokenSource();
        List<Task> loops = [];
        try
        {
            await adapter.StartAsync(intake, stopping);
            Change(adapter.Status);
            loops = [reporter.RunAsync(ending.Token), waiting.RunAsync(ended.Token), SweepAsync(writes, deliveries, origins, ending.Token), HoldAsync(writes, ending.Token)];
            await using (await consumer.ConsumeAsync(new BusAddress.Deliver(Network), handler.HandleAsync, stopping))
            {
                await Task.WhenAny([.. loops, Task.Delay(Timeout.InfiniteTimeSpan, clock, ended.Token)]);
                await ended.CancelAsync();
            }

            await adapter.StopAsync(CancellationToken.None);
        }
        finally
        {
            await ended.CancelAsync();
            await ending.CancelAsync();
            await Task.WhenAll(loops).ContinueWith(_ => { }, CancellationToken.None, TaskContinuationOptions.None, TaskScheduler.Default);
            waitingRoom = null;
        }

        // A loop that failed is the reason for ending; the lease's loop ends without a failure.
        await Task.WhenAll(loops.Where(l => l.IsFaulted));
        if (!stopping.IsCancellationRequested)
        {
            NotRunning("the lease was lost");
        }
    }

    private async Task HoldAsync(GroupCommit writes, CancellationToken cancellation)
    {
        while (await writes.IsHeldAsync(cancellation))
        {
            await Task.Delay(LeaseCheck, clock, cancellation);
        }
    }

    private async Task SweepAsync(GroupCommit writes, DeliveryRecords deliveries, OriginRecords origins, CancellationToken cancellation)
    {
        while (true)
        {
            var now = clock.GetUtcNow();
            var before = (now - options.Remember).ToUnixTimeMilliseconds();
            try
            {
                await writes.WriteAsync([.. deliveries.Forget(before, (now - options.RememberReceipts).ToUnixTimeMilliseconds()), origins.Forget(before)], cancellation);
            }
            catch (System.Data.Common.DbException e)
            {
                Log.WaitingStuck(logger, Network.Value, e.GetType().Name);
            }

            await Task.Delay(Sweep, clock, cancellation);
        }
    }

    private void NotRunning(string reason)
    {
        Log.NotRunning(logger, Network.Value, reason);
        if (status.State != AdapterState.BadCredentials)
        {
            Change(new AdapterStatus(AdapterState.Degraded, reason));
        }
    }

    private void Change(AdapterStatus changed)
    {
        if (changed != status)
        {
            status = changed;
            Log.State(logger, Network.Value, changed.State.ToString(), changed.Reason);
        }
    }
}
