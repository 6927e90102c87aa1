namespace Interconnect.Endpoint;

/// <summary>
/// What was sent and not yet acknowledged by the server (XEP-0198), in order, with both counters. Survives a lost connection, not the process: across restarts the
/// outbox sends again. Not thread-safe.
/// </summary>
internal sealed class StanzaQueue
{
    /// <summary>More than this unacknowledged means that the server does not acknowledge at all.</summary>
    public const int MaxUnacknowledged = 1_000;

    private readonly Queue<Entry> waiting = new();
    private uint acknowledged;

    /// <summary>Stanzas of the server's that were taken and saved.</summary>
    public uint Handled { get; private set; }

    public int Count => waiting.Count;

    public IReadOnlyCollection<string> Waiting => [.. waiting.Select(entry => entry.Xml)];

    public void Add(string xml, bool isMessage, TaskCompletionSource? taken) => waiting.Enqueue(new Entry(xml, isMessage, taken));

    /// <summary>What a new session says before it says anything again.</summary>
    public void AddFirst(string xml)
    {
        var rest = waiting.ToList();
        waiting.Clear();
        waiting.Enqueue(new Entry(xml, false, null));
        foreach (var entry in rest)
            waiting.Enqueue(entry);
    }

    public void HandledOne() => Handled = unchecked(Handled + 1);

    /// <summary>The server has had <paramref name="h"/> stanzas; false when it cannot be true.</summary>
    public bool Acknowledge(uint h)
    {
        var newly = unchecked(h - acknowledged);
        if (newly > waiting.Count)
            return false;

        acknowledged = h;
        for (; newly > 0; newly--)
            waiting.Dequeue().Taken?.TrySetResult();

        return true;
    }

    /// <summary>A new session counts from zero; of what waits only messages still matter.</summary>
    public void Restart()
    {
        acknowledged = 0;
        Handled = 0;
        var messages = waiting.Where(entry => entry.IsMessage).ToList();
        waiting.Clear();
        foreach (var message in messages)
            waiting.Enqueue(message);
    }

    /// <summary>Without stream management, written is all we will ever know.</summary>
    public void TakeAll()
    {
        while (waiting.TryDequeue(out var entry))
            entry.Taken?.TrySetResult();
    }

    public void CancelAll()
    {
        while (waiting.TryDequeue(out var entry))
            entry.Taken?.TrySetCanceled();
    }

    private sealed record Entry(string Xml, bool IsMessage, TaskCompletionSource? Taken);
}
