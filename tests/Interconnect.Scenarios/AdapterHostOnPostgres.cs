using Dapper;
using Interconnect.Adapters.Tests.Hosting;
using Interconnect.Storage;
using Interconnect.Testing;

namespace Interconnect.Scenarios;

/// <summary>The adapter host's promises on PostgreSQL.</summary>
public sealed class AdapterHostOnPostgres : AdapterHostTests
{
    private DatabaseOptions? options;

    protected override async Task<DatabaseOptions> CreateDatabaseAsync() => options = new() { Provider = "postgres", ConnectionString = await DevServers.Load().CreateDatabaseAsync() };

    /// <summary>Ends the session that has the lock, as a server that restarts or a broken route does.</summary>
    protected override void LoseLease(string name)
    {
        using var connection = new Npgsql.NpgsqlConnection(options!.ConnectionString);
        connection.Execute("SELECT pg_terminate_backend(l.pid) FROM pg_locks l JOIN pg_database d ON d.oid = l.database WHERE l.locktype = 'advisory' AND d.datname = current_database()");
    }

    /// <summary>The server's state folder goes with its databases.</summary>
    protected override void DropDatabase()
    {
    }
}
