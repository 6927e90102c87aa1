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

    /// <summary>Most events that wait for one network before new ones to it are refused for a while. Default 1,000,000.</summary>
    public int MaxBacklog { get; init; } = 1_000_000;

    /// <summary>Most envelopes that wait in one parked conversation before senders of more are told to wait; delivery reports wait beyond it. Default 1,000.</summary>
    public int MaxParked { get; init; } = 1_000;

    /// <summary>What a sender is told to wait when a backlog or a parked conversation is full. Default 1 minute.</summary>
    public TimeSpan BacklogRetryAfter { get; init; } = TimeSpan.FromMinutes(1);

    /// <summary>How many events a second one sender may submit over time; what is more is refused and may come again later. 0: unlimited. Default 1,000.</summary>
    public int SenderEventsPerSecond { get; init; } = 1_000;

    /// <summary>How many events one sender may submit at once after a quiet time. Default 20,000.</summary>
    public int SenderBurst { get; init; } = 20_000;

    /// <summary>What a sender over its rate is told to wait. Default 5 seconds.</summary>
    public TimeSpan SenderRetryAfter { get; init; } = TimeSpan.FromSeconds(5);

    /// <summary>Most events in one database transaction. Default 2,000.</summary>
    public int MaxGroup { get; init; } = 2_000;

    /// <summary>Most publishes in flight to one network. Default 1,000.</summary>
    public int PublishWindow { get; init; } = 1_000;

    /// <summary>Most bytes of waiting outbox pages kept in memory for one network; the rest is read back from the database. Default 32 MiB.</summary>
    public long MaxOutboxMemory { get; init; } = 32L * 1024 * 1024;

    /// <summary>Most rows of each kind (rooms, clients, consents) kept in memory. Default 100,000.</summary>
    public int CacheEntries { get; init; } = 100_000;

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
            ("maxBacklog", MaxBacklog, int.MaxValue),
            ("senderBurst", SenderBurst, int.MaxValue),
            ("maxParked", MaxParked, 100_000),
            ("maxGroup", MaxGroup, 20_000),
            ("publishWindow", PublishWindow, 100_000),
            ("maxOutboxMemory", MaxOutboxMemory, 1L << 40),
            ("cacheEntries", CacheEntries, 10_000_000),
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

        if (SenderEventsPerSecond < 0)
        {
            yield return "hub:limits:senderEventsPerSecond is 0 (unlimited) or more.";
        }

        if (DeviceChangeWindow <= TimeSpan.Zero || LinkWindow <= TimeSpan.Zero)
        {
            yield return "hub:limits:deviceChangeWindow and hub:limits:linkWindow are positive.";
        }

        if (SenderRetryAfter <= TimeSpan.Zero)
        {
            yield return "hub:limits:senderRetryAfter is positive.";
        }

        if (BacklogRetryAfter <= TimeSpan.Zero)
        {
            yield return "hub:limits:backlogRetryAfter is positive.";
        }
    }
}
