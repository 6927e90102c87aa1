using Interconnect.Adapters.Hosting;
using Interconnect.Adapters.Matrix;
using Interconnect.Adapters.Matrix.Rooms;
using Interconnect.Adapters.Xmpp;
using Interconnect.Federation;
using Interconnect.Sandbox;
using Interconnect.Scenarios;
using Interconnect.Storage;
using Interconnect.Testing.Conformance;

namespace Interconnect.Adapters.Tests.Simulated;

/// <summary>The simulated XMPP server, behind a gate.</summary>
internal sealed class SimulatedXmppFarSide : IFarSide
{
    private readonly SimulatedXmppServer server;
    private readonly TcpGate gate;

    private SimulatedXmppFarSide(SimulatedXmppServer server) => (this.server, gate) = (server, new TcpGate(server.ComponentPort));

    public NetworkId Network { get; } = NetworkId.Parse("xmpp-sim");

    public ProviderDomain Provider { get; } = ProviderDomain.Parse("a.test");

    public bool TellsRefusedSender => true;

    public static async Task<IFarSide> CreateAsync() => new SimulatedXmppFarSide(await SimulatedXmppServer.StartAsync(
        new SimulatedXmppOptions { Domain = "a.test", RequireTls = false, Components = new Dictionary<string, string> { ["gw.a.test"] = "secret" } }, TimeProvider.System));

    public INetworkAdapter CreateAdapter() => new XmppAdapter(Network, Options("secret"), TimeProvider.System);

    public INetworkAdapter CreateStranger() => new XmppAdapter(Network, Options("wrong"), TimeProvider.System);

    public async Task<IFarUser> SignInAsync(string name)
    {
        server.AddAccount(name, "pw-1");
        return new AdapterXmppDevice(await SimulatedXmppClient.ConnectAsync(server.ClientPort, "a.test", name, "pw-1"), new XmppIdentifiers(Provider.Value, "gw.a.test"), "gw.a.test");
    }

    public Task SetReachableAsync(bool reachable)
    {
        (reachable ? (Action)gate.Open : gate.Shut)();
        return Task.CompletedTask;
    }

    public async ValueTask DisposeAsync()
    {
        await gate.DisposeAsync();
        await server.DisposeAsync();
    }

    private XmppOptions Options(string secret) => new() { Port = gate.Port, Component = "gw.a.test", Provider = "a.test", Secret = secret, MaxReconnectPause = TimeSpan.FromSeconds(1) };
}

/// <summary>The simulated homeserver, behind a gate.</summary>
internal sealed class SimulatedMatrixFarSide : IFarSide
{
    private readonly TcpGate gate;
    private readonly Database database;
    private readonly DirectoryInfo folder = Directory.CreateTempSubdirectory("adapter-matrix-");
    private readonly int listenPort;
    private readonly bool deliveredMeansRead;

    private SimulatedMatrixFarSide(SimulatedMatrixServer server, bool deliveredMeansRead)
    {
        (Server, this.deliveredMeansRead) = (server, deliveredMeansRead);
        gate = new TcpGate(server.BaseAddress.Port);
        database = Database.Create(new DatabaseOptions { ConnectionString = Path.Combine(folder.FullName, "adapter.db") });
        using var free = new System.Net.Sockets.TcpListener(System.Net.IPAddress.Loopback, 0);
        free.Start();
        listenPort = ((System.Net.IPEndPoint)free.LocalEndpoint).Port;
    }

    public SimulatedMatrixServer Server { get; }

    public Uri ListenAddress => new($"http://127.0.0.1:{listenPort}/");

    public NetworkId Network { get; } = NetworkId.Parse("matrix-sim");

    public ProviderDomain Provider { get; } = ProviderDomain.Parse("hs.test");

    public bool TellsRefusedSender => false;

    /// <param name="deliveredMeansRead">The option of this name.</param>
    /// <param name="retryDelay">How long the homeserver waits after a transaction that failed; null: a tenth of a second.</param>
    /// <param name="limitProfileRequests">The homeserver's option of this name.</param>
    public static async Task<SimulatedMatrixFarSide> CreateAsync(bool deliveredMeansRead = false, TimeSpan? retryDelay = null, bool limitProfileRequests = false)
    {
        var options = new SimulatedMatrixOptions { ServerName = "hs.test", RetryDelay = retryDelay ?? TimeSpan.FromMilliseconds(100), LimitProfileRequests = limitProfileRequests };
        var server = await SimulatedMatrixServer.StartAsync(options, TimeProvider.System);
        var far = new SimulatedMatrixFarSide(server, deliveredMeansRead);
        await Migrations.ApplyAsync(far.database, "adapters", typeof(AdapterServices).Assembly, default);
        far.Server.AddApplicationService(new ApplicationServiceRegistration
        {
            Id = "interconnect",
            Url = new Uri($"http://127.0.0.1:{far.listenPort}"),
            AsToken = "as-token",
            HsToken = "hs-token",
            SenderLocalpart = "gwbot",
            UserNamespace = "@gw_.*:hs\\.test",
        });
        return far;
    }

    public INetworkAdapter CreateAdapter() => CreateAdapter("interconnect", TimeProvider.System);

    public MatrixAdapter CreateAdapter(string registrationId, TimeProvider clock) => new(Network, Options("as-token") with { RegistrationId = registrationId }, database, clock);

    /// <summary>Whether every invitation is answered.</summary>
    public async Task<bool> NothingIsOpenAsync() => (await new InvitationRecords(database, Network, TimeProvider.System).AllAsync(1, default)).Count == 0;

    public INetworkAdapter CreateStranger() => new MatrixAdapter(Network, Options("wrong"), database, TimeProvider.System);

    /// <summary>The rooms that are noted for a pair; adding one there is what an earlier version left.</summary>
    public RoomRecords Rooms => new(database, Network);

    /// <summary>Makes an account and signs a client in that accepts no invitations.</summary>
    public async Task<AdapterMatrixClient> SignInReservedAsync(string name)
    {
        Server.AddAccount(name, "pw-1");
        return await AdapterMatrixClient.ConnectAsync(Server.BaseAddress, $"@{name}:hs.test", "pw-1", accepts: false);
    }

    public async Task<IFarUser> SignInAsync(string name)
    {
        Server.AddAccount(name, "pw-1");
        return new AdapterMatrixDevice(await AdapterMatrixClient.ConnectAsync(Server.BaseAddress, $"@{name}:hs.test", "pw-1"), new MatrixIdentifiers(Provider, "gwbot", "gw_"));
    }

    public Task SetReachableAsync(bool reachable)
    {
        (reachable ? (Action)gate.Open : gate.Shut)();
        return Task.CompletedTask;
    }

    public async ValueTask DisposeAsync()
    {
        await gate.DisposeAsync();
        await Server.DisposeAsync();
        await database.DisposeAsync();
        Microsoft.Data.Sqlite.SqliteConnection.ClearAllPools();
        folder.Delete(true);
    }

    private MatrixOptions Options(string token) => new()
    {
        Homeserver = $"http://127.0.0.1:{gate.Port}",
        Provider = "hs.test",
        Listen = $"http://127.0.0.1:{listenPort}",
        AsToken = token,
        HsToken = "hs-token",
        DeliveredMeansRead = deliveredMeansRead,
    };
}

/// <summary>The conformance suite on the simulated XMPP server.</summary>
public sealed class XmppOnSimulatedServer : AdapterConformance
{
    protected override Task<IFarSide> CreateFarSideAsync() => SimulatedXmppFarSide.CreateAsync();
}

/// <summary>The conformance suite on the simulated homeserver.</summary>
public sealed class MatrixOnSimulatedServer : AdapterConformance
{
    protected override async Task<IFarSide> CreateFarSideAsync() => await SimulatedMatrixFarSide.CreateAsync();
}
