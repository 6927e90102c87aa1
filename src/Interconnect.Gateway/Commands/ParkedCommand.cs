using System.CommandLine;
using System.Text.Json.Nodes;
using Interconnect.Gateway.Configuration;
using Interconnect.Hub;
using Interconnect.Storage;

namespace Interconnect.Gateway.Commands;

/// <summary><c>interconnect parked</c>: the conversations that wait because of a defect, and having one tried again. Works on the hub's database; no answer names a user or a room.</summary>
internal static class ParkedCommand
{
    public static Command Create()
    {
        var (config, json) = (ConfigurationOptions.Config(), Json());
        var command = new Command("parked", "List the conversations that wait because of a defect, the longest first. Exit code 2: configuration, 3: the database cannot be used.") { config, json };
        command.SetAction((parsed, cancellation) => RunAsync(parsed.GetValue(config), (admin, token) => ListAsync(admin, parsed.GetValue(json), token), cancellation));
        command.Subcommands.Add(Release());
        return command;
    }

    private static Command Release()
    {
        var (config, json) = (ConfigurationOptions.Config(), Json());
        var id = new Argument<string>("id") { Description = "As 'parked' prints it." };
        var command = new Command("release", "Have the active hub try one of them with its next sweep, whatever its time. Exit code 2 also: nothing is parked under this id.") { id, config, json };
        command.SetAction((parsed, cancellation) => RunAsync(parsed.GetValue(config), (admin, token) => ReleaseAsync(admin, parsed.GetValue(id)!, parsed.GetValue(json), token), cancellation));
        return command;
    }

    private static Option<bool> Json() => new("--json") { Description = "Print one JSON object." };

    private static async Task<int> RunAsync(string? path, Func<HubAdmin, CancellationToken, Task<int>> work, CancellationToken cancellation)
    {
        if (await ConfigurationOptions.LoadOrExplainAsync(path, null) is not { } configuration)
        {
            return ExitCode.Configuration;
        }

        if (WhyNotThere(configuration) is { } reason)
        {
            return await UnusableAsync(reason);
        }

        try
        {
            await using var admin = HubAdmin.Open(configuration.Options.Database);
            return await work(admin, cancellation);
        }
        catch (Exception e) when (DatabaseErrors.Classify(e) is { } failure)
        {
            return await UnusableAsync(failure == DatabaseFailure.Defect ? "the database has no tables of a hub" : DatabaseErrors.Describe(e));
        }
    }

    private static async Task<int> ListAsync(HubAdmin admin, bool json, CancellationToken cancellation)
    {
        var parked = await admin.ParkedAsync(cancellation);
        if (json)
        {
            Console.WriteLine(new JsonObject
            {
                ["parked"] = new JsonArray([.. parked.Select(p => (JsonNode)new JsonObject
                {
                    ["id"] = p.OpaqueId,
                    ["reason"] = p.Reason,
                    ["waiting"] = p.Waiting,
                    ["attempts"] = p.Attempts,
                    ["parkedAt"] = Time(p.ParkedAt),
                    ["nextTryAt"] = Time(p.NotBefore),
                })]),
            }.ToJsonString());
            return ExitCode.Success;
        }

        Console.WriteLine(parked.Count == 0 ? "nothing is parked" : $"{parked.Count} parked");
        foreach (var p in parked)
        {
            Console.WriteLine($"{p.OpaqueId}  since {Time(p.ParkedAt)}  {p.Waiting} waiting, tried {p.Attempts} times, next at {Time(p.NotBefore)}: {p.Reason}");
        }

        return ExitCode.Success;
    }

    private static async Task<int> ReleaseAsync(HubAdmin admin, string id, bool json, CancellationToken cancellation)
    {
        var released = await admin.ReleaseAsync(id, cancellation);
        if (json)
        {
            Console.WriteLine(new JsonObject { ["id"] = id, ["released"] = released }.ToJsonString());
        }
        else if (released)
        {
            Console.WriteLine("The active hub tries it with its next sweep.");
        }
        else
        {
            await Console.Error.WriteLineAsync("Nothing is parked under this id; 'interconnect parked' lists what is.");
        }

        return released ? ExitCode.Success : ExitCode.Configuration;
    }

    // Looking must not make a database.
    private static string? WhyNotThere(GatewayConfiguration configuration) =>
        configuration.Options.Database is { Provider: "sqlite" } database && !File.Exists(database.ConnectionString) ? "there is no such database file" : null;

    private static async Task<int> UnusableAsync(string reason)
    {
        await Console.Error.WriteLineAsync("database: " + reason);
        return ExitCode.Unreachable;
    }

    private static string Time(DateTimeOffset at) => at.ToUniversalTime().ToString("yyyy-MM-dd'T'HH:mm:ss'Z'", System.Globalization.CultureInfo.InvariantCulture);
}
