using System.Threading.Channels;

namespace Interconnect.Endpoint;

/// <summary>Hands events to whoever listens. Each listener has its own bounded queue; when one is full its oldest events go, since the store has the state.</summary>
internal sealed class EventFeed
{
    private const int Capacity = 4_096;
    private readonly Lock gate = new();
    private readonly List<Channel<EndpointEvent>> listeners = [];

    public EventSubscription Subscribe()
    {
        var channel = Channel.CreateBounded<EndpointEvent>(new BoundedChannelOptions(Capacity) { FullMode = BoundedChannelFullMode.DropOldest });
        lock (gate)
            listeners.Add(channel);

        return new EventSubscription(channel.Reader, () =>
        {
            lock (gate)
                listeners.Remove(channel);

            channel.Writer.TryComplete();
        });
    }

    public void Publish(IEnumerable<EndpointEvent> events)
    {
        lock (gate)
        {
            foreach (var happened in events)
            {
                foreach (var listener in listeners)
                    listener.Writer.TryWrite(happened);
            }
        }
    }

    public void Complete()
    {
        lock (gate)
        {
            foreach (var listener in listeners)
                listener.Writer.TryComplete();
        }
    }
}

/// <summary>A listener's place in the feed; events from the moment it was made. Dispose it when done.</summary>
public sealed class EventSubscription : IDisposable
{
    private readonly Action leave;

    internal EventSubscription(ChannelReader<EndpointEvent> events, Action leave)
    {
        Events = events;
        this.leave = leave;
    }

    /// <summary>The events in order; complete when the client is closed. Holds at most 4,096, then the oldest are dropped.</summary>
    public ChannelReader<EndpointEvent> Events { get; }

    /// <inheritdoc/>
    public void Dispose() => leave();
}
