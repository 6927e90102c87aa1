using System.Xml.Linq;

namespace Interconnect.Adapters.Xmpp.Wire;

/// <summary>The namespaces that the adapter speaks.</summary>
internal static class XmppNames
{
    /// <summary>XEP-0114, the stream's default.</summary>
    public static readonly XNamespace Component = "jabber:component:accept";

    /// <summary>RFC 6120: what some servers leave on the stanzas of their clients when they pass them to a component.</summary>
    public static readonly XNamespace Client = "jabber:client";

    /// <summary>RFC 6120.</summary>
    public static readonly XNamespace Streams = "http://etherx.jabber.org/streams";

    /// <summary>RFC 6120 section 8.3.</summary>
    public static readonly XNamespace StanzaErrors = "urn:ietf:params:xml:ns:xmpp-stanzas";

    /// <summary>RFC 6120 section 4.9.</summary>
    public static readonly XNamespace StreamErrors = "urn:ietf:params:xml:ns:xmpp-streams";

    /// <summary>Ours: endpoint frames and their chunks.</summary>
    public static readonly XNamespace Frame = "urn:interconnect:frame:1";

    /// <summary>XEP-0184.</summary>
    public static readonly XNamespace Receipts = "urn:xmpp:receipts";

    /// <summary>XEP-0359.</summary>
    public static readonly XNamespace StanzaIds = "urn:xmpp:sid:0";

    /// <summary>XEP-0334.</summary>
    public static readonly XNamespace Hints = "urn:xmpp:hints";

    /// <summary>XEP-0380.</summary>
    public static readonly XNamespace Encryption = "urn:xmpp:eme:0";

    /// <summary>XEP-0199.</summary>
    public static readonly XNamespace Ping = "urn:xmpp:ping";

    /// <summary>XEP-0030.</summary>
    public static readonly XNamespace DiscoInfo = "http://jabber.org/protocol/disco#info";

    /// <summary>XEP-0030.</summary>
    public static readonly XNamespace DiscoItems = "http://jabber.org/protocol/disco#items";

    /// <summary>XEP-0384, version 2.</summary>
    public static readonly XNamespace Omemo = "urn:xmpp:omemo:2";

    /// <summary>XEP-0384 before it had a version.</summary>
    public static readonly XNamespace LegacyOmemo = "eu.siacs.conversations.axolotl";
}
