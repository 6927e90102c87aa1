namespace Interconnect.Endpoint;

// The persisted shapes, schema version 1, as JSON inside encrypted values. tests/Interconnect.Endpoint.Tests/Golden freezes them: a field may be added with a
// default, never renamed or given another meaning. URIs are in canonical form, times in whole milliseconds since 1970 (UTC).

/// <summary>Who this endpoint is. One entry.</summary>
internal sealed record IdentityRecord
{
    public const string Name = "self";
    public required string User { get; init; }
    public required string Client { get; init; }
    public required ushort Suite { get; init; }
    public required byte[] SignatureKey { get; init; }
    public required long CreatedAt { get; init; }
    public required TransportAccount Account { get; init; }

    /// <summary>Learned with the first accepted publication; null before.</summary>
    public string? HubDomain { get; init; }

    /// <summary>The user's identity key; null for a further device that no list names yet, and in stores from before identities.</summary>
    public byte[]? IdentityKey { get; init; }

    /// <summary>What the identity key is made from; null once the person has confirmed the phrase and did not ask to keep it here, and on further devices.</summary>
    public byte[]? Seed { get; init; }

    /// <summary>True for a device that waits until a list of its user names it: it makes no identity of its own.</summary>
    public bool Joining { get; init; }

    /// <summary>True for a device that was added to others: it does not know what they allowed before.</summary>
    public bool Further { get; init; }

    /// <summary>When an identity of this user was seen that is not this one; null for never, or once settled.</summary>
    public long? ConflictAt { get; init; }
}

/// <summary>The newest era of a user's device lists, as verified. By user, this endpoint's own included.</summary>
internal sealed record ChainRecord(string User, IReadOnlyList<byte[]> Lists);

/// <summary>Where the publication of this user's device lists stands. One entry, or none.</summary>
/// <param name="Accepted">SHA-256 of the newest list that the hub has; null for none.</param>
/// <param name="Frame">The frame on its way; null when none is.</param>
/// <param name="Offered">SHA-256 of the newest list in that frame.</param>
/// <param name="Refused">How many were refused in a row.</param>
/// <param name="NotBefore">When the next may go out.</param>
internal sealed record ListPublicationRecord(byte[]? Accepted, string? Frame, byte[]? Offered, int Refused, long NotBefore)
{
    public const string Name = "self";
}

/// <summary>Two lists of one place that contradict each other.</summary>
internal sealed record ForkRecord(ulong Era, byte[] Known, byte[] Shown, long At);

/// <summary>Why a room stands still: the hub says that a commit is the room's, and this endpoint cannot accept it.</summary>
/// <param name="RuleId">The rule.</param>
/// <param name="Client">Who committed, as the commit says.</param>
/// <param name="At">When.</param>
/// <param name="Evidence">The signed frame, at most 64 KiB of it.</param>
internal sealed record StillRecord(string RuleId, string Client, long At, byte[] Evidence);

/// <summary>A key package of ours with its private keys, until somebody uses it.</summary>
internal sealed record KeyPackageRecord(string Reference, byte[] Bundle, long NotAfter, string Frame);

/// <summary>Publications that were refused since the last accepted one. One entry, or none.</summary>
/// <param name="Refused">How many in a row.</param>
/// <param name="NotBefore">When the next may go out.</param>
internal sealed record PublicationRecord(int Refused, long NotBefore)
{
    public const string Name = "self";
}

/// <summary>A key of a contact's client, from before identities: the identity that is shown first must name it.</summary>
/// <param name="Client">The client's URI.</param>
/// <param name="Suite">The key's MLS cipher suite.</param>
/// <param name="Key">The key we hold to be the client's; empty for a new client that was not confirmed.</param>
/// <param name="Candidate">A different key that was seen and not confirmed; null when there is none.</param>
/// <param name="SeenAt">When the key, or the candidate, was seen first.</param>
internal sealed record PinnedClient(string Client, ushort Suite, byte[] Key, byte[]? Candidate, long SeenAt);

/// <summary>Somebody we know.</summary>
internal sealed record ContactRecord(string User)
{
    /// <summary>What they allow us.</summary>
    public ConsentState Theirs { get; init; }

    /// <summary>What we allow them.</summary>
    public ConsentState Ours { get; init; }

    /// <summary>From before identities; empty otherwise.</summary>
    public IReadOnlyList<PinnedClient> Clients { get; init; } = [];
    public long AddedAt { get; init; }

    /// <summary>The identity key they are known by; null before the first contact.</summary>
    public byte[]? Identity { get; init; }

    /// <summary>Whether the person compared the safety number of <see cref="Identity"/>.</summary>
    public bool Verified { get; init; }

    /// <summary>Another identity key that was shown and not confirmed; null when there is none.</summary>
    public byte[]? Candidate { get; init; }

    /// <summary>The newest era under <see cref="Candidate"/>.</summary>
    public IReadOnlyList<byte[]>? CandidateLists { get; init; }

    /// <summary>Open until a later era settles it; null when there is none.</summary>
    public ForkRecord? Fork { get; init; }

    /// <summary>When the newest word on consent that was heard of them was signed; what is not newer changes nothing.</summary>
    public long HeardAt { get; init; }

    /// <summary>When our newest word on consent was signed.</summary>
    public long SaidAt { get; init; }

    public bool Blocked => Candidate is not null || Fork is not null;
}

/// <summary>A commit that the hub has not answered yet, and the state to adopt when it accepts.</summary>
/// <param name="Frame">The frame that brings it to the hub.</param>
/// <param name="Group">The exported state after it.</param>
/// <param name="GivenUp">No answer came in time; one that still comes counts.</param>
internal sealed record PendingCommit(string Frame, byte[] Group, bool GivenUp = false);

/// <summary>A room and its group's state.</summary>
/// <param name="Room">The room's URI.</param>
/// <param name="Peer">The other user.</param>
/// <param name="Active">False until the hub accepted its creation.</param>
/// <param name="Group">The exported state of its group.</param>
/// <param name="Pending">Our commit that is not answered; null when there is none.</param>
/// <param name="JoinedAt">Since when; the newest room with a user is the one that is written to.</param>
/// <param name="RefreshDue">A commit of ours lost against another and is made again in the next epoch.</param>
internal sealed record RoomRecord(string Room, string Peer, bool Active, byte[] Group, PendingCommit? Pending, long JoinedAt, bool RefreshDue = false)
{
    /// <summary>Null while nothing is wrong; else nothing is sent here any more.</summary>
    public StillRecord? Still { get; init; }

    /// <summary>From before identities: it is read and not written to.</summary>
    public bool ReadOnly { get; init; }

    /// <summary>The request for packages of our own other devices that has no answer; null when none is under way.</summary>
    public string? AddingFrame { get; init; }

    /// <summary>When that is asked again, and until when messages wait for it; 0 when no device of ours is missing.</summary>
    public long AddingUntil { get; init; }

    /// <summary>How often it was asked in vain; each time waits longer.</summary>
    public int AddingTries { get; init; }
}


/// <summary>A room on its way: key material was asked for. By peer.</summary>
/// <param name="Peer">With whom.</param>
/// <param name="Room">The URI it will have.</param>
/// <param name="RequestFrame">The key request that has no answer; null when none is under way.</param>
/// <param name="Attempts">How often the hub would not take the room, other than for a while.</param>
/// <param name="NotBefore">When key material is asked for again.</param>
/// <param name="Unanswered">Key requests in a row that got no answer; each waits longer.</param>
internal sealed record SetupRecord(string Peer, string Room, string? RequestFrame, int Attempts, long NotBefore, int Unanswered = 0);

/// <summary>A message, sent or received.</summary>
internal sealed record MessageRecord(string Id, bool Incoming, string Peer)
{
    public string? Text { get; init; }
    public required MessageState State { get; init; }
    public required long CreatedAt { get; init; }
    public string? Room { get; init; }
    public string? ContentId { get; init; }
    public byte[]? Content { get; init; }
    public string? Frame { get; init; }
    public string? SenderClient { get; init; }
    public string? ContentType { get; init; }
    public string? InReplyTo { get; init; }
    public ulong? Sequence { get; init; }
    public long? AcceptedAt { get; init; }
    public long? HandedOverAt { get; init; }
    public long? DeliveredAt { get; init; }
    public string? RuleId { get; init; }
    public string? Reason { get; init; }
    public int Attempts { get; init; }
    public long NotBefore { get; init; }
    public bool Shown { get; init; }

    /// <summary>The state of the key that signed it, when it came; null for our own, and for those from before identities.</summary>
    public KeyTrust? Trust { get; init; }
}

/// <summary>A signed frame that the hub has not answered yet; these bytes and no others are sent under its id.</summary>
/// <param name="Frame">Its id.</param>
/// <param name="To">The ghost's user, or null for the service.</param>
/// <param name="Bytes">The encoded frame, signature included.</param>
/// <param name="Purpose">What it is for.</param>
/// <param name="Room">The room it is about; null when it is about none.</param>
/// <param name="CreatedAt">When this was first asked for; stays when it is signed anew.</param>
/// <param name="Attempts">How often it was handed to the network.</param>
/// <param name="NotBefore">When it goes out next.</param>
/// <param name="Deferred">True when the hub asked for it later: a restart does not send it before its time.</param>
internal sealed record OutboxRecord(string Frame, string? To, byte[] Bytes, FramePurpose Purpose, string? Room, long CreatedAt, int Attempts, long NotBefore, bool Deferred = false);

/// <summary>What a frame was for; outlives the outbox, because reports come later.</summary>
/// <param name="Frame">Its id.</param>
/// <param name="Purpose">What for.</param>
/// <param name="Message">The message, or what was said about consent; null for neither.</param>
/// <param name="Room">The room it is about; null when it is about none.</param>
/// <param name="Peer">The other user; null when it concerns none.</param>
/// <param name="Unplaced">It was accepted and counted, and its number in the conversation is not known.</param>
internal sealed record SentRecord(string Frame, FramePurpose Purpose, string? Message, string? Room, string? Peer, bool Unplaced = false);

/// <summary>What a frame of ours is for. Numbers are stored.</summary>
internal enum FramePurpose
{
    KeyPublication = 1,
    KeyRequest = 2,
    Consent = 3,
    RoomCommit = 4,
    Message = 5,
    Receipt = 6,
    DeviceList = 7,
    DeviceListRequest = 8,
    DeviceLink = 9,
}

/// <summary>An envelope that came before its turn.</summary>
internal sealed record HeldRecord(string Conversation, ulong Sequence, byte[] Frame, string? From, long Deadline);

/// <summary>A chunk of a frame that is not complete yet.</summary>
internal sealed record ChunkRecord(string Sender, string Text, long At);

/// <summary>Where a conversation stands.</summary>
/// <param name="Conversation">Its key.</param>
/// <param name="Next">The sequence number to come next.</param>
/// <param name="Own">Numbers from there on that our own frames took.</param>
/// <param name="Unplaced">How many of our accepted frames took numbers that the hub did not tell; negative when more were assumed than reported so far.</param>
internal sealed record OrderRecord(string Conversation, ulong Next, IReadOnlyList<ulong> Own, int Unplaced);
