namespace Interconnect.Adapters.Xmpp.Wire;

/// <summary>Bounds on what a server may send.</summary>
internal sealed record XmlLimits
{
    /// <summary>Largest stanza in bytes.</summary>
    public int MaxStanzaBytes { get; init; } = 4 << 20;

    /// <summary>Most bytes in all before the handshake is answered.</summary>
    public int MaxBytesBeforeAuthentication { get; init; } = 16 << 10;

    /// <summary>Deepest nesting inside a stanza.</summary>
    public int MaxDepth { get; init; } = 32;

    /// <summary>Most elements of a stanza.</summary>
    public int MaxElements { get; init; } = 4_096;

    /// <summary>Most attributes of an element.</summary>
    public int MaxAttributes { get; init; } = 32;
}
