using System.Threading.Channels;
using Interconnect.Endpoint;
using Interconnect.Federation;
using Interconnect.Testing;

namespace Interconnect.Scenarios;

/// <summary>The endpoint's transports alone against real servers; the gateway's side of the network is played by the test.</summary>
public sealed class EndpointTransportScenarios
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(30);
    private static readonly DevServers Servers = DevServers.Load();

    [Fact]
    public async Task OnProsodyAFrameGoesToTheComponentAndOneComesBack()
    {
        var name = "ep" + FrameId.Create().Hex[..8];
        var address = await Servers.CreateProsodyUserAsync(name, "pencil");
        await using var component = await XmppComponentPeer.ConnectAsync(Servers.Prosody);
        var sink = new CollectingSink();
        await using var transport = EndpointTransports.Create(Account(address, Servers.Prosody.ClientPort), new NoMemory(), TimeProvider.System);

        Assert.Null(await transport.StartAsync(sink, CancellationToken.None));
        var id = FrameId.Create();
        Assert.IsType<TransportSend.Taken>(await transport.SendAsync(new TransportAddress.Ghost(UserUri.Parse("mimi://hs.test/u/bob")), id, new byte[] { 1, 2, 3 }, CancellationToken.None));
        var stanza = await component.NextAsync("<frame");
        await component.SayAsync($"<message type='chat' from='bob\\40hs.test@{Servers.Prosody.ComponentDomain}' to='{address}' id='back'><frame xmlns='urn:interconnect:frame:1'>BAUG</frame><request xmlns='urn:xmpp:receipts'/></message>");

        var item = Assert.IsType<InboundItem.Frame>(await sink.NextAsync());
        Assert.Contains("AQID", stanza, StringComparison.Ordinal);
        Assert.Contains(id.Hex, stanza, StringComparison.Ordinal);
        Assert.Equal([4, 5, 6], item.Bytes.ToArray());
        Assert.Equal(new TransportAddress.Ghost(UserUri.Parse("mimi://hs.test/u/bob")), item.From);
        await component.NextAsync("<received");
        await transport.StopAsync(CancellationToken.None);
    }

    /// <summary>RFC 6121 section 8.5.2.1.1 leaves it to the server who of several gets a chat message to the bare address; with equal priorities both send it to all.</summary>
    [Theory]
    [InlineData("prosody")]
    [InlineData("ejabberd")]
    public async Task OnBothXmppServersTwoDevicesOfAnAccountBothGetWhatTheServiceSays(string server)
    {
        var xmpp = server == "prosody" ? Servers.Prosody : Servers.Ejabberd;
        var name = "two" + FrameId.Create().Hex[..8];
        var address = server == "prosody" ? await Servers.CreateProsodyUserAsync(name, "pencil") : await Servers.CreateEjabberdUserAsync(name, "pencil");
        await using var component = await XmppComponentPeer.ConnectAsync(xmpp);
        var account = new TransportAccount
        {
            Kind = TransportKind.Xmpp,
            Address = address,
            Password = "pencil",
            Server = $"127.0.0.1:{xmpp.ClientPort}",
            Gateway = xmpp.ComponentDomain,
            TlsAuthorityFile = xmpp.CertificatePath,
        };
        var (one, other) = (new CollectingSink(), new CollectingSink());
        await using var first = EndpointTransports.Create(account, new NoMemory(), TimeProvider.System);
        await using var second = EndpointTransports.Create(account, new NoMemory(), TimeProvider.System);
        Assert.Null(await first.StartAsync(one, CancellationToken.None));
        Assert.Null(await second.StartAsync(other, CancellationToken.None));
        await BothPresentAsync(first, second, component);

        await SayAsync(1);
        Assert.Equal([1], Frame(await one.NextAsync()));
        Assert.Equal([1], Frame(await other.NextAsync()));

        // What comes while one is away is for the other alone: the server keeps nothing for a device when another of its account is there.
        await second.StopAsync(CancellationToken.None);
        await SayAsync(2);
        Assert.Equal([2], Frame(await one.NextAsync()));
        await using var again = EndpointTransports.Create(account, new NoMemory(), TimeProvider.System);
        var returned = new CollectingSink();
        Assert.Null(await again.StartAsync(returned, CancellationToken.None));
        await BothPresentAsync(first, again, component);
        await SayAsync(3);
        Assert.Equal([3], Frame(await returned.NextAsync()));
        Assert.Equal([3], Frame(await one.NextAsync()));

        Task SayAsync(byte number) => component.SayAsync(
            $"<message type='chat' from='{xmpp.ComponentDomain}' to='{address}' id='m{number}'><frame xmlns='urn:interconnect:frame:1'>{Convert.ToBase64String([number])}</frame><store xmlns='urn:xmpp:hints'/></message>");

        static byte[] Frame(InboundItem item)
        {
            var frame = Assert.IsType<InboundItem.Frame>(item);
            Assert.IsType<TransportAddress.Service>(frame.From);
            return frame.Bytes.ToArray();
        }
    }

    // A stanza of each is answered after its presence has been dealt with.
    private static async Task BothPresentAsync(ITransport first, ITransport second, XmppComponentPeer component)
    {
        foreach (var transport in new[] { first, second })
        {
            var id = FrameId.Create();
            Assert.IsType<TransportSend.Taken>(await transport.SendAsync(new TransportAddress.Service(), id, new byte[] { 9 }, CancellationToken.None));
            await component.NextAsync(id.Hex);
        }
    }

    [Fact]
    public async Task OnProsodyACutConnectionIsResumedAndNothingIsLostOrDoubled()
    {
        var name = "ep" + FrameId.Create().Hex[..8];
        var address = await Servers.CreateProsodyUserAsync(name, "pencil");
        await using var component = await XmppComponentPeer.ConnectAsync(Servers.Prosody);
        await using var wire = new CuttableWire(Servers.Prosody.ClientPort);
        var sink = new CollectingSink();
        await using var transport = EndpointTransports.Create(Account(address, wire.Port), new NoMemory(), TimeProvider.System);
        Assert.Null(await transport.StartAsync(sink, CancellationToken.None));
        var ghost = new TransportAddress.Ghost(UserUri.Parse("mimi://hs.test/u/bob"));

        for (byte i = 0; i < 10; i++)
        {
            if (i is 3 or 7)
                wire.Cut();

            Assert.IsType<TransportSend.Taken>(await transport.SendAsync(ghost, FrameId.Create(), new[] { i }, CancellationToken.None));
            await component.SayAsync($"<message type='chat' from='bob\\40hs.test@{Servers.Prosody.ComponentDomain}' to='{address}'><frame xmlns='urn:interconnect:frame:1'>{Convert.ToBase64String([i])}</frame></message>");
        }

        for (byte i = 0; i < 10; i++)
        {
            Assert.Equal([i], Assert.IsType<InboundItem.Frame>(await sink.NextAsync()).Bytes.ToArray());
            Assert.Contains(Convert.ToBase64String([i]), await component.NextAsync("<frame"), StringComparison.Ordinal);
        }

        Assert.False(sink.HasMore);
        await transport.StopAsync(CancellationToken.None);
    }

    [Fact]
    public async Task OnProsodyWhatCameWhileTheEndpointWasAwayIsDeliveredLater()
    {
        var name = "ep" + FrameId.Create().Hex[..8];
        var address = await Servers.CreateProsodyUserAsync(name, "pencil");
        await using var component = await XmppComponentPeer.ConnectAsync(Servers.Prosody);
        await component.SayAsync($"<message type='chat' from='{Servers.Prosody.ComponentDomain}' to='{address}'><frame xmlns='urn:interconnect:frame:1'>BAUG</frame><store xmlns='urn:xmpp:hints'/><body>x</body></message>");
        var sink = new CollectingSink();
        await using var transport = EndpointTransports.Create(Account(address, Servers.Prosody.ClientPort), new NoMemory(), TimeProvider.System);

        Assert.Null(await transport.StartAsync(sink, CancellationToken.None));

        Assert.IsType<TransportAddress.Service>((await sink.NextAsync()).From);
        await transport.StopAsync(CancellationToken.None);
    }

    [Fact]
    public async Task OnProsodyAWrongPasswordAndAnUntrustedCertificateAreToldApart()
    {
        var address = await Servers.CreateProsodyUserAsync("ep" + FrameId.Create().Hex[..8], "pencil");
        var account = Account(address, Servers.Prosody.ClientPort);
        await using var wrong = EndpointTransports.Create(account with { Password = "pencil2" }, new NoMemory(), TimeProvider.System);
        await using var untrusted = EndpointTransports.Create(account with { TlsAuthorityFile = null }, new NoMemory(), TimeProvider.System);
        await using var right = EndpointTransports.Create(account, new NoMemory(), TimeProvider.System);

        Assert.Equal("XMC-007", (await wrong.StartAsync(new CollectingSink(), CancellationToken.None))!.RuleId);
        Assert.Equal("XMC-004", (await untrusted.StartAsync(new CollectingSink(), CancellationToken.None))!.RuleId);
        Assert.Null(await right.StartAsync(new CollectingSink(), CancellationToken.None));
    }

    [Fact]
    public async Task OnSynapseAFrameGoesToTheGhostAndOneComesBackAfterARestart()
    {
        var user = await Servers.CreateSynapseUserAsync("ep" + FrameId.Create().Hex[..8], "pencil-pencil");
        var ghost = UserUri.Parse("mimi://a.test/u/" + FrameId.Create().Hex[..8]);
        await using var peer = await MatrixGhostPeer.RegisterAsync(Servers.Synapse, ghost);
        var memory = new KeptTransportMemory();
        var account = new TransportAccount { Kind = TransportKind.Matrix, Address = user, Password = "pencil-pencil", Server = Servers.Synapse.Url.ToString(), InsecureLoopback = true };
        var sink = new CollectingSink();
        var room = await peer.InviteAsync(user);
        var id = FrameId.Create();
        await using (var transport = EndpointTransports.Create(account, memory, TimeProvider.System))
        {
            Assert.Null(await transport.StartAsync(sink, CancellationToken.None));
            TransportSend outcome;
            do
            {
                // Until the invitation is accepted the transport has no room to use and would make another.
                await peer.WaitForJoinAsync(room, user);
                outcome = await transport.SendAsync(new TransportAddress.Ghost(ghost), id, new byte[] { 1, 2, 3 }, CancellationToken.None);
            }
            while (outcome is TransportSend.Later);

            Assert.IsType<TransportSend.Taken>(outcome);
            Assert.IsType<TransportSend.Taken>(await transport.SendAsync(new TransportAddress.Ghost(ghost), id, new byte[] { 1, 2, 3 }, CancellationToken.None));
            await transport.StopAsync(CancellationToken.None);
        }

        Assert.Equal(["AQID"], await peer.FramesAsync(room));
        await peer.SendFrameAsync(room, "BAUG");
        await using var again = EndpointTransports.Create(account, memory, TimeProvider.System);
        Assert.Null(await again.StartAsync(sink, CancellationToken.None));
        var item = Assert.IsType<InboundItem.Frame>(await sink.NextAsync());

        Assert.Equal([4, 5, 6], item.Bytes.ToArray());
        Assert.Equal(new TransportAddress.Ghost(ghost), item.From);
        Assert.False(sink.HasMore);
    }

    private static TransportAccount Account(string address, int port) => new()
    {
        Kind = TransportKind.Xmpp,
        Address = address,
        Password = "pencil",
        Server = $"127.0.0.1:{port}",
        Gateway = Servers.Prosody.ComponentDomain,
        TlsAuthorityFile = Servers.Prosody.CertificatePath,
    };

    private sealed class CollectingSink : ITransportSink
    {
        private readonly Channel<InboundItem> items = Channel.CreateUnbounded<InboundItem>();

        public bool HasMore => items.Reader.TryPeek(out _);

        public Task ReceiveAsync(InboundItem item, CancellationToken cancellation) => items.Writer.WriteAsync(item, cancellation).AsTask();

        public Task ReturnedAsync(FrameId frame, TransportFailure why, CancellationToken cancellation) => Task.CompletedTask;

        public void StatusChanged(TransportStatus status)
        {
        }

        public Task<InboundItem> NextAsync() => items.Reader.ReadAsync().AsTask().WaitAsync(Patience);
    }

    private sealed class NoMemory : ITransportMemory
    {
        public Task<byte[]?> LoadAsync(string name, CancellationToken cancellation) => Task.FromResult<byte[]?>(null);

        public Task SaveAsync(string name, byte[] value, CancellationToken cancellation) => Task.CompletedTask;
    }

    private sealed class KeptTransportMemory : ITransportMemory
    {
        private readonly System.Collections.Concurrent.ConcurrentDictionary<string, byte[]> values = new();

        public Task<byte[]?> LoadAsync(string name, CancellationToken cancellation) => Task.FromResult(values.GetValueOrDefault(name));

        public Task SaveAsync(string name, byte[] value, CancellationToken cancellation)
        {
            values[name] = value;
            return Task.CompletedTask;
        }
    }
}
