namespace Interconnect.Bus;

/// <summary>
/// The last bodies that the bus in memory parked, bounded by count and bytes; the oldest goes first. With a broker this stays empty: the bodies are in the
/// queue <c>interconnect.parked</c> then.
/// </summary>
public sealed class ParkedBodies
{
    /// <summary>Most bodies kept.</summary>
    public const int MaxBodies = 1_000;

    /// <summary>Most bytes kept.</summary>
    public const long MaxBytes = 32 * 1024 * 1024;

    private readonly Queue<ParkedBody> bodies = new();
    private readonly Lock gate = new();
    private long bytes;
    private long total;

    /// <summary>All ever parked by this process, those no longer kept included.</summary>
    public long Total => Interlocked.Read(ref total);

    /// <summary>Those kept, oldest first.</summary>
    public IReadOnlyList<ParkedBody> Recent()
    {
        lock (gate)
        {
            return [.. bodies];
        }
    }

    internal void Add(ParkedBody body)
    {
        lock (gate)
        {
            total++;
            bodies.Enqueue(body);
            bytes += body.Body.Length;
            while (bodies.Count > MaxBodies || (bytes > MaxBytes && bodies.Count > 1))
            {
                bytes -= bodies.Dequeue().Body.Length;
            }
        }
    }
}
