namespace Interconnect.Hub;

/// <summary>
/// A bounded memory of rows for one thread: two generations of at most <paramref name="capacity"/> entries; when the young one is full the old one is dropped.
/// What is used stays. Knows absent rows too (a null value), which is right because the hub is the only writer.
/// </summary>
internal sealed class GenerationalCache<TKey, TValue>(int capacity)
    where TKey : notnull
    where TValue : class
{
    private Dictionary<TKey, TValue?> young = [];
    private Dictionary<TKey, TValue?> old = [];

    public int Count => young.Count + old.Count;

    public bool TryGet(TKey key, out TValue? value)
    {
        if (young.TryGetValue(key, out value))
        {
            return true;
        }

        if (!old.Remove(key, out value))
        {
            return false;
        }

        Set(key, value);
        return true;
    }

    public void Set(TKey key, TValue? value)
    {
        old.Remove(key);
        if (young.Count >= capacity && !young.ContainsKey(key))
        {
            old = young;
            young = [];
        }

        young[key] = value;
    }

    public void Clear()
    {
        young = [];
        old = [];
    }
}
