using System.Text.Json.Nodes;
using Interconnect.Gateway.Tests.Configuration;
using Interconnect.Testing;

namespace Interconnect.Gateway.Tests.Commands;

/// <summary>Keys, broker users and database roles as an operator makes them.</summary>
[System.Runtime.Versioning.UnsupportedOSPlatform("windows")]
public sealed class OperatorCommandTests
{
    private static readonly string Example = Path.Combine(SharedFiles.RepositoryRoot, "config", "interconnect.json");

    [Fact]
    public async Task BusKeygen_MakesAKeyOnceAndShowsItsPublicHalf()
    {
        using var folder = new ConfigurationFolder();
        var file = Path.Combine(folder.Folder, "hub.key");
        Assert.Equal(2, (await GatewayProcess.RunAsync("bus", "key", file)).Code);

        var (code, made, _) = await GatewayProcess.RunAsync("bus", "keygen", file);
        Assert.Equal(0, code);
        Assert.StartsWith("ed25519:", made, StringComparison.Ordinal);
        Assert.Equal(made, (string)JsonNode.Parse((await GatewayProcess.RunAsync("bus", "key", file, "--json")).Output)!["publicKey"]!);

        var (again, nothing, why) = await GatewayProcess.RunAsync("bus", "keygen", file);
        Assert.Equal((2, ""), (again, nothing));
        Assert.Contains("not written over", why, StringComparison.Ordinal);
        Assert.Equal(made, (await GatewayProcess.RunAsync("bus", "key", file)).Output);
    }

    /// <summary>What is shipped under deploy is what the program prints for the annotated example.</summary>
    [Fact]
    public async Task BusUsersAndDatabaseRoles_OfTheExample_AreWhatIsShipped()
    {
        Assert.Equal(Shipped("rabbitmq", "definitions.json"), (await GatewayProcess.RunAsync("bus", "users", "--config", Example, "--definitions")).Output);
        Assert.Equal(Shipped("postgres", "roles.sql"), (await GatewayProcess.RunAsync("database", "roles", "--config", Example)).Output);
    }

    [Fact]
    public async Task BusUsers_Printed_AreCommandsAndNameNoPassword()
    {
        var (code, output, _) = await GatewayProcess.RunAsync("bus", "users", "--config", Example);
        Assert.Equal(0, code);
        Assert.Contains("rabbitmqctl add_user 'interconnect-hub'", output, StringComparison.Ordinal);
        var json = JsonNode.Parse((await GatewayProcess.RunAsync("bus", "users", "--config", Example, "--json")).Output)!;
        Assert.False((bool)json["applied"]!);
        Assert.Equal(["hub", "adapter:matrix-b", "adapter:xmpp-a"], json["users"]!.AsArray().Select(u => (string)u!["role"]!));
        Assert.Equal(2, (await GatewayProcess.RunAsync("bus", "users", "--config", "no/such/file.json")).Code);
    }

    [Fact]
    public async Task BusUsers_Apply_NeedsPasswordsAndSaysWhatDidNotTakeThem()
    {
        using var folder = new ConfigurationFolder();
        var passwords = Path.Combine(folder.Folder, "passwords");
        Assert.Equal(2, (await GatewayProcess.RunAsync("bus", "users", "--config", folder.Path, "--apply")).Code);
        Assert.False(Directory.Exists(passwords));

        var (code, _, why) = await ApplyAsync("echo no such node >&2; exit 69");
        Assert.Equal(3, code);
        Assert.Contains("ended with code 69: no such node", why, StringComparison.Ordinal);
        Assert.Equal(3, (await GatewayProcess.RunAsync("bus", "users", "--config", folder.Path, "--apply", "--passwords", passwords, "--rabbitmqctl", "/no/such/program")).Code);
        var made = Directory.GetFiles(passwords);
        Assert.Equal(3, made.Length);
        Assert.All(made, f => Assert.Equal(UnixFileMode.UserRead | UnixFileMode.UserWrite, File.GetUnixFileMode(f)));

        var given = Path.Combine(folder.Folder, "given.json");
        Assert.Equal(0, (await ApplyAsync($"cat > '{given}'")).Code);
        Assert.All(JsonNode.Parse(await File.ReadAllTextAsync(given))!["users"]!.AsArray(), u => Assert.NotEmpty((string)u!["password_hash"]!));
        await File.WriteAllTextAsync(made[0], "short");
        Assert.Equal(2, (await ApplyAsync("cat > /dev/null")).Code);

        Task<(int Code, string Output, string Errors)> ApplyAsync(string script)
        {
            var program = Path.Combine(folder.Folder, "ctl");
            File.WriteAllText(program, "#!/bin/sh\n" + script + "\n");
            File.SetUnixFileMode(program, UnixFileMode.UserRead | UnixFileMode.UserExecute | UnixFileMode.UserWrite);
            return GatewayProcess.RunAsync("bus", "users", "--config", folder.Path, "--apply", "--passwords", passwords, "--rabbitmqctl", program);
        }
    }

    [Fact]
    public async Task DatabaseRoles_Passwords_AreVerifiersAndSqliteHasNoRoles()
    {
        using var folder = new ConfigurationFolder();
        var passwords = Path.Combine(folder.Folder, "passwords");
        var (code, _, why) = await GatewayProcess.RunAsync("database", "roles", "--config", folder.Path, "--apply");
        Assert.Equal(2, code);
        Assert.Contains("sqlite", why, StringComparison.Ordinal);

        var (printed, sql, _) = await GatewayProcess.RunAsync("database", "roles", "--config", folder.Path, "--passwords", passwords);
        Assert.Equal(0, printed);
        Assert.Equal(3, sql.Split("PASSWORD 'SCRAM-SHA-256$4096:").Length - 1);
        Assert.All(Directory.GetFiles(passwords), f => Assert.DoesNotContain(File.ReadAllText(f).Trim(), sql, StringComparison.Ordinal));
    }

    private static string Shipped(params string[] path) => File.ReadAllText(Path.Combine([SharedFiles.RepositoryRoot, "deploy", .. path])).TrimEnd('\n');
}
