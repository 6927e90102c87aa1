namespace Interconnect.Content;

/// <summary>The media types of this project and those every receiver must understand (draft-ietf-mimi-content section 7.1).</summary>
public static class ContentMediaTypes
{
    /// <summary>The message container, <see cref="MimiContent"/>.</summary>
    public const string MimiContent = "application/mimi-content";

    /// <summary>A <see cref="MessageStatusReport"/>.</summary>
    public const string MessageStatus = "application/mimi-message-status";

    /// <summary>Plain text.</summary>
    public const string PlainText = "text/plain;charset=utf-8";

    /// <summary>GitHub Flavored Markdown without HTML and without automatic links.</summary>
    public const string Markdown = "text/markdown;variant=GFM-MIMI";
}
