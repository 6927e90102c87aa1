using Interconnect.Federation;

namespace Interconnect.Bus;

/// <summary>How this process reaches the bus. Every process of a federation uses the same <see cref="Partitions"/>.</summary>
public sealed record BusOptions
{
    /// <summary>Most partitions that make sense; each is a queue.</summary>
    public const int MaxPartitions = 256;

    /// <summary>The broker, <c>amqp://user:password@host:port/vhost</c> or <c>amqps://</c>; null keeps the bus in this process's memory.</summary>
    public Uri? Amqp { get; init; }

    /// <summary>Allows <c>amqp://</c>, which anybody on the way reads and changes, to a host that is not this one; false.</summary>
    public bool AllowPlaintextOffLoopback { get; init; }

    /// <summary>Certificates for <c>amqps://</c>.</summary>
    public BusTlsOptions Tls { get; init; } = new();

    /// <summary>Who is who on the broker, by the role's name: <c>hub</c>, <c>adapter:network</c>. Not needed in memory, where the process itself knows who speaks.</summary>
    public IReadOnlyDictionary<string, BusRoleOptions> Roles { get; init; } = new Dictionary<string, BusRoleOptions>();

    /// <summary>Queues that submit and report are spread over. Changing it needs empty queues, because a conversation may change its partition.</summary>
    public int Partitions { get; init; } = 8;

    /// <summary>Most bodies of one bus frame.</summary>
    public int FrameBodies { get; init; } = 256;

    /// <summary>Bytes after which a bus frame takes no further body; one larger body still travels, alone.</summary>
    public int FrameBytes { get; init; } = 256 * 1024;

    /// <summary>Most bodies of one partition that wait to be sent; a further one is refused with a retry-after.</summary>
    public int BufferBodies { get; init; } = 4_096;

    /// <summary>Most bytes of one partition that wait to be sent.</summary>
    public long BufferBytes { get; init; } = 16 * 1024 * 1024;

    /// <summary>Most bodies of one batch.</summary>
    public int BatchBodies { get; init; } = 512;

    /// <summary>Bytes after which a batch takes no further frame.</summary>
    public int BatchBytes { get; init; } = 1024 * 1024;

    /// <summary>Frames a queue that the broker hands over ahead.</summary>
    public int PrefetchFrames { get; init; } = 16;

    /// <summary>How long a publish waits for the broker's confirm before it counts as unknown.</summary>
    public TimeSpan ConfirmTimeout { get; init; } = TimeSpan.FromSeconds(15);

    /// <summary>What a refused caller is told to wait; so long a partition stays closed after a failed frame, so that nothing overtakes it.</summary>
    public TimeSpan RetryAfter { get; init; } = TimeSpan.FromMilliseconds(250);

    /// <summary>First wait after a handler's exception; it doubles.</summary>
    public TimeSpan HandlerBackOff { get; init; } = TimeSpan.FromMilliseconds(100);

    /// <summary>Longest wait after a handler's exception.</summary>
    public TimeSpan HandlerBackOffMax { get; init; } = TimeSpan.FromSeconds(10);

    /// <summary>Longest wait between two attempts to reach the broker; the first is a quarter second.</summary>
    public TimeSpan ReconnectMax { get; init; } = TimeSpan.FromSeconds(5);

    /// <summary>
    /// How long nothing is published to a queue that was just made. RabbitMQ 3.10 writes down a new quorum queue's name half a second after it says it made it;
    /// killed before, it forgets the queue's confirmed messages and finds no leader for it (seen).
    /// </summary>
    public TimeSpan NewQueueSettle { get; init; } = TimeSpan.FromSeconds(2);

    /// <summary>In memory only: called with a parked body before its batch counts as handled; null keeps the last ones in <see cref="ParkedBodies"/> alone.</summary>
    public Func<ParkedBody, CancellationToken, ValueTask>? OnParked { get; init; }

    /// <summary>What is wrong with these options, in plain words; empty when nothing is. Names no credentials.</summary>
    /// <param name="roles">What this process does: over a broker each of these signs, so its key is looked at.</param>
    public IEnumerable<string> Problems(IReadOnlyList<BusSender> roles)
    {
        if (Amqp is { } amqp && (!amqp.IsAbsoluteUri || amqp.Scheme is not ("amqp" or "amqps") || amqp.Host.Length == 0))
        {
            yield return "bus:amqp is not an amqp:// or amqps:// address; leave it out for the bus in memory.";
        }
        else if (Amqp is { Scheme: "amqp", IsLoopback: false } && !AllowPlaintextOffLoopback)
        {
            yield return "bus:amqp is plain text to another host: use amqps://, or say bus:allowPlaintextOffLoopback if something else protects the way.";
        }

        foreach (var problem in Tls.Problems(Amqp is { Scheme: "amqps" }).Concat(RoleProblems()).Concat(Amqp is null ? [] : KeyProblems(roles)))
        {
            yield return problem;
        }

        if (Partitions is < 1 or > MaxPartitions)
        {
            yield return $"bus:partitions is {Partitions}; it is 1 to {MaxPartitions}.";
        }

        foreach (var (name, value, most) in Counts())
        {
            if (value < 1 || value > most)
            {
                yield return $"bus:{name} is {value}; it is 1 to {most}.";
            }
        }

        foreach (var (name, value) in Times())
        {
            if (value <= TimeSpan.Zero || value > TimeSpan.FromMinutes(10))
            {
                yield return $"bus:{name} is {value}; it is more than zero and at most ten minutes.";
            }
        }

        if (HandlerBackOffMax < HandlerBackOff)
        {
            yield return "bus:handlerBackOffMax is less than bus:handlerBackOff.";
        }
    }

    /// <summary>Redacted: the address holds a password.</summary>
    public override string ToString() => $"BusOptions({(Amqp is null ? "in memory" : "broker")}, {Partitions} partitions)";

    private IEnumerable<string> RoleProblems()
    {
        foreach (var (name, role) in Roles)
        {
            if (!BusSender.TryParse(name, out _))
            {
                yield return $"bus:roles:{name}: a role is 'hub' or 'adapter:' and the id of a network.";
            }

            if (role.PublicKeys.Any(k => !RolePublicKey.TryParse(k, out _)))
            {
                yield return $"bus:roles:{name}:publicKeys: each is 'ed25519:' and 32 bytes in base64, as 'interconnect bus keygen' prints it.";
            }
        }

        foreach (var twice in Roles.SelectMany(r => r.Value.PublicKeys.Distinct(StringComparer.Ordinal).Select(k => (Role: r.Key, Key: k))).GroupBy(r => r.Key, StringComparer.Ordinal).Where(g => g.Count() > 1))
        {
            yield return $"bus:roles: {string.Join(" and ", twice.Select(r => r.Role).Order(StringComparer.Ordinal))} have the same key; each role has its own.";
        }
    }

    private IEnumerable<string> KeyProblems(IReadOnlyList<BusSender> roles)
    {
        foreach (var name in roles.Select(r => r.Name))
        {
            if (Roles.GetValueOrDefault(name)?.KeyFile is not { } path)
            {
                yield return $"bus:roles:{name}:keyFile: over a broker each role signs what it says; 'interconnect bus keygen' makes its key.";
            }
            else if (!RoleKey.TryRead(path, out var key, out var reason))
            {
                yield return $"bus:roles:{name}:keyFile: {reason}.";
            }
            else
            {
                key.Dispose();
            }
        }
    }

    private IEnumerable<(string Name, long Value, long Most)> Counts() =>
    [
        ("frameBodies", FrameBodies, Frames.BusFrameCodec.MaxBodies),
        ("frameBytes", FrameBytes, Frames.BusFrameCodec.MaxBytes / 2),
        ("bufferBodies", BufferBodies, 1_000_000),
        ("bufferBytes", BufferBytes, 1L << 32),
        ("batchBodies", BatchBodies, 65_536),
        ("batchBytes", BatchBytes, 64 * 1024 * 1024),
        ("prefetchFrames", PrefetchFrames, 1_000),
    ];

    private IEnumerable<(string Name, TimeSpan Value)> Times() =>
    [
        ("confirmTimeout", ConfirmTimeout),
        ("retryAfter", RetryAfter),
        ("handlerBackOff", HandlerBackOff),
        ("handlerBackOffMax", HandlerBackOffMax),
        ("reconnectMax", ReconnectMax),
        ("newQueueSettle", NewQueueSettle),
    ];
}
