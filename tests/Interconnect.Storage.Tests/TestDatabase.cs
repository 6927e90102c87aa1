namespace Interconnect.Storage.Tests;

/// <summary>A SQLite database in a folder of its own.</summary>
internal sealed class TestDatabase : IAsyncDisposable
{
    private readonly string folder = Directory.CreateTempSubdirectory("storage-").FullName;

    public TestDatabase() => Database = Database.Create(Options);

    public DatabaseOptions Options => new() { ConnectionString = Path.Combine(folder, "sub", "test.db") };

    public Database Database { get; }

    public async ValueTask DisposeAsync()
    {
        await Database.DisposeAsync();
        Directory.Delete(folder, true);
    }
}
