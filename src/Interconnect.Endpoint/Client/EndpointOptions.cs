namespace Interconnect.Endpoint;

/// <summary>How an endpoint behaves. The defaults suit a person's device.</summary>
public sealed record EndpointOptions
{
    // An hour is the clock tolerance, by which the beginning of a lifetime is put back.
    private static readonly TimeSpan Longest = Mls.KeyPackages.DefaultMaxLifetime - TimeSpan.FromHours(1);

    /// <summary>Key packages kept published; 20, at most 100.</summary>
    public int KeyPackages { get; init; } = 20;

    /// <summary>Below how many unused ones new ones are published; 8.</summary>
    public int KeyPackagesLowWater { get; init; } = 8;

    /// <summary>How long a key package is valid; 90 days, and at most 99.</summary>
    public TimeSpan KeyPackageLifetime { get; init; } = TimeSpan.FromDays(90);

    /// <summary>How long before its end a key package no longer counts; 14 days.</summary>
    public TimeSpan KeyPackageRenewal { get; init; } = TimeSpan.FromDays(14);

    /// <summary>How long a message waits for those before it; 5 seconds.</summary>
    public TimeSpan HoldBack { get; init; } = TimeSpan.FromSeconds(5);

    /// <summary>How many messages of one conversation may wait for those before them; 256.</summary>
    public int MaxHeld { get; init; } = 256;

    /// <summary>Bytes of unfinished frames that are kept for their missing chunks, up to 8 days; the oldest go first; one sender may take a quarter; 32 MiB.</summary>
    public long MaxChunkBytes { get; init; } = 32L << 20;

    /// <summary>After how long without an answer a frame is sent again, doubling each time up to an hour; 15 seconds.</summary>
    public TimeSpan ResendAfter { get; init; } = TimeSpan.FromSeconds(15);

    /// <summary>After how long an unanswered frame is given up; 6 days, because the hub takes no frame older than 7.</summary>
    public TimeSpan GiveUpAfter { get; init; } = TimeSpan.FromDays(6);

    /// <summary>How long ids of what was received are remembered; 30 days.</summary>
    public TimeSpan RememberSeen { get; init; } = TimeSpan.FromDays(30);

    /// <summary>How long a message waits for a room that cannot be made, because the hub says to wait or gives no answer; then it expires; 6 days.</summary>
    public TimeSpan RoomGiveUpAfter { get; init; } = TimeSpan.FromDays(6);

    /// <summary>How often a room's creation, or a message, that lost against a commit of somebody else is tried; 5. What the hub asks to wait for does not count.</summary>
    public int MaxAttempts { get; init; } = 5;

    /// <summary>Answer received messages with an encrypted delivery status; default true.</summary>
    public bool SendReceipts { get; init; } = true;

    /// <summary>Grant every request for consent; default false.</summary>
    public bool AutoConsent { get; init; }

    /// <summary>What is wrong with these options, in plain words; empty when nothing is.</summary>
    public IEnumerable<string> Problems()
    {
        if (KeyPackages is < 1 or > 100 || KeyPackagesLowWater < 0 || KeyPackagesLowWater > KeyPackages)
            yield return "KeyPackages is 1 to 100, and KeyPackagesLowWater is none to all of them.";

        if (KeyPackageLifetime > Longest)
            yield return $"KeyPackageLifetime is at most {Longest.Days} days: nobody accepts key packages that live longer.";

        if (KeyPackageRenewal < TimeSpan.Zero || KeyPackageLifetime <= KeyPackageRenewal)
            yield return "KeyPackageLifetime is longer than KeyPackageRenewal.";

        if (HoldBack < TimeSpan.Zero || MaxHeld < 1 || MaxChunkBytes < 1)
            yield return "HoldBack is not negative, and MaxHeld and MaxChunkBytes are at least 1.";

        if (ResendAfter <= TimeSpan.Zero || MaxAttempts < 1)
            yield return "ResendAfter is positive, and MaxAttempts is at least 1.";

        if (GiveUpAfter <= ResendAfter || GiveUpAfter >= OldestFrame)
            yield return "GiveUpAfter is longer than ResendAfter and shorter than 7 days, because the hub takes no older frame.";

        if (RoomGiveUpAfter <= TimeSpan.Zero || RememberSeen < OldestFrame)
            yield return "RoomGiveUpAfter is positive, and RememberSeen is at least 7 days: a network may bring something again for that long.";
    }

    private static readonly TimeSpan OldestFrame = TimeSpan.FromDays(7);

    /// <summary>Called between the durable steps, with their names; tests stop the process there.</summary>
    internal Action<string> AtStep { get; init; } = static _ => { };
}
