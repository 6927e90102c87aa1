using System.Collections.Concurrent;
using Interconnect.Bus.Frames;
using Interconnect.Federation;

namespace Interconnect.Bus.RabbitMq;

/// <summary>Publishes on the broker: one lane a queue.</summary>
internal sealed class BrokerPublisher(BusOptions options, FrameSender sender, BrokerLink link, BusMetrics metrics, TimeProvider time) : IBusPublisher
{
    private readonly ConcurrentDictionary<BusAddress, PublishLane[]> lanes = new();

    public async ValueTask<PublishOutcome> PublishAsync(BusAddress address, ConversationKey conversation, ReadOnlyMemory<byte> body, CancellationToken cancellation)
    {
        ArgumentOutOfRangeException.ThrowIfZero(body.Length);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(body.Length, BusFrameCodec.MaxBodyBytes);
        var all = lanes.GetOrAdd(address, a =>
            [.. Enumerable.Range(0, BrokerNames.PartitionsOf(a, options)).Select(p => new PublishLane(a, p, options, sender, link, metrics, time))]);
        return await all[conversation.PartitionOf(all.Length)].Publish(body).WaitAsync(cancellation);
    }
}
