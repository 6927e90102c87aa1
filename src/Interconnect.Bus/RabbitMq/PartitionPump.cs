using Interconnect.Bus.Frames;
using Interconnect.Bus.Signing;
using Interconnect.Federation;
using RabbitMQ.Client;

namespace Interconnect.Bus.RabbitMq;

/// <summary>
/// Puts the frames of one queue back into the order of their delivery tags (the client dispatches them concurrently), joins those that wait into one batch, and
/// hands over one batch at a time. Signatures are checked before that, while the batch in hand is handled. Tags count from 1 on every channel; when a channel is lost, what was not handled is dropped here, because the broker hands
/// it over again on the next.
/// </summary>
internal sealed class PartitionPump(
    BusAddress address, int partition, BusOptions options, BusKeyring keys, BusHandler handler, BatchHandling handling, BusMetrics metrics, Park park, TimeProvider time)
{
    private readonly Lock gate = new();
    private readonly SortedDictionary<ulong, Delivery> pending = [];
    private readonly CancellationTokenSource stopped = new();
    private Channel? current;
    private Task pumping = Task.CompletedTask;
    private int unacknowledged;
    private bool dropped;

    private sealed record Delivery(ulong Tag, byte[] Frame, FrameReading Reading, bool Redelivered, TaskCompletionSource Done);

    /// <summary>One life of the queue's channel.</summary>
    private sealed class Channel(IChannel transport, CancellationToken stopped)
    {
        public IChannel Transport { get; } = transport;

        public CancellationTokenSource Gone { get; } = CancellationTokenSource.CreateLinkedTokenSource(stopped);

        public ulong Expected { get; set; } = 1;
    }

    /// <summary>Completes when the frame is handled or parked; is cancelled when its channel is gone.</summary>
    /// <param name="channel">Where it came from.</param>
    /// <param name="tag">Its place.</param>
    /// <param name="frame">The bytes; not used by anybody else.</param>
    /// <param name="redelivered">Whether it was handed over before.</param>
    /// <param name="user">The publisher's user as the broker validated it; null when the publisher did not say.</param>
    public Task ReceiveAsync(IChannel channel, ulong tag, byte[] frame, bool redelivered, string? user)
    {
        var delivery = new Delivery(tag, frame, keys.Open(frame, address, user), redelivered, new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously));
        lock (gate)
        {
            if (channel != current?.Transport)
            {
                if (stopped.IsCancellationRequested)
                {
                    return RejectAsync(channel);
                }

                if (!TryBegin(channel))
                {
                    return Task.FromCanceled(new CancellationToken(canceled: true));
                }
            }
            else if (dropped)
            {
                return RejectAsync(channel);
            }
            else if (current.Gone.IsCancellationRequested && !stopped.IsCancellationRequested)
            {
                // The client still dispatches what it had read before the channel was lost.
                return Task.FromCanceled(new CancellationToken(canceled: true));
            }

            // Once stopping it is only held, until the channel is closed: given back alone it could come behind what follows it.
            pending.Add(tag, delivery);
            if (pumping.IsCompleted && !stopped.IsCancellationRequested && tag == current!.Expected)
            {
                using (ExecutionContext.SuppressFlow())
                {
                    pumping = Task.Run(PumpAsync);
                }
            }
        }

        return delivery.Done.Task;
    }

    /// <summary>Lets the batch in hand finish, ends its waits between attempts, and takes nothing more.</summary>
    public async Task StopAsync()
    {
        Task last;
        lock (gate)
        {
            stopped.Cancel();
            last = pumping;
        }

        await last;
    }

    /// <summary>Drops what waits. Only after the channel is closed: a frame that is given back before the one in front of it would pass it.</summary>
    public void Drop()
    {
        lock (gate)
        {
            dropped = true;
            DropPending();
        }
    }

    /// <summary>
    /// Closes a channel, which gives all its unacknowledged messages back at once and in order. Completes as soon as nothing can be sent on it any more: the
    /// client's own task waits for the deliveries it dispatched, and those wait here.
    /// </summary>
    /// <returns>The client's own task; it never throws.</returns>
    public static async Task<Task> CloseAsync(IChannel channel, TimeProvider time)
    {
        var closing = channel.CloseAsync(200, "The reader stops", abort: true);
        while (channel.IsOpen && !closing.IsCompleted)
        {
            await Task.Delay(TimeSpan.FromMilliseconds(5), time);
        }

        return closing.ContinueWith(static t => t.Exception, CancellationToken.None, TaskContinuationOptions.None, TaskScheduler.Default);
    }

    // A channel nobody asked for any more.
    private async Task RejectAsync(IChannel channel)
    {
        await CloseAsync(channel, time);
        throw new OperationCanceledException();
    }

    /// <summary>Frames handled whose acknowledgement has not been sent yet.</summary>
    public bool HasUnacknowledged => Volatile.Read(ref unacknowledged) > 0;

    /// <summary>MassTransit sent the acknowledgement of a frame.</summary>
    public void Acknowledged() => Interlocked.Decrement(ref unacknowledged);

    /// <summary>The channel in use; null before the first delivery.</summary>
    public IChannel? Transport => current?.Transport;

    private bool TryBegin(IChannel channel)
    {
        if (!channel.IsOpen)
        {
            return false;
        }

        current?.Gone.Cancel();
        DropPending();
        var begun = new Channel(channel, stopped.Token);
        current = begun;
        Volatile.Write(ref unacknowledged, 0);
        channel.ChannelShutdownAsync += (_, _) => LostAsync(begun);
        return true;
    }

    // What waits behind the batch in hand is dropped now and not when the next channel begins: MassTransit makes none while deliveries of the last are open.
    private async Task LostAsync(Channel channel)
    {
        await channel.Gone.CancelAsync();
        lock (gate)
        {
            if (channel == current)
            {
                DropPending();
            }
        }
    }

    private void DropPending()
    {
        foreach (var delivery in pending.Values)
        {
            delivery.Done.TrySetCanceled();
        }

        pending.Clear();
    }

    private async Task PumpAsync()
    {
        while (TakeRun() is var (channel, run))
        {
            var handled = 0;
            while (handled < run.Count)
            {
                var taken = await HandleAsync(run, handled, channel.Gone.Token);
                if (taken == 0)
                {
                    break;
                }

                // A crash after the handler and before the acknowledgement: the frames come again, and the handler's de-duplication finds them.
                Interlocked.Add(ref unacknowledged, taken);
                for (var i = handled; i < handled + taken; i++)
                {
                    run[i].Done.SetResult();
                }

                handled += taken;
            }

            if (handled < run.Count)
            {
                Abandon(channel, run, handled);
            }
        }
    }

    /// <summary>The next frames in order, up to a batch's bounds; null ends the pump.</summary>
    private (Channel Channel, List<Delivery> Run)? TakeRun()
    {
        lock (gate)
        {
            // What is left of a channel that is gone must not pass what was taken from it before and not handled: all of it comes again, in order, on the next.
            if (stopped.IsCancellationRequested || current is not { } channel || channel.Gone.IsCancellationRequested || !pending.ContainsKey(channel.Expected))
            {
                // Marks the pump as ended under the lock, so that the next frame starts another.
                pumping = Task.CompletedTask;
                return null;
            }

            var run = new List<Delivery>();
            var size = 0;
            while (size < options.BatchBytes && run.Count < options.PrefetchFrames && pending.Remove(channel.Expected, out var next))
            {
                run.Add(next);
                size += next.Frame.Length;
                channel.Expected++;
            }

            return (channel, run);
        }
    }

    /// <summary>Handles frames from <paramref name="from"/> on as one batch, or parks those there that cannot be used. How many it took; 0 when the channel is gone.</summary>
    private async ValueTask<int> HandleAsync(List<Delivery> run, int from, CancellationToken gone)
    {
        var broken = run.Skip(from).Select(d => (d.Frame, Reading: d.Reading as FrameReading.Broken)).TakeWhile(d => d.Reading is not null).ToList();
        if (broken.Count > 0)
        {
            // At once, so that a hundred bad frames do not hold up what follows for a hundred confirms.
            var parked = await Task.WhenAll(broken.Select(b => ParkAsync(b.Frame, b.Reading!, gone)));
            return parked.All(p => p) ? broken.Count : 0;
        }

        var bodies = new List<BusBody>();
        var frameOf = new List<byte[]>();
        var redelivered = false;
        var frames = 0;
        for (var i = from; i < run.Count && bodies.Count < options.BatchBodies && run[i].Reading is FrameReading.Whole whole; i++)
        {
            bodies.AddRange(whole.Bodies.Select(b => new BusBody(whole.Sender, b)));
            frameOf.AddRange(Enumerable.Repeat(run[i].Frame, whole.Bodies.Length));
            redelivered |= run[i].Redelivered;
            frames++;
        }

        return await handling.HandleAsync(new BusBatch(address, partition, bodies, redelivered), handler, i => frameOf[i], park, gone, CancellationToken.None) ? frames : 0;
    }

    private async Task<bool> ParkAsync(byte[] frame, FrameReading.Broken broken, CancellationToken gone)
    {
        if (broken.IsUnauthentic)
        {
            metrics.Unauthentic(BusMetrics.Tags(address), broken.Error.RuleId);
        }

        return await handling.ParkAsync(new ParkItem(address, partition, frame, broken.Error.ToString(), broken.IsUnauthentic), park, gone);
    }

    /// <summary>The channel is gone or the reader stops: what was taken is held until the channel is closed, then dropped with the rest.</summary>
    private void Abandon(Channel channel, List<Delivery> run, int from)
    {
        lock (gate)
        {
            if (channel == current && channel.Transport.IsOpen)
            {
                foreach (var delivery in run[from..])
                {
                    pending.Add(delivery.Tag, delivery);
                }

                channel.Expected = run[from].Tag;
                return;
            }
        }

        foreach (var delivery in run[from..])
        {
            delivery.Done.TrySetCanceled();
        }
    }
}
