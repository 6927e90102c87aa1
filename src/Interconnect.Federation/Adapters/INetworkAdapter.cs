namespace Interconnect.Federation;

/// <summary>
/// What a network must offer. One instance a configured network. The host owns id mapping, de-duplication, retry, reports and metrics; an adapter translates and
/// does I/O. Members may be called at any time after construction and from any thread.
/// </summary>
public interface INetworkAdapter : IAsyncDisposable
{
    /// <summary>Pure and constant: who this is.</summary>
    NetworkDescription Describe();

    /// <summary>The cached connection state; changes are pushed through the sink too.</summary>
    AdapterStatus Status { get; }

    /// <summary>Connects. Returns when ready or throws; later loss is a status, not an exception, and the adapter reconnects by itself.</summary>
    Task StartAsync(IAdapterSink sink, CancellationToken cancellation);

    /// <summary>Takes nothing new, finishes what is in flight, disconnects.</summary>
    Task StopAsync(CancellationToken cancellation);

    /// <summary>What this network can carry, as data.</summary>
    ValueTask<NetworkFeatures> GetFeaturesAsync(CancellationToken cancellation);

    /// <summary>Looks a native address up. Never invents a user.</summary>
    ValueTask<ResolveOutcome> ResolveAsync(string address, CancellationToken cancellation);

    /// <summary>
    /// Hands an event to the network for one recipient. Idempotent on the event id where the network can be (the id becomes the network's own idempotency key);
    /// the host calls it for one event a conversation and recipient at a time, in order. Never throws for network causes.
    /// </summary>
    ValueTask<DeliveryOutcome> DeliverAsync(Delivery delivery, CancellationToken cancellation);
}

/// <summary>Who an adapter is.</summary>
/// <param name="Network">The configured network id.</param>
/// <param name="Provider">The domain of the users it speaks for.</param>
/// <param name="Outer">What the network itself applies.</param>
/// <param name="KeysLiveAt">Where end-to-end keys are, in plain words.</param>
/// <param name="ContractVersion">Version of this contract: 1.</param>
public sealed record NetworkDescription(NetworkId Network, ProviderDomain Provider, OuterEncryption Outer, string KeysLiveAt, int ContractVersion = 1);

/// <summary>One event for one recipient.</summary>
/// <param name="Envelope">With the hub's stamps.</param>
/// <param name="Recipient">A user of this network, one of the envelope's recipients.</param>
/// <param name="Attempt">From 1; above 1 an earlier attempt may have reached the network.</param>
/// <param name="Origin">
/// Where the event reported on or refused came from, when it came from this network outside an endpoint frame (an ordinary client): the native reference that
/// the adapter gave with <see cref="InboundEvent.NativeReference"/>. Null otherwise.
/// </param>
public sealed record Delivery(FederationEnvelope Envelope, UserUri Recipient, int Attempt, string? Origin = null);

/// <summary>What became of a hand-over, and whether we are certain.</summary>
public abstract record DeliveryOutcome
{
    private DeliveryOutcome()
    {
    }

    /// <summary>The network has it durably.</summary>
    /// <param name="Reached">True when that is also all the network will ever tell (no later receipt): the event counts as delivered.</param>
    /// <param name="NativeReference">The network's own id of it, for matching later receipts; at most 1,024 characters, or null.</param>
    public sealed record Delivered(bool Reached, string? NativeReference) : DeliveryOutcome;

    /// <summary>Certainly not delivered; the host tries again, the conversation waits.</summary>
    /// <param name="NotBefore">How long to wait.</param>
    /// <param name="Reason">Plain words, no identifiers.</param>
    public sealed record Deferred(TimeSpan NotBefore, string Reason) : DeliveryOutcome;

    /// <summary>Certainly not delivered and never will be.</summary>
    /// <param name="RuleId">Such as <c>XMPP-010</c>.</param>
    /// <param name="Reason">Plain words for the sender, no identifiers.</param>
    public sealed record Rejected(string RuleId, string Reason) : DeliveryOutcome;

    /// <summary>May or may not have been delivered. The host tries again only where the network is idempotent (<see cref="NetworkFeatures.IdempotentDelivery"/>).</summary>
    /// <param name="Reason">Plain words, no identifiers.</param>
    public sealed record Uncertain(string Reason) : DeliveryOutcome;
}

/// <summary>What looking an address up gave.</summary>
public abstract record ResolveOutcome
{
    private ResolveOutcome()
    {
    }

    /// <summary>The user.</summary>
    /// <param name="User">Its URI.</param>
    public sealed record Found(UserUri User) : ResolveOutcome;

    /// <summary>No such user, or the text is no address of this network.</summary>
    public sealed record NotFound : ResolveOutcome;

    /// <summary>The network does not say.</summary>
    public sealed record NotAllowed : ResolveOutcome;

    /// <summary>Asked too often.</summary>
    /// <param name="RetryAfter">When to ask again.</param>
    public sealed record RateLimited(TimeSpan RetryAfter) : ResolveOutcome;
}

/// <summary>Connection state.</summary>
/// <param name="State">Which.</param>
/// <param name="Reason">Plain words, no credentials and no personal identifiers; null when all is well.</param>
public sealed record AdapterStatus(AdapterState State, string? Reason = null);

/// <summary>States of an adapter.</summary>
public enum AdapterState
{
    /// <summary>Connecting for the first time.</summary>
    Starting,

    /// <summary>Everything works.</summary>
    Connected,

    /// <summary>Lost or limited; reconnecting by itself.</summary>
    Degraded,

    /// <summary>The network refuses our credentials; an operator must act.</summary>
    BadCredentials,

    /// <summary>Stopped.</summary>
    Stopped,
}

/// <summary>What an adapter received and translated.</summary>
/// <param name="DedupeKey">The network's own key parts; the event id is derived from them.</param>
/// <param name="Sender">Who the network vouches for.</param>
/// <param name="Labels">What covers the content.</param>
/// <param name="Event">The event.</param>
/// <param name="EncodedEvent">The signed bytes when an endpoint frame carried it, else null.</param>
/// <param name="Proof">The frame's proof, else null.</param>
/// <param name="NativeReference">How to answer an ordinary client about this event (for instance its stanza id and address); at most 4,096 characters. Null when a frame carried it.</param>
public sealed record InboundEvent(IReadOnlyList<string> DedupeKey, UserUri Sender, EncryptionLabels Labels, FederationEvent Event, ReadOnlyMemory<byte>? EncodedEvent, FrameProof? Proof, string? NativeReference);

/// <summary>What the network later said of something handed over: a receipt or a bounce.</summary>
/// <param name="NativeReference">As returned in <see cref="DeliveryOutcome.Delivered"/>.</param>
/// <param name="Recipient">Who the receipt is from.</param>
/// <param name="Status"><see cref="DeliveryStatus.Delivered"/> or <see cref="DeliveryStatus.Bounced"/>.</param>
/// <param name="RuleId">For a bounce.</param>
/// <param name="Reason">For a bounce, plain words, no identifiers.</param>
public sealed record InboundReceipt(string NativeReference, UserUri Recipient, DeliveryStatus Status, string? RuleId, string? Reason);

/// <summary>Whether an event was taken.</summary>
public abstract record SubmitOutcome
{
    private SubmitOutcome()
    {
    }

    /// <summary>On stable storage. Now the network may be acknowledged.</summary>
    public sealed record Accepted : SubmitOutcome;

    /// <summary>Was taken before. Acknowledge.</summary>
    public sealed record Duplicate : SubmitOutcome;

    /// <summary>Not taken. Do not acknowledge where the network will bring it again; else tell the sender.</summary>
    /// <param name="Reason">Plain words.</param>
    /// <param name="RetryAfter">When to try again, or null when it cannot help.</param>
    public sealed record Refused(string Reason, TimeSpan? RetryAfter) : SubmitOutcome;
}

/// <summary>Where an adapter hands over what it receives. Safe for many callers; calls for one conversation keep their order.</summary>
public interface IAdapterSink
{
    /// <summary>Completes when durable, or refused.</summary>
    ValueTask<SubmitOutcome> SubmitAsync(InboundEvent received, CancellationToken cancellation);

    /// <summary>Completes when durable, or refused. A receipt for something unknown is counted and accepted.</summary>
    ValueTask<SubmitOutcome> ReportAsync(InboundReceipt receipt, CancellationToken cancellation);

    /// <summary>Tells of a changed state.</summary>
    void StatusChanged(AdapterStatus status);
}
