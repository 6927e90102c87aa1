using System.Collections.Concurrent;
using Interconnect.Bus.Signing;
using Interconnect.Federation;

namespace Interconnect.Bus.InMemory;

/// <summary>
/// The bus of the embedded default: one process, bounded, the same order promises. A publish completes when the reader's handler has returned, so what is
/// stored is what the handler stored. Who speaks is who was given the publisher: there is nothing to sign.
/// </summary>
internal sealed class InMemoryBus : IBusPublishers, IBusConsumer, IBusStatus
{
    private readonly ConcurrentDictionary<BusAddress, MemoryStreamState> streams = new();
    private readonly BusOptions options;
    private readonly BusMetrics metrics;
    private readonly BatchHandling handling;
    private readonly ParkedBodies parked;
    private readonly TimeProvider time;

    public InMemoryBus(BusOptions options, BusMetrics metrics, BatchHandling handling, ParkedBodies parked, TimeProvider time)
    {
        this.options = options;
        this.metrics = metrics;
        this.handling = handling;
        this.parked = parked;
        this.time = time;
    }

    public IBusPublisher As(BusSender sender) => new Publisher(this, sender);

    private async ValueTask<PublishOutcome> PublishAsync(BusSender sender, BusAddress address, ConversationKey conversation, ReadOnlyMemory<byte> body, CancellationToken cancellation)
    {
        SenderRights.Demand(sender, address);
        ArgumentOutOfRangeException.ThrowIfZero(body.Length);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(body.Length, Frames.BusFrameCodec.MaxBodyBytes);
        var tags = BusMetrics.Tags(address);
        metrics.Published(tags);
        var stream = StreamOf(address);
        var outcome = await stream.Partitions[conversation.PartitionOf(stream.Partitions.Length)].Publish(new BusBody(sender, body)).WaitAsync(cancellation);
        if (outcome is PublishOutcome.Stored)
        {
            metrics.Confirmed(tags, 1);
        }
        else
        {
            metrics.Unavailable(tags, 1);
        }

        return outcome;
    }

    public ValueTask<IAsyncDisposable> ConsumeAsync(BusAddress address, BusHandler handler, CancellationToken cancellation)
    {
        cancellation.ThrowIfCancellationRequested();
        var stream = StreamOf(address);
        var reader = new MemoryReader(stream, handler);
        stream.Add(reader);
        return ValueTask.FromResult<IAsyncDisposable>(reader);
    }

    public ValueTask<string?> WhyNotReadyAsync(IReadOnlyList<BusAddress> needed, CancellationToken cancellation)
    {
        var missing = needed.Where(a => StreamOf(a).Active is null).Select(a => a.Name).ToList();
        return ValueTask.FromResult(missing.Count == 0 ? null : "Nobody reads " + string.Join(", ", missing));
    }

    private MemoryStreamState StreamOf(BusAddress address) => streams.GetOrAdd(address, a => new MemoryStreamState(
        a,
        a is BusAddress.Deliver ? 1 : options.Partitions,
        (stream, number) => new MemoryPartition(stream, number, options, handling, ParkAsync)));

    private async ValueTask<bool> ParkAsync(ParkItem item, CancellationToken cancellation)
    {
        var one = new ParkedBody(item.Address, item.Partition, item.Bytes, item.Reason, time.GetUtcNow());
        if (options.OnParked is { } callback)
        {
            await callback(one, cancellation);
        }

        parked.Add(one);
        return true;
    }

    private sealed class Publisher(InMemoryBus bus, BusSender sender) : IBusPublisher
    {
        public ValueTask<PublishOutcome> PublishAsync(BusAddress address, ConversationKey conversation, ReadOnlyMemory<byte> body, CancellationToken cancellation) =>
            bus.PublishAsync(sender, address, conversation, body, cancellation);
    }
}
