namespace Interconnect.Federation;

/// <summary>
/// One event on its way: what travels on the bus and, as a delivery, to the endpoint. Built by <see cref="Create"/> or decoded by <see cref="EnvelopeCodec"/>;
/// the event's bytes are kept verbatim, because a client's signature covers them.
/// </summary>
public sealed record FederationEnvelope
{
    /// <summary>The schema version this code writes.</summary>
    public const int SchemaVersion = 1;

    /// <summary>Most recipients of one envelope.</summary>
    public const int MaxRecipients = 1_000;

    internal FederationEnvelope(EventId id, NetworkId? origin, UserUri? sender, ConversationKey conversation, EncryptionLabels labels, DateTimeOffset receivedAt, FederationEvent @event, ReadOnlyMemory<byte> encodedEvent)
    {
        Id = id;
        Origin = origin;
        Sender = sender;
        Conversation = conversation;
        Labels = labels;
        ReceivedAt = receivedAt;
        Event = @event;
        EncodedEvent = encodedEvent;
    }

    /// <summary>Names the event for ever.</summary>
    public EventId Id { get; init; }

    /// <summary>The network it came from; null when the hub made it.</summary>
    public NetworkId? Origin { get; }

    /// <summary>The user that the network vouches for; null when the hub made it.</summary>
    public UserUri? Sender { get; }

    /// <summary>What order is kept within.</summary>
    public ConversationKey Conversation { get; }

    /// <summary>What covers the content.</summary>
    public EncryptionLabels Labels { get; }

    /// <summary>When the adapter took it, whole milliseconds.</summary>
    public DateTimeOffset ReceivedAt { get; }

    /// <summary>The event.</summary>
    public FederationEvent Event { get; }

    /// <summary>The event's bytes as signed and received.</summary>
    public ReadOnlyMemory<byte> EncodedEvent { get; }

    /// <summary>The client's signature; null when no endpoint frame carried the event.</summary>
    public FrameProof? Proof { get; init; }

    /// <summary>The users on the destination network; empty until the hub fans out.</summary>
    public IReadOnlyList<UserUri> Recipients { get; init; } = [];

    /// <summary>Position in the conversation from 1, set by the hub; null when not sequenced.</summary>
    public ulong? Sequence { get; init; }

    /// <summary>When the hub stored it, set by the hub.</summary>
    public DateTimeOffset? AcceptedAt { get; init; }

    /// <summary>The hub provider, set by the hub.</summary>
    public ProviderDomain? HubDomain { get; init; }

    /// <summary>A new envelope around an event; encodes the event unless its signed bytes are given.</summary>
    public static FederationEnvelope Create(EventId id, NetworkId? origin, UserUri? sender, ConversationKey conversation, EncryptionLabels labels, DateTimeOffset receivedAt, FederationEvent @event, ReadOnlyMemory<byte>? signedEvent = null) =>
        new(id, origin, sender, conversation, labels, DateTimeOffset.FromUnixTimeMilliseconds(receivedAt.ToUnixTimeMilliseconds()), @event, signedEvent ?? EventCodec.Encode(@event));

    /// <summary>Redacted: the id and the kind.</summary>
    public override string ToString() => $"FederationEnvelope({Id}, {Event.Kind})";
}
