namespace Interconnect.Adapters.Xmpp.Wire;

/// <summary>Why bytes are not an XMPP stream. Holds no received bytes.</summary>
/// <param name="RuleId">Such as <c>XMPP-101</c>.</param>
/// <param name="Condition">The stream error condition of RFC 6120 section 4.9.3 that it is answered with.</param>
/// <param name="Reason">Plain words.</param>
/// <param name="Offset">Bytes from the start of the stream, or of the stanza where the stanza was parsed on its own.</param>
internal sealed record XmlFault(string RuleId, string Condition, string Reason, long Offset)
{
    public override string ToString() => $"{RuleId}: {Reason} (byte {Offset})";
}
