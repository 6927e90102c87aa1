namespace Interconnect.Endpoint;

/// <summary>What one user allows another. Numbers are stored.</summary>
public enum ConsentState
{
    /// <summary>Nothing was said.</summary>
    None = 0,

    /// <summary>Asked for, not answered.</summary>
    Requested = 1,

    /// <summary>Allowed.</summary>
    Granted = 2,

    /// <summary>Refused, or withdrawn.</summary>
    Revoked = 3,
}

/// <summary>What is known of a key that signed something, at that moment. Numbers are stored.</summary>
public enum KeyTrust
{
    /// <summary>Of the identity whose safety number the person compared.</summary>
    Verified = 1,

    /// <summary>Of the same identity as ever.</summary>
    Pinned = 2,

    /// <summary>Of an identity that nobody confirmed, or whose device lists contradict each other, or of a device that its user has removed.</summary>
    Unconfirmed = 3,
}

/// <summary>Where a message stands. Numbers are stored; up to <see cref="Delivered"/> they only grow.</summary>
public enum MessageState
{
    /// <summary>Saved; waits for the room to be made or for the group to catch up.</summary>
    Waiting = 1,

    /// <summary>Encrypted and on its way to the hub.</summary>
    Queued = 2,

    /// <summary>On stable storage at the hub.</summary>
    Accepted = 3,

    /// <summary>The recipient's network has it.</summary>
    HandedOver = 4,

    /// <summary>The recipient's network says that it reached the recipient.</summary>
    ReachedNetwork = 5,

    /// <summary>The recipient's endpoint decrypted it and said so, encrypted.</summary>
    Delivered = 6,

    /// <summary>The hub refused it; final, with rule and reason.</summary>
    Refused = 7,

    /// <summary>The recipient's network did not take it; final, with rule and reason.</summary>
    Bounced = 8,

    /// <summary>Nothing was heard in time; final.</summary>
    Expired = 9,

    /// <summary>An incoming message.</summary>
    Received = 10,
}
