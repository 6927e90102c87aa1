namespace Interconnect.Content;

/// <summary>The sender's hint when to delete the message locally (draft-ietf-mimi-content section 4.1).</summary>
/// <param name="Relative">True: <paramref name="Seconds"/> after it was read. False: seconds since 1970.</param>
/// <param name="Seconds">A duration or a point in time, in seconds.</param>
public readonly record struct Expiration(bool Relative, uint Seconds)
{
    /// <summary>Delete this long after reading; fractions of a second are dropped.</summary>
    /// <exception cref="OverflowException">The duration is negative or above 2^32 - 1 seconds.</exception>
    public static Expiration AfterReading(TimeSpan duration) => new(true, checked((uint)Math.Truncate(duration.TotalSeconds)));

    /// <summary>Delete at this time; fractions of a second are dropped.</summary>
    /// <exception cref="OverflowException">The time is before 1970 or after the year 2106.</exception>
    public static Expiration At(DateTimeOffset time) => new(false, checked((uint)time.ToUnixTimeSeconds()));
}
