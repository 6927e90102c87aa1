using Interconnect.Mls;

namespace Interconnect.Endpoint;

/// <summary>
/// One durable step of the endpoint: everything it changes is committed together, and only then are used-up secrets erased and events shown. Disposed without
/// <see cref="Commit"/> nothing has happened.
/// </summary>
internal sealed class Work(EndpointStore store, DateTimeOffset now, Action<string> atStep) : IDisposable
{
    private readonly List<Action> afterwards = [];
    private readonly List<EndpointEvent> events = [];

    public StoreTransaction Store { get; } = store.Begin();

    public DateTimeOffset Now { get; } = now;

    public long NowMs { get; } = now.ToUnixTimeMilliseconds();

    public IReadOnlyList<EndpointEvent> Events => events;

    /// <summary>Secrets that the state being saved replaces.</summary>
    public void Erase(ConsumedSecrets secrets) => afterwards.Add(secrets.Erase);

    /// <summary>What memory takes over once it is saved.</summary>
    public void After(Action action) => afterwards.Add(action);

    public void Raise(EndpointEvent happened) => events.Add(happened);

    public void Commit(string step)
    {
        // A crash here leaves the store as it was before this step: what was received is received again, what was asked was not done, no MLS generation is used.
        var changed = Store.IsChanged;
        if (changed)
            atStep("before " + step);

        Store.Commit();

        // A crash here leaves everything of this step saved: what was received is known as seen, frames wait in the outbox, events are told by the store's state.
        if (changed)
            atStep("after " + step);

        foreach (var action in afterwards)
            action();
    }

    public void Dispose() => Store.Dispose();
}
