using System.CommandLine;
using System.Text.Json.Nodes;
using Interconnect.Adapters.Hosting;
using Interconnect.Gateway.Configuration;
using Interconnect.Gateway.Operating;
using Interconnect.Hub;
using Interconnect.Storage;

namespace Interconnect.Gateway.Commands;

/// <summary><c>interconnect database</c>: a PostgreSQL role a gateway role, and the migrations that those roles may not make.</summary>
internal static class DatabaseCommand
{
    public static Command Create() => new("database", "The roles on PostgreSQL.") { Roles() };

    private static Command Roles()
    {
        var config = ConfigurationOptions.Config();
        var passwords = new Option<string?>("--passwords") { Description = "A folder with ROLE.password files; missing ones are made. The statements then hold SCRAM verifiers; without it passwords stay as they are." };
        var apply = new Option<bool>("--apply") { Description = "Make the migrations that are missing and run the statements, as the user of database:connectionString: the owner of the tables, who may make roles." };
        var json = new Option<bool>("--json") { Description = "Print one JSON object." };
        var command = new Command(
            "roles", "Print or apply the database's roles, one a role of the gateway with the least grants; again after each upgrade. Exit code 2: configuration, 3: the database did not take it.")
        { config, passwords, apply, json };
        command.SetAction((parsed, cancellation) => RunAsync(parsed.GetValue(config), parsed.GetValue(passwords), parsed.GetValue(apply), parsed.GetValue(json), cancellation));
        return command;
    }

    private static async Task<int> RunAsync(string? path, string? passwords, bool apply, bool json, CancellationToken cancellation)
    {
        if (await ConfigurationOptions.LoadForOperatorAsync(path) is not var (options, networks))
        {
            return ExitCode.Configuration;
        }

        if (apply && options.Database.Provider != "postgres")
        {
            return await FailAsync("database:provider is 'sqlite', which has no roles; its file is its owner's alone.", ExitCode.Configuration);
        }

        string sql;
        try
        {
            var folder = passwords is null ? null : new PasswordFolder(passwords);
            sql = DatabaseRoles.Sql(networks, role => folder?.Of(role));
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            return await FailAsync("--passwords: " + e.Message, ExitCode.Configuration);
        }

        if (apply && await ApplyAsync(options.Database, sql, cancellation) is { } reason)
        {
            return await FailAsync("database: " + reason, ExitCode.Unreachable);
        }

        var roles = DatabaseRoles.All(networks);
        Console.WriteLine(
            json ? new JsonObject
            {
                ["applied"] = apply,
                ["roles"] = new JsonArray([.. roles.Select(r => (JsonNode)new JsonObject { ["role"] = r.Role, ["name"] = r.Name })]),
                ["sql"] = apply ? null : sql,
            }.ToJsonString()
            : apply ? string.Join(Environment.NewLine, roles.Select(r => $"{r.Role}: role {r.Name} is there"))
            : sql);
        return ExitCode.Success;
    }

    private static async Task<string?> ApplyAsync(DatabaseOptions options, string sql, CancellationToken cancellation)
    {
        try
        {
            await using var database = Database.Create(options);
            await Migrations.ApplyAsync(database, "hub", typeof(HubAdmin).Assembly, cancellation);
            await Migrations.ApplyAsync(database, "adapters", typeof(AdapterHostOptions).Assembly, cancellation);
            await using var connection = await database.OpenAsync(cancellation);

            // A crash here leaves either everything of the statements or nothing; they may be run again.
            await using var transaction = await connection.BeginTransactionAsync(cancellation);
            await using var command = connection.CreateCommand();
            (command.Transaction, command.CommandText) = (transaction, sql);
            await command.ExecuteNonQueryAsync(cancellation);
            await transaction.CommitAsync(cancellation);
            return null;
        }
        catch (MigrationException e)
        {
            return e.Message;
        }
        catch (Exception e) when (DatabaseErrors.Classify(e) is not null)
        {
            return DatabaseErrors.Describe(e);
        }
    }

    private static async Task<int> FailAsync(string reason, int code)
    {
        await Console.Error.WriteLineAsync(reason);
        return code;
    }
}
