namespace Interconnect.Bus.RabbitMq;

/// <summary>
/// Keeps a lane closed for as long as the callers of a failed frame were told to wait, less what a timer may be early: timers go by a clock of some milliseconds
/// (on Linux the coarse monotonic one, up to 10 ms; on Windows 15.6 ms), and a caller that comes back when its timer fires must not find the lane closed still.
/// Not for two threads at once.
/// </summary>
internal sealed class LaneClosure(TimeSpan retryAfter, TimeProvider time)
{
    /// <summary>The most that a timer may be early.</summary>
    public static readonly TimeSpan TimerEarly = TimeSpan.FromMilliseconds(16);

    private readonly TimeSpan closedFor = retryAfter - (TimerEarly < retryAfter / 4 ? TimerEarly : retryAfter / 4);
    private long? since;

    /// <summary>Closes it from now on.</summary>
    public void Close() => since = time.GetTimestamp();

    /// <summary>Whether callers other than those of the failed frame would slip in before them.</summary>
    public bool IsClosed()
    {
        if (since is { } start && time.GetElapsedTime(start) >= closedFor)
        {
            since = null;
        }

        return since is not null;
    }
}
