using Interconnect.Federation;

namespace Interconnect.Bus.InMemory;

/// <summary>One stream: its partitions and who reads it. The first reader is active, the others stand by, as with a single active consumer.</summary>
internal sealed class MemoryStreamState
{
    private volatile MemoryReader[] readers = [];
    private readonly Lock gate = new();

    public MemoryStreamState(BusAddress address, int partitions, Func<MemoryStreamState, int, MemoryPartition> create)
    {
        Address = address;
        Partitions = [.. Enumerable.Range(0, partitions).Select(p => create(this, p))];
    }

    public BusAddress Address { get; }

    public MemoryPartition[] Partitions { get; }

    /// <summary>The active reader, or null.</summary>
    public MemoryReader? Active => readers is [var first, ..] ? first : null;

    public void Add(MemoryReader reader)
    {
        lock (gate)
        {
            readers = [.. readers, reader];
        }
    }

    public void Remove(MemoryReader reader)
    {
        lock (gate)
        {
            readers = [.. readers.Where(r => r != reader)];
        }
    }
}
