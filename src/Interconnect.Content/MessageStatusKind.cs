namespace Interconnect.Content;

/// <summary>What happened to a message at a receiver (draft-mahy-mimi-message-status-01).</summary>
public enum MessageStatusKind
{
    /// <summary>Not read, or marked so again.</summary>
    Unread = 0,

    /// <summary>Arrived at a client.</summary>
    Delivered = 1,

    /// <summary>Shown to the user.</summary>
    Read = 2,

    /// <summary>Deleted because its time was up.</summary>
    Expired = 3,

    /// <summary>Deleted.</summary>
    Deleted = 4,

    /// <summary>Hidden.</summary>
    Hidden = 5,

    /// <summary>Could not be processed.</summary>
    Error = 6,

    /// <summary>A value above 6, which says nothing to us.</summary>
    Unknown = 256,
}
