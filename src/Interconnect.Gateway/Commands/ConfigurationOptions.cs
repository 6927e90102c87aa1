using System.Collections;
using System.CommandLine;
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
    public static (GatewayConfiguration? Configuration, IReadOnlyList<string> Problems) Load(string? path, string? roles)
    {
        var environment = Environment.GetEnvironmentVariables().Cast<DictionaryEntry>().Select(e => KeyValuePair.Create((string)e.Key, (string?)e.Value ?? string.Empty));
        return GatewayConfiguration.Load(path ?? (File.Exists(DefaultPath) ? DefaultPath : null), roles, environment);
    }

    /// <summary>Reads the configuration, or prints every mistake and gives null.</summary>
    public static async Task<GatewayConfiguration?> LoadOrExplainAsync(string? path, string? roles)
    {
        var (configuration, problems) = Load(path, roles);
        if (configuration is null)
        {
            await Console.Error.WriteLineAsync($"The configuration has {problems.Count} mistake{(problems.Count == 1 ? string.Empty : "s")}; nothing was started.");
            foreach (var problem in problems)
            {
                await Console.Error.WriteLineAsync("  " + problem);
            }
        }

        return configuration;
    }
}
