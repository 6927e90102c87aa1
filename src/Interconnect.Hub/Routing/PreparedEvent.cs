using Interconnect.Federation;
using Interconnect.Mls;
using Interconnect.Mls.PublicGroups;

namespace Interconnect.Hub;

/// <summary>The two streams that the hub reads.</summary>
internal enum HubStream
{
    /// <summary>Events from adapters.</summary>
    Submit,

    /// <summary>Outcomes from adapters.</summary>
    Report,
}

/// <summary>One envelope with everything about it that can be found out without the hub's state: what may run in parallel has run.</summary>
/// <param name="Stream">Where it came.</param>
/// <param name="Network">Who sent it, by the bus's word and not by the envelope's.</param>
/// <param name="Body">The envelope as it came.</param>
/// <param name="Envelope">What it says.</param>
internal sealed record PreparedEvent(HubStream Stream, NetworkId Network, ReadOnlyMemory<byte> Body, FederationEnvelope Envelope)
{
    /// <summary>What the hub knows the event by: the network's id for it together with the network, so that nobody uses up another's id. It goes on under this one.</summary>
    public EventId Id { get; } = Envelope.Id.From(Network);

    /// <summary>Whether the envelope names the network that sent it.</summary>
    public bool IsOfItsOrigin => Envelope.Origin == Network;

    /// <summary>Null without a proof.</summary>
    public byte[]? FrameKey { get; init; }

    /// <summary>Whether the proof's signature is valid; false without a proof.</summary>
    public bool SignatureValid { get; init; }

    /// <summary>Why nothing was checked: the sender cannot afford it. Null otherwise.</summary>
    public Decision.Refused? Unaffordable { get; init; }

    /// <summary>What the proof says of itself and must not; null otherwise. Nothing more was looked at then, so this stands even if a later look at the clock would not say it.</summary>
    public Decision.Refused? Misclaimed { get; init; }

    /// <summary>Of a publication, in its order, as far as they were good and the first that was not.</summary>
    public IReadOnlyList<MlsResult<VerifiedKeyPackage>> Packages { get; init; } = [];

    /// <summary>Of a device list update.</summary>
    public ListFacts? Lists { get; init; }

    /// <summary>Whether the identity key that an objection names signed it; false for every other kind.</summary>
    public bool ObjectionValid { get; init; }

    /// <summary>Of a room update.</summary>
    public HandshakeFacts? Handshake { get; init; }

    /// <summary>Of a room message; null when it is no PrivateMessage.</summary>
    public PrivateMessageHeader? Message { get; init; }

    /// <summary>The rule of Interconnect.Mls that the message broke; null when none.</summary>
    public string? MessageError { get; init; }

    /// <summary>The exception that preparing met: our own defect, which parks the conversation.</summary>
    public Exception? Defect { get; init; }
}

/// <summary>What anybody can read of a room update without knowing the room.</summary>
/// <param name="Commit">Null when it is no PublicMessage.</param>
/// <param name="Welcome">Null when there is none or it cannot be read.</param>
/// <param name="GroupInfo">Read, not verified; null when it cannot be read or has no tree.</param>
/// <param name="Error">The first MLS rule that was broken.</param>
internal sealed record HandshakeFacts(PublicHandshake? Commit, WelcomeHeader? Welcome, GroupInfoHeader? GroupInfo, string? Error)
{
    /// <summary>More proposals, clients or leaves than a room can have; nothing else is known of it then.</summary>
    public bool IsBeyondRooms { get; init; }

    /// <summary>What its signatures came to before the transaction; null when they were not worth looking at, or could not be.</summary>
    public JudgedCommit? Judged { get; init; }

    /// <summary>
    /// The clients that the GroupInfo's tree names in the order of leaves, whose rows the decision needs: claims until they are held against the verified group. Null when a credential
    /// is not basic or does not name a client.
    /// </summary>
    public IReadOnlyList<ClientUri>? Named { get; init; }
}
