using System.Net;
using System.Net.Sockets;
using System.Text.Json.Nodes;
using Interconnect.Gateway.Tests.Configuration;
using Interconnect.Sandbox;
using Interconnect.Testing;

namespace Interconnect.Gateway.Tests.Commands;

/// <summary>Inputs from public bug reports, read from beside the repository.</summary>
public sealed class GatewayFieldCaseTests
{
    [SharedFact("cases/gateway-token-with-newline")]
    public async Task Check_TokenWithALineBreak_IsTrimmedAndOneThatNoHeaderBearsIsAMistake()
    {
        await using var matrix = await SimulatedMatrixServer.StartAsync(new SimulatedMatrixOptions { ServerName = "hs.test" }, TimeProvider.System);
        var value = await File.ReadAllTextAsync(SharedFiles.PathOf("cases/gateway-token-with-newline/value"));
        Assert.EndsWith("\n", value, StringComparison.Ordinal);
        matrix.AddApplicationService(Registration(value.Trim()));
        using var folder = Folder(matrix);

        var right = await GatewayProcess.RunAsync(WithToken(value), "check", "--config", folder.Path, "--json");
        var reached = JsonNode.Parse(right.Output)!["reached"]!.AsArray().Single(r => (string?)r!["part"] == "network matrix-b")!;
        Assert.Null((string?)reached["reason"]);

        foreach (var wrong in new[] { "to\nken", "tok\u00e9n", "to ken" })
        {
            var (code, output, errors) = await GatewayProcess.RunAsync(WithToken(wrong), "check", "--config", folder.Path);
            Assert.Equal(2, code);
            Assert.Contains("asToken", output + errors, StringComparison.Ordinal);
            Assert.DoesNotContain("ken", (output + errors).Replace("Token", "", StringComparison.Ordinal), StringComparison.Ordinal);
        }
    }

    [SharedFact("cases/gateway-proxy-environment")]
    public async Task Run_ProxyInTheEnvironment_SeesNothingForAHomeserverOnThisMachine()
    {
        var line = await File.ReadAllTextAsync(SharedFiles.PathOf("cases/gateway-proxy-environment/command.txt"));
        Assert.StartsWith("http_proxy=http://", line, StringComparison.Ordinal);
        using var proxy = new TcpListener(IPAddress.Loopback, 0);
        proxy.Start();
        var address = $"http://{proxy.LocalEndpoint}";
        await using var matrix = await SimulatedMatrixServer.StartAsync(new SimulatedMatrixOptions { ServerName = "hs.test" }, TimeProvider.System);
        matrix.AddApplicationService(Registration("a"));
        var asked = new TaskCompletionSource();
        matrix.Faults = (_, path) =>
        {
            if (path.EndsWith("/register", StringComparison.Ordinal))
            {
                asked.TrySetResult();
            }

            return null;
        };
        using var folder = Folder(matrix);
        var environment = new Dictionary<string, string?> { ["http_proxy"] = address, ["HTTP_PROXY"] = address, ["https_proxy"] = address, ["all_proxy"] = address, ["no_proxy"] = null, ["NO_PROXY"] = null };

        await using var gateway = GatewayProcess.Start(environment, "run", "--config", folder.Path);
        await asked.Task.WaitAsync(TimeSpan.FromSeconds(60));

        Assert.False(proxy.Pending());
        gateway.Terminate();
        await gateway.WaitForExitAsync(TimeSpan.FromSeconds(60));
        Assert.False(proxy.Pending());
    }

    private static Dictionary<string, string?> WithToken(string value) => new() { ["INTERCONNECT__NETWORKS__MATRIX_B__MATRIX__ASTOKEN"] = value };

    private static ApplicationServiceRegistration Registration(string token) =>
        new() { Id = "interconnect", Url = null, AsToken = token, HsToken = "h", SenderLocalpart = "gwbot", UserNamespace = @"@gw_.*:hs\.test" };

    private static ConfigurationFolder Folder(SimulatedMatrixServer matrix)
    {
        using var free = new TcpListener(IPAddress.Loopback, 0);
        free.Start();
        var folder = new ConfigurationFolder(
            """{"hub":{"domain":"hub.test"},"http":{"listen":"127.0.0.1:0"},"database":{"connectionString":"FOLDER/interconnect.db"}}""",
            ("networks/matrix-b.json", $$$"""{"matrix":{"homeserver":"{{{matrix.BaseAddress}}}","provider":"hs.test","listen":"http://{{{free.LocalEndpoint}}}","asToken":"a","hsToken":"h"}}"""));
        File.WriteAllText(folder.Path, File.ReadAllText(folder.Path).Replace("FOLDER", folder.Folder, StringComparison.Ordinal));
        return folder;
    }
}
