using System.Diagnostics;
using Interconnect.Bus.Frames;
using Interconnect.Federation;

namespace Interconnect.Bus.RabbitMq;

/// <summary>
/// One partition's way out. One frame is on its way at a time; what is published meanwhile waits and goes together in the next, so the window is as many
/// envelopes as a frame holds, and nothing waits when the lane is idle. One frame and not several, because a later frame could be stored while an
/// earlier one is refused, and the earlier one's repetition would then come behind it.
/// </summary>
internal sealed class PublishLane(
    BusAddress address, int partition, Func<IReadOnlyList<ReadOnlyMemory<byte>>, byte[]> seal, BusOptions options, FrameSender sender, BrokerLink link, BusMetrics metrics, TimeProvider time)
{
    private readonly Queue<Waiting> waiting = new();
    private readonly Lock gate = new();
    private readonly TagList tags = BusMetrics.Tags(address);
    private readonly LaneClosure closure = new(options.RetryAfter, time);
    private long bytes;
    private bool pumping;

    private readonly record struct Waiting(ReadOnlyMemory<byte> Body, TaskCompletionSource<PublishOutcome> Done);

    public Task<PublishOutcome> Publish(ReadOnlyMemory<byte> body)
    {
        metrics.Published(tags);
        lock (gate)
        {
            if (WhyNotNow(body.Length) is { } why)
            {
                metrics.Unavailable(tags, 1);
                return Task.FromResult<PublishOutcome>(new PublishOutcome.Unavailable(why, options.RetryAfter, Certain: true));
            }

            var item = new Waiting(body, new TaskCompletionSource<PublishOutcome>(TaskCreationOptions.RunContinuationsAsynchronously));
            waiting.Enqueue(item);
            bytes += body.Length;
            if (!pumping)
            {
                pumping = true;
                using (ExecutionContext.SuppressFlow())
                {
                    _ = Task.Run(PumpAsync);
                }
            }

            return item.Done.Task;
        }
    }

    private string? WhyNotNow(int length)
    {
        if (link.WhyDown is { } down)
        {
            return down;
        }

        if (closure.IsClosed())
        {
            return "An earlier frame of this partition failed; its callers go first";
        }

        return waiting.Count >= options.BufferBodies || (bytes + length > options.BufferBytes && waiting.Count > 0) ? "The bus buffer of this partition is full" : null;
    }

    private async Task PumpAsync()
    {
        while (TakeFrame() is { } items)
        {
            SendResult result;
            try
            {
                // A crash here leaves the frame on the broker or not; no caller has an answer, so each publishes again and the reader de-duplicates.
                result = await sender.SendAsync(address, partition, seal(items.ConvertAll(i => i.Body)));
            }
            catch (Exception e)
            {
                result = new SendResult(new PublishOutcome.Unavailable($"The frame could not be sent: {e.GetType().Name}", options.RetryAfter, Certain: false));
            }

            if (result.Outcome is PublishOutcome.Unavailable failed)
            {
                metrics.Returned(tags, result.Returned ? items.Count : 0);
                Fail(items, failed);
            }
            else
            {
                metrics.Confirmed(tags, items.Count);
                items.ForEach(i => i.Done.SetResult(result.Outcome));
            }
        }
    }

    /// <summary>Fails the frame and all that waits behind it, and keeps the lane closed for a moment: callers publish again in order, and nothing slips in before.</summary>
    private void Fail(List<Waiting> items, PublishOutcome.Unavailable outcome)
    {
        List<Waiting> behind;
        lock (gate)
        {
            behind = [.. waiting];
            waiting.Clear();
            bytes = 0;
            closure.Close();
        }

        metrics.Unavailable(tags, items.Count + behind.Count);
        items.ForEach(i => i.Done.SetResult(outcome));
        var never = outcome with { Certain = true };
        behind.ForEach(i => i.Done.SetResult(never));
    }

    private List<Waiting>? TakeFrame()
    {
        lock (gate)
        {
            if (waiting.Count == 0)
            {
                pumping = false;
                return null;
            }

            var items = new List<Waiting>(Math.Min(waiting.Count, options.FrameBodies));
            var size = 0;
            while (items.Count < options.FrameBodies && waiting.TryPeek(out var next) && (items.Count == 0 || size + BusFrameCodec.SizeOf(next.Body.Length) <= options.FrameBytes))
            {
                items.Add(waiting.Dequeue());
                size += BusFrameCodec.SizeOf(next.Body.Length);
                bytes -= next.Body.Length;
            }

            return items;
        }
    }
}
