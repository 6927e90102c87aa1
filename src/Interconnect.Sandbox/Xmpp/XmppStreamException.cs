namespace Interconnect.Sandbox;

/// <summary>The other side broke the stream's rules; ends the stream with this condition (RFC 6120 section 4.9.3).</summary>
internal sealed class XmppStreamException(string condition, string text) : Exception(text)
{
    public string Condition { get; } = condition;
}
