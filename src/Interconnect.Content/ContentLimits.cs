namespace Interconnect.Content;

/// <summary>Bounds on received content. The defaults are the draft's where it names one, else ours, said at each.</summary>
public sealed record ContentLimits
{
    /// <summary>The defaults.</summary>
    public static ContentLimits Default { get; } = new();

    /// <summary>Bytes of a whole encoded message or status report. The draft leaves it to local policy; ours is 256 KiB.</summary>
    public int MaxBytes { get; init; } = 256 * 1024;

    /// <summary>Levels of parts, the body itself being the first (section 6.3).</summary>
    public int MaxNesting { get; init; } = 4;

    /// <summary>Parts in all, containers included (section 9.1).</summary>
    public int MaxParts { get; init; } = 1024;

    /// <summary>Bytes of a topic id (section 9.1).</summary>
    public int MaxTopicIdBytes { get; init; } = 4096;

    /// <summary>Bytes of a sender URI, a room URI or the URL of an external part. Ours.</summary>
    public int MaxUriBytes { get; init; } = 2048;

    /// <summary>Bytes of a language list, media type, description or file name. Ours.</summary>
    public int MaxTextBytes { get; init; } = 4096;

    /// <summary>
    /// Encoded bytes of one extension's value. Section 4.3 bounds it at 4095, the collected schema does not; assumed to be meant.
    /// </summary>
    public int MaxExtensionValueBytes { get; init; } = 4095;

    /// <summary>Levels of maps, arrays and tags in the extensions, their own map being the first (section 6.3).</summary>
    public int MaxExtensionDepth { get; init; } = 4;

    /// <summary>How far an expiry may lie ahead, and an absolute one back (section 9.1: a year, taken as 366 days).</summary>
    public TimeSpan MaxExpiry { get; init; } = TimeSpan.FromDays(366);
}
