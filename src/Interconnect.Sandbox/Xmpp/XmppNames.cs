using System.Xml.Linq;

namespace Interconnect.Sandbox;

/// <summary>Namespaces on the wire.</summary>
internal static class XmppNames
{
    public static readonly XNamespace Client = "jabber:client";
    public static readonly XNamespace Component = "jabber:component:accept";
    public static readonly XNamespace Stream = "http://etherx.jabber.org/streams";
    public static readonly XNamespace StreamErrors = "urn:ietf:params:xml:ns:xmpp-streams";
    public static readonly XNamespace StanzaErrors = "urn:ietf:params:xml:ns:xmpp-stanzas";
    public static readonly XNamespace Tls = "urn:ietf:params:xml:ns:xmpp-tls";
    public static readonly XNamespace Sasl = "urn:ietf:params:xml:ns:xmpp-sasl";
    public static readonly XNamespace Bind = "urn:ietf:params:xml:ns:xmpp-bind";
    public static readonly XNamespace Session = "urn:ietf:params:xml:ns:xmpp-session";
    public static readonly XNamespace Sm = "urn:xmpp:sm:3";
    public static readonly XNamespace Ping = "urn:xmpp:ping";
    public static readonly XNamespace DiscoInfo = "http://jabber.org/protocol/disco#info";
    public static readonly XNamespace DiscoItems = "http://jabber.org/protocol/disco#items";
    public static readonly XNamespace Roster = "jabber:iq:roster";
    public static readonly XNamespace Delay = "urn:xmpp:delay";
    public static readonly XNamespace Hints = "urn:xmpp:hints";
    public static readonly XNamespace ChatStates = "http://jabber.org/protocol/chatstates";

    public static bool IsStanza(XElement element, XNamespace content) => element.Name.Namespace == content && element.Name.LocalName is "message" or "presence" or "iq" && element.Name.Namespace == content;

    /// <summary>The same stanza in another content namespace; elements of foreign namespaces and what is inside them stay as they are.</summary>
    public static XElement Translate(XElement element, XNamespace from, XNamespace to) =>
        element.Name.Namespace != from
            ? new XElement(element)
            : new XElement(
                to + element.Name.LocalName,
                element.Attributes(),
                element.Nodes().Select(n => n is XElement child ? Translate(child, from, to) : n));
}
