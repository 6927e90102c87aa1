using Interconnect.Adapters.Tests.Hosting;
using Interconnect.Storage;
using Interconnect.Testing;

namespace Interconnect.Scenarios;

/// <summary>The adapter host's promises on PostgreSQL.</summary>
public sealed class AdapterHostOnPostgres : AdapterHostTests
{
    protected override async Task<DatabaseOptions> CreateDatabaseAsync() => new() { Provider = "postgres", ConnectionString = await DevServers.Load().CreateDatabaseAsync() };

    /// <summary>The server's state folder goes with its databases.</summary>
    protected override void DropDatabase()
    {
    }
}
