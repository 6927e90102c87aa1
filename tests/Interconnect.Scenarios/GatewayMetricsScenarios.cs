using System.Net.Http.Json;
using System.Text.Json;
using System.Text.Json.Nodes;
using Interconnect.Testing;

namespace Interconnect.Scenarios;

/// <summary>What the gateway exposes is what Prometheus and its tools understand.</summary>
public sealed class GatewayMetricsScenarios
{
    private static readonly string Program = Path.Combine(
        SharedFiles.RepositoryRoot, "src", "Interconnect.Gateway", "bin", new DirectoryInfo(AppContext.BaseDirectory).Parent!.Name, "net10.0", "interconnect.dll");

    private readonly DevServers servers = DevServers.Load();

    [Fact(DisplayName = "Prometheus scrapes a running gateway, promtool finds nothing to complain about, and a gateway that ends is seen as down")]
    public async Task Scrape()
    {
        using var folder = new ConfigurationFolder();
        await using var gateway = ChildProcess.StartDotnet(Program, ["run", "--config", folder.Main]);
        var address = await AddressAsync(gateway);
        using var http = new HttpClient();
        var page = await http.GetStringAsync(new Uri(address, "/metrics"));
        Assert.Contains("# TYPE interconnect_adapter_connected gauge\n", page);

        await using var broken = ChildProcess.Start(servers.Promtool, ["check", "metrics"]);
        await broken.WriteLineAsync("interconnect_broken{ 1");
        broken.CloseInput();
        Assert.NotEqual(0, await broken.WaitForExitAsync(TimeSpan.FromSeconds(20)));
        await using var promtool = ChildProcess.Start(servers.Promtool, ["check", "metrics"]);
        await promtool.WriteLineAsync(page.TrimEnd('\n'));
        promtool.CloseInput();
        var code = await promtool.WaitForExitAsync(TimeSpan.FromSeconds(20));
        Assert.True(code == 0, promtool.Tail());

        var target = Path.Combine(servers.PrometheusTargets, $"metrics-{Guid.NewGuid():N}.json");
        await File.WriteAllTextAsync(target, JsonSerializer.Serialize(new[] { new { targets = new[] { address.Authority } } }));
        try
        {
            Assert.Equal("1", await QueryAsync(http, $"up{{instance=\"{address.Authority}\"}}", "1"));
            Assert.Equal("0", await QueryAsync(http, $"interconnect_adapter_connected{{instance=\"{address.Authority}\",network=\"xmpp-a\"}}", "0"));
            Assert.Equal("1", await QueryAsync(http, $"target_info{{instance=\"{address.Authority}\",service_name=\"interconnect\"}}", "1"));

            gateway.Terminate();
            Assert.Equal(0, await gateway.WaitForExitAsync(TimeSpan.FromSeconds(60)));
            Assert.Equal("0", await QueryAsync(http, $"up{{instance=\"{address.Authority}\"}}", "0"));
        }
        finally
        {
            File.Delete(target);
        }
    }

    private static async Task<Uri> AddressAsync(ChildProcess gateway)
    {
        for (var i = 0; i < 600 && !gateway.HasExited; i++)
        {
            if (gateway.Errors.FirstOrDefault(l => l.Contains("\"Address\"", StringComparison.Ordinal)) is { } line)
            {
                return new Uri((string?)JsonNode.Parse(line)!["State"]!["Address"] ?? string.Empty);
            }

            await Task.Delay(100);
        }

        throw new InvalidOperationException("The gateway did not start. " + gateway.Tail());
    }

    /// <summary>The value of a query once it is the one expected, or what it was last.</summary>
    private async Task<string?> QueryAsync(HttpClient http, string query, string expected)
    {
        string? value = null;
        for (var i = 0; i < 300 && value != expected; i++)
        {
            var answer = await http.GetFromJsonAsync<JsonObject>(new Uri(servers.Prometheus, "api/v1/query?query=" + Uri.EscapeDataString(query)));
            value = (string?)answer!["data"]!["result"]!.AsArray().FirstOrDefault()?["value"]![1];
            await Task.Delay(100);
        }

        return value;
    }

    /// <summary>Everything in one process; the network is not there, which readiness and metrics say.</summary>
    private sealed class ConfigurationFolder : IDisposable
    {
        private readonly string folder = Directory.CreateTempSubdirectory("interconnect-metrics-").FullName;

        public ConfigurationFolder()
        {
            Directory.CreateDirectory(Path.Combine(folder, "networks"));
            Directory.CreateDirectory(Path.Combine(folder, "peerings"));
            File.WriteAllText(Main, JsonSerializer.Serialize(new
            {
                hub = new { domain = "hub.test" },
                http = new { listen = "127.0.0.1:0" },
                log = new { format = "json" },
                database = new { connectionString = Path.Combine(folder, "interconnect.db") },
            }));
            File.WriteAllText(Path.Combine(folder, "networks", "xmpp-a.json"), """{"xmpp":{"port":1,"component":"gw.a.test","provider":"a.test","secret":"s"}}""");
        }

        public string Main => Path.Combine(folder, "interconnect.json");

        public void Dispose() => Directory.Delete(folder, recursive: true);
    }
}
