using Interconnect.Federation;
using Interconnect.Mls;
using Interconnect.Storage;

namespace Interconnect.Hub;

/// <summary>What a hub must be told. Validated at start, all mistakes at once.</summary>
public sealed record HubOptions
{
    /// <summary>Shortest allowed <see cref="Retention"/>: a network may bring an event again for this long.</summary>
    public static readonly TimeSpan MinimumRetention = TimeSpan.FromDays(7);

    /// <summary>The hub provider's own domain; rooms live under it.</summary>
    public required ProviderDomain Domain { get; init; }

    /// <summary>How many partitions the submit and report streams have; the same number as the bus was given. Default 8.</summary>
    public int Partitions { get; init; } = 8;

    /// <summary>Where the hub keeps its state.</summary>
    public DatabaseOptions Database { get; init; } = new();

    /// <summary>The networks this hub serves, each with the domain of its users. Two networks cannot share a domain.</summary>
    public IReadOnlyDictionary<NetworkId, ProviderDomain> Networks { get; init; } = new Dictionary<NetworkId, ProviderDomain>();

    /// <summary>Who may exchange what; read with <see cref="PeeringLoader"/>. Without an agreement nothing crosses.</summary>
    public IReadOnlyList<PeeringAgreement> Peerings { get; init; } = [];

    /// <summary>MLS cipher suites that clients may use. Default: all seven.</summary>
    public IReadOnlyList<ushort> AllowedSuites { get; init; } = [1, 2, 3, 4, 5, 6, 7];

    /// <summary>How many epochs behind the current one an application message may be. Default 1: sent before the newest commit was seen.</summary>
    public int EpochTolerance { get; init; } = 1;

    /// <summary>How old a frame may be. Default 7 days, the longest allowed: the dedupe memory covers it.</summary>
    public TimeSpan FrameMaxAge { get; init; } = TimeSpan.FromDays(7);

    /// <summary>How far ahead of the hub's clock a frame may be dated. Default 5 minutes.</summary>
    public TimeSpan FrameMaxAhead { get; init; } = TimeSpan.FromMinutes(5);

    /// <summary>When a delivery of which nothing more was heard counts as expired. Default 7 days.</summary>
    public TimeSpan Expiry { get; init; } = TimeSpan.FromDays(7);

    /// <summary>How long ledger rows, which are the dedupe memory too, are kept. At least 7 days and longer than <see cref="Expiry"/>. Default 30 days.</summary>
    public TimeSpan Retention { get; init; } = TimeSpan.FromDays(30);

    /// <summary>How long another identity waits before it takes a user's pinned one's place. Default 24 hours.</summary>
    public TimeSpan ResetWait { get; init; } = TimeSpan.FromHours(24);

    /// <summary>The same in all when the pinned identity objects. Default 7 days.</summary>
    public TimeSpan ObjectedResetWait { get; init; } = TimeSpan.FromDays(7);

    /// <summary>For how long after its wait a reset can be taken up; then it is forgotten, and another may begin. Default 7 days.</summary>
    public TimeSpan ResetLapse { get; init; } = TimeSpan.FromDays(7);

    /// <summary>How long a room is kept in which nothing is sent. Its members then have to make another. Default 400 days.</summary>
    public TimeSpan RoomRetention { get; init; } = TimeSpan.FromDays(400);

    /// <summary>How long a room is kept in which nobody but its maker is left. Default 30 days.</summary>
    public TimeSpan DesertedRoomRetention { get; init; } = TimeSpan.FromDays(30);

    /// <summary>How long a client is kept that sends nothing and is in no room; it then has to publish anew. Default 400 days.</summary>
    public TimeSpan ClientRetention { get; init; } = TimeSpan.FromDays(400);

    /// <summary>How long a consent request waits for an answer, and a withdrawn contact that nothing else stands against is remembered. Default 90 days.</summary>
    public TimeSpan UnansweredRetention { get; init; } = TimeSpan.FromDays(90);
    /// <summary>First wait before a parked conversation is tried again; doubles to <see cref="ParkRetryMax"/>. Default 30 seconds.</summary>
    public TimeSpan ParkRetry { get; init; } = TimeSpan.FromSeconds(30);

    /// <summary>Longest wait before a parked conversation is tried again. Default 1 hour.</summary>
    public TimeSpan ParkRetryMax { get; init; } = TimeSpan.FromHours(1);

    /// <summary>How often expiry, retention and parked conversations are looked at, and how soon a lost lease shows when idle. Default 5 seconds.</summary>
    public TimeSpan SweepInterval { get; init; } = TimeSpan.FromSeconds(5);

    /// <summary>By how much the clock may be set between two looks at it; more, and expiry and retention pause. Default 5 minutes.</summary>
    public TimeSpan ClockStep { get; init; } = TimeSpan.FromMinutes(5);

    /// <summary>How long the clock has to be steady again before they go on. Default 10 minutes.</summary>
    public TimeSpan ClockSettle { get; init; } = TimeSpan.FromMinutes(10);

    /// <summary>Wait before the database or the lease is tried again. Default 1 second.</summary>
    public TimeSpan RetryInterval { get; init; } = TimeSpan.FromSeconds(1);

    /// <summary>Takes every frame signature for valid. For measuring what verification costs; no configuration can set it.</summary>
    internal bool UnsafeTrustFrameSignatures { get; init; }

    /// <summary>Bounds of size and number.</summary>
    public HubLimits Limits { get; init; } = new();

    /// <summary>What is wrong with these options, in plain words; empty when nothing is.</summary>
    public IEnumerable<string> Problems()
    {
        foreach (var problem in Database.Problems().Concat(Limits.Problems()).Concat(TimeProblems()).Concat(PeeringProblems()))
        {
            yield return problem;
        }

        if (Partitions is < 1 or > 1024)
        {
            yield return "hub:partitions is 1 to 1024.";
        }

        if (Networks.Count == 0)
        {
            yield return "networks is empty; a hub serves at least one network.";
        }

        foreach (var shared in Networks.GroupBy(n => n.Value).Where(g => g.Count() > 1))
        {
            yield return $"networks {string.Join(", ", shared.Select(n => n.Key.Value).Order(StringComparer.Ordinal))} share the domain {shared.Key}; one network speaks for a domain.";
        }

        if (AllowedSuites.Count == 0)
        {
            yield return "hub:allowedSuites is empty; nothing could be accepted.";
        }

        foreach (var suite in AllowedSuites.Where(s => !CipherSuite.TryGet(s, out _)))
        {
            yield return $"hub:allowedSuites names {suite}; RFC 9420 defines 1 to 7.";
        }

        if (EpochTolerance is < 0 or > 16)
        {
            yield return "hub:epochTolerance is 0 to 16.";
        }
    }

    private IEnumerable<string> TimeProblems()
    {
        if (Retention < MinimumRetention)
        {
            yield return "hub:retention is at least 7 days: networks may bring an event again for that long, and it must be known then.";
        }

        if (Expiry <= TimeSpan.Zero || Expiry >= Retention)
        {
            yield return "hub:expiry is positive and shorter than hub:retention, so that every row ends before it is deleted.";
        }

        if (RoomRetention < Retention || DesertedRoomRetention < Retention || ClientRetention < Retention || UnansweredRetention < Retention)
        {
            yield return "hub:roomRetention, hub:desertedRoomRetention, hub:clientRetention and hub:unansweredRetention are at least hub:retention, so that what the ledger speaks of is there.";
        }

        if (FrameMaxAge <= TimeSpan.Zero || FrameMaxAge > MinimumRetention)
        {
            yield return "hub:frameMaxAge is positive and at most 7 days, so that the dedupe memory covers it.";
        }

        if (FrameMaxAhead < TimeSpan.Zero || FrameMaxAhead > TimeSpan.FromHours(1))
        {
            yield return "hub:frameMaxAhead is 0 to 1 hour.";
        }

        if (ResetWait < TimeSpan.FromHours(1) || ObjectedResetWait < ResetWait || ResetLapse <= TimeSpan.Zero)
        {
            yield return "hub:resetWait is at least 1 hour, hub:objectedResetWait at least as long, and hub:resetLapse is positive.";
        }

        if (ParkRetry <= TimeSpan.Zero || ParkRetryMax < ParkRetry)
        {
            yield return "hub:parkRetry is positive and at most hub:parkRetryMax.";
        }

        if (ClockStep < TimeSpan.FromSeconds(10) || ClockSettle <= TimeSpan.Zero)
        {
            yield return "hub:clockStep is at least 10 seconds, and hub:clockSettle is positive.";
        }

        if (SweepInterval <= TimeSpan.Zero || RetryInterval <= TimeSpan.Zero)
        {
            yield return "hub:sweepInterval and hub:retryInterval are positive.";
        }
    }

    private IEnumerable<string> PeeringProblems()
    {
        var domains = Networks.Values.ToHashSet();
        foreach (var agreement in Peerings)
        {
            foreach (var provider in new[] { agreement.First, agreement.Second }.Where(p => !domains.Contains(p)))
            {
                yield return $"peering {agreement.Id} names {provider}, for which no network speaks.";
            }
        }

        foreach (var twice in Peerings.GroupBy(p => p.Id, StringComparer.Ordinal).Where(g => g.Count() > 1))
        {
            yield return $"peering {twice.Key} is there {twice.Count()} times; an id names one agreement.";
        }

        foreach (var twice in Peerings.GroupBy(p => p.Pair).Where(g => g.Count() > 1))
        {
            yield return $"peerings {string.Join(", ", twice.Select(p => p.Id).Order(StringComparer.Ordinal))} are between the same providers; one agreement governs a pair.";
        }
    }
}
