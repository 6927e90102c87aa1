using Interconnect.Federation;

namespace Interconnect.Hub;

/// <summary>
/// How much the devices of each user may still tell each other while one is added: these are the only events that anybody signed in may send without a device that the user listed. Memory
/// only, for one thread, and of a bounded number of users; who is forgotten starts anew.
/// </summary>
internal sealed class LinkBudgets(HubLimits limits)
{
    private const int BytesAUser = 400;
    private readonly GenerationalCache<UserUri, Used> used = new(limits.CacheBytes / 64, static (_, _) => BytesAUser);
    private readonly Allowance allowance = new(limits.LinkMessages, limits.LinkWindow);

    /// <summary>Null when the message may go; else how long to wait.</summary>
    public TimeSpan? TakeOrWait(UserUri user, DateTimeOffset now)
    {
        var until = used.TryGet(user, out var known) && known is not null ? known.Until : now;
        if (allowance.Wait(until, now) is { } wait)
        {
            return wait;
        }

        used.Set(user, new Used(allowance.Use(until, now)));
        return null;
    }

    private sealed record Used(DateTimeOffset Until);
}
