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

/// <summary>The conformance suite on real Synapse, where an event counts as delivered when it was read.</summary>
public sealed class AdapterOnSynapseWithReadReceipts : AdapterConformance
{
    protected override Task<IFarSide> CreateFarSideAsync() => AdapterMatrixFarSide.CreateAsync(deliveredMeansRead: true);
}
