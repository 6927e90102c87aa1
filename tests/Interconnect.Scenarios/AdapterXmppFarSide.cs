using System.Security.Cryptography;
using Interconnect.Adapters.Xmpp;
using Interconnect.Federation;
using Interconnect.Testing;
using Interconnect.Testing.Conformance;

namespace Interconnect.Scenarios;

/// <summary>A real XMPP server with ordinary WebSocket clients; the adapter reaches it through a gate that can be shut.</summary>
internal sealed class AdapterXmppFarSide(DevServers servers, XmppServerAddress server, Uri webSocket) : IFarSide
{
    private readonly TcpGate gate = new(server.ComponentPort);

    public NetworkId Network { get; } = NetworkId.Parse("xmpp-real");

    public ProviderDomain Provider { get; } = ProviderDomain.Parse(server.Domain);

    public bool TellsRefusedSender => true;

    public INetworkAdapter CreateAdapter() => new XmppAdapter(Network, Options(server.ComponentSecret), TimeProvider.System);

    public INetworkAdapter CreateStranger() => new XmppAdapter(Network, Options("wrong"), TimeProvider.System);

    public async Task<IFarUser> SignInAsync(string name)
    {
        var account = name + Convert.ToHexStringLower(RandomNumberGenerator.GetBytes(4));
        var jid = server.Name == "prosody" ? await servers.CreateProsodyUserAsync(account, "pw-1") : await servers.CreateEjabberdUserAsync(account, "pw-1");
        return new AdapterXmppDevice(await AdapterXmppClient.ConnectAsync(webSocket, jid, "pw-1"), new XmppIdentifiers(Provider.Value, server.ComponentDomain), server.ComponentDomain);
    }

    public Task SetReachableAsync(bool reachable)
    {
        if (reachable)
        {
            gate.Open();
        }
        else
        {
            gate.Shut();
        }

        return Task.CompletedTask;
    }

    public ValueTask DisposeAsync() => gate.DisposeAsync();

    private XmppOptions Options(string secret) => new()
    {
        Port = gate.Port,
        Component = server.ComponentDomain,
        Provider = server.Domain,
        Secret = secret,
        MaxReconnectPause = TimeSpan.FromSeconds(1),
    };
}
