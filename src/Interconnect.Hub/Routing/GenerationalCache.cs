namespace Interconnect.Hub;

/// <summary>
/// A bounded memory of rows for one thread: two generations, each of at most half of <paramref name="bytes"/>; when the young one is full the old one is dropped. What is used stays; what is
/// larger than a generation is not kept. Knows absent rows too (a null value), which is right because the hub is the only writer.
/// </summary>
internal sealed class GenerationalCache<TKey, TValue>(long bytes, Func<TKey, TValue?, long> sizeOf)
    where TKey : notnull
    where TValue : class
{
    private Dictionary<TKey, TValue?> young = [];
    private Dictionary<TKey, TValue?> old = [];
    private long youngBytes;
    private long oldBytes;

    public int Count => young.Count + old.Count;

    /// <summary>What is kept, by the sizes that were given.</summary>
    public long Bytes => youngBytes + oldBytes;

    public bool TryGet(TKey key, out TValue? value)
    {
        if (young.TryGetValue(key, out value))
        {
            return true;
        }

        if (!Remove(old, key, ref oldBytes, out value))
        {
            return false;
        }

        Set(key, value);
        return true;
    }

    public void Set(TKey key, TValue? value)
    {
        Remove(old, key, ref oldBytes, out _);
        Remove(young, key, ref youngBytes, out _);
        var size = sizeOf(key, value);
        if (size > bytes / 2)
        {
            return;
        }

        if (youngBytes + size > bytes / 2)
        {
            (old, oldBytes) = (young, youngBytes);
            (young, youngBytes) = ([], 0);
        }

        young[key] = value;
        youngBytes += size;
    }

    public void Clear()
    {
        (young, youngBytes) = ([], 0);
        (old, oldBytes) = ([], 0);
    }

    private bool Remove(Dictionary<TKey, TValue?> from, TKey key, ref long held, out TValue? value)
    {
        if (!from.Remove(key, out value))
        {
            return false;
        }

        held -= sizeOf(key, value);
        return true;
    }
}
