using System.Data.Common;
using Interconnect.Adapters.Hosting.Records;
using Interconnect.Federation;
using Microsoft.Extensions.Logging;

namespace Interconnect.Adapters.Hosting;

/// <summary>
/// Conversations whose next delivery cannot be made now: the network deferred it, or a defect of ours parked it. They wait in the database, in order, and later
/// deliveries of the same conversation queue behind them; other conversations go on. Each is tried again by a timer with back-off, and when the network comes back.
/// </summary>
internal sealed class WaitingRoom(
    INetworkAdapter adapter,
    DeliveryStep step,
    AdapterHostOptions options,
    GroupCommit writes,
    DeliveryRecords deliveries,
    WaitingRecords waiting,
    Reporter reporter,
    AdapterMetrics metrics,
    TimeProvider clock,
    ILogger logger)
{
    private const int RowsAtOnce = 32;
    private static readonly TimeSpan FirstBackOff = TimeSpan.FromSeconds(1);
    private static readonly TimeSpan ParkedBackOff = TimeSpan.FromSeconds(30);
    private readonly Lock gate = new();
    private readonly Dictionary<string, Lane> lanes = [];
    private readonly PriorityQueue<string, DateTimeOffset> due = new();
    private TaskCompletionSource signal = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private long count;

    /// <summary>Deliveries that wait.</summary>
    public long Count => Interlocked.Read(ref count);

    /// <summary>Takes up what an earlier run left.</summary>
    public async Task LoadAsync(CancellationToken cancellation)
    {
        foreach (var (conversation, rows) in await waiting.ConversationsAsync(cancellation))
        {
            lock (gate)
            {
                lanes[conversation] = new Lane { Rows = rows };
                count += rows;
                Schedule(conversation, clock.GetUtcNow());
            }
        }
    }

    /// <summary>Whether deliveries of the conversation wait, so that a new one must queue behind them.</summary>
    public bool Holds(string conversation)
    {
        lock (gate)
        {
            return lanes.ContainsKey(conversation);
        }
    }

    /// <summary>
    /// Puts deliveries of one conversation at its end, with what else must be written at the same time. When it returns they are on stable storage and the bus may
    /// forget them; a crash before that leaves them with the bus.
    /// </summary>
    public async Task AddAsync(string conversation, IReadOnlyList<DeliveryItem> items, TimeSpan pause, bool parked, IReadOnlyList<SqlStatement> also, CancellationToken cancellation)
    {
        lock (gate)
        {
            if (!lanes.TryGetValue(conversation, out var lane))
            {
                lanes.Add(conversation, lane = new Lane { Attempts = 1 });
                Schedule(conversation, clock.GetUtcNow() + Longer(pause, parked ? ParkedBackOff : FirstBackOff));
            }

            lane.Adding++;
            lane.Version++;
            lane.Rows += items.Count;
            count += items.Count;
        }

        try
        {
            var now = clock.GetUtcNow().ToUnixTimeMilliseconds();
            await writes.WriteAsync([.. also, .. items.Select(i => waiting.Add(i, now))], cancellation);
        }
        finally
        {
            lock (gate)
            {
                lanes[conversation].Adding--;
            }
        }
    }

    /// <summary>The network is back: everything is due.</summary>
    public void Wake()
    {
        lock (gate)
        {
            foreach (var (conversation, lane) in lanes.Where(l => !l.Value.Draining))
            {
                lane.Attempts = 0;
                Schedule(conversation, clock.GetUtcNow());
            }
        }
    }

    /// <summary>Waits until there is room for more.</summary>
    public async ValueTask HasRoomAsync(CancellationToken cancellation)
    {
        while (Count >= options.MaxWaiting)
        {
            await Task.Delay(FirstBackOff, clock, cancellation);
        }
    }

    /// <summary>Works on what is due until cancelled, then finishes what it began.</summary>
    public async Task RunAsync(CancellationToken cancellation)
    {
        using var slots = new SemaphoreSlim(options.ParallelConversations);
        try
        {
            while (true)
            {
                var (ready, next, changed) = TakeDue();
                foreach (var conversation in ready)
                {
                    await slots.WaitAsync(cancellation);
                    _ = DrainAsync(conversation, slots, cancellation);
                }

                await UntilAsync(next, changed, cancellation);
            }
        }
        finally
        {
            for (var i = 0; i < options.ParallelConversations; i++)
            {
                await slots.WaitAsync(CancellationToken.None);
            }
        }
    }

    private static TimeSpan Longer(TimeSpan one, TimeSpan other) => one > other ? one : other;

    private (List<string> Ready, DateTimeOffset? Next, Task Changed) TakeDue()
    {
        lock (gate)
        {
            var now = clock.GetUtcNow();
            var ready = new List<string>();
            while (due.TryPeek(out var conversation, out var at) && at <= now)
            {
                due.Dequeue();
                if (lanes.TryGetValue(conversation, out var lane) && lane.Due == at && !lane.Draining)
                {
                    lane.Draining = true;
                    ready.Add(conversation);
                }
            }

            if (signal.Task.IsCompleted)
            {
                signal = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
            }

            return (ready, due.TryPeek(out _, out var next) ? next : null, signal.Task);
        }
    }

    private async Task UntilAsync(DateTimeOffset? next, Task changed, CancellationToken cancellation)
    {
        if (next is not { } at)
        {
            await changed.WaitAsync(cancellation);
            return;
        }

        var pause = at - clock.GetUtcNow();
        if (pause <= TimeSpan.Zero)
        {
            return;
        }

        try
        {
            await changed.WaitAsync(pause, clock, cancellation);
        }
        catch (TimeoutException)
        {
            // Something is due.
        }
    }

    private void Schedule(string conversation, DateTimeOffset at)
    {
        lanes[conversation].Due = at;
        due.Enqueue(conversation, at);
        signal.TrySetResult();
    }

    private async Task DrainAsync(string conversation, SemaphoreSlim slots, CancellationToken cancellation)
    {
        DateTimeOffset? again;
        try
        {
            again = await DrainRowsAsync(conversation, cancellation);
        }
        catch (OperationCanceledException) when (cancellation.IsCancellationRequested)
        {
            again = clock.GetUtcNow();
        }
        catch (DbException e)
        {
            Log.WaitingStuck(logger, adapter.Describe().Network.Value, e.GetType().Name);
            again = Again(conversation, ParkedBackOff);
        }

        lock (gate)
        {
            var lane = lanes[conversation];
            lane.Draining = false;
            if (again is { } at)
            {
                Schedule(conversation, at);
            }
            else
            {
                lanes.Remove(conversation);
                count -= lane.Rows;
            }
        }

        slots.Release();
    }

    /// <summary>Delivers in order as far as it goes; when to go on, or null when nothing is left.</summary>
    private async Task<DateTimeOffset?> DrainRowsAsync(string conversation, CancellationToken cancellation)
    {
        var features = await adapter.GetFeaturesAsync(cancellation);
        while (true)
        {
            var version = VersionOf(conversation);
            var rows = await waiting.NextAsync(conversation, RowsAtOnce, cancellation);
            if (rows.Count == 0)
            {
                // Something may have been added since the table was read; only a lane that did not change can go.
                return MayClose(conversation, version) ? null : clock.GetUtcNow() + TimeSpan.FromMilliseconds(100);
            }

            var known = await deliveries.FindAsync(rows.Select(r => r.EventId), cancellation);
            foreach (var row in rows)
            {
                if (await DeliverAsync(conversation, row, known.GetValueOrDefault((row.EventId, row.Recipient)), features, cancellation) is { } later)
                {
                    return later;
                }
            }
        }
    }

    private async Task<DateTimeOffset?> DeliverAsync(string conversation, WaitingRow row, DeliveryRow? known, NetworkFeatures features, CancellationToken cancellation)
    {
        try
        {
            var item = Read(row);
            var outcome = await step.RunAsync(item, known, features, intended: false, cancellation);
            if (outcome is StepOutcome.Later late && clock.GetUtcNow() - DateTimeOffset.FromUnixTimeMilliseconds(row.SinceMs) >= options.GiveUpAfter)
            {
                outcome = step.GiveUp(item, late.Certain);
            }

            // The outcome and the leaving of the queue are one transaction: a crash leaves both or none.
            await writes.WriteAsync(outcome is StepOutcome.Ended ? [.. outcome.Records, waiting.Remove(item)] : outcome.Records, cancellation);
            if (outcome is StepOutcome.Later later)
            {
                return Again(conversation, later.Pause);
            }
        }
        catch (Exception e) when (e is not (DbException or OperationCanceledException))
        {
            Log.Parked(logger, adapter.Describe().Network.Value, row.EventId, Failure(e));
            metrics.Parked();
            return Again(conversation, ParkedBackOff);
        }

        Left(conversation);
        reporter.Wake();
        return null;
    }

    internal static string Failure(Exception e) => $"{e.GetType().Name} at {e.TargetSite?.DeclaringType?.Name}.{e.TargetSite?.Name}";

    private static DeliveryItem Read(WaitingRow row) =>
        EnvelopeCodec.TryDecode(row.Envelope, out var envelope, out _) && UserUri.TryParse(row.Recipient, out var recipient)
            ? new DeliveryItem(envelope, recipient, row.Envelope)
            : throw new InvalidOperationException("A waiting delivery cannot be read by this version.");

    private DateTimeOffset Again(string conversation, TimeSpan atLeast)
    {
        lock (gate)
        {
            var lane = lanes[conversation];
            var own = TimeSpan.FromTicks(Math.Min(options.MaxBackOff.Ticks, FirstBackOff.Ticks << Math.Min(lane.Attempts, 20)));
            lane.Attempts++;
            return clock.GetUtcNow() + Longer(own, atLeast);
        }
    }

    private void Left(string conversation)
    {
        lock (gate)
        {
            var lane = lanes[conversation];
            lane.Attempts = 0;
            lane.Rows--;
            count--;
        }
    }

    private long VersionOf(string conversation)
    {
        lock (gate)
        {
            return lanes[conversation].Version;
        }
    }

    private bool MayClose(string conversation, long version)
    {
        lock (gate)
        {
            var lane = lanes[conversation];
            return lane.Adding == 0 && lane.Version == version;
        }
    }

    private sealed class Lane
    {
        public long Rows { get; set; }

        public int Attempts { get; set; }

        public int Adding { get; set; }

        public long Version { get; set; }

        public bool Draining { get; set; }

        public DateTimeOffset Due { get; set; }
    }
}
