using System.Diagnostics;
using Interconnect.Federation;
using Microsoft.Extensions.Logging;

namespace Interconnect.Bus;

/// <summary>Bytes that no reader could use.</summary>
/// <param name="Address">The stream they were on.</param>
/// <param name="Partition">From 0.</param>
/// <param name="Bytes">A frame as it came, so that it keeps its signature; in memory, where there are none, a body.</param>
/// <param name="Reason">Plain words, no content.</param>
/// <param name="IsUnauthentic">Nobody who may write to the stream vouches for them.</param>
internal readonly record struct ParkItem(BusAddress Address, int Partition, ReadOnlyMemory<byte> Bytes, string Reason, bool IsUnauthentic = false);

/// <summary>Stores what cannot be used; false when it could not be stored now.</summary>
internal delegate ValueTask<bool> Park(ParkItem item, CancellationToken cancellation);

/// <summary>Calls a handler until it returns, in place: the batch stays first of its partition between attempts. The same for both kinds of bus.</summary>
internal sealed partial class BatchHandling(BusOptions options, BusMetrics metrics, TimeProvider time, ILogger<BatchHandling> log)
{
    /// <summary>True when the handler returned and every unusable body is stored; false when <paramref name="abandon"/> ended the attempts.</summary>
    /// <param name="batch">The batch.</param>
    /// <param name="handler">The handler.</param>
    /// <param name="kept">What is stored when the body at an index is unusable; once, when several bodies stand in it.</param>
    /// <param name="park">Stores it.</param>
    /// <param name="abandon">Ends the waits between attempts and forbids another; does not end an attempt.</param>
    /// <param name="cancellation">Handed to the handler.</param>
    public async ValueTask<bool> HandleAsync(BusBatch batch, BusHandler handler, Func<int, ReadOnlyMemory<byte>> kept, Park park, CancellationToken abandon, CancellationToken cancellation)
    {
        var tags = BusMetrics.Tags(batch.Address);
        var backOff = new BackOff(options.HandlerBackOff, options.HandlerBackOffMax);
        while (!abandon.IsCancellationRequested)
        {
            var start = time.GetTimestamp();
            try
            {
                var unusable = await handler(batch, cancellation);
                metrics.Handled(tags, batch.Bodies.Count, time.GetElapsedTime(start));
                return await ParkAllAsync(batch, unusable, kept, park, abandon);
            }
            catch (Exception e)
            {
                // Any exception is a defect or an outage behind the handler: nothing was acknowledged, so the batch is offered again.
                metrics.HandlerFailed(tags);
                var wait = backOff.Next();
                LogHandlerFailed(log, batch.Address.Name, batch.Partition, batch.Bodies.Count, wait.TotalSeconds, Describe(e));
                if (!await WaitAsync(wait, abandon))
                {
                    return false;
                }

                batch = batch with { Redelivered = true };
            }
        }

        return false;
    }

    /// <summary>Stores what cannot be used, however long it takes; false when abandoned.</summary>
    public async ValueTask<bool> ParkAsync(ParkItem item, Park park, CancellationToken abandon)
    {
        var backOff = new BackOff(options.HandlerBackOff, options.HandlerBackOffMax);
        while (true)
        {
            var stored = false;
            try
            {
                stored = await park(item, abandon);
            }
            catch (Exception e)
            {
                LogParkFailed(log, item.Address.Name, item.Partition, Describe(e));
            }

            if (stored)
            {
                metrics.Parked(BusMetrics.Tags(item.Address));
                LogParked(log, item.Address.Name, item.Partition, item.Bytes.Length, item.Reason);
                return true;
            }

            if (!await WaitAsync(backOff.Next(), abandon))
            {
                return false;
            }
        }
    }

    private async ValueTask<bool> ParkAllAsync(BusBatch batch, IReadOnlyList<Unusable> unusable, Func<int, ReadOnlyMemory<byte>> kept, Park park, CancellationToken abandon)
    {
        foreach (var one in unusable.GroupBy(u => kept(u.Index)))
        {
            var reason = one.Count() == 1 ? one.First().Reason : $"{one.First().Reason} (and {one.Count() - 1} more bodies)";
            if (!await ParkAsync(new ParkItem(batch.Address, batch.Partition, one.Key, reason), park, abandon))
            {
                return false;
            }
        }

        return true;
    }

    private async ValueTask<bool> WaitAsync(TimeSpan wait, CancellationToken abandon)
    {
        try
        {
            await Task.Delay(wait, time, abandon);
            return true;
        }
        catch (OperationCanceledException)
        {
            return false;
        }
    }

    /// <summary>The types alone: a handler's message may hold what must not reach a log.</summary>
    private static string Describe(Exception e) => e.InnerException is { } inner ? $"{e.GetType().Name} <- {inner.GetType().Name} at {Site(inner)}" : $"{e.GetType().Name} at {Site(e)}";

    private static string Site(Exception e) => e.TargetSite is { } site ? $"{site.DeclaringType?.Name}.{site.Name}" : "an unknown place";

    [LoggerMessage(Level = LogLevel.Error, Message = "The handler of {Stream} partition {Partition} failed on a batch of {Bodies}; it stays in place and is tried again in {Wait} s: {Cause}")]
    private static partial void LogHandlerFailed(ILogger log, string stream, int partition, int bodies, double wait, string cause);

    [LoggerMessage(Level = LogLevel.Error, Message = "What {Stream} partition {Partition} brought could not be parked; trying again: {Cause}")]
    private static partial void LogParkFailed(ILogger log, string stream, int partition, string cause);

    [LoggerMessage(Level = LogLevel.Warning, Message = "Parked {Bytes} bytes of {Stream} partition {Partition}: {Reason}")]
    private static partial void LogParked(ILogger log, string stream, int partition, int bytes, string reason);
}
