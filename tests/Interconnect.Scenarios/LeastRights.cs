using System.Text.Json;
using System.Threading.Channels;
using Interconnect.Bus;
using Interconnect.Bus.Tests;
using Interconnect.Federation;
using Interconnect.Hub;
using Interconnect.Hub.Tests.Kit;
using Interconnect.Storage;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Npgsql;
using RabbitMQ.Client;

namespace Interconnect.Scenarios;

/// <summary>
/// A hub and the adapters' ends of the bus as an operator sets them up: users and roles made by the program's own commands, each part with its own key, its own user on the broker and
/// its own role on the database, and no rights beyond that.
/// </summary>
internal sealed class LeastRights : IAsyncDisposable
{
    private static readonly string[] Names = ["hub", "adapter:" + World.Xmpp, "adapter:" + World.Matrix];
    private readonly DirectoryInfo folder = Directory.CreateTempSubdirectory("least-rights-");
    private readonly string suffix = Guid.NewGuid().ToString("N")[..8];
    private readonly Dictionary<string, Channel<FederationEnvelope>> delivered = [];
    private readonly List<ServiceProvider> processes = [];
    private readonly List<IAsyncDisposable> readers = [];
    private BusBroker broker = null!;

    public IReadOnlyDictionary<string, BusRoleOptions> Roles { get; private set; } = new Dictionary<string, BusRoleOptions>();

    public BusBroker Broker => broker;

    public string Database { get; private set; } = "";

    public HubAdmin Hub => processes[0].GetRequiredService<HubAdmin>();

    public static async Task<LeastRights> StartAsync()
    {
        var world = new LeastRights { broker = await BusBroker.CreateAsync() };
        try
        {
            await world.PrepareAsync();
            await world.StartHubAsync();
            foreach (var network in new[] { World.Xmpp, World.Matrix })
            {
                await world.StartAdapterAsync(network);
            }

            return world;
        }
        catch
        {
            await world.DisposeAsync();
            throw;
        }
    }

    /// <summary>A connection string of a role of the database.</summary>
    public string DatabaseAs(string role) => new NpgsqlConnectionStringBuilder(Database) { Username = role, Password = PasswordOf(role), Pooling = false }.ConnectionString;

    /// <summary>The raw client, signed in as a role's user.</summary>
    public Task<IConnection> ConnectAsync(string role) => new ConnectionFactory { Uri = AmqpAs(role) }.CreateConnectionAsync();

    /// <summary>The bus as a role has it, with whatever roles it claims to know.</summary>
    public IBusPublisher PublisherAs(string role) => processes[Array.IndexOf(Names, role)].GetRequiredService<IBusPublishers>().As(BusSender.TryParse(role, out var sender) ? sender : throw new ArgumentException(role));

    public async Task SubmitAsync(string network, FederationEnvelope envelope)
    {
        while (await PublisherAs("adapter:" + network).PublishAsync(new BusAddress.Submit(), envelope.Conversation, EnvelopeCodec.Encode(envelope), default) is PublishOutcome.Unavailable away)
        {
            await Task.Delay(away.RetryAfter);
        }
    }

    /// <summary>What the hub sends to a network next.</summary>
    public Task<FederationEnvelope> NextAsync(string network) => delivered[network].Reader.ReadAsync().AsTask().WaitAsync(TimeSpan.FromSeconds(20));

    public int Waiting(string network) => delivered[network].Reader.Count;

    public async ValueTask DisposeAsync()
    {
        foreach (var reader in readers)
        {
            await reader.DisposeAsync();
        }

        foreach (var process in processes)
        {
            foreach (var role in process.GetServices<IHostedService>())
            {
                await role.StopAsync(CancellationToken.None);
            }

            await process.DisposeAsync();
        }

        foreach (var user in Roles.Values.Select(r => r.User!))
        {
            await broker.DeleteUserAsync(user);
        }

        await broker.DisposeAsync();
        folder.Delete(recursive: true);
    }

    private string PasswordOf(string user) => OperatorCommands.PasswordOf(folder.FullName, user);

    private Uri AmqpAs(string role) => new UriBuilder(broker.Amqp) { UserName = Roles[role].User!, Password = PasswordOf(Roles[role].User!) }.Uri;

    private async Task PrepareAsync()
    {
        Database = await broker.Servers.CreateDatabaseAsync();
        Roles = OperatorCommands.WithUsers(RoleFolder.Create(Path.Combine(folder.FullName, "keys"), Names), suffix);
        Write("interconnect.json", new { bus = new { amqp = broker.Amqp.AbsoluteUri, partitions = 2, roles = Roles }, database = new { provider = "postgres", connectionString = Database } });
        Write("networks/" + World.Xmpp + ".json", new { xmpp = new { component = "gw.a.test", provider = "a.test", secret = "unused" } });
        Write("networks/" + World.Matrix + ".json", new { matrix = new { homeserver = "http://127.0.0.1:1", provider = "hs.test", asToken = "unused", hsToken = "unused" } });
        await OperatorCommands.ApplyAsync(broker.Servers, folder.FullName);
    }

    private void Write(string name, object content)
    {
        var path = Path.Combine(folder.FullName, name);
        Directory.CreateDirectory(Path.GetDirectoryName(path)!);
        File.WriteAllText(path, JsonSerializer.Serialize(content));
    }

    private BusOptions BusAs(string role) => new() { Amqp = AmqpAs(role), Partitions = 2, Roles = Roles, ReconnectMax = TimeSpan.FromSeconds(1) };

    private async Task StartHubAsync()
    {
        var hub = new ServiceCollection()
            .AddInterconnectBus(BusAs("hub"), new BusSender.HubProvider())
            .AddInterconnectHub(World.DefaultOptions(new DatabaseOptions { Provider = "postgres", ConnectionString = DatabaseAs("interconnect_hub") }) with { Partitions = 2 })
            .BuildServiceProvider();
        processes.Add(hub);
        await hub.GetRequiredService<HubRole>().StartAsync(CancellationToken.None);
        using var patience = new CancellationTokenSource(TimeSpan.FromSeconds(30));
        for (var status = hub.GetRequiredService<HubStatus>(); status.WhyNotReady is not null;)
        {
            Assert.False(patience.IsCancellationRequested, status.WhyNotReady);
            await Task.Delay(20);
        }
    }

    private async Task StartAdapterAsync(string network)
    {
        var sender = new BusSender.Network(NetworkId.Parse(network));
        var process = new ServiceCollection().AddInterconnectBus(BusAs(sender.Name), sender).BuildServiceProvider();
        processes.Add(process);
        var taken = delivered[network] = Channel.CreateUnbounded<FederationEnvelope>();
        using var patience = new CancellationTokenSource(TimeSpan.FromSeconds(30));
        readers.Add(await process.GetRequiredService<IBusConsumer>().ConsumeAsync(
            new BusAddress.Deliver(sender.Id),
            (batch, cancellation) =>
            {
                foreach (var body in batch.Bodies)
                {
                    Assert.IsType<BusSender.HubProvider>(body.Sender);
                    Assert.True(EnvelopeCodec.TryDecode(body.Bytes, out var envelope, out _));
                    taken.Writer.TryWrite(envelope);
                }

                return ValueTask.FromResult<IReadOnlyList<Unusable>>([]);
            },
            patience.Token));
    }
}
