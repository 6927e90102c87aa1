using System.CommandLine;
using System.ComponentModel;
using System.Diagnostics;
using System.Text.Json.Nodes;
using Interconnect.Bus;
using Interconnect.Federation;
using Interconnect.Gateway.Configuration;
using Interconnect.Gateway.Operating;

namespace Interconnect.Gateway.Commands;

/// <summary><c>interconnect bus</c>: the keys that roles sign with, and their users on RabbitMQ.</summary>
internal static class BusCommand
{
    public static Command Create() => new("bus", "The keys that roles sign their bus frames with, and their users on the broker.") { Keygen(), Key(), Users() };

    private static Command Keygen()
    {
        var (file, json) = (KeyFile("The file to make; it must not be there."), Json());
        var command = new Command("keygen", "Make a role's key, readable by its owner alone, and print the public key that everybody's configuration names. Exit code 2: the file cannot be made.") { file, json };
        command.SetAction((parsed, _) => KeygenAsync(parsed.GetValue(file)!, parsed.GetValue(json)));
        return command;
    }

    private static Command Key()
    {
        var (file, json) = (KeyFile("A key file."), Json());
        var command = new Command("key", "Print the public key of a key file. Exit code 2: it is none.") { file, json };
        command.SetAction((parsed, _) => KeyAsync(parsed.GetValue(file)!, parsed.GetValue(json)));
        return command;
    }

    private static Command Users()
    {
        var (config, json) = (ConfigurationOptions.Config(), Json());
        var definitions = new Option<bool>("--definitions") { Description = "Print RabbitMQ's own JSON: users, permissions, exchanges, queues and bindings, for import." };
        var passwords = new Option<string?>("--passwords") { Description = "A folder with USER.password files; missing ones are made. Definitions then hold salted hashes, without it users that cannot sign in yet." };
        var apply = new Option<bool>("--apply") { Description = "Import the definitions; needs --passwords." };
        var rabbitmqctl = new Option<string>("--rabbitmqctl") { Description = "The program that --apply runs.", DefaultValueFactory = _ => "rabbitmqctl" };
        var command = new Command(
            "users", "Print or apply the broker's users, one a role with permissions for exactly its streams. Exit code 2: configuration, 3: the broker did not take it.")
        { config, definitions, passwords, apply, rabbitmqctl, json };
        command.SetAction((parsed, cancellation) => UsersAsync(
            parsed.GetValue(config), new UsersRequest(parsed.GetValue(definitions), parsed.GetValue(passwords), parsed.GetValue(apply), parsed.GetValue(rabbitmqctl)!, parsed.GetValue(json)), cancellation));
        return command;
    }

    private sealed record UsersRequest(bool Definitions, string? Passwords, bool Apply, string Rabbitmqctl, bool Json);

    private static Argument<string> KeyFile(string description) => new("file") { Description = description };

    private static Option<bool> Json() => new("--json") { Description = "Print one JSON object." };

    private static async Task<int> KeygenAsync(string file, bool json)
    {
        try
        {
            using var key = RoleKey.Create(file);
            Print(file, key, json);
            return ExitCode.Success;
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            return await FailAsync(File.Exists(file) ? "The file is there already; a key is not written over." : $"The file cannot be made ({e.GetType().Name}).", ExitCode.Configuration);
        }
    }

    private static async Task<int> KeyAsync(string file, bool json)
    {
        if (!RoleKey.TryRead(file, out var key, out var reason))
        {
            return await FailAsync(char.ToUpperInvariant(reason[0]) + reason[1..] + ".", ExitCode.Configuration);
        }

        using (key)
        {
            Print(file, key, json);
        }

        return ExitCode.Success;
    }

    private static void Print(string file, RoleKey key, bool json) =>
        Console.WriteLine(json ? new JsonObject { ["file"] = file, ["publicKey"] = key.Public.ToString() }.ToJsonString() : key.Public.ToString());

    private static async Task<int> UsersAsync(string? path, UsersRequest request, CancellationToken cancellation)
    {
        if (await ConfigurationOptions.LoadForOperatorAsync(path) is not var (options, networks))
        {
            return ExitCode.Configuration;
        }

        if (request is { Apply: true, Passwords: null })
        {
            return await FailAsync("--apply needs --passwords: it would make users that cannot sign in.", ExitCode.Configuration);
        }

        string definitions;
        try
        {
            var folder = request.Passwords is null ? null : new PasswordFolder(request.Passwords);
            definitions = BrokerDefinitions.Json(options.Bus, networks, user => folder?.Of(user));
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            return await FailAsync("--passwords: " + e.Message, ExitCode.Configuration);
        }

        if (request.Apply && await ImportAsync(request.Rabbitmqctl, definitions, cancellation) is { } reason)
        {
            return await FailAsync("broker: " + reason, ExitCode.Unreachable);
        }

        Print(options.Bus, networks, request, definitions);
        return ExitCode.Success;
    }

    private static void Print(BusOptions options, IReadOnlyCollection<NetworkId> networks, UsersRequest request, string definitions)
    {
        if (request.Json)
        {
            Console.WriteLine(new JsonObject
            {
                ["applied"] = request.Apply,
                ["users"] = new JsonArray([.. BrokerUser.All(options, networks).Select(u =>
                    (JsonNode)new JsonObject { ["role"] = u.Role.Name, ["user"] = u.Name, ["configure"] = u.Configure, ["write"] = u.Write, ["read"] = u.Read })]),
            }.ToJsonString());
        }
        else if (request.Definitions)
        {
            Console.WriteLine(definitions);
        }
        else
        {
            var lines = request.Apply ? BrokerUser.All(options, networks).Select(u => $"{u.Role.Name}: user {u.Name} is there") : BrokerDefinitions.Commands(options, networks);
            Console.WriteLine(string.Join(Environment.NewLine, lines));
        }
    }

    // By standard input: neither a command line nor a file shows the hashes to others.
    private static async Task<string?> ImportAsync(string program, string definitions, CancellationToken cancellation)
    {
        try
        {
            var start = new ProcessStartInfo(program, ["-q", "import_definitions"]) { RedirectStandardInput = true, RedirectStandardOutput = true, RedirectStandardError = true };
            using var process = Process.Start(start)!;
            var (output, errors) = (process.StandardOutput.ReadToEndAsync(cancellation), process.StandardError.ReadToEndAsync(cancellation));
            var taken = await GiveAsync(process.StandardInput, definitions, cancellation);
            await process.WaitForExitAsync(cancellation);
            await output;
            var said = (await errors).Split('\n', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries).FirstOrDefault();
            return process.ExitCode != 0 ? $"{program} ended with code {process.ExitCode}: {said}" : taken ? null : $"{program} did not read the definitions.";
        }
        catch (Win32Exception)
        {
            return $"{program} cannot be run; --rabbitmqctl names another.";
        }
    }

    // False when the program ended before it had read all; its exit code says more.
    private static async Task<bool> GiveAsync(StreamWriter input, string text, CancellationToken cancellation)
    {
        try
        {
            await input.WriteAsync(text.AsMemory(), cancellation);
            input.Close();
            return true;
        }
        catch (IOException)
        {
            return false;
        }
    }

    private static async Task<int> FailAsync(string reason, int code)
    {
        await Console.Error.WriteLineAsync(reason);
        return code;
    }
}
