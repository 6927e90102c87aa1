using Interconnect.Bus;
using Interconnect.Testing;

namespace Interconnect.Scenarios;

/// <summary>The program's own commands for users and roles, run against the real servers as an operator runs them.</summary>
internal static class OperatorCommands
{
    public static readonly string Program = Path.Combine(
        SharedFiles.RepositoryRoot, "src", "Interconnect.Gateway", "bin", new DirectoryInfo(AppContext.BaseDirectory).Parent!.Name, "net10.0", "interconnect.dll");

    private static readonly string Rabbitmqctl = Path.Combine(SharedFiles.RepositoryRoot, "deploy", "dev", "rabbitmqctl");

    /// <summary>The same roles with users of their own on a broker that others use too.</summary>
    public static IReadOnlyDictionary<string, BusRoleOptions> WithUsers(IReadOnlyDictionary<string, BusRoleOptions> roles, string suffix) =>
        roles.ToDictionary(r => r.Key, r => r.Value with { User = $"{r.Key.Replace(':', '-')}-{suffix}" });

    /// <summary>Makes the users of the broker and the roles of the database that <c>interconnect.json</c> in the folder is for.</summary>
    public static async Task ApplyAsync(DevServers servers, string folder)
    {
        await RunAsync(servers, folder, "bus", "users", "--apply", "--rabbitmqctl", Rabbitmqctl);
        await RunAsync(servers, folder, "database", "roles", "--apply");
    }

    /// <summary>What one of them signs in with.</summary>
    public static string PasswordOf(string folder, string user) => File.ReadAllText(Path.Combine(folder, "passwords", user + ".password")).Trim();

    private static async Task RunAsync(DevServers servers, string folder, params string[] arguments)
    {
        var environment = new Dictionary<string, string?> { ["INTERCONNECT_DEV_STATE"] = servers.StateFolder, ["INTERCONNECT_DEV_PORT_BASE"] = null };
        await using var process = ChildProcess.StartDotnet(
            Program, [.. arguments, "--config", Path.Combine(folder, "interconnect.json"), "--passwords", Path.Combine(folder, "passwords")], environment);
        var code = await process.WaitForExitAsync(TimeSpan.FromSeconds(60));
        Assert.True(code == 0, process.Tail());
    }
}
