using System.Data.Common;
using System.Diagnostics;
using Interconnect.Federation;
using Interconnect.Storage;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;

namespace Interconnect.Hub;

/// <summary>
/// The hub as a hosted service: takes the lease or stands by, applies migrations, runs a session, and starts over when the database or the lease is lost.
/// Never fails the host's start: what is wrong stands in <see cref="HubStatus"/>.
/// </summary>
internal sealed class HubRole : IHostedService, IAsyncDisposable
{
    private const string LeaseName = "hub";
    private const int MaxBackOffDoublings = 5;

    private readonly HubOptions options;
    private readonly HubPolicy policy;
    private readonly HubDatabase database;
    private readonly HubStatus status;
    private readonly HubMetrics metrics;
    private readonly IBusPublisher publisher;
    private readonly IBusConsumer consumer;
    private readonly TimeProvider clock;
    private readonly ILogger<HubRole> log;
    private readonly ClockWatch watch;
    private readonly CancellationTokenSource stopping = new();
    private CancellationToken drainUntil = CancellationToken.None;
    private bool aborted;
    private bool disposed;
    private Task running = Task.CompletedTask;

    public HubRole(
        HubOptions options, HubDatabase database, HubStatus status, HubMetrics metrics, IBusPublishers publishers, IBusConsumer consumer, TimeProvider clock, ILogger<HubRole> log)
    {
        this.options = options;
        this.database = database;
        this.status = status;
        this.metrics = metrics;
        publisher = publishers.As(new BusSender.HubProvider());
        this.consumer = consumer;
        this.clock = clock;
        this.log = log;
        policy = new HubPolicy(options);
        Budgets = new SenderBudgets(policy.Limits);
        watch = new ClockWatch(clock, options, status, metrics, log);
    }

    /// <summary>One a process, so that a lost lease gives nobody a full one.</summary>
    internal SenderBudgets Budgets { get; }

    internal FrameVerifiers Verifiers { get; } = new(FrameVerifiers.Kept);

    /// <summary>Tests put failures around the commit.</summary>
    internal Func<CommitStep, CommitStep> AroundCommit { get; set; } = static commit => commit;

    public Task StartAsync(CancellationToken cancellation)
    {
        running = Task.Run(RunAsync, CancellationToken.None);
        return Task.CompletedTask;
    }

    /// <summary>Finishes what is in flight until <paramref name="cancellation"/>; what remains is published by the next start.</summary>
    public async Task StopAsync(CancellationToken cancellation)
    {
        drainUntil = cancellation;
        await stopping.CancelAsync();
        await running;
    }

    /// <summary>Without a stop before it: ends at once, as a crash would. The services dispose it once for each of its registrations.</summary>
    public async ValueTask DisposeAsync()
    {
        if (Interlocked.Exchange(ref disposed, true))
        {
            return;
        }

        aborted = true;
        await stopping.CancelAsync();
        await running;
        stopping.Dispose();
    }

    private async Task RunAsync()
    {
        var failures = 0;
        while (!stopping.IsCancellationRequested)
        {
            var wait = options.RetryInterval;
            try
            {
                if (await TenureAsync())
                {
                    failures = 0;
                }
            }
            catch (OperationCanceledException) when (stopping.IsCancellationRequested)
            {
                break;
            }
            catch (Exception e) when (e is not OutOfMemoryException)
            {
                var reason = Describe(e);
                status.Set(HubState.Unavailable, reason);
                log.LogWarning("The hub is not available: {Reason}", reason);
                wait *= 1 << Math.Min(failures++, MaxBackOffDoublings);
            }

            await DelayAsync(wait);
        }

        status.Set(HubState.Stopped, "the hub is stopped");
    }

    /// <summary>One try for the lease and, with it, one session to its end. False when another process holds the lease.</summary>
    private async Task<bool> TenureAsync()
    {
        if (status.Current.State != HubState.Standby)
        {
            status.Set(HubState.Starting, "opening the database");
        }

        await using var lease = await Lease.TryAcquireAsync(database.Database, LeaseName, stopping.Token);
        if (lease is null)
        {
            if (status.Current.State != HubState.Standby)
            {
                log.LogInformation("Another process holds the hub's lease; standing by");
            }

            status.Set(HubState.Standby, "another process holds the hub's lease; standing by");
            return false;
        }

        await Migrations.ApplyAsync(database.Database, "hub", typeof(HubRole).Assembly, stopping.Token);
        var commit = AroundCommit((batch, cancellation) => batch.ExecuteAsync(lease.Connection, cancellation));
        var parts = new HubParts(database.Database, lease, commit, policy, Verifiers, Budgets, new KnownLists(KnownLists.Kept), publisher, consumer, metrics, clock, watch, log);
        status.Set(HubState.Starting, "waiting for the bus");
        await using var session = await HubSession.StartAsync(parts, stopping.Token);
        status.Set(HubState.Active);
        log.LogInformation("The hub is active");
        await Task.WhenAny(session.Ended, Task.Delay(Timeout.InfiniteTimeSpan, clock, stopping.Token));
        if (session.Ended.IsCompleted)
        {
            // Out of the way first: until the session is gone nothing may look ready.
            status.Set(HubState.Unavailable, "the hub's session ended");
            await session.Ended;
        }
        else if (!aborted)
        {
            status.Set(HubState.Stopping, "finishing what is in flight");
            await session.StopAsync(drainUntil);
        }

        return true;
    }

    private async Task DelayAsync(TimeSpan wait)
    {
        try
        {
            await Task.Delay(wait, clock, stopping.Token);
        }
        catch (OperationCanceledException)
        {
            // Stopping.
        }
    }

    // Messages of exceptions that are not ours might hold values; types and codes do not.
    private static string Describe(Exception e) => e switch
    {
        HubUnavailableException => e.Message,
        _ when DatabaseErrors.Classify(e) is not null => DatabaseErrors.Describe(e),
        UnauthorizedAccessException => "the database file or its lease may not be opened",
        InvalidDataException or MigrationException => e.Message,
        _ => $"a defect: {e.GetType().Name} in {new StackTrace(e).GetFrame(0)?.GetMethod()?.Name}",
    };
}
