using System.Text.Json;
using System.Text.Json.Nodes;
using Interconnect.Testing;

namespace Interconnect.Sandbox.Tests;

/// <summary>Runs the third-party clients of tests/interop; installs them on first use.</summary>
internal static class Interop
{
    private static readonly string Folder = Path.Combine(SharedFiles.RepositoryRoot, "tests", "interop");
    private static readonly Lazy<Task> Installed = new(InstallAsync);

    /// <summary>Runs a script of tests/interop with one JSON argument; the JSON object of its last line.</summary>
    public static async Task<JsonObject> RunAsync(string script, object argument, IReadOnlyDictionary<string, string?>? environment = null)
    {
        await Installed.Value;
        var program = script.EndsWith(".py", StringComparison.Ordinal) ? "/usr/bin/python3" : Path.Combine(Folder, "node_modules", ".bin", "node");
        await using var child = ChildProcess.Start(program, [Path.Combine(Folder, script), JsonSerializer.Serialize(argument)], environment, Folder);
        var code = await child.WaitForExitAsync(TimeSpan.FromSeconds(90));
        Assert.True(code == 0, $"{script} ended with {code}: {string.Join('\n', child.Errors.TakeLast(20))}");
        return JsonNode.Parse(child.Output[^1])!.AsObject();
    }

    private static async Task InstallAsync()
    {
        await using var child = ChildProcess.Start(Path.Combine(Folder, "install"), []);
        var code = await child.WaitForExitAsync(TimeSpan.FromMinutes(4));
        Assert.True(code == 0, $"tests/interop/install ended with {code}: {string.Join('\n', child.Errors.TakeLast(20))}");
    }
}
