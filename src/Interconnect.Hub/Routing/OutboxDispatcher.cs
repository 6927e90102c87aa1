using System.Collections.Concurrent;
using Interconnect.Federation;

namespace Interconnect.Hub;

/// <summary>Publishes the outbox: one lane a network, so a destination that is away holds up nobody else.</summary>
internal sealed class OutboxDispatcher(IBusPublisher publisher, Func<long, CancellationToken, Task<byte[]?>> readBody, Action<long> confirmed, HubLimits limits, TimeProvider clock)
{
    private readonly ConcurrentDictionary<string, OutboxLane> lanes = new(StringComparer.Ordinal);
    private readonly CancellationTokenSource abort = new();
    private readonly TaskCompletionSource failed = new(TaskCreationOptions.RunContinuationsAsynchronously);

    /// <summary>Fails when a lane cannot go on; never completes otherwise.</summary>
    public Task Failed => failed.Task;

    /// <summary>How many envelopes wait for a network.</summary>
    public long Depth(NetworkId network) => lanes.TryGetValue(network.Value, out var lane) ? lane.Depth : 0;

    /// <summary>How many wait for each network.</summary>
    public IEnumerable<(string Network, long Entries)> Depths() => lanes.Select(l => (l.Key, l.Value.Depth));

    /// <summary>A page that was just committed. Called in the order of page numbers.</summary>
    public void Enqueue(OutboxPage page) => Lane(page.Network).Enqueue(page.No, page.Entries.Count, page.Entries);

    /// <summary>A page that an earlier session left. Called before any other, in the order of page numbers.</summary>
    public void Enqueue(OutboxPageHeader page) => Lane(page.Network).Enqueue(page.No, page.Entries, null);

    /// <summary>Takes nothing new and publishes what waits, until done or cancelled.</summary>
    public async Task DrainAsync(CancellationToken cancellation)
    {
        using var stop = cancellation.Register(abort.Cancel);
        await Task.WhenAll(lanes.Values.Select(l => l.DrainAsync()));
    }

    /// <summary>Stops at once; what waits stays in the database.</summary>
    public async Task AbortAsync()
    {
        await abort.CancelAsync();
        await Task.WhenAll(lanes.Values.Select(l => l.DrainAsync())).ContinueWith(static _ => { }, CancellationToken.None, TaskContinuationOptions.ExecuteSynchronously, TaskScheduler.Default);
        abort.Dispose();
    }

    private OutboxLane Lane(NetworkId network) =>
        lanes.GetOrAdd(network.Value, _ => Start(network));

    private OutboxLane Start(NetworkId network)
    {
        var lane = new OutboxLane(new BusAddress.Deliver(network), publisher, readBody, confirmed, limits, clock, abort.Token);
        _ = lane.Running.ContinueWith(t => failed.TrySetException(t.Exception!.InnerExceptions), CancellationToken.None, TaskContinuationOptions.OnlyOnFaulted, TaskScheduler.Default);
        return lane;
    }
}
