using System.Net;
using System.Net.Sockets;
using System.Security.Cryptography;
using System.Text.Json;
using Interconnect.Bus;
using Interconnect.Bus.Tests;
using Interconnect.Testing;

namespace Interconnect.Scenarios.Crossing;

/// <summary>
/// The gateway as an operator runs it: hub and one adapter a network, each a process of its own, on RabbitMQ (a virtual host of its own) and PostgreSQL (a database of
/// its own), configured by files in a folder. Roles can be killed and started again.
/// </summary>
public sealed class GatewayDeployment : IAsyncDisposable, IWitness
{
    public const string HubDomain = "hub.test";
    public const string Hub = "hub";
    private static readonly TimeSpan StartLimit = TimeSpan.FromSeconds(60);
    private readonly DevServers servers;
    private readonly string virtualHost;
    private readonly bool leastRights;
    private readonly HttpClient http = new() { Timeout = TimeSpan.FromSeconds(10) };
    private readonly Dictionary<string, ChildProcess> running = [];
    private readonly Dictionary<string, int> ports = [];
    private readonly List<(string Role, IReadOnlyList<string> Lines)> ended = [];

    private IReadOnlyDictionary<string, BusRoleOptions> roles = new Dictionary<string, BusRoleOptions>();

    private GatewayDeployment(DevServers servers, string virtualHost, string folder, string database, bool leastRights)
    {
        this.leastRights = leastRights;
        this.servers = servers;
        this.virtualHost = virtualHost;
        Folder = folder;
        Database = database;
    }

    /// <summary>The configuration folder.</summary>
    public string Folder { get; }

    /// <summary>Npgsql connection string of the gateway's database.</summary>
    public string Database { get; }

    /// <summary>Process ids of the running roles.</summary>
    public IReadOnlyList<int> ProcessIds => [.. running.Values.Select(p => p.Id)];

    /// <summary>Everything the roles have printed so far, the killed ones included.</summary>
    public IReadOnlyList<string> Logs => [.. ended.SelectMany(e => e.Lines), .. running.Values.SelectMany(Printed)];

    /// <summary>Writes the configuration and starts every role. Networks: <c>prosody</c>, <c>ejabberd</c>, <c>synapse</c>.</summary>
    /// <param name="servers">The real servers.</param>
    /// <param name="networks">Which networks are peered, all with all.</param>
    /// <param name="peered">False leaves the peering agreements out.</param>
    /// <param name="matrixListen">Where the Matrix adapter listens; null: where the homeserver calls.</param>
    /// <param name="leastRights">
    /// Each role as its own user of the broker and role of the database, made by the program's commands; only one such deployment at a time, since the database's roles belong to all of it.
    /// </param>
    public static async Task<GatewayDeployment> StartAsync(DevServers servers, IReadOnlyList<string> networks, bool peered = true, int? matrixListen = null, bool leastRights = false)
    {
        var name = "ic" + Convert.ToHexStringLower(RandomNumberGenerator.GetBytes(6));
        await ControlBrokerAsync(servers, "add_vhost", name);
        await ControlBrokerAsync(servers, "set_permissions", "-p", name, new Uri(servers.Amqp).UserInfo.Split(':')[0], ".*", ".*", ".*");
        var folder = Directory.CreateTempSubdirectory("interconnect-crossing-").FullName;
        var deployment = new GatewayDeployment(servers, name, folder, await servers.CreateDatabaseAsync(), leastRights);
        Evidence.Add(deployment);
        deployment.WriteConfiguration(networks, peered, matrixListen);
        try
        {
            if (leastRights)
            {
                await OperatorCommands.ApplyAsync(servers, folder);
            }

            foreach (var role in networks.Select(n => "adapter:" + n).Prepend(Hub))
            {
                deployment.Launch(role);
            }

            foreach (var role in deployment.running.Keys.ToList())
            {
                await deployment.ReadyAsync(role);
            }
        }
        catch
        {
            await deployment.DisposeAsync();
            throw;
        }

        return deployment;
    }

    /// <summary>kill -9.</summary>
    public async Task KillAsync(string role)
    {
        var process = running[role];
        running.Remove(role);
        process.Kill();
        await process.WaitForExitAsync(TimeSpan.FromSeconds(20));
        ended.Add((role, Printed(process)));
        await process.DisposeAsync();
    }

    /// <summary>SIGTERM; returns the exit code.</summary>
    public async Task<int> StopAsync(string role)
    {
        var process = running[role];
        running.Remove(role);
        process.Terminate();
        var code = await process.WaitForExitAsync(TimeSpan.FromSeconds(60));
        ended.Add((role, Printed(process)));
        await process.DisposeAsync();
        return code;
    }

    /// <summary>Starts a role that was killed or stopped.</summary>
    public async Task RestartAsync(string role)
    {
        Launch(role);
        await ReadyAsync(role);
    }

    /// <summary>The role's metrics in Prometheus text.</summary>
    public Task<string> MetricsAsync(string role) => http.GetStringAsync(new Uri($"http://127.0.0.1:{ports[role]}/metrics"));

    /// <summary>The address of the role's own HTTP endpoint.</summary>
    public string EndpointOf(string role) => $"127.0.0.1:{ports[role]}";

    /// <summary>Readiness: the status code and the reasons.</summary>
    public async Task<(HttpStatusCode Code, string Body)> ReadinessAsync(string role)
    {
        using var answer = await http.GetAsync(new Uri($"http://127.0.0.1:{ports[role]}/readyz"));
        return (answer.StatusCode, await answer.Content.ReadAsStringAsync());
    }

    /// <summary>What each role printed, those that were killed first, then the servers' last lines.</summary>
    Task<IReadOnlyList<(string Name, IReadOnlyList<string> Lines)>> IWitness.TestifyAsync() =>
        Task.FromResult<IReadOnlyList<(string, IReadOnlyList<string>)>>(
            [.. ended.Select(e => (e.Role + " (ended)", e.Lines)), .. running.Select(r => (r.Key, Printed(r.Value))), .. Evidence.OfServers(servers)]);

    public async ValueTask DisposeAsync()
    {
        Evidence.Remove(this);
        foreach (var process in running.Values)
        {
            process.Terminate();
        }

        foreach (var (role, process) in running)
        {
            try
            {
                await process.WaitForExitAsync(TimeSpan.FromSeconds(30));
            }
            catch (InvalidOperationException)
            {
                // Disposing kills it.
            }

            ended.Add((role, Printed(process)));
            await process.DisposeAsync();
        }

        ended.ForEach(e => Evidence.Keep($"{virtualHost}-{e.Role}", e.Lines));

        http.Dispose();
        await ControlBrokerAsync(servers, "delete_vhost", virtualHost);
        foreach (var user in roles.Values.Select(r => r.User).OfType<string>())
        {
            await ControlBrokerAsync(servers, "delete_user", user);
        }

        Directory.Delete(Folder, recursive: true);
    }

    /// <summary>A free loopback port.</summary>
    public static int FreePort()
    {
        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        return ((IPEndPoint)listener.LocalEndpoint).Port;
    }

    private static IReadOnlyList<string> Printed(ChildProcess process) => [.. process.Output, .. process.Errors];

    private static async Task ControlBrokerAsync(DevServers servers, params string[] arguments)
    {
        var program = Path.Combine(SharedFiles.RepositoryRoot, "deploy", "dev", "rabbitmqctl");
        await using var process = ChildProcess.Start(program, ["-q", .. arguments], new Dictionary<string, string?>
        {
            ["INTERCONNECT_DEV_STATE"] = servers.StateFolder,
            ["INTERCONNECT_DEV_PORT_BASE"] = null,
        });
        var code = await process.WaitForExitAsync(TimeSpan.FromSeconds(60));
        Assert.True(code == 0, process.Tail());
    }

    private void Launch(string role)
    {
        ports[role] = FreePort();
        var environment = new Dictionary<string, string?> { ["INTERCONNECT__HTTP__LISTEN"] = $"127.0.0.1:{ports[role]}" };
        if (leastRights)
        {
            var (user, owned) = (roles[role].User!, role == Hub ? "interconnect_hub" : "interconnect_adapter_" + role.Split(':')[1].Replace('-', '_'));
            environment["INTERCONNECT__BUS__AMQP"] = new UriBuilder(servers.Amqp) { Path = virtualHost, UserName = user, Password = OperatorCommands.PasswordOf(Folder, user) }.Uri.AbsoluteUri;
            environment["INTERCONNECT__DATABASE__CONNECTIONSTRING"] = new Npgsql.NpgsqlConnectionStringBuilder(Database) { Username = owned, Password = OperatorCommands.PasswordOf(Folder, owned) }.ConnectionString;
        }

        running[role] = ChildProcess.StartDotnet(OperatorCommands.Program, ["run", "--config", Path.Combine(Folder, "interconnect.json"), "--roles", role], environment);
    }

    private async Task ReadyAsync(string role)
    {
        var deadline = DateTime.UtcNow + StartLimit;
        var last = "no answer";
        while (DateTime.UtcNow < deadline)
        {
            if (running[role].HasExited)
            {
                break;
            }

            try
            {
                var (code, body) = await ReadinessAsync(role);
                if (code == HttpStatusCode.OK)
                {
                    return;
                }

                last = body;
            }
            catch (HttpRequestException e)
            {
                last = e.Message;
            }

            await Task.Delay(100);
        }

        throw new InvalidOperationException($"The role {role} did not become ready: {last}. {running[role].Tail()}");
    }

    private void WriteConfiguration(IReadOnlyList<string> networks, bool peered, int? matrixListen)
    {
        roles = RoleFolder.Create(Path.Combine(Folder, "keys"), [Hub, .. networks.Select(n => "adapter:" + n)]);
        roles = leastRights ? OperatorCommands.WithUsers(roles, virtualHost) : roles;
        Write("interconnect.json", new
        {
            database = new { provider = "postgres", connectionString = Database },
            bus = new { amqp = new UriBuilder(servers.Amqp) { Path = virtualHost }.Uri.AbsoluteUri, roles },
            hub = new { domain = HubDomain },
            log = new { format = "json", level = "debug" },
        });
        var domains = new List<string>();
        foreach (var network in networks)
        {
            domains.Add(network == "synapse" ? servers.Synapse.ServerName : Xmpp(network).Domain);
            Write(Path.Combine("networks", network + ".json"), network == "synapse"
                ? (object)new { matrix = new { homeserver = servers.Synapse.Url.AbsoluteUri.TrimEnd('/'), provider = servers.Synapse.ServerName, listen = $"http://127.0.0.1:{matrixListen ?? servers.Synapse.ApplicationServicePort}", asToken = servers.Synapse.ApplicationServiceToken, hsToken = servers.Synapse.HomeserverToken } }
                : new { xmpp = new { host = "127.0.0.1", port = Xmpp(network).ComponentPort, component = Xmpp(network).ComponentDomain, provider = Xmpp(network).Domain, secret = Xmpp(network).ComponentSecret } });
        }

        Directory.CreateDirectory(Path.Combine(Folder, "peerings"));
        for (var i = 0; peered && i < domains.Count; i++)
        {
            for (var j = i + 1; j < domains.Count; j++)
            {
                Write(Path.Combine("peerings", $"{i}-{j}.json"), new { id = $"agreement-{i}-{j}", between = new[] { domains[i], domains[j] }, lanes = new[] { "mls10" }, minimumSuite = 1, maxMessageBytes = 65536 });
            }
        }
    }

    private XmppServerAddress Xmpp(string network) => network switch
    {
        "prosody" => servers.Prosody,
        "ejabberd" => servers.Ejabberd,
        _ => throw new ArgumentException("The networks are prosody, ejabberd and synapse.", nameof(network)),
    };

    private void Write(string name, object content)
    {
        var path = Path.Combine(Folder, name);
        Directory.CreateDirectory(Path.GetDirectoryName(path)!);
        File.WriteAllText(path, JsonSerializer.Serialize(content));
    }
}
