using Interconnect.Bus.Signing;
using Interconnect.Federation;
using Microsoft.Extensions.Logging;

namespace Interconnect.Bus.RabbitMq;

/// <summary>Reads streams: one reader a queue. The broker's single active consumer spreads the queues over processes.</summary>
internal sealed class BrokerConsumer(
    BusOptions options, BusKeyring keys, BrokerBus bus, BrokerLink link, BatchHandling handling, BusMetrics metrics, FrameSender sender, TimeProvider time, ILogger<BrokerConsumer> log) : IBusConsumer
{
    public async ValueTask<IAsyncDisposable> ConsumeAsync(BusAddress address, BusHandler handler, CancellationToken cancellation)
    {
        var reading = new Reading([.. Enumerable.Range(0, BrokerNames.PartitionsOf(address, options))
            .Select(p => new QueueReader(address, p, options, keys, handler, bus, link, handling, metrics, sender, time, log))]);
        try
        {
            await Task.WhenAll(reading.Readers.Select(r => r.Bound)).WaitAsync(cancellation);
            return reading;
        }
        catch (OperationCanceledException)
        {
            await reading.DisposeAsync();
            throw;
        }
    }

    private sealed record Reading(IReadOnlyList<QueueReader> Readers) : IAsyncDisposable
    {
        private int stopped;

        public async ValueTask DisposeAsync()
        {
            if (Interlocked.Exchange(ref stopped, 1) == 0)
            {
                await Task.WhenAll(Readers.Select(r => r.StopAsync()));
            }
        }
    }
}
