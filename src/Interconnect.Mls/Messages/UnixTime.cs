namespace Interconnect.Mls.Messages;

/// <summary>Lifetimes count seconds since 1970 in 64 bits, more than a date holds.</summary>
internal static class UnixTime
{
    private static readonly ulong Last = (ulong)DateTimeOffset.MaxValue.ToUnixTimeSeconds();

    public static DateTimeOffset ToDate(ulong seconds) => DateTimeOffset.FromUnixTimeSeconds((long)Math.Min(seconds, Last));
}
