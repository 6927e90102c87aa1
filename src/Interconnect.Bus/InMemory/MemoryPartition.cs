using Interconnect.Federation;

namespace Interconnect.Bus.InMemory;

/// <summary>
/// One partition: a bounded queue and, while it is not empty, one pump that hands batches to the active reader. Because a pump runs alone and takes from the
/// front, the order of calls is the order of handling.
/// </summary>
internal sealed class MemoryPartition(MemoryStreamState stream, int number, BusOptions options, BatchHandling handling, Park park)
{
    private readonly Queue<Waiting> waiting = new();
    private readonly Lock gate = new();
    private long bytes;
    private bool pumping;

    private readonly record struct Waiting(BusBody Body, TaskCompletionSource<PublishOutcome> Done);

    public Task<PublishOutcome> Publish(BusBody body)
    {
        lock (gate)
        {
            if (stream.Active is null)
            {
                return Task.FromResult(NobodyReads(certain: true));
            }

            if (waiting.Count >= options.BufferBodies || bytes + body.Bytes.Length > options.BufferBytes)
            {
                return Task.FromResult<PublishOutcome>(new PublishOutcome.Unavailable("The bus buffer of this partition is full", options.RetryAfter, Certain: true));
            }

            var item = new Waiting(body, new TaskCompletionSource<PublishOutcome>(TaskCreationOptions.RunContinuationsAsynchronously));
            waiting.Enqueue(item);
            bytes += body.Bytes.Length;
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

    private async Task PumpAsync()
    {
        while (TakeBatch() is { } batch)
        {
            var bus = new BusBatch(stream.Address, number, batch.ConvertAll(b => b.Body), Redelivered: false);
            var tried = false;
            var handled = false;
            while (!handled && stream.Active is { } reader)
            {
                if (!reader.TryEnter())
                {
                    await Task.Yield();
                    continue;
                }

                try
                {
                    // A crash here leaves nothing stored by the bus: the callers have no answer yet, and what the handler committed is found by its de-duplication.
                    handled = await handling.HandleAsync(bus with { Redelivered = tried }, reader.Handler, i => bus.Bodies[i].Bytes, park, reader.Abandon, CancellationToken.None);
                    tried = true;
                }
                finally
                {
                    reader.Leave();
                }
            }

            var outcome = handled ? new PublishOutcome.Stored() : NobodyReads(certain: !tried);
            foreach (var item in batch)
            {
                item.Done.SetResult(outcome);
            }
        }
    }

    /// <summary>What waits, up to a batch's bounds; null ends the pump.</summary>
    private List<Waiting>? TakeBatch()
    {
        lock (gate)
        {
            if (waiting.Count == 0)
            {
                pumping = false;
                return null;
            }

            var batch = new List<Waiting>(Math.Min(waiting.Count, options.BatchBodies));
            long taken = 0;
            while (batch.Count < options.BatchBodies && taken < options.BatchBytes && waiting.TryDequeue(out var item))
            {
                batch.Add(item);
                taken += item.Body.Bytes.Length;
            }

            bytes -= taken;
            return batch;
        }
    }

    private PublishOutcome NobodyReads(bool certain) =>
        new PublishOutcome.Unavailable($"Nobody reads {stream.Address.Name}", options.RetryAfter, certain);
}
