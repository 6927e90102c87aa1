using System.Diagnostics.CodeAnalysis;
using System.Text;
using System.Xml;
using System.Xml.Linq;

namespace Interconnect.Adapters.Xmpp.Wire;

/// <summary>Parses one stanza that <see cref="XmlStreamFramer"/> cut out. Each has its own name table, so that a peer cannot grow one for ever.</summary>
internal static class StanzaParser
{
    private static readonly UTF8Encoding StrictUtf8 = new(false, true);

    /// <summary>Reads a stanza, or the stream's opening tag when <paramref name="openingTag"/>. Never throws for bad bytes.</summary>
    public static bool TryParse(ReadOnlySpan<byte> bytes, bool openingTag, [NotNullWhen(true)] out XElement? element, [NotNullWhen(false)] out XmlFault? fault)
    {
        element = null;
        string text;
        try
        {
            text = StrictUtf8.GetString(bytes);
        }
        catch (DecoderFallbackException e)
        {
            fault = new XmlFault("XMPP-108", "bad-format", "Not UTF-8", e.Index);
            return false;
        }

        if (openingTag)
        {
            text = string.Concat(text.AsSpan(0, text.Length - 1), "/>");
        }

        var names = new NameTable();
        var namespaces = new XmlNamespaceManager(names);
        if (!openingTag)
        {
            namespaces.AddNamespace("", XmppNames.Component.NamespaceName);
            namespaces.AddNamespace("stream", XmppNames.Streams.NamespaceName);
        }

        try
        {
            using var reader = XmlReader.Create(
                new StringReader(text),
                new XmlReaderSettings { ConformanceLevel = ConformanceLevel.Fragment, DtdProcessing = DtdProcessing.Prohibit, XmlResolver = null, CheckCharacters = true },
                new XmlParserContext(names, namespaces, null, XmlSpace.None));
            element = reader.MoveToContent() == XmlNodeType.Element ? (XElement)XNode.ReadFrom(reader) : null;
            if (element is null || !reader.EOF)
            {
                element = null;
                fault = new XmlFault("XMPP-101", "not-well-formed", "Not one element", bytes.Length);
                return false;
            }
        }
        catch (XmlException e)
        {
            element = null;
            fault = new XmlFault("XMPP-101", "not-well-formed", "Not well-formed", Math.Max(0, e.LinePosition - 1));
            return false;
        }

        ReadAlike(element);
        fault = null;
        return true;
    }

    /// <summary>A stanza and what is its own (body, error) may be named as on a client's stream; both are the same to a component.</summary>
    private static void ReadAlike(XElement stanza)
    {
        foreach (var part in stanza.Elements().Prepend(stanza).Where(e => e.Name.Namespace == XmppNames.Client))
        {
            part.Name = XmppNames.Component + part.Name.LocalName;
            part.Attribute("xmlns")?.Remove();
        }
    }
}
