using System.Collections.Concurrent;
using Interconnect.Bus.Frames;
using Interconnect.Bus.Signing;
using Interconnect.Federation;

namespace Interconnect.Bus.RabbitMq;

/// <summary>Publishes on the broker as one role: one lane a queue.</summary>
internal sealed class BrokerPublisher(BusSender sender, RoleKey key, BusOptions options, FrameSender frames, BrokerLink link, BusMetrics metrics, TimeProvider time) : IBusPublisher
{
    private readonly ConcurrentDictionary<BusAddress, PublishLane[]> lanes = new();

    public async ValueTask<PublishOutcome> PublishAsync(BusAddress address, ConversationKey conversation, ReadOnlyMemory<byte> body, CancellationToken cancellation)
    {
        SenderRights.Demand(sender, address);
        ArgumentOutOfRangeException.ThrowIfZero(body.Length);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(body.Length, BusFrameCodec.MaxBodyBytes);
        var all = lanes.GetOrAdd(address, a =>
            [.. Enumerable.Range(0, BrokerNames.PartitionsOf(a, options)).Select(p => new PublishLane(a, p, bodies => BusFrameCodec.Encode(bodies, sender, key, a), options, frames, link, metrics, time))]);
        return await all[conversation.PartitionOf(all.Length)].Publish(body).WaitAsync(cancellation);
    }
}
