using Interconnect.Bus;
using Interconnect.Bus.Tests;
using Interconnect.Federation;
using Interconnect.Testing;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using RabbitMQ.Client;

namespace Interconnect.Scenarios;

/// <summary>These take the broker down, or measure what else happens on it: alone, one after another.</summary>
[CollectionDefinition(nameof(BusBroker), DisableParallelization = true)]
public sealed class BusBrokerCollection;

/// <summary>A virtual host of one's own on the real broker, since the bus's entity names are pinned, and buses on it as separate processes would have them.</summary>
internal sealed class BusBroker : IAsyncDisposable
{
    private static readonly TimeSpan CommandLimit = TimeSpan.FromSeconds(60);
    private readonly string vhost;
    private readonly List<ServiceProvider> buses = [];
    private readonly DirectoryInfo keys = Directory.CreateTempSubdirectory("bus-keys-");

    private BusBroker(DevServers servers, string vhost)
    {
        Servers = servers;
        this.vhost = vhost;
        Amqp = new Uri(servers.Amqp.TrimEnd('/') + "/" + vhost);
        Roles = RoleFolder.Create(keys.FullName, [Hub.Name, Network.Name]);
    }

    public DevServers Servers { get; }

    public Uri Amqp { get; }

    /// <summary>A hub and one network.</summary>
    public IReadOnlyDictionary<string, BusRoleOptions> Roles { get; }

    public static BusSender Hub { get; } = new BusSender.HubProvider();

    public static BusSender Network { get; } = new BusSender.Network(NetworkId.Parse("net-b"));

    /// <summary>Times short enough for a test.</summary>
    public BusOptions Options => new() { Amqp = Amqp, Roles = Roles, HandlerBackOff = TimeSpan.FromMilliseconds(20), HandlerBackOffMax = TimeSpan.FromMilliseconds(200), ReconnectMax = TimeSpan.FromSeconds(1) };

    public static async Task<BusBroker> CreateAsync()
    {
        var broker = new BusBroker(DevServers.Load(), "bus-" + Guid.NewGuid().ToString("N"));
        await broker.ControlAsync("add_vhost", broker.vhost);
        await broker.ControlAsync("set_permissions", "-p", broker.vhost, "interconnect", ".*", ".*", ".*");
        return broker;
    }

    /// <summary>A bus as one process has it.</summary>
    public ServiceProvider Bus(BusOptions? options = null, ILoggerProvider? log = null, params BusSender[] others)
    {
        var services = new ServiceCollection();
        services.AddLogging(logging => _ = log is null ? logging : logging.SetMinimumLevel(LogLevel.Debug).AddProvider(log));
        var bus = services.AddInterconnectBus(options ?? Options, [Hub, Network, .. others]).BuildServiceProvider();
        buses.Add(bus);
        return bus;
    }

    /// <summary>The raw client on the same virtual host.</summary>
    public Task<IConnection> ConnectAsync() => new ConnectionFactory { Uri = Amqp }.CreateConnectionAsync();

    public async ValueTask DisposeAsync()
    {
        foreach (var bus in buses)
        {
            await bus.DisposeAsync();
        }

        await ControlAsync("delete_vhost", vhost);
        keys.Delete(recursive: true);
    }

    /// <summary>One line an entity of the virtual host, columns by tabs.</summary>
    public async Task<IReadOnlyList<string>> ListAsync(string command, params string[] columns) => await ControlAsync([command, "-q", "--no-table-headers", "-p", vhost, .. columns]);

    /// <summary>Runs Erlang in the broker.</summary>
    public Task<IReadOnlyList<string>> EvalAsync(string expression) => ControlAsync("eval", expression);

    public Task DeleteUserAsync(string name) => ControlAsync("delete_user", name);

    private async Task<IReadOnlyList<string>> ControlAsync(params string[] arguments)
    {
        var program = Path.Combine(SharedFiles.RepositoryRoot, "deploy", "dev", "rabbitmqctl");
        await using var process = ChildProcess.Start(program, arguments, new Dictionary<string, string?> { ["INTERCONNECT_DEV_STATE"] = Servers.StateFolder, ["INTERCONNECT_DEV_PORT_BASE"] = null });
        var code = await process.WaitForExitAsync(CommandLimit, CancellationToken.None);
        Assert.True(code == 0, $"rabbitmqctl {arguments[0]} ended with code {code}: {process.Tail()}");
        return process.Output;
    }
}

/// <summary>Publishers of a process that plays all roles.</summary>
internal static class BusPublishing
{
    /// <summary>Publishes to each stream as the one who may.</summary>
    public static IBusPublisher Publisher(this IServiceProvider services) => new EachAsItself(services.GetRequiredService<IBusPublishers>());

    private sealed class EachAsItself(IBusPublishers publishers) : IBusPublisher
    {
        public ValueTask<PublishOutcome> PublishAsync(BusAddress address, ConversationKey conversation, ReadOnlyMemory<byte> body, CancellationToken cancellation) =>
            publishers.As(address is BusAddress.Deliver ? BusBroker.Hub : BusBroker.Network).PublishAsync(address, conversation, body, cancellation);
    }
}
