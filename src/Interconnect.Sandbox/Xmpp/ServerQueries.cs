using System.Xml.Linq;

namespace Interconnect.Sandbox;

/// <summary>What the server itself answers: for its own domain and on behalf of its accounts. Anything else is service-unavailable (RFC 6120 section 8.4).</summary>
internal static class ServerQueries
{
    public static XElement? Answer(XElement iq, Jid? asker, Jid target, IReadOnlyCollection<string> components)
    {
        var type = iq.Attribute("type")?.Value;
        if (type is "result" or "error")
        {
            return null;
        }

        var children = iq.Elements().ToList();
        if (type is not ("get" or "set") || children.Count != 1 || iq.Attribute("id") is null)
        {
            return StanzaReplies.Error(iq, "modify", "bad-request");
        }

        var query = children[0];
        var ownAccount = target.Local is not null && asker is { } who && who.Local == target.Local && who.Domain == target.Domain;
        return (type, query.Name.LocalName, target.Local is null || ownAccount) switch
        {
            ("get", "ping", true) when query.Name.Namespace == XmppNames.Ping => StanzaReplies.Result(iq),
            ("get", "query", true) when query.Name.Namespace == XmppNames.DiscoInfo => Info(iq, query, target),
            ("get", "query", true) when query.Name.Namespace == XmppNames.DiscoItems => Items(iq, query, target, components),
            ("set", "session", true) when query.Name.Namespace == XmppNames.Session => StanzaReplies.Result(iq),
            ("get", "query", true) when query.Name.Namespace == XmppNames.Roster && ownAccount => StanzaReplies.Result(iq, new XElement(XmppNames.Roster + "query")),
            ("set", "query", true) when query.Name.Namespace == XmppNames.Roster => StanzaReplies.Error(iq, "cancel", "feature-not-implemented"),
            _ => StanzaReplies.Error(iq, "cancel", "service-unavailable"),
        };
    }

    private static XElement? Info(XElement iq, XElement query, Jid target)
    {
        if (query.Attribute("node") is not null)
        {
            return StanzaReplies.Error(iq, "cancel", "item-not-found");
        }

        var (category, type) = target.Local is null ? ("server", "im") : ("account", "registered");
        var identity = new XElement(XmppNames.DiscoInfo + "identity", new XAttribute("category", category), new XAttribute("type", type), new XAttribute("name", "Interconnect sandbox"));
        string[] features = target.Local is null ? [XmppNames.DiscoInfo.NamespaceName, XmppNames.DiscoItems.NamespaceName, XmppNames.Ping.NamespaceName, "msgoffline"] : [XmppNames.DiscoInfo.NamespaceName];
        return StanzaReplies.Result(iq, new XElement(XmppNames.DiscoInfo + "query", identity, features.Select(f => new XElement(XmppNames.DiscoInfo + "feature", new XAttribute("var", f)))));
    }

    private static XElement? Items(XElement iq, XElement query, Jid target, IReadOnlyCollection<string> components) =>
        query.Attribute("node") is not null
            ? StanzaReplies.Error(iq, "cancel", "item-not-found")
            : StanzaReplies.Result(iq, new XElement(XmppNames.DiscoItems + "query", target.Local is null ? components.Select(c => new XElement(XmppNames.DiscoItems + "item", new XAttribute("jid", c))) : []));
}
