using System.Collections;
using System.CommandLine;
using Interconnect.Federation;
using Interconnect.Gateway.Configuration;

namespace Interconnect.Gateway.Commands;

/// <summary>The options that say which configuration is meant, the same for every command that reads one.</summary>
internal static class ConfigurationOptions
{
    /// <summary>Read when no --config is given.</summary>
    public const string DefaultPath = "config/interconnect.json";

    public static Option<string?> Config() => new("--config") { Description = $"The configuration file; '{DefaultPath}' when it is there. Networks and peerings are in folders beside it, INTERCONNECT__A__B sets a:b." };

    public static Option<string?> Roles() => new("--roles") { Description = "What this process does, with commas: hub,adapter:NETWORK. Takes the place of the roles configured." };

    /// <summary>Reads the configuration with this process's environment.</summary>
    public static (GatewayConfiguration? Configuration, IReadOnlyList<string> Problems) Load(string? path, string? roles) => GatewayConfiguration.Load(PathOf(path), roles, Variables());

    /// <summary>Reads what commands about all roles need, where none of them runs and their keys need not be; prints every mistake and gives null.</summary>
    public static async Task<(GatewayOptions Options, IReadOnlyCollection<NetworkId> Networks)?> LoadForOperatorAsync(string? path)
    {
        var (options, networks, problems) = GatewayConfiguration.LoadForOperator(PathOf(path), Variables());
        if (problems.Count == 0)
        {
            return (options, networks);
        }

        await ExplainAsync(problems, "done");
        return null;
    }

    /// <summary>Reads the configuration, or prints every mistake and gives null.</summary>
    public static async Task<GatewayConfiguration?> LoadOrExplainAsync(string? path, string? roles)
    {
        var (configuration, problems) = Load(path, roles);
        if (configuration is null)
        {
            await ExplainAsync(problems, "started");
        }

        return configuration;
    }

    private static string? PathOf(string? path) => path ?? (File.Exists(DefaultPath) ? DefaultPath : null);

    private static IEnumerable<KeyValuePair<string, string>> Variables() =>
        Environment.GetEnvironmentVariables().Cast<DictionaryEntry>().Select(e => KeyValuePair.Create((string)e.Key, (string?)e.Value ?? string.Empty));

    private static async Task ExplainAsync(IReadOnlyList<string> problems, string what)
    {
        await Console.Error.WriteLineAsync($"The configuration has {problems.Count} mistake{(problems.Count == 1 ? string.Empty : "s")}; nothing was {what}.");
        foreach (var problem in problems)
        {
            await Console.Error.WriteLineAsync("  " + problem);
        }
    }
}
