using Interconnect.Federation;

namespace Interconnect.Hub;

/// <summary>How much each sender may still cost the hub (<see cref="EventCost"/>), and how much it may still say to others on consent. Thread-safe: what it costs is taken while events are prepared.</summary>
internal sealed class SenderBudgets(HubLimits limits)
{
    private const double Day = 24 * 60 * 60;
    private readonly Buckets<UserUri> costs = new(limits.SenderUnitsPerSecond, limits.SenderBurst, limits.CacheBytes / 16);
    private readonly Buckets<UserUri> devices = new(limits.SenderUnitsPerSecond, limits.SenderBurst, limits.CacheBytes / 64);
    private readonly Buckets<UserUri> unsolicited = new(limits.UnsolicitedPerDay / Day, limits.UnsolicitedPerDay, limits.CacheBytes / 32);
    private readonly Buckets<(UserUri, UserUri)> words = new(limits.ConsentWordsPerDay / Day, limits.ConsentWordsPerDay, limits.CacheBytes / 32);

    private long charged;

    /// <summary>Units charged to all since the start.</summary>
    public long Charged => Interlocked.Read(ref charged);

    /// <summary>
    /// Takes what checking something costs. Null, or why it is not to be checked. Device lists and objections are paid for by themselves, so that nothing else that is sent in a user's name,
    /// by a stolen device say, keeps the user from removing it; and a chain of lists can be paid for at once, however long it is.
    /// </summary>
    /// <param name="sender">Who pays.</param>
    /// <param name="event">What for.</param>
    /// <param name="units">What it costs.</param>
    /// <param name="before">What the same event has cost already.</param>
    /// <param name="now">When.</param>
    public Decision.Refused? Charge(UserUri sender, FederationEvent @event, int units, int before, DateTimeOffset now)
    {
        if (limits.SenderUnitsPerSecond == 0)
        {
            return null;
        }

        var bucket = @event is DeviceListUpdate or IdentityObjection ? devices : costs;
        if (bucket == devices)
        {
            units = Math.Min(units, Math.Max(0, limits.SenderBurst - before));
        }

        if (units + before > limits.SenderBurst)
        {
            return new(HubRule.EventCost);
        }

        if (!bucket.TryTake(sender, units, now))
        {
            return new(HubRule.SenderRate, RetryAfter: limits.SenderRetryAfter);
        }

        Interlocked.Add(ref charged, units);
        return null;
    }

    /// <summary>
    /// Takes one word on consent to another user. It goes by what the sender has said and been told, so that being refused tells nothing of the other; a revocation costs nothing.
    /// </summary>
    public bool TrySay(UserUri sender, UserUri other, bool unasked, DateTimeOffset now) => words.TryTake((sender, other), 1, now) && (!unasked || unsolicited.TryTake(sender, 1, now));
}
