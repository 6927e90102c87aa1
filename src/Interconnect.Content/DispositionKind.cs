namespace Interconnect.Content;

/// <summary>What a receiver does with a part (draft-ietf-mimi-content section 8.2.2).</summary>
public enum DispositionKind
{
    /// <summary>No hint.</summary>
    Unspecified = 0,

    /// <summary>Show it as local policy says; also the meaning of every unknown disposition.</summary>
    Render = 1,

    /// <summary>A reaction to the message named in <see cref="MimiContent.InReplyTo"/>.</summary>
    Reaction = 2,

    /// <summary>A profile of a participant or a room.</summary>
    Profile = 3,

    /// <summary>Shown inside the conversation.</summary>
    Inline = 4,

    /// <summary>An icon, such as an avatar.</summary>
    Icon = 5,

    /// <summary>Downloaded rather than shown.</summary>
    Attachment = 6,

    /// <summary>A multimedia session or the URI to join one.</summary>
    Session = 7,

    /// <summary>A preview the sender made.</summary>
    Preview = 8,
}
