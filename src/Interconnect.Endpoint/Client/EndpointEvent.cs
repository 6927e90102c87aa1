using Interconnect.Federation;

namespace Interconnect.Endpoint;

/// <summary>What happened, after it was saved. A closed set; consumed with a switch.</summary>
/// <param name="At">When, by this endpoint's clock.</param>
public abstract record EndpointEvent(DateTimeOffset At)
{
    /// <summary>Somebody asks to be allowed to write.</summary>
    public sealed record ConsentRequested(DateTimeOffset At, UserUri User) : EndpointEvent(At);

    /// <summary>Somebody allowed us to write.</summary>
    public sealed record ConsentGranted(DateTimeOffset At, UserUri User) : EndpointEvent(At);

    /// <summary>Somebody refused, or withdrew what was granted.</summary>
    public sealed record ConsentRevoked(DateTimeOffset At, UserUri User) : EndpointEvent(At);

    /// <summary>Somebody took a request back.</summary>
    public sealed record ConsentCancelled(DateTimeOffset At, UserUri User) : EndpointEvent(At);

    /// <summary>A request of ours about consent was answered by the hub.</summary>
    /// <param name="At">When, by this endpoint's clock.</param>
    /// <param name="User">With whom.</param>
    /// <param name="Refusal">Null when accepted.</param>
    public sealed record ConsentAnswered(DateTimeOffset At, UserUri User, HubRefusal? Refusal) : EndpointEvent(At);

    /// <summary>A room is ready to use, made by us or joined.</summary>
    public sealed record RoomReady(DateTimeOffset At, UserUri Peer, bool CreatedHere) : EndpointEvent(At);

    /// <summary>A room cannot be made yet; it is tried again by itself, and what is to be sent there waits.</summary>
    /// <param name="At">When, by this endpoint's clock.</param>
    /// <param name="Peer">With whom.</param>
    /// <param name="Refusal">What the hub said, and when it is tried again.</param>
    public sealed record RoomDelayed(DateTimeOffset At, UserUri Peer, HubRefusal Refusal) : EndpointEvent(At);

    /// <summary>A message came.</summary>
    public sealed record MessageReceived(DateTimeOffset At, EndpointMessage Message) : EndpointEvent(At);

    /// <summary>A message of ours got further.</summary>
    public sealed record MessageChanged(DateTimeOffset At, EndpointMessage Message) : EndpointEvent(At);

    /// <summary>A contact's identity is not the one we knew, or its device lists contradict each other; sending is blocked until that is settled.</summary>
    public sealed record KeyChanged(DateTimeOffset At, UserUri User) : EndpointEvent(At);

    /// <summary>A contact has other devices than before, under the same identity.</summary>
    public sealed record DevicesChanged(DateTimeOffset At, UserUri User) : EndpointEvent(At);

    /// <summary>Our own user's devices are others than before.</summary>
    /// <param name="At">When, by this endpoint's clock.</param>
    /// <param name="ThisDevice">False when this device is no longer one of them: it can send nothing more.</param>
    public sealed record OwnDevicesChanged(DateTimeOffset At, bool ThisDevice) : EndpointEvent(At);

    /// <summary>
    /// Somebody shows an identity of our own user that is not ours, or device lists under ours that we do not know: the gateway, or whoever has the account, or a device of ours.
    /// Nothing under it is used. The recovery phrase settles it.
    /// </summary>
    public sealed record IdentityConflict(DateTimeOffset At) : EndpointEvent(At);

    /// <summary>The hub took our objection against another identity of ours, or refused it.</summary>
    /// <param name="At">When, by this endpoint's clock.</param>
    /// <param name="Refusal">Null when accepted.</param>
    public sealed record ObjectionAnswered(DateTimeOffset At, HubRefusal? Refusal) : EndpointEvent(At);

    /// <summary>The identity that a user was known by said that another one, which was shown since, is not the user's.</summary>
    public sealed record IdentityObjected(DateTimeOffset At, UserUri User) : EndpointEvent(At);

    /// <summary>The hub accepted our device lists, or refused them.</summary>
    /// <param name="At">When, by this endpoint's clock.</param>
    /// <param name="Refusal">Null when accepted.</param>
    public sealed record DeviceListPublished(DateTimeOffset At, HubRefusal? Refusal) : EndpointEvent(At);

    /// <summary>The hub said what it has of our user's device lists.</summary>
    /// <param name="At">When, by this endpoint's clock.</param>
    /// <param name="Any">Whether it has any.</param>
    public sealed record OwnListsShown(DateTimeOffset At, bool Any) : EndpointEvent(At);

    /// <summary>Another device of our user, or one that wants to become one, says something about linking; authenticated by the code alone.</summary>
    public sealed record DeviceLinkReceived(DateTimeOffset At, ReadOnlyMemory<byte> Message) : EndpointEvent(At);

    /// <summary>Somebody who is no authorised device was put into a room; nothing more is sent there until a new one is made with the person's consent.</summary>
    /// <param name="At">When, by this endpoint's clock.</param>
    /// <param name="Peer">The room's other user.</param>
    /// <param name="RuleId">What was broken.</param>
    public sealed record RoomStandsStill(DateTimeOffset At, UserUri Peer, string RuleId) : EndpointEvent(At);

    /// <summary>A message came whose key nobody confirmed; it is set apart and its text is not shown unless asked for.</summary>
    public sealed record UnconfirmedMessage(DateTimeOffset At, UserUri Peer) : EndpointEvent(At);

    /// <summary>The hub accepted our key packages, or refused them.</summary>
    /// <param name="At">When, by this endpoint's clock.</param>
    /// <param name="Count">How many.</param>
    /// <param name="Refusal">Null when accepted.</param>
    public sealed record KeysPublished(DateTimeOffset At, int Count, HubRefusal? Refusal) : EndpointEvent(At);

    /// <summary>Something received was not what it has to be and was dropped.</summary>
    public sealed record FrameRejected(DateTimeOffset At, string RuleId, string Reason) : EndpointEvent(At);

    /// <summary>Messages before this one did not come in time; if they come later they are shown then.</summary>
    public sealed record GapSkipped(DateTimeOffset At, ulong Missing) : EndpointEvent(At);

    /// <summary>The network gave a frame back or cannot take it now; it is sent again by itself.</summary>
    public sealed record SendDelayed(DateTimeOffset At, TransportFailure Why) : EndpointEvent(At);

    /// <summary>The connection changed.</summary>
    public sealed record ConnectionChanged(DateTimeOffset At, TransportStatus Status) : EndpointEvent(At);

    /// <summary>Redacted: events name people and hold content.</summary>
    public sealed override string ToString() => GetType().Name;
}

/// <summary>The hub's refusal.</summary>
/// <param name="RuleId">The rule, such as <c>HUB-012</c>.</param>
/// <param name="Reason">Plain words.</param>
/// <param name="RetryAfter">When trying again can help, or null.</param>
public sealed record HubRefusal(string RuleId, string Reason, TimeSpan? RetryAfter);

/// <summary>A message as the user may see it.</summary>
public sealed record EndpointMessage
{
    /// <summary>This endpoint's own id of it, 32 hexadecimal characters.</summary>
    public required string Id { get; init; }

    /// <summary>True when it was received.</summary>
    public required bool Incoming { get; init; }

    /// <summary>The other user.</summary>
    public required UserUri Peer { get; init; }

    /// <summary>The text; null when the body is not text (see <see cref="ContentType"/>).</summary>
    public string? Text { get; init; }

    /// <summary>The body's media type; null before it was composed.</summary>
    public string? ContentType { get; init; }

    /// <summary>MIMI message id, the same at both ends; null before it was encrypted.</summary>
    public string? MessageId { get; init; }

    /// <summary>MIMI id of the message this one answers; null for none.</summary>
    public string? InReplyTo { get; init; }

    /// <summary>Where it stands.</summary>
    public required MessageState State { get; init; }

    /// <summary>The rule that refused, bounced or expired it; null otherwise.</summary>
    public string? RuleId { get; init; }

    /// <summary>Plain words with <see cref="RuleId"/>.</summary>
    public string? Reason { get; init; }

    /// <summary>When it was written here, or received here.</summary>
    public required DateTimeOffset CreatedAt { get; init; }

    /// <summary>When the hub accepted it, by the hub's clock; null when not known.</summary>
    public DateTimeOffset? AcceptedAt { get; init; }

    /// <summary>When the recipient's network took it; null when not known.</summary>
    public DateTimeOffset? HandedOverAt { get; init; }

    /// <summary>When the recipient's endpoint confirmed it, by this clock; null when not known.</summary>
    public DateTimeOffset? DeliveredAt { get; init; }

    /// <summary>Position in the room by the hub's order; null when not known.</summary>
    public ulong? Sequence { get; init; }

    /// <summary>The state of the key that signed it when it came; null for messages of our own.</summary>
    public KeyTrust? Trust { get; init; }

    /// <summary>Redacted: holds content.</summary>
    public override string ToString() => $"EndpointMessage({Id}, {State})";
}

/// <summary>Somebody this endpoint knows.</summary>
/// <param name="User">Who.</param>
/// <param name="TheyAllow">What they allow us.</param>
/// <param name="WeAllow">What we allow them.</param>
/// <param name="Devices">How many of their clients are known.</param>
/// <param name="KeyChanged">True when the identity changed and was not confirmed, or device lists contradict each other; sending is blocked.</param>
/// <param name="AddedAt">Since when.</param>
public sealed record Contact(UserUri User, ConsentState TheyAllow, ConsentState WeAllow, int Devices, bool KeyChanged, DateTimeOffset AddedAt)
{
    /// <summary>Whether the safety number with them was compared.</summary>
    public bool Verified { get; init; }

    /// <summary>Whether their device lists contradict each other; a later era of theirs settles it.</summary>
    public bool Forked { get; init; }

    /// <summary>Redacted.</summary>
    public override string ToString() => "Contact(redacted)";
}

/// <summary>Who this endpoint is.</summary>
/// <param name="User">The user.</param>
/// <param name="Client">This device.</param>
/// <param name="Network">The kind of network.</param>
/// <param name="Address">The native address.</param>
/// <param name="HubDomain">The hub provider; null until the first publication was accepted.</param>
/// <param name="KeyFingerprint">SHA-256 of the device's public signature key, hexadecimal.</param>
/// <param name="KeyPackages">Unused key packages.</param>
/// <param name="CreatedAt">When the keys were made.</param>
public sealed record Profile(UserUri User, ClientUri Client, TransportKind Network, string Address, ProviderDomain? HubDomain, string KeyFingerprint, int KeyPackages, DateTimeOffset CreatedAt)
{
    /// <summary>Redacted.</summary>
    public override string ToString() => "Profile(redacted)";
}

/// <summary>This endpoint's user as its devices know it.</summary>
/// <param name="Fingerprint">SHA-256 of the identity key, hexadecimal; null for a device that no list names yet.</param>
/// <param name="Era">Of the newest device list; 0 for none.</param>
/// <param name="Version">Of the newest device list.</param>
/// <param name="FreshUntil">Until when newcomers may rest on that list; null for none.</param>
/// <param name="Authorised">Whether the newest list names this device and its key.</param>
/// <param name="SeedKept">Whether this device can show the recovery phrase.</param>
/// <param name="ConflictAt">When another identity of this user was seen; null for never.</param>
/// <param name="Devices">All devices of the newest list.</param>
public sealed record OwnIdentity(string? Fingerprint, ulong Era, ulong Version, DateTimeOffset? FreshUntil, bool Authorised, bool SeedKept, DateTimeOffset? ConflictAt, IReadOnlyList<OwnDevice> Devices)
{
    /// <summary>Redacted.</summary>
    public override string ToString() => "OwnIdentity(redacted)";
}

/// <summary>A device of our own user.</summary>
/// <param name="Client">Which.</param>
/// <param name="Kind">What it is.</param>
/// <param name="Authorises">Whether it may change the list.</param>
/// <param name="AddedAt">Since when.</param>
/// <param name="IsThis">Whether it is this one.</param>
public sealed record OwnDevice(ClientUri Client, DeviceKind Kind, bool Authorises, DateTimeOffset AddedAt, bool IsThis)
{
    /// <summary>What the person calls it, on this device alone; null for nothing.</summary>
    public string? Label { get; init; }

    /// <summary>Redacted.</summary>
    public override string ToString() => "OwnDevice(redacted)";
}

/// <summary>What asking the client for something led to.</summary>
public abstract record RequestOutcome
{
    private RequestOutcome()
    {
    }

    /// <summary>Saved; it goes out as soon as it can, across restarts.</summary>
    /// <param name="Id">The message's id, or the frame's for anything else.</param>
    public sealed record Queued(string Id) : RequestOutcome;

    /// <summary>Nothing was saved.</summary>
    /// <param name="RuleId">Such as <c>END-101</c>.</param>
    /// <param name="Reason">Plain words.</param>
    /// <param name="Advice">What to do next.</param>
    public sealed record Blocked(string RuleId, string Reason, string Advice) : RequestOutcome;
}
