using Microsoft.Extensions.Logging;

namespace Interconnect.Hub;

/// <summary>
/// Compares the wall clock with the time that has passed. When they part by more than a bound, somebody set the clock or the machine slept: what the sweeps would then expire and
/// delete cannot be taken back, so they wait until the clock has been steady for a while. One a process, used by one thread.
/// </summary>
internal sealed class ClockWatch(TimeProvider clock, HubOptions options, HubStatus status, HubMetrics metrics, ILogger log)
{
    private static readonly TimeSpan Apart = TimeSpan.FromSeconds(1);
    private (DateTimeOffset Wall, long Stamp)? last;
    private long steppedAt;
    private bool paused;

    /// <summary>Looks at both clocks; false while the wall clock is not to be trusted with sweeps.</summary>
    public bool IsSteady()
    {
        var before = clock.GetTimestamp();
        var wall = clock.GetUtcNow();
        var stamp = clock.GetTimestamp();
        if (clock.GetElapsedTime(before, stamp) > Apart)
        {
            // This thread stood still between the two readings; they say nothing together, and the next ones will.
            return false;
        }

        if (last is { } known && (wall - known.Wall - clock.GetElapsedTime(known.Stamp, stamp)).Duration() > options.ClockStep)
        {
            steppedAt = stamp;
            Set(true);
        }
        else if (paused && clock.GetElapsedTime(steppedAt, stamp) >= options.ClockSettle)
        {
            Set(false);
        }

        last = (wall, stamp);
        return !paused;
    }

    private void Set(bool now)
    {
        if (now == paused)
        {
            return;
        }

        paused = now;
        metrics.SweepsPaused = now;
        status.SetSweepsPaused(now ? "the clock was set by more than hub:clockStep; expiry and retention wait until it has been steady for hub:clockSettle" : null);
        if (now)
        {
            log.LogError("The clock was set by more than {Bound}; expiry and retention wait until it has been steady for {Settle}", options.ClockStep, options.ClockSettle);
        }
        else
        {
            log.LogInformation("The clock has been steady for {Settle}; expiry and retention go on", options.ClockSettle);
        }
    }
}
