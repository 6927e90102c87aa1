using Interconnect.Storage;

namespace Interconnect.Hub;

/// <summary>The hub's own database, told apart from those of other roles in the same process.</summary>
internal sealed class HubDatabase(Database database) : IAsyncDisposable
{
    public Database Database { get; } = database;

    public ValueTask DisposeAsync() => Database.DisposeAsync();
}
