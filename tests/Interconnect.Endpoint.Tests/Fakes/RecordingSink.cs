using System.Threading.Channels;
using Interconnect.Federation;

namespace Interconnect.Endpoint.Tests.Fakes;

/// <summary>Keeps what a transport delivers; can make it wait.</summary>
internal sealed class RecordingSink : ITransportSink
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(20);
    private readonly Channel<InboundItem> items = Channel.CreateUnbounded<InboundItem>();
    private readonly Channel<(FrameId Frame, TransportFailure Why)> returned = Channel.CreateUnbounded<(FrameId, TransportFailure)>();
    private readonly Channel<TransportStatus> statuses = Channel.CreateUnbounded<TransportStatus>();

    public Task Saved { get; set; } = Task.CompletedTask;

    public async Task ReceiveAsync(InboundItem item, CancellationToken cancellation)
    {
        await items.Writer.WriteAsync(item, cancellation);
        await Saved.WaitAsync(cancellation);
    }

    public Task ReturnedAsync(FrameId frame, TransportFailure why, CancellationToken cancellation)
    {
        returned.Writer.TryWrite((frame, why));
        return Task.CompletedTask;
    }

    public void StatusChanged(TransportStatus status) => statuses.Writer.TryWrite(status);

    public Task<InboundItem> NextAsync() => items.Reader.ReadAsync().AsTask().WaitAsync(Patience);

    public Task<(FrameId Frame, TransportFailure Why)> NextReturnedAsync() => returned.Reader.ReadAsync().AsTask().WaitAsync(Patience);

    /// <summary>Passes over other states; returns why.</summary>
    public async Task<TransportFailure?> WaitForAsync(TransportState state)
    {
        while (true)
        {
            var status = await statuses.Reader.ReadAsync().AsTask().WaitAsync(Patience);
            if (status.State == state)
                return status.Why;
        }
    }

    public bool HasMore => items.Reader.TryPeek(out _);
}
