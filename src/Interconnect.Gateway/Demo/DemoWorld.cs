using System.Net;
using System.Net.Sockets;
using System.Security.Cryptography;
using Interconnect.Adapters.Hosting;
using Interconnect.Adapters.Matrix;
using Interconnect.Adapters.Xmpp;
using Interconnect.Federation;
using Interconnect.Gateway.Configuration;
using Interconnect.Gateway.Health;
using Interconnect.Gateway.Roles;
using Interconnect.Hub;
using Interconnect.Sandbox;
using Interconnect.Storage;

namespace Interconnect.Gateway.Demo;

/// <summary>Two simulated networks, and the gateway's real roles between them in this process; state in a folder that goes away with it.</summary>
internal sealed class DemoWorld : IAsyncDisposable
{
    public const string XmppDomain = "a.test", MatrixDomain = "hs.test";
    private static readonly TimeSpan StartLimit = TimeSpan.FromSeconds(20);
    private readonly string asToken = NewSecret();
    private readonly string hsToken = NewSecret();
    private readonly string componentSecret = NewSecret();
    private SimulatedXmppServer? xmpp;
    private SimulatedMatrixServer? matrix;

    private DemoWorld(HopLog log) => Log = log;

    public HopLog Log { get; }

    public string Folder { get; } = Directory.CreateTempSubdirectory("interconnect-demo-").FullName;

    public string DatabasePath => Path.Combine(Folder, "gateway", "interconnect.db");

    public string CertificatePath => Path.Combine(Folder, "a.test.pem");

    public string AlicePassword { get; } = NewSecret();

    public string BobPassword { get; } = NewSecret();

    /// <summary>What no log may hold.</summary>
    public IReadOnlyList<string> Secrets => [asToken, hsToken, componentSecret, AlicePassword, BobPassword];

    public SimulatedXmppServer Xmpp => xmpp!;

    public SimulatedMatrixServer Matrix => matrix!;

    public WebApplication Gateway { get; private set; } = null!;

    public static async Task<DemoWorld> StartAsync(HopLog log, CancellationToken cancellation)
    {
        var world = new DemoWorld(log);
        try
        {
            await world.StartNetworksAsync();
            await world.StartGatewayAsync(cancellation);
            return world;
        }
        catch
        {
            await world.DisposeAsync();
            throw;
        }
    }

    public async ValueTask DisposeAsync()
    {
        if (Gateway is not null)
        {
            await Gateway.StopAsync();
            await Gateway.DisposeAsync();
        }

        await (xmpp?.DisposeAsync() ?? ValueTask.CompletedTask);
        await (matrix?.DisposeAsync() ?? ValueTask.CompletedTask);
        Directory.Delete(Folder, recursive: true);
    }

    private async Task StartNetworksAsync()
    {
        xmpp = await SimulatedXmppServer.StartAsync(
            new SimulatedXmppOptions { Domain = XmppDomain, Components = new Dictionary<string, string> { ["gw." + XmppDomain] = componentSecret }, Observer = Log.Add },
            TimeProvider.System);
        xmpp.AddAccount("alice", AlicePassword);
        await File.WriteAllTextAsync(CertificatePath, xmpp.CertificatePem);
        matrix = await SimulatedMatrixServer.StartAsync(new SimulatedMatrixOptions { ServerName = MatrixDomain, RetryDelay = TimeSpan.FromMilliseconds(50), Observer = Log.Add }, TimeProvider.System);
        matrix.AddAccount("bob", BobPassword);
    }

    private async Task StartGatewayAsync(CancellationToken cancellation)
    {
        // The port is free now; nobody else is expected to take it in between.
        var listen = new Uri($"http://127.0.0.1:{FreePort()}");
        matrix!.AddApplicationService(new ApplicationServiceRegistration
        {
            Id = "interconnect",
            Url = listen,
            AsToken = asToken,
            HsToken = hsToken,
            SenderLocalpart = "gwbot",
            UserNamespace = "@gw_.*:" + MatrixDomain.Replace(".", @"\.", StringComparison.Ordinal),
        });
        Gateway = GatewayHost.Build(Configuration(listen), builder =>
        {
            builder.Logging.ClearProviders();
            builder.Logging.AddProvider(new MemoryLog(TimeProvider.System, Log));
            BusTap.Insert(builder.Services, Log);
        });
        await Gateway.StartAsync(cancellation);
        await WaitUntilReadyAsync(cancellation);
    }

    private async Task WaitUntilReadyAsync(CancellationToken cancellation)
    {
        var readiness = Gateway.Services.GetRequiredService<Readiness>();
        var started = TimeProvider.System.GetTimestamp();
        for (var reasons = await readiness.WhyNotReadyAsync(cancellation); reasons.Count > 0; reasons = await readiness.WhyNotReadyAsync(cancellation))
        {
            if (TimeProvider.System.GetElapsedTime(started) > StartLimit || Gateway.Lifetime.ApplicationStopping.IsCancellationRequested)
            {
                throw new DemoFailure("The gateway is not ready: " + string.Join("; ", reasons.Select(r => $"{r.Part}: {r.Reason}")) + ".");
            }

            await Task.Delay(TimeSpan.FromMilliseconds(25), TimeProvider.System, cancellation);
        }
    }

    private GatewayConfiguration Configuration(Uri listen)
    {
        var networks = new Dictionary<NetworkId, NetworkOptions>
        {
            [NetworkId.Parse("xmpp-a")] = new()
            {
                Xmpp = new XmppOptions { Port = xmpp!.ComponentPort, Component = "gw." + XmppDomain, Provider = XmppDomain, Secret = componentSecret },
                Host = new AdapterHostOptions { Network = "xmpp-a", RestartPause = TimeSpan.FromMilliseconds(200) },
            },
            [NetworkId.Parse("matrix-b")] = new()
            {
                Matrix = new MatrixOptions { Homeserver = matrix!.BaseAddress.ToString(), Provider = MatrixDomain, Listen = listen.ToString(), AsToken = asToken, HsToken = hsToken },
                Host = new AdapterHostOptions { Network = "matrix-b", RestartPause = TimeSpan.FromMilliseconds(200) },
            },
        };
        var options = new GatewayOptions
        {
            Database = new DatabaseOptions { ConnectionString = DatabasePath },
            Http = new HttpOptions { Listen = "127.0.0.1:0" },
            Log = new LogOptions { Level = LogLevel.Debug },
            ShutdownTimeout = TimeSpan.FromSeconds(5),
        };
        var hub = new HubOptions
        {
            Domain = ProviderDomain.Parse("hub.test"),
            Partitions = options.Bus.Partitions,
            Database = options.Database,
            Networks = networks.ToDictionary(n => n.Key, n => ProviderDomain.Parse(n.Value.Provider)),
            Peerings = [new PeeringAgreement { Id = "demo", First = ProviderDomain.Parse(XmppDomain), Second = ProviderDomain.Parse(MatrixDomain) }],
        };
        return new GatewayConfiguration(options, GatewayRole.Choose([], networks.Keys, false, []), networks, hub);
    }

    private static int FreePort()
    {
        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        return ((IPEndPoint)listener.LocalEndpoint).Port;
    }

    private static string NewSecret() => Convert.ToHexStringLower(RandomNumberGenerator.GetBytes(16));
}
