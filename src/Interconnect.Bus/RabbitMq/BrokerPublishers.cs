using System.Collections.Concurrent;
using Interconnect.Bus.Signing;
using Interconnect.Federation;

namespace Interconnect.Bus.RabbitMq;

/// <summary>One publisher a role of this process; they share the connection.</summary>
internal sealed class BrokerPublishers(BusOptions options, BusKeyring keys, FrameSender frames, BrokerLink link, BusMetrics metrics, TimeProvider time) : IBusPublishers
{
    private readonly ConcurrentDictionary<BusSender, BrokerPublisher> made = new();

    public IBusPublisher As(BusSender sender) => made.GetOrAdd(sender, s => new BrokerPublisher(s, keys.Of(s), options, frames, link, metrics, time));
}
