namespace Interconnect.Mls.Tree;

/// <summary>
/// The capabilities read lately, by their bytes. Nearly all leaves of a group say the same of themselves, so that a tree of thousands holds a few objects for it. Bounded: what
/// was kept at a place gives way to what comes next, and what is long is not kept.
/// </summary>
internal static class SharedCapabilities
{
    private const int Places = 64;
    private const int MaxBytes = 512;
    private static readonly Entry?[] Kept = new Entry?[Places];

    /// <summary>Null when these bytes were not read lately.</summary>
    public static Capabilities? Find(ReadOnlySpan<byte> encoded) =>
        Volatile.Read(ref Kept[PlaceOf(encoded)]) is { } entry && encoded.SequenceEqual(entry.Encoded) ? entry.Value : null;

    /// <param name="encoded">All of the bytes that the value was read from, and nothing else.</param>
    public static void Keep(ReadOnlySpan<byte> encoded, Capabilities value)
    {
        if (encoded.Length <= MaxBytes)
        {
            Volatile.Write(ref Kept[PlaceOf(encoded)], new Entry(encoded.ToArray(), value));
        }
    }

    private static int PlaceOf(ReadOnlySpan<byte> encoded)
    {
        var hash = default(HashCode);
        hash.AddBytes(encoded);
        return hash.ToHashCode() & (Places - 1);
    }

    private sealed record Entry(byte[] Encoded, Capabilities Value);
}
