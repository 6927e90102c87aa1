using Interconnect.Federation;
using Interconnect.Mls;

namespace Interconnect.Hub;

/// <summary>Bounds of size and number; every queue, pool and batch has one.</summary>
public sealed record HubLimits
{
    /// <summary>Largest encrypted message in bytes, whatever an agreement allows. Default 512 KiB.</summary>
    public int MaxMessageBytes { get; init; } = 512 * 1024;

    /// <summary>Largest commit, Welcome and GroupInfo together in bytes. Default 512 KiB.</summary>
    public int MaxHandshakeBytes { get; init; } = 512 * 1024;

    /// <summary>Most users in a room; this version orders rooms of two. Default 2.</summary>
    public int MaxParticipants { get; init; } = 2;

    /// <summary>How many changes of a user's devices count in <see cref="DeviceChangeWindow"/>: by devices, and as many eras by the identity key. Removals never wait. Default 20.</summary>
    public int DeviceChanges { get; init; } = 20;

    /// <summary>The time for <see cref="DeviceChanges"/>. Default 1 day.</summary>
    public TimeSpan DeviceChangeWindow { get; init; } = TimeSpan.FromDays(1);

    /// <summary>How many messages a user's devices may exchange in <see cref="LinkWindow"/> to add one. Default 20.</summary>
    public int LinkMessages { get; init; } = 20;

    /// <summary>The time for <see cref="LinkMessages"/>. Default 10 minutes.</summary>
    public TimeSpan LinkWindow { get; init; } = TimeSpan.FromMinutes(10);

    /// <summary>Most contacts that are told of a change of a user's devices; the others meet the lists in what rests on them. Default 500.</summary>
    public int MaxContactsTold { get; init; } = 500;

    /// <summary>Most registered clients a user. Default 20.</summary>
    public int MaxClientsPerUser { get; init; } = 20;

    /// <summary>Most unclaimed key packages a client. Default 200.</summary>
    public int MaxKeyPackagesPerClient { get; init; } = 200;

    /// <summary>Longest lifetime of a key package in all, since a claim of it is kept until it ends. Default 100 days, the most that endpoints accept of each other.</summary>
    public TimeSpan MaxKeyPackageLifetime { get; init; } = KeyPackages.DefaultMaxLifetime;

    /// <summary>Most consent requests of a user that wait for an answer. Default 100.</summary>
    public int MaxOpenConsentRequests { get; init; } = 100;

    /// <summary>Most contacts and rooms on which a user has said something about consent. A revocation of what somebody else asked is taken beyond it. Default 10,000.</summary>
    public int MaxConsentsPerUser { get; init; } = 10_000;

    /// <summary>How many requests, grants and withdrawals two users may say to each other a day, each for itself; who revokes is never refused. Default 12.</summary>
    public int ConsentWordsPerDay { get; init; } = 12;

    /// <summary>How many requests and withdrawals a user may say a day to all who have not consented. Default 50.</summary>
    public int UnsolicitedPerDay { get; init; } = 50;

    /// <summary>How many key packages of one client one user gets in a day. Default 10.</summary>
    public int ClaimsPerDay { get; init; } = 10;

    /// <summary>With how many key packages left a client is told that few are; it is told again when none is. Default 5.</summary>
    public int KeyPackageLowWater { get; init; } = 5;

    /// <summary>Most rooms that a user has made. Default 2,000.</summary>
    public int MaxRoomsPerUser { get; init; } = 2_000;

    /// <summary>Most events that wait for one network before new ones to it are refused for a while. Default 1,000,000.</summary>
    public int MaxBacklog { get; init; } = 1_000_000;

    /// <summary>Most envelopes that wait in one parked conversation before senders of more are told to wait; delivery reports wait beyond it. Default 1,000.</summary>
    public int MaxParked { get; init; } = 1_000;

    /// <summary>What a sender is told to wait when a backlog or a parked conversation is full. Default 1 minute.</summary>
    public TimeSpan BacklogRetryAfter { get; init; } = TimeSpan.FromMinutes(1);

    /// <summary>
    /// How many units of cost a second one sender may spend over time, refused events included; see <see cref="EventCost"/>: a message costs 2 with Ed25519 and 41 with P-384. What is more is
    /// refused before a signature is looked at, and may come again later. 0: unlimited, for bots, tests and measurements. Default 40.
    /// </summary>
    public int SenderUnitsPerSecond { get; init; } = 40;

    /// <summary>How many units one sender may spend at once after a quiet time; no event may cost more. Default 6,000.</summary>
    public int SenderBurst { get; init; } = 6_000;

    /// <summary>What a sender is told to wait that has used up a quota of a day. Default 1 hour.</summary>
    public TimeSpan QuotaRetryAfter { get; init; } = TimeSpan.FromHours(1);

    /// <summary>What a sender over its rate is told to wait. Default 5 seconds.</summary>
    public TimeSpan SenderRetryAfter { get; init; } = TimeSpan.FromSeconds(5);

    /// <summary>Most events in one database transaction. Default 2,000.</summary>
    public int MaxGroup { get; init; } = 2_000;

    /// <summary>Most publishes in flight to one network. Default 1,000.</summary>
    public int PublishWindow { get; init; } = 1_000;

    /// <summary>Most bytes of waiting outbox pages kept in memory for one network; the rest is read back from the database. Default 32 MiB.</summary>
    public long MaxOutboxMemory { get; init; } = 32L * 1024 * 1024;

    /// <summary>Most bytes of rows (rooms, clients, identities, consents, conversations, budgets) kept in memory; three eighths of it are for rooms. Default 128 MiB.</summary>
    public long CacheBytes { get; init; } = 128L * 1024 * 1024;

    /// <summary>The most clients that a room can have under any setting of <see cref="MaxClientsPerUser"/>, so that a stricter one leaves rooms as they are.</summary>
    internal int MaxRoomClients => MaxParticipants * EventCodec.MaxKeyPackages;

    /// <summary>The most proposals in one commit: everybody out and everybody in. Each costs signatures, and every conversation waits for them.</summary>
    internal int MaxProposals => 2 * MaxParticipants * MaxClientsPerUser;

    internal IEnumerable<string> Problems()
    {
        var frame = EndpointFrame.MaxBytes - (64 * 1024);
        if (MaxMessageBytes < 1024 || MaxMessageBytes > frame)
        {
            yield return $"hub:limits:maxMessageBytes is 1024 to {frame}: a delivery has to fit into an endpoint frame.";
        }

        if (MaxHandshakeBytes < 1024 || MaxHandshakeBytes > frame)
        {
            yield return $"hub:limits:maxHandshakeBytes is 1024 to {frame}: a delivery has to fit into an endpoint frame.";
        }

        if (MaxParticipants != 2)
        {
            yield return "hub:limits:maxParticipants is 2 in this version.";
        }

        foreach (var (name, value, most) in new (string, long, long)[]
        {
            ("maxClientsPerUser", MaxClientsPerUser, EventCodec.MaxKeyPackages),
            ("deviceChanges", DeviceChanges, 10_000),
            ("linkMessages", LinkMessages, 10_000),
            ("maxContactsTold", MaxContactsTold, FederationEnvelope.MaxRecipients - 1),
            ("maxKeyPackagesPerClient", MaxKeyPackagesPerClient, 10_000),
            ("maxOpenConsentRequests", MaxOpenConsentRequests, 100_000),
            ("maxConsentsPerUser", MaxConsentsPerUser, 1_000_000),
            ("consentWordsPerDay", ConsentWordsPerDay, 1_000_000),
            ("unsolicitedPerDay", UnsolicitedPerDay, 1_000_000),
            ("claimsPerDay", ClaimsPerDay, 10_000),
            ("maxRoomsPerUser", MaxRoomsPerUser, 1_000_000),
            ("maxBacklog", MaxBacklog, int.MaxValue),
            ("senderBurst", SenderBurst, int.MaxValue),
            ("maxParked", MaxParked, 100_000),
            ("maxGroup", MaxGroup, 20_000),
            ("publishWindow", PublishWindow, 100_000),
            ("maxOutboxMemory", MaxOutboxMemory, 1L << 40),
            ("cacheBytes", CacheBytes, 1L << 40),
        })
        {
            if (value < 1 || value > most)
            {
                yield return $"hub:limits:{name} is 1 to {most}.";
            }
        }

        if (MaxKeyPackageLifetime <= TimeSpan.Zero || MaxKeyPackageLifetime > KeyPackages.DefaultMaxLifetime)
        {
            yield return $"hub:limits:maxKeyPackageLifetime is positive and at most {KeyPackages.DefaultMaxLifetime.Days} days.";
        }

        if (SenderUnitsPerSecond < 0)
        {
            yield return "hub:limits:senderUnitsPerSecond is 0 (unlimited) or more.";
        }

        if (KeyPackageLowWater is < 0 or > 10_000)
        {
            yield return "hub:limits:keyPackageLowWater is 0 to 10000.";
        }

        if (DeviceChangeWindow <= TimeSpan.Zero || LinkWindow <= TimeSpan.Zero)
        {
            yield return "hub:limits:deviceChangeWindow and hub:limits:linkWindow are positive.";
        }

        if (SenderRetryAfter <= TimeSpan.Zero || QuotaRetryAfter <= TimeSpan.Zero)
        {
            yield return "hub:limits:senderRetryAfter and hub:limits:quotaRetryAfter are positive.";
        }

        if (BacklogRetryAfter <= TimeSpan.Zero)
        {
            yield return "hub:limits:backlogRetryAfter is positive.";
        }
    }
}
