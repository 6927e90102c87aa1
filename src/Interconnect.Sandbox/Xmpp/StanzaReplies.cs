using System.Xml.Linq;

namespace Interconnect.Sandbox;

/// <summary>Results and errors to a stanza (RFC 6120 section 8).</summary>
internal static class StanzaReplies
{
    /// <summary>The error answer, or null where none may be sent: to errors, to results, and to presence that announces.</summary>
    public static XElement? Error(XElement stanza, string type, string condition, string? text = null)
    {
        var kind = stanza.Attribute("type")?.Value;
        if (kind == "error" || (stanza.Name.LocalName == "iq" && kind is not ("get" or "set")))
        {
            return null;
        }

        var error = new XElement(XmppNames.Client + "error", new XAttribute("type", type), new XElement(XmppNames.StanzaErrors + condition));
        if (text is not null)
        {
            error.Add(new XElement(XmppNames.StanzaErrors + "text", text));
        }

        return Turn(stanza, "error", error);
    }

    public static XElement Result(XElement iq, params object?[] payload) => Turn(iq, "result", payload);

    private static XElement Turn(XElement stanza, string type, params object?[] payload)
    {
        var reply = new XElement(stanza.Name, new XAttribute("type", type), payload);
        Copy(stanza, "to", reply, "from");
        Copy(stanza, "from", reply, "to");
        Copy(stanza, "id", reply, "id");
        return reply;
    }

    private static void Copy(XElement from, string name, XElement to, string asName)
    {
        if (from.Attribute(name) is { } attribute)
        {
            to.SetAttributeValue(asName, attribute.Value);
        }
    }
}
