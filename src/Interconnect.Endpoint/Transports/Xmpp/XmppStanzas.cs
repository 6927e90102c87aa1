using System.Xml.Linq;
using Interconnect.Federation;

namespace Interconnect.Endpoint;

/// <summary>Frames as XMPP stanzas and back. Pure.</summary>
internal static class XmppStanzas
{
    public static readonly XNamespace FrameNs = "urn:interconnect:frame:1";
    public static readonly XNamespace Receipts = "urn:xmpp:receipts";
    private static readonly XNamespace Ping = "urn:xmpp:ping";
    private static readonly XNamespace DiscoInfo = "http://jabber.org/protocol/disco#info";
    private static readonly XNamespace StanzaErrors = "urn:ietf:params:xml:ns:xmpp-stanzas";
    private static readonly XNamespace Client = XmppStream.Client;

    /// <summary>Where a frame goes; null when the user's name cannot be written on this network.</summary>
    public static string? AddressOf(XmppOptions options, TransportAddress to) => to is TransportAddress.Ghost ghost ? XmppAddress.GhostOf(ghost.User, options.Component) : options.Component;

    /// <summary>The messages that carry a frame; null when it is too large even in chunks.</summary>
    public static IReadOnlyList<XElement>? Write(XmppOptions options, string jid, FrameId id, ReadOnlyMemory<byte> frame)
    {
        if (frame.Length <= options.MaxFrameBytes)
            return [Message(jid, id.Hex, new XElement(FrameNs + "frame", Convert.ToBase64String(frame.Span)))];

        return FrameChunks.Split(frame.Span, id, options.MaxChunkCharacters)?
            .Select((chunk, i) => Message(jid, FormattableString.Invariant($"{id.Hex}-{i + 1}"), new XElement(FrameNs + "chunk", chunk))).ToList();
    }

    /// <summary>What a message carries, or null when it is not from the gateway or carries no frame.</summary>
    public static InboundItem? Read(XmppOptions options, XElement message)
    {
        if (Sender(options, (string?)message.Attribute("from")) is not { } from)
            return null;

        if (message.Element(FrameNs + "frame") is { } frame)
            return new InboundItem.Frame(from, Decode(frame.Value));

        return message.Element(FrameNs + "chunk") is { } chunk ? new InboundItem.Chunk(from, chunk.Value.Trim()) : null;
    }

    /// <summary>Which frame of ours the network returned, and why; null when the message is no such error.</summary>
    public static (FrameId Frame, TransportFailure Why)? ReadReturn(XmppOptions options, XElement message)
    {
        var id = (string?)message.Attribute("id");
        if (id is not { Length: >= 32 } || !FrameId.TryParse(id[..32], out var frame) || Sender(options, (string?)message.Attribute("from")) is null)
            return null;

        var error = message.Element(Client + "error");
        var condition = error?.Elements().FirstOrDefault(e => e.Name.Namespace == StanzaErrors && e.Name.LocalName != "text")?.Name.LocalName ?? "undefined-condition";
        var temporary = (string?)error?.Attribute("type") == "wait" || condition is "service-unavailable" or "remote-server-not-found" or "remote-server-timeout" or "recipient-unavailable" or "internal-server-error";
        return (frame, XmppFailures.Returned(condition, temporary));
    }

    /// <summary>The receipt a message asks for (XEP-0184), or null.</summary>
    public static XElement? Receipt(XElement message) =>
        message.Element(Receipts + "request") is not null && (string?)message.Attribute("id") is { } id && (string?)message.Attribute("from") is { } from
            ? new XElement(Client + "message", new XAttribute("to", from), new XAttribute("type", "chat"), new XElement(Receipts + "received", new XAttribute("id", id)))
            : null;

    /// <summary>The answer that every request must get; null for results.</summary>
    public static XElement? Answer(XElement iq)
    {
        if ((string?)iq.Attribute("type") is not ("get" or "set"))
            return null;

        var answer = new XElement(Client + "iq", new XAttribute("type", "result"), new XAttribute("id", (string?)iq.Attribute("id") ?? ""));
        if ((string?)iq.Attribute("from") is { } from)
            answer.SetAttributeValue("to", from);

        if (iq.Element(DiscoInfo + "query") is not null)
        {
            answer.Add(new XElement(DiscoInfo + "query",
                new XElement(DiscoInfo + "identity", new XAttribute("category", "client"), new XAttribute("type", "pc"), new XAttribute("name", "Interconnect endpoint")),
                Feature(DiscoInfo.NamespaceName), Feature(FrameNs.NamespaceName), Feature(Receipts.NamespaceName), Feature(Ping.NamespaceName)));
        }
        else if (iq.Element(Ping + "ping") is null)
        {
            answer.SetAttributeValue("type", "error");
            answer.Add(new XElement(Client + "error", new XAttribute("type", "cancel"), new XElement(StanzaErrors + "service-unavailable")));
        }

        return answer;
    }

    private static XElement Feature(string name) => new(DiscoInfo + "feature", new XAttribute("var", name));

    private static XElement Message(string to, string id, XElement payload) => new(Client + "message",
        new XAttribute("type", "chat"), new XAttribute("to", to), new XAttribute("id", id), payload,
        new XElement(XNamespace.Get("urn:xmpp:hints") + "store"),
        new XElement(XNamespace.Get("urn:xmpp:eme:0") + "encryption", new XAttribute("namespace", FrameNs.NamespaceName), new XAttribute("name", "Interconnect")),
        new XElement(XNamespace.Get("urn:xmpp:sid:0") + "origin-id", new XAttribute("id", id)));

    private static TransportAddress? Sender(XmppOptions options, string? from)
    {
        var bare = from?.Split('/', 2)[0] ?? "";
        var at = bare.IndexOf('@', StringComparison.Ordinal);
        if (!XmppDomain.TryParse(bare[(at + 1)..], out var host) || !XmppDomain.TryParse(options.Component, out var component) || host != component)
            return null;

        return at < 0 ? new TransportAddress.Service() : XmppGhost.TryRead(bare[..at], out var user) ? new TransportAddress.Ghost(user) : null;
    }

    /// <summary>The bytes, or none for what is not base64; the frame's decoder then says so.</summary>
    private static byte[] Decode(string text)
    {
        try
        {
            return Convert.FromBase64String(text);
        }
        catch (FormatException)
        {
            return [];
        }
    }
}
