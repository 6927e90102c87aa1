using System.Net.Http.Json;
using System.Text.Json.Nodes;
using Interconnect.Gateway.Tests.Configuration;
using Interconnect.Hub;
using Interconnect.Sandbox;
using Interconnect.Storage;
using Interconnect.Testing;

namespace Interconnect.Gateway.Tests.Commands;

public sealed class CommandLineTests
{
    [Theory]
    [InlineData("--nonsense")]
    [InlineData("run", "--config", "no/such/file.json")]
    [InlineData("run", "stray")]
    [InlineData("check", "--config", "no/such/file.json")]
    public async Task Run_WrongUsageOrConfiguration_EndsWith2AndSaysWhy(params string[] arguments)
    {
        var (code, output, errors) = await GatewayProcess.RunAsync(arguments);

        Assert.Equal(2, code);
        Assert.NotEmpty(output + errors);
        Assert.DoesNotContain("   at ", errors);
        Assert.Equal(0, (await GatewayProcess.RunAsync("--version")).Code);
    }

    [Fact]
    public async Task Check_NetworksAwayAndThere_SaysWhichAndWhy()
    {
        await using var xmpp = await SimulatedXmppServer.StartAsync(new SimulatedXmppOptions { Domain = "a.test", Components = new Dictionary<string, string> { ["gw.a.test"] = "s" } }, TimeProvider.System);
        await using var matrix = await SimulatedMatrixServer.StartAsync(new SimulatedMatrixOptions { ServerName = "hs.test" }, TimeProvider.System);
        using var folder = Folder(xmpp, matrix, "gw.other.test");

        var (code, output, _) = await GatewayProcess.RunAsync("check", "--json", "--config", folder.Path);
        Assert.Equal(3, code);
        var answer = JsonNode.Parse(output)!;
        Assert.False((bool)answer["ok"]!);
        Assert.Equal("the homeserver does not know the as_token", Reason(answer, "network matrix-b"));
        Assert.Equal("the server does not know the component's domain", Reason(answer, "network xmpp-a"));
        Assert.Null(Reason(answer, "database"));

        matrix.AddApplicationService(Registration());
        using var right = Folder(xmpp, matrix, "gw.a.test");
        using var misnamed = Folder(xmpp, matrix, "gw.a.test", registrationId: "another");
        (code, output, _) = await GatewayProcess.RunAsync("check", "--json", "--config", misnamed.Path);
        Assert.Equal(3, code);
        Assert.Equal("its registration of us has another id than matrix:registrationId", Reason(JsonNode.Parse(output)!, "network matrix-b"));
        Assert.Equal(0, (await GatewayProcess.RunAsync("check", "--config", right.Path)).Code);
        matrix.Faults = (_, path) => path.EndsWith("/ping", StringComparison.Ordinal) ? new MatrixFault(0, "", null, false) : null;
        Assert.Equal(0, (await GatewayProcess.RunAsync("check", "--config", right.Path)).Code);
        await xmpp.DisposeAsync();
        var (away, text, _) = await GatewayProcess.RunAsync("check", "--config", right.Path);
        Assert.Equal(3, away);
        Assert.Contains("network xmpp-a: cannot be reached", text);
    }

    [Fact]
    public async Task Parked_ListsAndReleases_AndSaysWhatIsMissing()
    {
        using var folder = new ConfigurationFolder("""{"hub":{"domain":"hub.test"},"database":{"connectionString":"FOLDER/interconnect.db"}}""");
        await File.WriteAllTextAsync(folder.Path, (await File.ReadAllTextAsync(folder.Path)).Replace("FOLDER", folder.Folder, StringComparison.Ordinal));
        var file = Path.Combine(folder.Folder, "interconnect.db");

        // Nothing is made by looking.
        var (absent, _, why) = await GatewayProcess.RunAsync("parked", "--config", folder.Path);
        Assert.Equal((3, "database: there is no such database file"), (absent, why));
        Assert.False(File.Exists(file));

        var options = new DatabaseOptions { ConnectionString = file };
        await using var database = Database.Create(options);
        await using (var connection = await database.OpenAsync(default))
        {
            Assert.Contains("no tables of a hub", (await GatewayProcess.RunAsync("parked", "--config", folder.Path)).Errors);
            await Migrations.ApplyAsync(database, "hub", typeof(HubAdmin).Assembly, default);
            await using var insert = connection.CreateCommand();
            insert.CommandText = """
                INSERT INTO hub_parked_conversations VALUES ('room mimi://hub.test/r/secret', '00112233aabbccdd', 'a defect: FormatException', 2, 0, 4102444800000);
                INSERT INTO hub_parked VALUES (1, 'room mimi://hub.test/r/secret', 'submit', x'00')
                """;
            await insert.ExecuteNonQueryAsync();
        }

        var (code, text, _) = await GatewayProcess.RunAsync("parked", "--config", folder.Path);
        Assert.Equal(0, code);
        Assert.Equal("1 parked\n00112233aabbccdd  since 1970-01-01T00:00:00Z  1 waiting, tried 2 times, next at 2100-01-01T00:00:00Z: a defect: FormatException", text);

        Assert.Equal(2, (await GatewayProcess.RunAsync("parked", "release", "ffffffffffffffff", "--config", folder.Path)).Code);
        var released = await GatewayProcess.RunAsync("parked", "release", "00112233aabbccdd", "--json", "--config", folder.Path);
        Assert.Equal((0, """{"id":"00112233aabbccdd","released":true}"""), (released.Code, released.Output));
        var listed = JsonNode.Parse((await GatewayProcess.RunAsync("parked", "--json", "--config", folder.Path)).Output)!["parked"]![0]!;
        Assert.Equal(("00112233aabbccdd", "1970-01-01T00:00:00Z", 1), ((string?)listed["id"], (string?)listed["nextTryAt"], (int)listed["waiting"]!));
        Assert.DoesNotContain("secret", text + listed.ToJsonString(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Run_NetworkGoesAndComes_ReadinessFollowsAndSigtermEndsWith0()
    {
        await using var xmpp = await SimulatedXmppServer.StartAsync(new SimulatedXmppOptions { Domain = "a.test", Components = new Dictionary<string, string> { ["gw.a.test"] = "s" } }, TimeProvider.System);
        await using var matrix = await SimulatedMatrixServer.StartAsync(new SimulatedMatrixOptions { ServerName = "hs.test" }, TimeProvider.System);
        var listen = new Uri($"http://127.0.0.1:{FreePort()}");
        matrix.AddApplicationService(Registration(listen));
        using var folder = Folder(xmpp, matrix, "gw.a.test", listen: listen);
        await using var gateway = GatewayProcess.Start("run", "--config", folder.Path);
        var line = await StartedAsync(gateway);
        var address = new Uri((string?)JsonNode.Parse(line)!["State"]!["Address"] ?? string.Empty);
        using var http = new HttpClient { BaseAddress = address };

        await ReadyAsync(http, true);
        Assert.True((bool)(await http.GetFromJsonAsync<JsonObject>("/healthz"))!["alive"]!);
        var timestamp = (string?)JsonNode.Parse(line)!["Timestamp"];
        Assert.EndsWith("Z", timestamp);

        await xmpp.DisposeAsync();
        var reasons = await ReadyAsync(http, false);
        Assert.Contains(reasons["reasons"]!.AsArray(), r => (string?)r!["part"] == "adapter:xmpp-a" && ((string?)r["reason"])!.Length > 0);
        Assert.Contains("interconnect_adapter_connected{network=\"xmpp-a\"} 0", await http.GetStringAsync("/metrics"));

        gateway.Terminate();
        Assert.Equal(0, await gateway.WaitForExitAsync(TimeSpan.FromSeconds(60)));
    }

    [Fact]
    public async Task Run_HomeserverDoesNotReachUs_ReadinessAndMetricSayWhichNetwork()
    {
        await using var xmpp = await SimulatedXmppServer.StartAsync(new SimulatedXmppOptions { Domain = "a.test", Components = new Dictionary<string, string> { ["gw.a.test"] = "s" } }, TimeProvider.System);
        await using var matrix = await SimulatedMatrixServer.StartAsync(new SimulatedMatrixOptions { ServerName = "hs.test" }, TimeProvider.System);
        matrix.AddApplicationService(Registration(new Uri($"http://127.0.0.1:{FreePort()}")));
        using var folder = Folder(xmpp, matrix, "gw.a.test");
        await using var gateway = GatewayProcess.Start("run", "--config", folder.Path);
        using var http = new HttpClient { BaseAddress = new Uri((string?)JsonNode.Parse(await StartedAsync(gateway))!["State"]!["Address"] ?? string.Empty) };

        using var limit = new CancellationTokenSource(TimeSpan.FromSeconds(60));
        while (!(await ReadyAsync(http, false))["reasons"]!.AsArray().Any(r => (string?)r!["part"] == "adapter:matrix-b" && ((string?)r["reason"])!.Contains("does not reach us", StringComparison.Ordinal)))
        {
            await Task.Delay(100, limit.Token);
        }

        Assert.Contains("interconnect_adapter_connected{network=\"matrix-b\"} 0", await http.GetStringAsync("/metrics"));
    }

    /// <summary>The log line that says where the gateway listens.</summary>
    private static async Task<string> StartedAsync(ChildProcess gateway)
    {
        for (var i = 0; i < 600 && !gateway.HasExited; i++)
        {
            if (gateway.Errors.FirstOrDefault(l => l.Contains("\"Address\"", StringComparison.Ordinal)) is { } line)
            {
                return line;
            }

            await Task.Delay(100);
        }

        throw new InvalidOperationException("The gateway did not start. " + gateway.Tail());
    }

    private static async Task<JsonObject> ReadyAsync(HttpClient http, bool ready)
    {
        JsonObject body = [];
        for (var i = 0; i < 600; i++)
        {
            using var answer = await http.GetAsync("/readyz");
            body = (await answer.Content.ReadFromJsonAsync<JsonObject>())!;
            Assert.Equal((bool)body["ready"]! ? 200 : 503, (int)answer.StatusCode);
            if ((bool)body["ready"]! == ready)
            {
                return body;
            }

            await Task.Delay(100);
        }

        throw new InvalidOperationException("Readiness did not become " + ready + ": " + body.ToJsonString());
    }

    private static string? Reason(JsonNode answer, string part) => (string?)answer["reached"]!.AsArray().Single(r => (string?)r!["part"] == part)!["reason"];

    private static ApplicationServiceRegistration Registration(Uri? url = null) =>
        new() { Id = "interconnect", Url = url, AsToken = "a", HsToken = "h", SenderLocalpart = "gwbot", UserNamespace = @"@gw_.*:hs\.test" };

    private static ConfigurationFolder Folder(SimulatedXmppServer xmpp, SimulatedMatrixServer matrix, string component, string registrationId = "interconnect", Uri? listen = null)
    {
        listen ??= new Uri($"http://127.0.0.1:{FreePort()}");
        var folder = new ConfigurationFolder(
            """{"hub":{"domain":"hub.test"},"http":{"listen":"127.0.0.1:0"},"log":{"format":"json"},"database":{"connectionString":"FOLDER/interconnect.db"}}""",
            ("networks/xmpp-a.json", $$$"""{"xmpp":{"port":{{{xmpp.ComponentPort}}},"component":"{{{component}}}","provider":"a.test","secret":"s"}}"""),
            ("networks/matrix-b.json", $$$"""{"matrix":{"homeserver":"{{{matrix.BaseAddress}}}","provider":"hs.test","listen":"{{{listen.GetLeftPart(UriPartial.Authority)}}}","asToken":"a","hsToken":"h","registrationId":"{{{registrationId}}}"}}"""));
        File.WriteAllText(folder.Path, File.ReadAllText(folder.Path).Replace("FOLDER", folder.Folder, StringComparison.Ordinal));
        return folder;
    }

    private static int FreePort()
    {
        using var listener = new System.Net.Sockets.TcpListener(System.Net.IPAddress.Loopback, 0);
        listener.Start();
        return ((System.Net.IPEndPoint)listener.LocalEndpoint).Port;
    }
}
