using System.Collections.Concurrent;

namespace Interconnect.Gateway.Demo;

/// <summary>Keeps every byte that a hop had in its hands, by place and in order. It is given no key.</summary>
internal sealed class HopLog
{
    private readonly ConcurrentQueue<(string Place, byte[] Bytes)> seen = [];

    /// <summary>Remembers a copy.</summary>
    public void Add(string place, ReadOnlyMemory<byte> bytes) => seen.Enqueue((place, bytes.ToArray()));

    /// <summary>What was seen at some places, in order.</summary>
    public IReadOnlyList<byte[]> At(params string[] places) => [.. seen.Where(s => places.Contains(s.Place)).Select(s => s.Bytes)];
}
