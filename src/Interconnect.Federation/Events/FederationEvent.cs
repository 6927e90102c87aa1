namespace Interconnect.Federation;

/// <summary>What can happen between providers. A closed set; names are those of draft-ietf-mimi-protocol where it has one.</summary>
public abstract record FederationEvent
{
    private protected FederationEvent()
    {
    }

    /// <summary>The kind's stable name: a metric label and a ledger value.</summary>
    public abstract string Kind { get; }

    /// <summary>The conversation an event of <paramref name="sender"/> belongs to.</summary>
    public ConversationKey ConversationFor(UserUri sender) => this switch
    {
        EncryptedMessage { Room: { } room } => ConversationKey.OfRoom(room),
        EncryptedMessage { Recipient: { } recipient } => ConversationKey.OfPair(sender, recipient),
        RoomUpdate update => ConversationKey.OfRoom(update.Room),
        KeyMaterialRequest request => ConversationKey.OfPair(sender, request.Target),
        KeyMaterialResponse response => ConversationKey.OfPair(sender, response.Target),
        ConsentEntry entry => ConversationKey.OfPair(entry.Requester, entry.Target),
        DeviceListRequest request when request.Target != sender => ConversationKey.OfPair(sender, request.Target),
        DeviceListResponse response when response.Target != sender => ConversationKey.OfPair(sender, response.Target),
        _ => ConversationKey.OfUser(sender),
    };
}

/// <summary>
/// Ciphertext. Exactly one of <paramref name="Room"/> and <paramref name="Recipient"/> is set. <paramref name="Message"/> is empty when the adapter met a
/// message that nothing end-to-end covers: it drops the content at the edge and submits the label <see cref="InnerEncryption.None"/>, which the hub refuses.
/// </summary>
/// <param name="Room">The room lane: <paramref name="Message"/> is an MLSMessage holding a PrivateMessage.</param>
/// <param name="Recipient">Outside a room.</param>
/// <param name="Message">Opaque to every hop.</param>
public sealed record EncryptedMessage(RoomUri? Room, UserUri? Recipient, ReadOnlyMemory<byte> Message) : FederationEvent
{
    /// <inheritdoc/>
    public override string Kind => "encrypted_message";

    /// <summary>Redacted.</summary>
    public override string ToString() => $"EncryptedMessage({Message.Length} bytes)";
}

/// <summary>A handshake of a room's group (MIMI: update). The hub accepts one commit an epoch.</summary>
/// <param name="Room">The room; its MLS group id is the UTF-8 of the URI.</param>
/// <param name="Commit">MLSMessage with a PublicMessage. A commit of epoch 0 creates the room.</param>
/// <param name="Welcome">MLSMessage with a Welcome, or empty when nobody joins.</param>
/// <param name="GroupInfo">MLSMessage with the GroupInfo of the epoch after the commit, ratchet tree included.</param>
public sealed record RoomUpdate(RoomUri Room, ReadOnlyMemory<byte> Commit, ReadOnlyMemory<byte> Welcome, ReadOnlyMemory<byte> GroupInfo) : FederationEvent
{
    /// <inheritdoc/>
    public override string Kind => "room_update";

    /// <summary>Device lists that the event rests on (<see cref="AttachedLists"/>); at most 400 and 256 KiB, may be empty.</summary>
    public IReadOnlyList<ReadOnlyMemory<byte>> DeviceLists { get; init; } = [];

    /// <summary>Redacted.</summary>
    public override string ToString() => $"RoomUpdate({Commit.Length} bytes)";
}

/// <summary>A client hands its key packages to the directory; each is given out once.</summary>
/// <param name="Client">The client they belong to.</param>
/// <param name="KeyPackages">1 to 100 MLSMessages, each a KeyPackage.</param>
public sealed record KeyMaterialPublish(ClientUri Client, IReadOnlyList<ReadOnlyMemory<byte>> KeyPackages) : FederationEvent
{
    /// <inheritdoc/>
    public override string Kind => "key_material_publish";

    /// <summary>Redacted.</summary>
    public override string ToString() => $"KeyMaterialPublish({KeyPackages.Count})";
}

/// <summary>Asks for one key package of each of the target's clients.</summary>
/// <param name="Target">Whose.</param>
/// <param name="Room">The room they are meant for, or null.</param>
/// <param name="CipherSuites">MLS suites the asker can use; not empty.</param>
public sealed record KeyMaterialRequest(UserUri Target, RoomUri? Room, IReadOnlyList<ushort> CipherSuites) : FederationEvent
{
    /// <inheritdoc/>
    public override string Kind => "key_material_request";

    /// <summary>Redacted.</summary>
    public override string ToString() => "KeyMaterialRequest(redacted)";
}

/// <summary>The directory's answer.</summary>
/// <param name="RequestFrame">The frame that asked.</param>
/// <param name="Target">Whose material.</param>
/// <param name="Room">As asked.</param>
/// <param name="Status">Anything but success and partial success comes with no clients.</param>
/// <param name="Clients">One entry a client.</param>
public sealed record KeyMaterialResponse(FrameId RequestFrame, UserUri Target, RoomUri? Room, KeyMaterialStatus Status, IReadOnlyList<ClientKeyMaterial> Clients) : FederationEvent
{
    /// <inheritdoc/>
    public override string Kind => "key_material_response";

    /// <summary>Device lists that the event rests on (<see cref="AttachedLists"/>); at most 400 and 256 KiB, may be empty.</summary>
    public IReadOnlyList<ReadOnlyMemory<byte>> DeviceLists { get; init; } = [];

    /// <summary>Redacted.</summary>
    public override string ToString() => $"KeyMaterialResponse({Status}, {Clients.Count})";
}

/// <summary>One client's part of a <see cref="KeyMaterialResponse"/>.</summary>
/// <param name="Client">The client.</param>
/// <param name="Status">Whether a package is there.</param>
/// <param name="KeyPackage">MLSMessage with the KeyPackage; empty unless successful.</param>
public sealed record ClientKeyMaterial(ClientUri Client, ClientKeyMaterialStatus Status, ReadOnlyMemory<byte> KeyPackage)
{
    /// <summary>Redacted.</summary>
    public override string ToString() => $"ClientKeyMaterial({Status})";
}

/// <summary>A client asks how many of its key packages the directory still has. The answer is a <see cref="KeyMaterialCount"/>.</summary>
/// <param name="Client">The client itself.</param>
public sealed record KeyMaterialCountRequest(ClientUri Client) : FederationEvent
{
    /// <inheritdoc/>
    public override string Kind => "key_material_count_request";

    /// <summary>Redacted.</summary>
    public override string ToString() => "KeyMaterialCountRequest(redacted)";
}

/// <summary>How many of a client's key packages the directory has; only the hub says it. Answers a publication and a <see cref="KeyMaterialCountRequest"/>.</summary>
/// <param name="RequestFrame">The frame that it answers; null for a notice that few are left.</param>
/// <param name="Client">Whose.</param>
/// <param name="Left">How many can be given out once; the one of last resort is not counted.</param>
/// <param name="LastResortEnds">When the package of last resort ends; null when there is none.</param>
public sealed record KeyMaterialCount(FrameId? RequestFrame, ClientUri Client, int Left, DateTimeOffset? LastResortEnds) : FederationEvent
{
    /// <summary>Most that can be told.</summary>
    public const int MaxLeft = 1_000_000;

    /// <inheritdoc/>
    public override string Kind => "key_material_count";

    /// <summary>Redacted.</summary>
    public override string ToString() => $"KeyMaterialCount({Left})";
}

/// <summary>Numbers of draft-ietf-mimi-protocol, KeyMaterialUserCode.</summary>
public enum KeyMaterialStatus
{
    /// <summary>Every client has a package.</summary>
    Success = 0,

    /// <summary>Some clients have none.</summary>
    PartialSuccess = 1,

    /// <summary>No common protocol.</summary>
    IncompatibleProtocol = 2,

    /// <summary>No package left, or none in a suite that was asked for.</summary>
    NoCompatibleMaterial = 3,

    /// <summary>No such user.</summary>
    UserUnknown = 4,

    /// <summary>The target has not consented; also answered for unknown users where their existence must not show.</summary>
    NoConsent = 5,

    /// <summary>Consent exists, but not for this room.</summary>
    NoConsentForThisRoom = 6,

    /// <summary>The user is gone.</summary>
    UserDeleted = 7,
}

/// <summary>Numbers of draft-ietf-mimi-protocol, KeyMaterialClientCode.</summary>
public enum ClientKeyMaterialStatus
{
    /// <summary>A package is included.</summary>
    Success = 0,

    /// <summary>All packages were given out.</summary>
    Exhausted = 1,

    /// <summary>None in a suite that was asked for.</summary>
    NothingCompatible = 2,
}

/// <summary>Consent to be contacted (MIMI: ConsentEntry). Request and cancel come from the requester, grant and revoke from the target.</summary>
/// <param name="Operation">What is said.</param>
/// <param name="Requester">Who wants to make contact.</param>
/// <param name="Target">Who is asked.</param>
/// <param name="Room">For this room only, or null for any.</param>
public sealed record ConsentEntry(ConsentOperation Operation, UserUri Requester, UserUri Target, RoomUri? Room) : FederationEvent
{
    /// <inheritdoc/>
    public override string Kind => "consent_entry";

    /// <summary>Device lists that the event rests on (<see cref="AttachedLists"/>); at most 400 and 256 KiB, may be empty.</summary>
    public IReadOnlyList<ReadOnlyMemory<byte>> DeviceLists { get; init; } = [];

    /// <summary>Redacted.</summary>
    public override string ToString() => $"ConsentEntry({Operation})";
}

/// <summary>Numbers of draft-ietf-mimi-protocol, ConsentOperation.</summary>
public enum ConsentOperation
{
    /// <summary>The requester takes the request back.</summary>
    Cancel = 0,

    /// <summary>The requester asks.</summary>
    Request = 1,

    /// <summary>The target agrees.</summary>
    Grant = 2,

    /// <summary>The target refuses, or withdraws what was granted.</summary>
    Revoke = 3,
}

/// <summary>How far an event has come. Adapters report outcomes to the hub with it, the hub tells the sender's network.</summary>
/// <param name="Event">The event reported on.</param>
/// <param name="Frame">The sender's frame, or null when no frame carried the event.</param>
/// <param name="Recipient">Whose copy, or null for the hub's own acceptance.</param>
/// <param name="Status">Where it stands.</param>
/// <param name="RuleId">The rule that decided, such as <c>HUB-020</c>; null unless bounced or expired.</param>
/// <param name="Reason">Plain words for the sender, without identifiers; null unless bounced or expired.</param>
/// <param name="At">When.</param>
public sealed record DeliveryReport(EventId Event, FrameId? Frame, UserUri? Recipient, DeliveryStatus Status, string? RuleId, string? Reason, DateTimeOffset At) : FederationEvent
{
    /// <inheritdoc/>
    public override string Kind => "delivery_report";

    /// <summary>Redacted.</summary>
    public override string ToString() => $"DeliveryReport({Event}, {Status})";
}

/// <summary>States of an event on its way to one recipient. The last three are terminal, and so is <see cref="Delivered"/>.</summary>
public enum DeliveryStatus
{
    /// <summary>On stable storage at the hub.</summary>
    Accepted = 1,

    /// <summary>The recipient's network has it; the recipient may not.</summary>
    HandedOver = 2,

    /// <summary>The network says that it reached the recipient; terminal.</summary>
    Delivered = 3,

    /// <summary>The network will not deliver it; terminal, with a reason.</summary>
    Bounced = 4,

    /// <summary>Nothing more was heard within the time allowed; terminal.</summary>
    Expired = 5,

    /// <summary>The hub refused it; terminal, with a rule id and a reason.</summary>
    Refused = 6,
}

/// <summary>The hub, or an adapter for it, did not take an event, and nothing changed.</summary>
/// <param name="Event">The event refused.</param>
/// <param name="Frame">The sender's frame, or null when no frame carried the event.</param>
/// <param name="RuleId">The rule that refused, such as <c>HUB-012</c>.</param>
/// <param name="Reason">Plain words for the sender, without identifiers of others.</param>
/// <param name="RetryAfter">When trying again can help, or null when it cannot.</param>
/// <param name="CurrentEpoch">The group's epoch, when a wrong epoch was the reason.</param>
public sealed record Refusal(EventId Event, FrameId? Frame, string RuleId, string Reason, TimeSpan? RetryAfter, ulong? CurrentEpoch) : FederationEvent
{
    /// <inheritdoc/>
    public override string Kind => "refusal";
}

/// <summary>
/// A user's devices changed: the newest era of device lists, from its first list. The hub keeps it and passes it to the user's own devices and contacts; the first one
/// pins the user's identity there.
/// </summary>
/// <param name="Lists">1 to 200 encoded <see cref="SignedDeviceList"/>s of the sender.</param>
public sealed record DeviceListUpdate(IReadOnlyList<ReadOnlyMemory<byte>> Lists) : FederationEvent
{
    /// <inheritdoc/>
    public override string Kind => "device_list_update";

    /// <summary>Redacted.</summary>
    public override string ToString() => $"DeviceListUpdate({Lists.Count})";
}

/// <summary>Asks for the device lists of the sender's own user, or of a user who consented.</summary>
/// <param name="Target">Whose.</param>
public sealed record DeviceListRequest(UserUri Target) : FederationEvent
{
    /// <inheritdoc/>
    public override string Kind => "device_list_request";

    /// <summary>Redacted.</summary>
    public override string ToString() => "DeviceListRequest(redacted)";
}

/// <summary>The hub's answer: what it has, which proves itself.</summary>
/// <param name="RequestFrame">The frame that asked.</param>
/// <param name="Target">Whose lists.</param>
/// <param name="Lists">The newest era from its first list; empty when there is none.</param>
public sealed record DeviceListResponse(FrameId RequestFrame, UserUri Target, IReadOnlyList<ReadOnlyMemory<byte>> Lists) : FederationEvent
{
    /// <inheritdoc/>
    public override string Kind => "device_list_response";

    /// <summary>Redacted.</summary>
    public override string ToString() => $"DeviceListResponse({Lists.Count})";
}

/// <summary>
/// What a new device and an old one of the same user tell each other to add the new one. It goes to the user's own account and no further; its parts are authenticated by
/// a code that the person carries from one device to the other.
/// </summary>
/// <param name="Message">1 byte to 64 KiB, opaque to every hop.</param>
public sealed record DeviceLinkMessage(ReadOnlyMemory<byte> Message) : FederationEvent
{
    /// <summary>Largest message in bytes.</summary>
    public const int MaxBytes = 64 * 1024;

    /// <inheritdoc/>
    public override string Kind => "device_link_message";

    /// <summary>Redacted.</summary>
    public override string ToString() => $"DeviceLinkMessage({Message.Length} bytes)";
}

/// <summary>
/// An adapter received something from a known account that it could not read. It goes to the hub so that the sender is told, the counter moves and the ledger
/// has it; it carries none of the received bytes.
/// </summary>
/// <param name="RuleId">The decoding rule, such as <c>FED-003</c>.</param>
/// <param name="Reason">Plain words, without content.</param>
public sealed record Unreadable(string RuleId, string Reason) : FederationEvent
{
    /// <inheritdoc/>
    public override string Kind => "unreadable";
}
