using System.Data.Common;
using Interconnect.Adapters.Hosting.Records;
using Interconnect.Federation;
using Microsoft.Extensions.Logging;

namespace Interconnect.Adapters.Hosting;

/// <summary>
/// Lanes whose next delivery cannot be made now: the network deferred it, or a defect of ours parked it. They wait in the database, in order, and later
/// deliveries of the same lane queue behind them; other lanes go on. Each is tried again by a timer with back-off, and when the network comes back.
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
    private readonly Dictionary<DeliveryLane, Lane> lanes = [];
    private readonly PriorityQueue<DeliveryLane, DateTimeOffset> due = new();
    private TaskCompletionSource signal = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private long count;
    private long closed;

    /// <summary>Deliveries that wait.</summary>
    public long Count => Interlocked.Read(ref count);

    /// <summary>Conversations that no longer wait, counted. While it does not change, nothing that waited came to an end without the room still holding its conversation.</summary>
    public long Closed => Interlocked.Read(ref closed);

    /// <summary>Takes up what an earlier run left.</summary>
    public async Task LoadAsync(CancellationToken cancellation)
    {
        foreach (var (key, rows) in await waiting.LanesAsync(cancellation))
        {
            lock (gate)
            {
                lanes[key] = new Lane { Rows = rows };
                count += rows;
                Schedule(key, clock.GetUtcNow());
            }
        }
    }

    /// <summary>Whether deliveries of the lane wait, so that a new one must queue behind them.</summary>
    public bool Holds(DeliveryLane key)
    {
        lock (gate)
        {
            return lanes.ContainsKey(key);
        }
    }

    /// <summary>
    /// Puts deliveries of one lane at its end, with what else must be written at the same time. When it returns they are on stable storage and the bus may
    /// forget them; a crash before that leaves them with the bus. What waits already keeps its place and is not added again.
    /// </summary>
    public async Task AddAsync(DeliveryLane key, IReadOnlyList<DeliveryItem> items, TimeSpan pause, bool parked, IReadOnlyList<SqlStatement> also, CancellationToken cancellation)
    {
        var present = await waiting.AmongAsync(items.Select(i => i.Envelope.Id.Hex), cancellation);
        items = [.. items.Where(i => !present.Contains((i.Envelope.Id.Hex, i.Recipient.Value)))];
        if (items.Count == 0 && also.Count == 0)
        {
            return;
        }

        lock (gate)
        {
            if (!lanes.TryGetValue(key, out var lane))
            {
                lanes.Add(key, lane = new Lane { Attempts = 1 });
                Schedule(key, clock.GetUtcNow() + Longer(pause, parked ? ParkedBackOff : FirstBackOff));
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
                lanes[key].Adding--;
            }
        }
    }

    /// <summary>The network is back: everything is due.</summary>
    public void Wake()
    {
        lock (gate)
        {
            foreach (var (key, lane) in lanes.Where(l => !l.Value.Draining))
            {
                lane.Attempts = 0;
                Schedule(key, clock.GetUtcNow());
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
                foreach (var key in ready)
                {
                    await slots.WaitAsync(cancellation);
                    _ = DrainAsync(key, slots, cancellation);
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

    private (List<DeliveryLane> Ready, DateTimeOffset? Next, Task Changed) TakeDue()
    {
        lock (gate)
        {
            var now = clock.GetUtcNow();
            var ready = new List<DeliveryLane>();
            while (due.TryPeek(out var key, out var at) && at <= now)
            {
                due.Dequeue();
                if (lanes.TryGetValue(key, out var lane) && lane.Due == at && !lane.Draining)
                {
                    lane.Draining = true;
                    ready.Add(key);
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

    private void Schedule(DeliveryLane key, DateTimeOffset at)
    {
        lanes[key].Due = at;
        due.Enqueue(key, at);
        signal.TrySetResult();
    }

    private async Task DrainAsync(DeliveryLane key, SemaphoreSlim slots, CancellationToken cancellation)
    {
        DateTimeOffset? again;
        try
        {
            again = await DrainRowsAsync(key, cancellation);
        }
        catch (OperationCanceledException) when (cancellation.IsCancellationRequested)
        {
            again = clock.GetUtcNow();
        }
        catch (DbException e)
        {
            Log.WaitingStuck(logger, adapter.Describe().Network.Value, e.GetType().Name);
            again = Again(key, ParkedBackOff);
        }

        if (again is { } at)
        {
            lock (gate)
            {
                lanes[key].Draining = false;
                Schedule(key, at);
            }
        }

        slots.Release();
    }

    /// <summary>Delivers in order as far as it goes; when to go on, or null when nothing was left and the lane is closed.</summary>
    private async Task<DateTimeOffset?> DrainRowsAsync(DeliveryLane key, CancellationToken cancellation)
    {
        var features = await adapter.GetFeaturesAsync(cancellation);
        while (true)
        {
            var version = VersionOf(key);
            var rows = await waiting.NextAsync(key, RowsAtOnce, cancellation);
            if (rows.Count == 0)
            {
                // Something may have been added since the table was read; only a lane that did not change can go.
                return TryClose(key, version) ? null : clock.GetUtcNow() + TimeSpan.FromMilliseconds(100);
            }

            var known = await deliveries.FindAsync(rows.Select(r => r.EventId), cancellation);
            foreach (var row in rows)
            {
                if (await DeliverAsync(key, row, known.GetValueOrDefault((row.EventId, row.Recipient)), features, cancellation) is { } later)
                {
                    return later;
                }
            }
        }
    }

    private async Task<DateTimeOffset?> DeliverAsync(DeliveryLane key, WaitingRow row, DeliveryRow? known, NetworkFeatures features, CancellationToken cancellation)
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
                return Again(key, later.Pause);
            }
        }
        catch (Exception e) when (e is not (DbException or OperationCanceledException))
        {
            Log.Parked(logger, adapter.Describe().Network.Value, row.EventId, Failure(e));
            metrics.Parked();
            return Again(key, ParkedBackOff);
        }

        Left(key);
        reporter.Wake();
        return null;
    }

    internal static string Failure(Exception e) => $"{e.GetType().Name} at {e.TargetSite?.DeclaringType?.Name}.{e.TargetSite?.Name}";

    private static DeliveryItem Read(WaitingRow row) =>
        EnvelopeCodec.TryDecode(row.Envelope, out var envelope, out _) && UserUri.TryParse(row.Recipient, out var recipient)
            ? new DeliveryItem(envelope, recipient, row.Envelope)
            : throw new InvalidOperationException("A waiting delivery cannot be read by this version.");

    private DateTimeOffset Again(DeliveryLane key, TimeSpan atLeast)
    {
        lock (gate)
        {
            var lane = lanes[key];
            var own = TimeSpan.FromTicks(Math.Min(options.MaxBackOff.Ticks, FirstBackOff.Ticks << Math.Min(lane.Attempts, 20)));
            lane.Attempts++;
            return clock.GetUtcNow() + Longer(own, atLeast);
        }
    }

    private void Left(DeliveryLane key)
    {
        lock (gate)
        {
            var lane = lanes[key];
            lane.Attempts = 0;
            lane.Rows--;
            count--;
        }
    }

    private long VersionOf(DeliveryLane key)
    {
        lock (gate)
        {
            return lanes[key].Version;
        }
    }

    /// <summary>Decides and closes under one lock, so that nobody adds to a lane that is about to go.</summary>
    private bool TryClose(DeliveryLane key, long version)
    {
        lock (gate)
        {
            var lane = lanes[key];
            if (lane.Adding != 0 || lane.Version != version)
            {
                return false;
            }

            lanes.Remove(key);
            count -= lane.Rows;
            closed++;
            return true;
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
