using Interconnect.Federation;

namespace Interconnect.Bus.InMemory;

/// <summary>One registered handler. Disposing it lets its batches finish and then ends.</summary>
internal sealed class MemoryReader(MemoryStreamState stream, BusHandler handler) : IAsyncDisposable
{
    private readonly CancellationTokenSource abandon = new();
    private readonly TaskCompletionSource drained = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly Lock gate = new();
    private int active;
    private bool stopped;

    public BusHandler Handler { get; } = handler;

    public CancellationToken Abandon => abandon.Token;

    /// <summary>False when the reader has stopped; otherwise <see cref="Leave"/> follows.</summary>
    public bool TryEnter()
    {
        lock (gate)
        {
            active += stopped ? 0 : 1;
            return !stopped;
        }
    }

    public void Leave()
    {
        lock (gate)
        {
            if (--active == 0 && stopped)
            {
                drained.TrySetResult();
            }
        }
    }

    public async ValueTask DisposeAsync()
    {
        lock (gate)
        {
            if (!stopped && active == 0)
            {
                drained.TrySetResult();
            }

            stopped = true;
        }

        stream.Remove(this);
        await abandon.CancelAsync();
        await drained.Task;
    }
}
