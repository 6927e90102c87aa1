namespace Interconnect.Adapters.Xmpp.Wire;

/// <summary>What the framer found.</summary>
internal abstract record XmlToken
{
    /// <summary>The opening tag of the stream, as <c>&lt;stream:stream ...&gt;</c>.</summary>
    public sealed record StreamOpen(byte[] Tag) : XmlToken;

    /// <summary>One whole stanza.</summary>
    public sealed record Stanza(byte[] Bytes) : XmlToken;

    /// <summary>One whole stanza that broke a bound and was passed over.</summary>
    public sealed record Discarded(XmlFault Fault) : XmlToken;

    /// <summary>The closing tag of the stream.</summary>
    public sealed record StreamClose : XmlToken;
}

/// <summary>
/// Cuts a byte stream into the opening tag, stanzas and the closing tag, and enforces every bound while it does, so that nothing unbounded is ever held or parsed.
/// Whoever is served by the server chooses what a stanza holds, so after the handshake a stanza over a bound is passed over, without being held, and the stream goes
/// on. What the server itself must never send ends it, RFC 6120 section 11.1: no document type, no comment, no processing instruction. Well-formedness inside a stanza is the stanza parser's.
/// </summary>
internal sealed class XmlStreamFramer(XmlLimits limits)
{
    private static ReadOnlySpan<byte> CDataStart => "[CDATA["u8;

    private byte[] buffer = new byte[1_024];
    private int length;
    private long offset;
    private State state = State.Between;
    private int depth;
    private int attributes;
    private int elements;
    private byte quote;
    private byte last;
    private int matched;
    private bool authenticated;
    private XmlFault? excess;

    private enum State
    {
        Between,
        Text,
        TagStart,
        Declaration,
        OpenTag,
        Quoted,
        CloseTag,
        CDataOpening,
        CData,
    }

    /// <summary>The handshake succeeded: from here on stanzas are bounded one by one.</summary>
    public void Authenticated() => authenticated = true;

    /// <summary>Takes bytes; adds what they complete to <paramref name="tokens"/>. After a fault the framer must not be used again.</summary>
    public XmlFault? Feed(ReadOnlySpan<byte> bytes, ICollection<XmlToken> tokens)
    {
        foreach (var b in bytes)
        {
            offset++;
            if (!authenticated && offset > limits.MaxBytesBeforeAuthentication)
            {
                return Fault("XMPP-103", "policy-violation", "Too much before the handshake");
            }

            if ((Keep(b) ?? Step(b, tokens)) is { } fault)
            {
                return fault;
            }
        }

        return null;
    }

    private XmlFault Fault(string rule, string condition, string reason) => new(rule, condition, reason, offset - 1);

    /// <summary>A bound is broken: the fault of the stanza where the stream is trusted and open, else of the stream.</summary>
    private XmlFault? OverBound(string rule, string reason)
    {
        var fault = Fault(rule, "policy-violation", reason);
        if (!authenticated || depth == 0)
        {
            return fault;
        }

        excess ??= fault;
        length = 0;
        return null;
    }

    private XmlFault NotWellFormed(string reason) => Fault("XMPP-101", "not-well-formed", reason);

    private XmlFault? Keep(byte b)
    {
        if (state == State.Between && b != (byte)'<')
        {
            return b is (byte)' ' or (byte)'\t' or (byte)'\r' or (byte)'\n' ? null : NotWellFormed("Text outside a stanza");
        }

        if (excess is not null)
        {
            return null;
        }

        if (length == limits.MaxStanzaBytes)
        {
            return OverBound("XMPP-104", $"A stanza of more than {limits.MaxStanzaBytes} bytes");
        }

        if (length == buffer.Length)
        {
            Array.Resize(ref buffer, Math.Min(buffer.Length * 2, limits.MaxStanzaBytes));
        }

        buffer[length++] = b;
        return null;
    }

    private XmlFault? Step(byte b, ICollection<XmlToken> tokens)
    {
        switch (state)
        {
            case State.Between or State.Text:
                state = b == (byte)'<' ? State.TagStart : state;
                return null;
            case State.TagStart:
                return BeginTag(b);
            case State.Declaration:
                return InDeclaration(b);
            case State.OpenTag:
                return InOpenTag(b, tokens);
            case State.Quoted:
                if (b == quote)
                {
                    state = State.OpenTag;
                }

                return b == (byte)'<' ? NotWellFormed("'<' inside an attribute") : null;
            case State.CloseTag:
                return b switch
                {
                    (byte)'>' => EndElement(tokens),
                    (byte)'<' => NotWellFormed("'<' inside a tag"),
                    _ => null,
                };
            case State.CDataOpening:
                if (b != CDataStart[matched])
                {
                    return Fault("XMPP-102", "restricted-xml", "A comment or a document type");
                }

                if (++matched == CDataStart.Length)
                {
                    (state, matched) = (State.CData, 0);
                }

                return null;
            case State.CData:
                return InCData(b);
            default:
                throw new InvalidOperationException("The framer has no such state.");
        }
    }

    private XmlFault? BeginTag(byte b)
    {
        switch (b)
        {
            case (byte)'?' when depth == 0 && length == 2:
                (state, last) = (State.Declaration, 0);
                return null;
            case (byte)'?':
                return Fault("XMPP-102", "restricted-xml", "A processing instruction");
            case (byte)'!' when depth > 1:
                (state, matched) = (State.CDataOpening, 0);
                return null;
            case (byte)'!':
                return Fault("XMPP-102", "restricted-xml", "A comment or a document type");
            case (byte)'/' when depth > 0:
                state = State.CloseTag;
                return null;
            default:
                if (b is (byte)'/' or (byte)'>' or (byte)'<' or (byte)'=' or (byte)'"' or (byte)'\'' or <= (byte)' ')
                {
                    return NotWellFormed("A tag without a name");
                }

                (state, attributes, last) = (State.OpenTag, 0, b);
                return ++elements > limits.MaxElements ? OverBound("XMPP-106", $"More than {limits.MaxElements} elements") : null;
        }
    }

    private XmlFault? InDeclaration(byte b)
    {
        if (length > 256)
        {
            return NotWellFormed("A declaration that does not end");
        }

        if (b == (byte)'>' && last == (byte)'?')
        {
            if (!buffer.AsSpan(0, length).StartsWith("<?xml "u8))
            {
                return Fault("XMPP-102", "restricted-xml", "A processing instruction");
            }

            Restart();
        }

        last = b;
        return null;
    }

    private XmlFault? InOpenTag(byte b, ICollection<XmlToken> tokens)
    {
        if (b is (byte)'"' or (byte)'\'')
        {
            (state, quote, last) = (State.Quoted, b, b);
            return ++attributes > limits.MaxAttributes ? OverBound("XMPP-107", $"More than {limits.MaxAttributes} attributes") : null;
        }

        if (b == (byte)'<')
        {
            return NotWellFormed("'<' inside a tag");
        }

        if (b != (byte)'>')
        {
            last = b;
            return null;
        }

        if (last == (byte)'/')
        {
            if (depth == 0)
            {
                return NotWellFormed("The stream's opening tag is empty");
            }

            depth++;
            return EndElement(tokens);
        }

        if (++depth > limits.MaxDepth + 1 && OverBound("XMPP-105", $"Nested deeper than {limits.MaxDepth}") is { } fault)
        {
            return fault;
        }

        if (depth == 1)
        {
            tokens.Add(new XmlToken.StreamOpen(buffer[..length]));
            Restart();
            return null;
        }

        state = State.Text;
        return null;
    }

    private XmlFault? EndElement(ICollection<XmlToken> tokens)
    {
        depth--;
        if (depth == 0)
        {
            tokens.Add(new XmlToken.StreamClose());
            Restart();
        }
        else if (depth == 1)
        {
            tokens.Add(excess is null ? new XmlToken.Stanza(buffer[..length]) : new XmlToken.Discarded(excess));
            Restart();
        }
        else
        {
            state = State.Text;
        }

        return null;
    }

    private XmlFault? InCData(byte b)
    {
        matched = (b, matched) switch
        {
            ((byte)']', < 2) => matched + 1,
            ((byte)']', _) => 2,
            ((byte)'>', 2) => 3,
            _ => 0,
        };
        if (matched == 3)
        {
            state = State.Text;
        }

        return null;
    }

    private void Restart()
    {
        (state, length, elements, excess) = (State.Between, 0, 0, null);
        if (buffer.Length > 64 << 10)
        {
            buffer = new byte[1_024];
        }
    }
}
