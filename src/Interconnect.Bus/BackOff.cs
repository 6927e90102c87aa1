namespace Interconnect.Bus;

/// <summary>Waits that double from a first to a longest one.</summary>
internal sealed class BackOff(TimeSpan first, TimeSpan longest)
{
    private TimeSpan? last;

    /// <summary>The wait before the coming attempt.</summary>
    public TimeSpan Next()
    {
        last = last is { } previous ? TimeSpan.FromTicks(Math.Min(previous.Ticks * 2, longest.Ticks)) : first;
        return last.Value;
    }

    /// <summary>After a success: the next failure waits the first time again.</summary>
    public void Reset() => last = null;
}
