namespace Interconnect.Federation;

/// <summary>One stream of the bus. A closed set.</summary>
public abstract record BusAddress
{
    private BusAddress()
    {
    }

    /// <summary>The stream's stable name: <c>submit</c>, <c>report</c> or <c>deliver.network</c>.</summary>
    public abstract string Name { get; }

    /// <summary>Adapters to hub: events received. Partitioned.</summary>
    public sealed record Submit : BusAddress
    {
        /// <inheritdoc/>
        public override string Name => "submit";
    }

    /// <summary>Adapters to hub: outcomes. Partitioned.</summary>
    public sealed record Report : BusAddress
    {
        /// <inheritdoc/>
        public override string Name => "report";
    }

    /// <summary>Hub to one network's adapter. One queue.</summary>
    /// <param name="Network">The destination.</param>
    public sealed record Deliver(NetworkId Network) : BusAddress
    {
        /// <inheritdoc/>
        public override string Name => "deliver." + Network.Value;
    }
}

/// <summary>Whether the bus took something.</summary>
public abstract record PublishOutcome
{
    private PublishOutcome()
    {
    }

    /// <summary>On stable storage.</summary>
    public sealed record Stored : PublishOutcome;

    /// <summary>Not taken: nobody is bound, the broker is away, or the bounded buffer is full.</summary>
    /// <param name="Reason">Plain words.</param>
    /// <param name="RetryAfter">When to try again.</param>
    /// <param name="Certain">False when the broker may have it all the same (the connection broke before the confirm): publish again, the reader de-duplicates.</param>
    public sealed record Unavailable(string Reason, TimeSpan RetryAfter, bool Certain) : PublishOutcome;
}

/// <summary>Sends encoded envelopes. Safe for many callers at once; envelopes of one conversation published one after another keep their order.</summary>
public interface IBusPublisher
{
    /// <summary>
    /// Completes once the bus has <paramref name="body"/> on stable storage, or has not taken it. Calls may overlap: what waits goes together in one frame.
    /// The order of calls is the order on the bus within a conversation. Cancellation stops the waiting, not necessarily the sending.
    /// </summary>
    ValueTask<PublishOutcome> PublishAsync(BusAddress address, ConversationKey conversation, ReadOnlyMemory<byte> body, CancellationToken cancellation);
}

/// <summary>The way onto the bus. A process may play several roles, and each publishes as itself.</summary>
public interface IBusPublishers
{
    /// <summary>Publishes as one of this process's roles: over a broker signed with that role's key, in memory as given here.</summary>
    /// <exception cref="ArgumentException">This process has no key of that role; <see cref="IBusPublisher.PublishAsync"/> throws it for a stream that the role may not write to.</exception>
    IBusPublisher As(BusSender sender);
}

/// <summary>One encoded envelope and who put it on the bus.</summary>
/// <param name="Sender">Authenticated: by the signature of the bus frame, or by construction in memory. What the envelope says of its origin is a claim beside it.</param>
/// <param name="Bytes">The envelope.</param>
public readonly record struct BusBody(BusSender Sender, ReadOnlyMemory<byte> Bytes);

/// <summary>What one delivery of the bus holds: bodies of one partition in order.</summary>
/// <param name="Address">The stream.</param>
/// <param name="Partition">From 0; always 0 on an unpartitioned stream.</param>
/// <param name="Bodies">Encoded envelopes with their senders, at least one, in order; the senders are such as may write to the stream.</param>
/// <param name="Redelivered">True when the bus may have handed these over before.</param>
public sealed record BusBatch(BusAddress Address, int Partition, IReadOnlyList<BusBody> Bodies, bool Redelivered);

/// <summary>A body that its reader cannot use; the bus stores it in <c>interconnect.parked</c> before it acknowledges the batch.</summary>
/// <param name="Index">Position in <see cref="BusBatch.Bodies"/>.</param>
/// <param name="Reason">Plain words, no content.</param>
public sealed record Unusable(int Index, string Reason);

/// <summary>
/// Handles a batch. Returning acknowledges it. An exception never acknowledges: the bus hands the same batch over again after a back-off, and nothing of that
/// partition passes it meanwhile.
/// </summary>
/// <returns>The bodies to park; empty when all were used.</returns>
public delegate ValueTask<IReadOnlyList<Unusable>> BusHandler(BusBatch batch, CancellationToken cancellation);

/// <summary>Receives batches.</summary>
public interface IBusConsumer
{
    /// <summary>
    /// Starts handing <paramref name="handler"/> the stream: partitions in parallel, one batch a partition at a time. Completes when bound; disposing the result
    /// finishes what is in flight and stops. When the broker is away it keeps trying.
    /// </summary>
    ValueTask<IAsyncDisposable> ConsumeAsync(BusAddress address, BusHandler handler, CancellationToken cancellation);
}

/// <summary>Whether the bus can be used now.</summary>
public interface IBusStatus
{
    /// <summary>Null when everything published would be stored and read; else the reason in plain words.</summary>
    ValueTask<string?> WhyNotReadyAsync(IReadOnlyList<BusAddress> needed, CancellationToken cancellation);
}
