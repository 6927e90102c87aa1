namespace Interconnect.Hub;

/// <summary>
/// A bucket a key that holds <paramref name="burst"/> and fills at a steady rate. In memory, and within <paramref name="bytes"/>; who is forgotten starts with a full one. Thread-safe.
/// An event that is handled again after a failed commit takes twice.
/// </summary>
internal sealed class Buckets<TKey>(double perSecond, double burst, long bytes)
    where TKey : notnull
{
    private const int BytesABucket = 400;
    private readonly Lock gate = new();
    private readonly GenerationalCache<TKey, Bucket> buckets = new(bytes, static (_, _) => BytesABucket);

    /// <summary>Takes an amount; false, and nothing is taken, when less is left.</summary>
    public bool TryTake(TKey key, double amount, DateTimeOffset now)
    {
        lock (gate)
        {
            if (!buckets.TryGet(key, out var bucket) || bucket is null)
            {
                buckets.Set(key, bucket = new Bucket { Left = burst, At = now });
            }

            bucket.Left = Math.Min(burst, bucket.Left + (Math.Max(0, (now - bucket.At).TotalSeconds) * perSecond));
            bucket.At = now;
            if (bucket.Left < amount)
            {
                return false;
            }

            bucket.Left -= amount;
            return true;
        }
    }

    private sealed class Bucket
    {
        public double Left { get; set; }

        public DateTimeOffset At { get; set; }
    }
}
