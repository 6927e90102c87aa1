using Interconnect.Federation;
using Interconnect.Testing;
using Interconnect.Testing.Conformance;

namespace Interconnect.Scenarios;

/// <summary>The conformance suite on real Prosody.</summary>
public sealed class AdapterOnProsody : AdapterConformance
{
    protected override Task<IFarSide> CreateFarSideAsync()
    {
        var servers = DevServers.Load();
        return Task.FromResult<IFarSide>(new AdapterXmppFarSide(servers, servers.Prosody, new Uri($"ws://127.0.0.1:{servers.Prosody.HttpPort}/xmpp-websocket")));
    }
}

/// <summary>The conformance suite on real ejabberd.</summary>
public sealed class AdapterOnEjabberd : AdapterConformance
{
    protected override Task<IFarSide> CreateFarSideAsync()
    {
        var servers = DevServers.Load();
        return Task.FromResult<IFarSide>(new AdapterXmppFarSide(servers, servers.Ejabberd, new Uri($"ws://127.0.0.1:{servers.Ejabberd.HttpPort}/ws")));
    }
}

/// <summary>The conformance suite on real Synapse.</summary>
public sealed class AdapterOnSynapse : AdapterConformance
{
    protected override Task<IFarSide> CreateFarSideAsync() => AdapterMatrixFarSide.CreateAsync(deliveredMeansRead: false);
}

/// <summary>Real Synapse, where an event counts as delivered when it was read.</summary>
public sealed class AdapterOnSynapseWithReadReceipts
{
    private static readonly TimeSpan Limit = TimeSpan.FromSeconds(30);

    [Fact(DisplayName = "Alice reads the second of two messages, and both are delivered")]
    public async Task ReadReceipt_ConfirmsEverythingUpToIt()
    {
        await using var far = await AdapterMatrixFarSide.CreateAsync(deliveredMeansRead: true);
        await using var adapter = far.CreateAdapter();
        await using var alice = await far.SignInAsync("alice");
        var sink = new RecordingSink();
        await adapter.StartAsync(sink, default);

        // A homeserver that has just met a closed port keeps events for later, but not read receipts: an event that comes shows that it pushes again.
        sink.Only = alice.User;
        await alice.SendFrameAsync(null, FrameCodec.Encode(Samples.Request(alice.User)), "frame-1");
        await sink.NextEventAsync(Limit);
        var sent = new List<string?>();
        for (var i = 0; i < 2; i++)
        {
            var delivered = Assert.IsType<DeliveryOutcome.Delivered>(await adapter.DeliverAsync(new Delivery(Samples.Envelope(alice.User), alice.User, 1), default));
            Assert.False(delivered.Reached);
            sent.Add(delivered.NativeReference);
        }

        await alice.NextFrameAsync(Limit);
        await alice.ConfirmAsync(await alice.NextFrameAsync(Limit));

        Assert.Equal(sent, [(await sink.NextReceiptAsync(Limit)).NativeReference, (await sink.NextReceiptAsync(Limit)).NativeReference]);
    }
}
