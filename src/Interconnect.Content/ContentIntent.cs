namespace Interconnect.Content;

/// <summary>What a message does to its conversation (draft-ietf-mimi-content section 5).</summary>
public enum ContentIntent
{
    /// <summary>A new message.</summary>
    Message,

    /// <summary>A new message that answers <see cref="MimiContent.InReplyTo"/>.</summary>
    Reply,

    /// <summary>A reaction to <see cref="MimiContent.InReplyTo"/>.</summary>
    Reaction,

    /// <summary>A new version of <see cref="MimiContent.Replaces"/>.</summary>
    Edit,

    /// <summary>Withdraws the message <see cref="MimiContent.Replaces"/>.</summary>
    Delete,

    /// <summary>Withdraws the reaction <see cref="MimiContent.Replaces"/>.</summary>
    WithdrawReaction,
}
