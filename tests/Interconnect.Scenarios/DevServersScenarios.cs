using System.Globalization;
using System.Net;
using System.Net.Http.Headers;
using System.Net.Sockets;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using Interconnect.Testing;
using Npgsql;
using RabbitMQ.Client;
using RabbitMQ.Client.Exceptions;

namespace Interconnect.Scenarios;

/// <summary>That the real servers answer as the other scenarios take for granted: who is let in, who is not, and what comes back after kill -9. XMPP is in <see cref="XmppServersScenarios"/>.</summary>
public sealed class DevServersScenarios
{
    private const string Password = "a-Password.1";
    private static readonly TimeSpan Limit = TimeSpan.FromSeconds(30);
    private readonly DevServers servers = DevServers.Load();

    [Fact(DisplayName = "The broker refuses guest and a wrong password, and keeps a confirmed message in a quorum queue")]
    public async Task Broker()
    {
        foreach (var login in new[] { "guest:guest", "interconnect:wrong" })
        {
            var intruder = new ConnectionFactory { Uri = new UriBuilder(servers.Amqp) { UserName = login.Split(':')[0], Password = login.Split(':')[1] }.Uri };
            await Assert.ThrowsAsync<BrokerUnreachableException>(() => intruder.CreateConnectionAsync());
        }

        var factory = new ConnectionFactory { Uri = new Uri(servers.Amqp) };
        await using var connection = await factory.CreateConnectionAsync();
        await using var channel = await connection.CreateChannelAsync(new CreateChannelOptions(true, true));
        var queue = "dev-servers-" + Guid.NewGuid().ToString("N");
        await channel.QueueDeclareAsync(queue, durable: true, exclusive: false, autoDelete: false, new Dictionary<string, object?> { ["x-queue-type"] = "quorum" });
        await channel.BasicPublishAsync(string.Empty, queue, mandatory: true, new BasicProperties { Persistent = true }, "kept"u8.ToArray());

        var got = await channel.BasicGetAsync(queue, autoAck: true);

        Assert.Equal("kept", Encoding.UTF8.GetString(got!.Body.Span));
        await channel.QueueDeleteAsync(queue);
    }

    [Fact(DisplayName = "PostgreSQL refuses a wrong password and gives each test a database of its own")]
    public async Task Database()
    {
        await using (var intruder = new NpgsqlConnection(new NpgsqlConnectionStringBuilder(servers.Postgres) { Password = "wrong", Pooling = false }.ConnectionString))
        {
            var refused = await Assert.ThrowsAsync<PostgresException>(() => intruder.OpenAsync());
            Assert.Equal(PostgresErrorCodes.InvalidPassword, refused.SqlState);
        }

        var first = await servers.CreateDatabaseAsync();
        var second = await servers.CreateDatabaseAsync();

        Assert.Equal(0L, await ScalarAsync(first, "create table t (x int); select count(*) from t"));
        Assert.Equal("on", await ScalarAsync(second, "show fsync"));
        await Assert.ThrowsAsync<PostgresException>(() => ScalarAsync(second, "select count(*) from t"));
    }

    [Fact(DisplayName = "An account is created once, and asking for it again changes nothing")]
    public async Task Accounts()
    {
        var name = "alice" + Convert.ToHexStringLower(RandomNumberGenerator.GetBytes(4));

        for (var time = 0; time < 2; time++)
        {
            Assert.Equal($"{name}@a.test", await servers.CreateProsodyUserAsync(name, Password));
            Assert.Equal($"{name}@b.test", await servers.CreateEjabberdUserAsync(name, Password));
            Assert.Equal($"@{name}:hs.test", await servers.CreateSynapseUserAsync(name, Password));
        }

        await Assert.ThrowsAsync<InvalidOperationException>(() => servers.CreateSynapseUserAsync(name, "another"));
        await Assert.ThrowsAsync<InvalidOperationException>(() => servers.CreateProsodyUserAsync("not a name", Password));
    }

    [Fact(DisplayName = "Synapse knows the gateway by its application service token, as gwbot")]
    public async Task Homeserver()
    {
        using var http = new HttpClient { BaseAddress = servers.Synapse.Url, Timeout = Limit };
        using var versions = JsonDocument.Parse(await http.GetStringAsync("_matrix/client/versions"));
        Assert.NotEqual(0, versions.RootElement.GetProperty("versions").GetArrayLength());

        http.DefaultRequestHeaders.Authorization = new AuthenticationHeaderValue("Bearer", "wrong");
        using var refused = await http.GetAsync("_matrix/client/v3/account/whoami");
        Assert.Equal(HttpStatusCode.Unauthorized, refused.StatusCode);

        http.DefaultRequestHeaders.Authorization = new AuthenticationHeaderValue("Bearer", servers.Synapse.ApplicationServiceToken);
        using var whoami = JsonDocument.Parse(await http.GetStringAsync("_matrix/client/v3/account/whoami"));
        Assert.Equal("@gwbot:hs.test", whoami.RootElement.GetProperty("user_id").GetString());
    }

    [Fact(DisplayName = "Prometheus scrapes a target that is named to it while it runs")]
    public async Task Metrics()
    {
        using var http = new HttpClient { BaseAddress = servers.Prometheus, Timeout = Limit };
        using var ready = await http.GetAsync("-/ready");
        Assert.Equal(HttpStatusCode.OK, ready.StatusCode);

        var marker = Guid.NewGuid().ToString("N");
        var file = Path.Combine(servers.PrometheusTargets, marker + ".json");
        var query = $"api/v1/query?query={Uri.EscapeDataString($"up{{run=\"{marker}\"}} == 1")}";
        Assert.DoesNotContain(marker, await http.GetStringAsync(query), StringComparison.Ordinal);

        // Prometheus watches itself here under another label: any real target does.
        await File.WriteAllTextAsync(file, JsonSerializer.Serialize(new[]
        {
            new { targets = new[] { servers.Prometheus.Authority }, labels = new Dictionary<string, string> { ["run"] = marker } },
        }));
        try
        {
            using var limit = new CancellationTokenSource(Limit);
            while (!(await http.GetStringAsync(query, limit.Token)).Contains(marker, StringComparison.Ordinal))
            {
                await Task.Delay(TimeSpan.FromMilliseconds(200), limit.Token);
            }
        }
        finally
        {
            File.Delete(file);
        }
    }

    [Fact(DisplayName = "Every server is reported ready by the status command")]
    public async Task Status()
    {
        var state = new Dictionary<string, string?> { ["INTERCONNECT_DEV_STATE"] = servers.StateFolder, ["INTERCONNECT_DEV_PORT_BASE"] = null };
        var program = Path.Combine(SharedFiles.RepositoryRoot, "deploy", "dev", "status");

        await using var nothing = ChildProcess.Start(program, ["--json"], new Dictionary<string, string?>(state) { ["INTERCONNECT_DEV_STATE"] = "/nonexistent/state" });
        Assert.Equal(3, await nothing.WaitForExitAsync(Limit));

        await using var process = ChildProcess.Start(program, ["--json"], state);
        Assert.Equal(0, await process.WaitForExitAsync(Limit));
        using var answer = JsonDocument.Parse(string.Concat(process.Output));
        Assert.Equal(6, answer.RootElement.GetProperty("servers").EnumerateArray().Count(server => server.GetProperty("state").GetString() == "ready"));
    }

    [Fact(DisplayName = "A child program is killed without a last word, and waiting for a line it never prints fails with what it did print")]
    public async Task Children()
    {
        await using var child = ChildProcess.Start("/bin/sh", ["-c", "trap 'echo stopping; exit 7' TERM; echo started; while :; do sleep 0.1; done"]);
        Assert.Equal("started", await child.WaitForLineAsync(line => line.Length > 0, Limit));

        var failure = await Assert.ThrowsAsync<InvalidOperationException>(() => child.WaitForLineAsync(line => line == "never", TimeSpan.FromMilliseconds(200)));
        Assert.Contains("started", failure.Message, StringComparison.Ordinal);

        child.Kill();
        Assert.Equal(137, await child.WaitForExitAsync(Limit));
        Assert.DoesNotContain("stopping", child.Output);

        await using var polite = ChildProcess.Start("/bin/sh", ["-c", "trap 'echo stopping; exit 7' TERM; echo started; while :; do sleep 0.1; done"]);
        await polite.WaitForLineAsync(line => line == "started", Limit);
        polite.Terminate();
        Assert.Equal(7, await polite.WaitForExitAsync(Limit));
        Assert.Contains("stopping", polite.Output);
    }

    [Fact(DisplayName = "A server that was killed is reported dead, and comes back with its data and on its port")]
    public async Task Recovery()
    {
        using var probe = new TcpListener(IPAddress.Loopback, 0);
        probe.Start();
        var port = ((IPEndPoint)probe.LocalEndpoint).Port;
        probe.Stop();
        var folder = Path.Combine(Path.GetTempPath(), "interconnect-recovery-" + Guid.NewGuid().ToString("N"));
        var state = new Dictionary<string, string?>
        {
            ["INTERCONNECT_DEV_STATE"] = folder,
            ["INTERCONNECT_DEV_PORT_BASE"] = null,
            ["INTERCONNECT_DEV_POSTGRES_PORT"] = port.ToString(CultureInfo.InvariantCulture),
        };
        try
        {
            Assert.Equal(0, await RunAsync("up", state, "postgres"));
            var own = DevServers.Load(Path.Combine(folder, "env"));
            await ScalarAsync(own.Postgres, "create table kept (x int); insert into kept values (1)");

            await own.KillAsync("postgres");
            Assert.Equal(3, await RunAsync("status", state, "postgres"));
            await own.StartAsync("postgres");

            Assert.Equal(0, await RunAsync("status", state, "postgres"));
            Assert.Equal(1L, await ScalarAsync(own.Postgres, "select count(*) from kept"));
        }
        finally
        {
            Assert.Equal(0, await RunAsync("down", state, "--wipe"));
            Directory.Delete(folder, recursive: true);
        }
    }

    private static async Task<int> RunAsync(string command, IReadOnlyDictionary<string, string?> state, params string[] arguments)
    {
        await using var process = ChildProcess.Start(Path.Combine(SharedFiles.RepositoryRoot, "deploy", "dev", command), arguments, state);
        return await process.WaitForExitAsync(TimeSpan.FromMinutes(2));
    }

    private static async Task<object?> ScalarAsync(string connectionString, string sql)
    {
        await using var connection = new NpgsqlConnection(new NpgsqlConnectionStringBuilder(connectionString) { Pooling = false }.ConnectionString);
        await connection.OpenAsync();
        await using var command = new NpgsqlCommand(sql, connection);
        return await command.ExecuteScalarAsync();
    }
}
