using Interconnect.Federation;

namespace Interconnect.Hub;

/// <summary>
/// How much each sender may still submit: a bucket a user that fills at a steady rate. Memory only, for one thread, and of a bounded number of senders; who is forgotten starts with a
/// full bucket. An event that is handled again after a failed commit takes twice.
/// </summary>
internal sealed class SenderBudgets(HubLimits limits)
{
    private readonly GenerationalCache<UserUri, Bucket> buckets = new(limits.CacheEntries);

    /// <summary>Takes one event's worth; false when the sender has none left.</summary>
    public bool TryTake(UserUri sender, DateTimeOffset now)
    {
        if (limits.SenderEventsPerSecond == 0)
        {
            return true;
        }

        if (!buckets.TryGet(sender, out var bucket) || bucket is null)
        {
            buckets.Set(sender, bucket = new Bucket { Left = limits.SenderBurst, At = now });
        }

        var gained = Math.Max(0, (now - bucket.At).TotalSeconds) * limits.SenderEventsPerSecond;
        bucket.Left = Math.Min(limits.SenderBurst, bucket.Left + gained);
        bucket.At = now;
        if (bucket.Left < 1)
        {
            return false;
        }

        bucket.Left--;
        return true;
    }

    private sealed class Bucket
    {
        public double Left { get; set; }

        public DateTimeOffset At { get; set; }
    }
}
