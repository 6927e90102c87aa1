using System.Collections.Concurrent;
using System.Threading.Channels;
using Interconnect.Federation;

namespace Interconnect.Testing.Conformance;

/// <summary>A sink that keeps what it is given and answers as it is told to.</summary>
public sealed class RecordingSink : IAdapterSink
{
    private readonly Channel<InboundEvent> submitted = Channel.CreateUnbounded<InboundEvent>();
    private readonly Channel<InboundReceipt> reported = Channel.CreateUnbounded<InboundReceipt>();
    private readonly ConcurrentQueue<AdapterStatus> statuses = new();
    private int refusals;

    /// <summary>Called before an event is taken; what is awaited in it holds the answer back.</summary>
    public Func<InboundEvent, Task> BeforeSubmit { get; set; } = _ => Task.CompletedTask;

    /// <summary>Whose events are kept; what others sent is taken and forgotten. Null: everybody's.</summary>
    public UserUri? Only { get; set; }

    /// <summary>The states told so far.</summary>
    public IReadOnlyCollection<AdapterStatus> Statuses => statuses;

    /// <summary>How many events are taken and not read by the test yet.</summary>
    public int Waiting => submitted.Reader.Count;

    /// <summary>Refuses the next events.</summary>
    public void RefuseNext(int count) => refusals = count;

    /// <inheritdoc/>
    public async ValueTask<SubmitOutcome> SubmitAsync(InboundEvent received, CancellationToken cancellation)
    {
        if (Only is { } user && received.Sender != user)
        {
            return new SubmitOutcome.Accepted();
        }

        await BeforeSubmit(received);
        if (Interlocked.Decrement(ref refusals) >= 0)
        {
            return new SubmitOutcome.Refused("told to", TimeSpan.FromSeconds(1));
        }

        submitted.Writer.TryWrite(received);
        return new SubmitOutcome.Accepted();
    }

    /// <inheritdoc/>
    public ValueTask<SubmitOutcome> ReportAsync(InboundReceipt receipt, CancellationToken cancellation)
    {
        reported.Writer.TryWrite(receipt);
        return new(new SubmitOutcome.Accepted());
    }

    /// <inheritdoc/>
    public void StatusChanged(AdapterStatus status) => statuses.Enqueue(status);

    /// <summary>The next event that was taken.</summary>
    public Task<InboundEvent> NextEventAsync(TimeSpan limit) => submitted.Reader.ReadAsync().AsTask().WaitAsync(limit);

    /// <summary>The next receipt.</summary>
    public Task<InboundReceipt> NextReceiptAsync(TimeSpan limit) => reported.Reader.ReadAsync().AsTask().WaitAsync(limit);
}
