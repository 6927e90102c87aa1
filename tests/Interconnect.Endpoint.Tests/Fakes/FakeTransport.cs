using Interconnect.Federation;

namespace Interconnect.Endpoint.Tests.Fakes;

/// <summary>Carries frames to the <see cref="FakeGateway"/> in memory.</summary>
internal sealed class FakeTransport(UserUri user, FakeGateway gateway, Mailbox? mailbox = null) : ITransport
{
    private readonly CancellationTokenSource stopping = new();
    private Task running = Task.CompletedTask;

    public UserUri User => user;

    public ITransportSink? Sink { get; private set; }

    /// <summary>What sending gives; null = the gateway takes it.</summary>
    public Func<FrameId, TransportSend?> Outcome { get; set; } = static _ => null;

    /// <summary>Sending waits for this.</summary>
    public Task Open { get; set; } = Task.CompletedTask;

    /// <summary>Receiving begins after this.</summary>
    public Task BeforeReceiving { get; init; } = Task.CompletedTask;

    /// <summary>Why the login fails; null = it does not.</summary>
    public TransportFailure? Refusal { get; init; }

    public Task<TransportFailure?> StartAsync(ITransportSink receiver, CancellationToken cancellation)
    {
        Sink = receiver;
        if (Refusal is not null)
            return Task.FromResult<TransportFailure?>(Refusal);

        receiver.StatusChanged(new TransportStatus(TransportState.Connected));
        running = Task.Run(ReceiveAsync, CancellationToken.None);
        return Task.FromResult<TransportFailure?>(null);
    }

    private async Task ReceiveAsync()
    {
        await BeforeReceiving.WaitAsync(stopping.Token);
        await (mailbox ?? gateway.MailboxOf(user)).RunAsync(parcel => Sink!.ReceiveAsync(parcel.ToItem(), stopping.Token), stopping.Token);
    }

    public async Task<TransportSend> SendAsync(TransportAddress to, FrameId id, ReadOnlyMemory<byte> frame, CancellationToken cancellation)
    {
        await Open.WaitAsync(cancellation);
        if (Outcome(id) is { } outcome)
            return outcome;

        gateway.Submit(user, id, frame.ToArray());
        return new TransportSend.Taken();
    }

    public Task ReturnAsync(FrameId frame, TransportFailure why) => Sink!.ReturnedAsync(frame, why, CancellationToken.None);

    public async Task StopAsync(CancellationToken cancellation)
    {
        await stopping.CancelAsync();
        await running.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
    }

    public async ValueTask DisposeAsync() => await StopAsync(CancellationToken.None);
}
