namespace Interconnect.Hub;

/// <summary>Outbox pages that are published and not yet deleted. Lanes add, the engine takes.</summary>
internal sealed class ConfirmedPages
{
    private readonly Lock gate = new();
    private List<long> pages = [];

    public bool IsEmpty
    {
        get
        {
            lock (gate)
            {
                return pages.Count == 0;
            }
        }
    }

    public void Add(long page)
    {
        lock (gate)
        {
            pages.Add(page);
        }
    }

    public IReadOnlyList<long> Take()
    {
        lock (gate)
        {
            var taken = pages;
            pages = [];
            return taken;
        }
    }

    public void PutBack(IReadOnlyList<long> taken)
    {
        lock (gate)
        {
            pages.AddRange(taken);
        }
    }
}
