using Interconnect.Storage;

namespace Interconnect.Adapters.Tests.Hosting;

/// <summary>The host's promises on the embedded database.</summary>
public sealed class AdapterHostOnSqliteTests : AdapterHostTests
{
    private readonly DirectoryInfo folder = Directory.CreateTempSubdirectory("adapter-host-");

    protected override Task<DatabaseOptions> CreateDatabaseAsync() => Task.FromResult(new DatabaseOptions { ConnectionString = Path.Combine(folder.FullName, "host.db") });

    protected override void LoseLease(string name) => File.Delete(Path.Combine(folder.FullName, $"host.db.{name}.lease"));

    protected override void DropDatabase() => folder.Delete(true);
}
