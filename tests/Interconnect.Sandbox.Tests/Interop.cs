using System.Text.Json;
using System.Text.Json.Nodes;
using Interconnect.Testing;

namespace Interconnect.Sandbox.Tests;

/// <summary>Runs the third-party clients of tests/interop; installs them on first use.</summary>
internal static class Interop
{
    /// <summary>Runs a script of tests/interop with one JSON argument; the JSON object of its last line.</summary>
    public static async Task<JsonObject> RunAsync(string script, object argument, IReadOnlyDictionary<string, string?>? environment = null)
    {
        await InteropClients.InstallAsync();
        var program = script.EndsWith(".py", StringComparison.Ordinal) ? "/usr/bin/python3" : InteropClients.Node;
        await using var child = ChildProcess.Start(
            program, [Path.Combine(InteropClients.Folder, script), JsonSerializer.Serialize(argument)], environment, InteropClients.Folder);
        var code = await child.WaitForExitAsync(TimeSpan.FromSeconds(90));
        Assert.True(code == 0, $"{script} ended with {code}: {string.Join('\n', child.Errors.TakeLast(20))}");
        return JsonNode.Parse(child.Output[^1])!.AsObject();
    }
}
