using System.Globalization;
using System.Security.Cryptography;
using Npgsql;

namespace Interconnect.Testing;

/// <summary>The real servers of `deploy/dev`: their addresses, new accounts and databases, and taking one away and bringing it back.</summary>
public sealed class DevServers
{
    private static readonly TimeSpan CommandLimit = TimeSpan.FromMinutes(3);
    private readonly DevEnvironment environment;

    private DevServers(DevEnvironment environment)
    {
        this.environment = environment;
        Prosody = Xmpp("prosody");
        Ejabberd = Xmpp("ejabberd");
        Synapse = new SynapseAddress(
            environment["SYNAPSE_SERVER_NAME"],
            new Uri(environment["SYNAPSE_URL"] + "/"),
            environment.Port("SYNAPSE_AS_PORT"),
            environment["SYNAPSE_AS_TOKEN"],
            environment["SYNAPSE_HS_TOKEN"],
            environment["SYNAPSE_REGISTRATION_SHARED_SECRET"]);
    }

    /// <summary>The broker, with user and password: `amqp://user:password@127.0.0.1:port/`.</summary>
    public string Amqp => environment["INTERCONNECT_AMQP"];

    /// <summary>Npgsql connection string of a superuser on the shared database; for a database of one's own see <see cref="CreateDatabaseAsync"/>.</summary>
    public string Postgres => environment["INTERCONNECT_POSTGRES"];

    public XmppServerAddress Prosody { get; }

    public XmppServerAddress Ejabberd { get; }

    public SynapseAddress Synapse { get; }

    /// <summary>Base address of Prometheus, ending in a slash.</summary>
    public Uri Prometheus => new(environment["PROMETHEUS_URL"] + "/");

    /// <summary>Folder whose `*.json` files (file_sd format) name what Prometheus scrapes, each second.</summary>
    public string PrometheusTargets => environment["PROMETHEUS_TARGETS"];

    /// <summary>Path of promtool.</summary>
    public string Promtool => environment["PROMTOOL"];

    /// <summary>The state folder of these servers: `log/` holds their logs.</summary>
    public string StateFolder => environment["INTERCONNECT_DEV_STATE"];

    /// <summary>Reads the addresses; starts nothing.</summary>
    /// <param name="file">An env file; null: the one `INTERCONNECT_DEV_ENV` names.</param>
    /// <exception cref="InvalidOperationException">No servers were started; the message says how to.</exception>
    public static DevServers Load(string? file = null) => new(DevEnvironment.Load(file));

    /// <summary>Creates an account on Prosody, or sets its password; returns the address, such as `alice@a.test`.</summary>
    public Task<string> CreateProsodyUserAsync(string name, string password, CancellationToken cancellation = default) =>
        CreateUserAsync("prosody", name, password, cancellation);

    /// <summary>Creates an account on ejabberd, or sets its password; returns the address, such as `alice@b.test`.</summary>
    public Task<string> CreateEjabberdUserAsync(string name, string password, CancellationToken cancellation = default) =>
        CreateUserAsync("ejabberd", name, password, cancellation);

    /// <summary>Creates an account on Synapse; one that exists must have this password. Returns the user id, such as `@bob:hs.test`.</summary>
    public Task<string> CreateSynapseUserAsync(string name, string password, CancellationToken cancellation = default) =>
        CreateUserAsync("synapse", name, password, cancellation);

    /// <summary>Creates an empty database with a name nobody else uses; returns its Npgsql connection string.</summary>
    public async Task<string> CreateDatabaseAsync(CancellationToken cancellation = default)
    {
        var name = "test_" + Convert.ToHexStringLower(RandomNumberGenerator.GetBytes(8));

        // Not from the pool: another scenario may have killed the server that a pooled connection led to.
        await using var connection = new NpgsqlConnection(new NpgsqlConnectionStringBuilder(Postgres) { Pooling = false }.ConnectionString);
        await connection.OpenAsync(cancellation);
        await using var command = new NpgsqlCommand($"create database {name}", connection);
        await command.ExecuteNonQueryAsync(cancellation);
        return new NpgsqlConnectionStringBuilder(Postgres) { Database = name }.ConnectionString;
    }

    /// <summary>Ends a server as `kill -9` does. Its data stays; <see cref="StartAsync"/> brings it back on the same port.</summary>
    public async Task KillAsync(string server, CancellationToken cancellation = default)
    {
        var pidFile = Path.Combine(StateFolder, "run", server + ".pid");
        var pid = (await File.ReadAllTextAsync(pidFile, cancellation)).Split(' ')[0];
        using var process = System.Diagnostics.Process.GetProcessById(int.Parse(pid, CultureInfo.InvariantCulture));
        process.Kill();
        await process.WaitForExitAsync(cancellation);
    }

    /// <summary>Starts a server that was killed or stopped, and waits until it answers.</summary>
    public Task StartAsync(string server, CancellationToken cancellation = default) => RunAsync("up", [server], cancellation);

    private Task<string> CreateUserAsync(string server, string name, string password, CancellationToken cancellation) =>
        RunAsync("user", [server, name, password], cancellation);

    private XmppServerAddress Xmpp(string name)
    {
        var key = name.ToUpperInvariant();
        return new XmppServerAddress(
            name,
            environment[key + "_DOMAIN"],
            environment.Port(key + "_C2S_PORT"),
            environment.Port(key + "_COMPONENT_PORT"),
            environment[key + "_COMPONENT_DOMAIN"],
            environment[key + "_COMPONENT_SECRET"],
            environment.Port(key + "_HTTP_PORT"),
            environment[key + "_TLS_CERT"]);
    }

    // Runs a command of deploy/dev on this state folder; returns the last line it printed.
    private async Task<string> RunAsync(string command, string[] arguments, CancellationToken cancellation)
    {
        var program = Path.Combine(SharedFiles.RepositoryRoot, "deploy", "dev", command);
        await using var process = ChildProcess.Start(program, arguments, new Dictionary<string, string?>
        {
            ["INTERCONNECT_DEV_STATE"] = StateFolder,
            ["INTERCONNECT_DEV_PORT_BASE"] = null,
        });
        var code = await process.WaitForExitAsync(CommandLimit, cancellation);
        return code == 0
            ? process.Output.LastOrDefault(string.Empty)
            : throw new InvalidOperationException($"deploy/dev/{command} ended with code {code}: {process.Tail()}");
    }
}
