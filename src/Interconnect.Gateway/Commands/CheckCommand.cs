using System.CommandLine;
using System.Text.Json.Nodes;
using Interconnect.Gateway.Checks;

namespace Interconnect.Gateway.Commands;

/// <summary><c>interconnect check</c>: what is wrong with the configuration, and what cannot be reached. Changes nothing anywhere.</summary>
internal static class CheckCommand
{
    public static Command Create()
    {
        var (config, roles) = (ConfigurationOptions.Config(), ConfigurationOptions.Roles());
        var json = new Option<bool>("--json") { Description = "Print one JSON object." };
        var command = new Command("check", "Say what is wrong with the configuration and what cannot be reached. Exit code 2: configuration, 3: not reachable.") { config, roles, json };
        command.SetAction((parsed, cancellation) => RunAsync(parsed.GetValue(config), parsed.GetValue(roles), parsed.GetValue(json), cancellation));
        return command;
    }

    private static async Task<int> RunAsync(string? path, string? roles, bool json, CancellationToken cancellation)
    {
        var (configuration, mistakes) = ConfigurationOptions.Load(path, roles);
        var reached = configuration is null ? [] : await Probes.RunAsync(configuration, TimeProvider.System, cancellation);
        if (json)
        {
            Console.WriteLine(new JsonObject
            {
                ["ok"] = mistakes.Count == 0 && reached.All(r => r.Reason is null),
                ["configuration"] = new JsonArray([.. mistakes.Select(m => (JsonNode)m)]),
                ["reached"] = new JsonArray([.. reached.Select(r => (JsonNode)new JsonObject { ["part"] = r.Part, ["ok"] = r.Reason is null, ["reason"] = r.Reason })]),
            }.ToJsonString());
        }
        else
        {
            Console.WriteLine(mistakes.Count == 0 ? "configuration: ok" : $"configuration: {mistakes.Count} mistake{(mistakes.Count == 1 ? string.Empty : "s")}");
            foreach (var line in mistakes.Select(m => "  " + m).Concat(reached.Select(r => $"{r.Part}: {r.Reason ?? "ok"}")))
            {
                Console.WriteLine(line);
            }
        }

        return mistakes.Count > 0 ? ExitCode.Configuration : reached.Any(r => r.Reason is not null) ? ExitCode.Unreachable : ExitCode.Success;
    }
}
