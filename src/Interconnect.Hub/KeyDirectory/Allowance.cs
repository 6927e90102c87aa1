namespace Interconnect.Hub;

/// <summary>
/// So many in a time: a point in time that each use moves on by its share, and that may lie ahead of now by no more than the whole time. One number says it all, so it can stand in a row.
/// Pure.
/// </summary>
/// <param name="Most">How many at once after a quiet time.</param>
/// <param name="Window">In which time as many come back.</param>
internal readonly record struct Allowance(int Most, TimeSpan Window)
{
    private TimeSpan Share => Window / Most;

    /// <summary>Where one more use moves the point, whatever is left.</summary>
    public DateTimeOffset Use(DateTimeOffset until, DateTimeOffset now) => (until > now ? until : now) + Share;

    /// <summary>How long to wait for the next one; null when it is there now.</summary>
    public TimeSpan? Wait(DateTimeOffset until, DateTimeOffset now) => Use(until, now) - Window - now is var wait && wait > TimeSpan.Zero ? wait : null;
}
