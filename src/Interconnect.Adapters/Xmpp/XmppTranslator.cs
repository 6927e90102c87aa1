using System.Collections.Frozen;
using System.Diagnostics.CodeAnalysis;
using System.Globalization;
using System.Xml;
using System.Xml.Linq;
using Interconnect.Adapters.Xmpp.Wire;
using Interconnect.Federation;

namespace Interconnect.Adapters.Xmpp;

/// <summary>What a received stanza means. A closed set.</summary>
internal abstract record XmppInbound
{
    /// <summary>Nothing to do: perishable, or not for us.</summary>
    /// <param name="Reason">A metric label.</param>
    public sealed record Ignored(string Reason) : XmppInbound;

    /// <summary>An event for the hub.</summary>
    /// <param name="Stanza">For answers about it.</param>
    public sealed record Submit(InboundEvent Event, StanzaAddress Stanza) : XmppInbound;

    /// <summary>A part of a frame; the event depends on the other parts.</summary>
    public sealed record Part(FrameChunk Chunk, UserUri Sender, StanzaAddress Stanza) : XmppInbound;

    /// <summary>A receipt (XEP-0184) for something of ours.</summary>
    /// <param name="Reference">As in <see cref="XmppOutbound.Stanzas"/>.</param>
    public sealed record Receipt(string Reference, UserUri From) : XmppInbound;

    /// <summary>A stanza of ours came back.</summary>
    /// <param name="Reference">As in <see cref="XmppOutbound.Stanzas"/>.</param>
    /// <param name="Temporary">Whether trying again can help.</param>
    /// <param name="Condition">The error condition's name, one of RFC 6120's.</param>
    public sealed record Bounce(string Reference, UserUri From, bool Temporary, string Condition) : XmppInbound;

    /// <summary>Answered from here.</summary>
    public sealed record Reply(params IReadOnlyList<XElement> Stanzas) : XmppInbound;

    /// <summary>Not taken, and counted.</summary>
    /// <param name="Reason">Plain words, and nothing of the stanza.</param>
    /// <param name="Answer">What its sender is told; null when an answer must not be given.</param>
    public sealed record Refused(string RuleId, string Reason, XElement? Answer) : XmppInbound;
}

/// <summary>Who sent a stanza to whom, and under which id.</summary>
/// <param name="Id">The origin id, or else the stanza's id.</param>
/// <param name="WantsReceipt">Whether the sender asked for one (XEP-0184); it names the stanza's own id.</param>
internal sealed record StanzaAddress(string Id, string StanzaId, Jid From, Jid To, bool WantsReceipt)
{
    /// <summary>For the host to keep: how to answer later.</summary>
    public string ToReference() => string.Join('\n', "x1", StanzaId, From, To);

    /// <summary>Reads what <see cref="ToReference"/> wrote.</summary>
    public static bool TryRead(string reference, [NotNullWhen(true)] out StanzaAddress? address)
    {
        address = reference.Split('\n') is ["x1", var id, var from, var to] && Jid.TryParse(from, out var sender) && Jid.TryParse(to, out var ghost) ? new StanzaAddress(id, id, sender, ghost, false) : null;
        return address is not null;
    }
}

/// <summary>What a delivery becomes.</summary>
internal abstract record XmppOutbound
{
    /// <summary>Stanzas to send in order.</summary>
    /// <param name="Reference">What a receipt or a bounce will be known by: the event id; null when none can come.</param>
    public sealed record Stanzas(IReadOnlyList<XElement> Elements, string? Reference) : XmppOutbound;

    /// <summary>It cannot be written on this network.</summary>
    public sealed record Impossible(string RuleId, string Reason) : XmppOutbound;
}

/// <summary>
/// Pure translation between stanzas and the contract, both ways. Rules: XMPP-001 no sender, 002 not for this component, 003 forged or foreign sender, 004 no such ghost, 005 no id, 006 a
/// name that cannot stand in an address, 007 too large, 010 bounced, 011 plaintext to the service, 012 another end-to-end encryption, 013 bad base64,
/// 014 not exactly one frame, 015 group chat, 018 a sender's name that servers spell by different rules.
/// </summary>
internal sealed class XmppTranslator(XmppIdentifiers identifiers, XmppOptions options)
{
    /// <summary>What a person without an endpoint sees.</summary>
    public const string Fallback = "This message is end-to-end encrypted; it needs an Interconnect endpoint.";

    private const int MaxIdLength = 512;
    private const string NoName = "servers spell this name by different rules, so it could be another user's elsewhere";

    // RFC 6120 section 8.3.3. Whatever else stands there is a text of somebody's choice, and goes no further.
    private static readonly FrozenSet<string> Conditions = FrozenSet.Create(
        StringComparer.Ordinal,
        "bad-request", "conflict", "feature-not-implemented", "forbidden", "gone", "internal-server-error", "item-not-found", "jid-malformed", "not-acceptable", "not-allowed",
        "not-authorized", "policy-violation", "recipient-unavailable", "redirect", "registration-required", "remote-server-not-found", "remote-server-timeout",
        "resource-constraint", "service-unavailable", "subscription-required", "undefined-condition", "unexpected-request");

    private static readonly EncryptionLabels FrameLabels = new(OuterEncryption.Tls, InnerEncryption.Mls10);
    private static readonly EncryptionLabels PlainLabels = new(OuterEncryption.Tls, InnerEncryption.None);

    /// <summary>Reads a stanza.</summary>
    public XmppInbound TranslateIn(XElement stanza)
    {
        if ((string?)stanza.Attribute("from") is not { Length: > 0 } sender)
        {
            return new XmppInbound.Refused("XMPP-001", "The stanza has no sender", null);
        }

        // An answer would be from a domain that is not ours, and the server would end the stream.
        if (!identifiers.TryHere((string?)stanza.Attribute("to"), out var here))
        {
            return new XmppInbound.Refused("XMPP-002", "The stanza is not for this component", null);
        }

        // From here on the component's domain is spelled as the server knows it, in every answer.
        stanza.SetAttributeValue("to", here);
        if (!Jid.TryParse(sender, out var from))
        {
            return Refuse(stanza, "modify", "jid-malformed", "XMPP-018", NoName);
        }

        if (!Jid.TryParse(here, out var to) || (to.Local is null ? to.Bare != identifiers.Service : !identifiers.TryGhostUser(to, out _)))
        {
            return Refuse(stanza, "cancel", "item-not-found", "XMPP-004", "there is no such user here");
        }

        return stanza.Name.LocalName switch
        {
            "message" => Message(stanza, from, to),
            "presence" => Presence(stanza, from, to),
            "iq" => Iq(stanza, to),
            _ => new XmppInbound.Ignored("stanza"),
        };
    }

    /// <summary>Writes a delivery.</summary>
    public XmppOutbound TranslateOut(Delivery delivery)
    {
        if (delivery.Origin is not null)
        {
            return TellOrdinaryClient(delivery);
        }

        // What a user's own account gets of its other devices has no ghost: nobody of another network speaks.
        var from = identifiers.Service;
        if (delivery.Envelope.Sender is { } sender && sender != delivery.Recipient && !identifiers.TryGhost(sender, out from))
        {
            return new XmppOutbound.Impossible("XMPP-006", "The sender's name cannot be written as an XMPP address.");
        }

        if (!identifiers.TryJid(delivery.Recipient, out var to))
        {
            return new XmppOutbound.Impossible("XMPP-006", "The recipient's name cannot be written as an XMPP address.");
        }

        var frame = FrameCodec.Encode(new EndpointFrame.Delivery(delivery.Envelope));
        var id = delivery.Envelope.Id.Hex;
        if (frame.Length > EndpointFrame.MaxBytes)
        {
            return new XmppOutbound.Impossible("XMPP-007", "The event is larger than an endpoint takes.");
        }

        if (frame.Length <= XmppFeatures.MaxFrameBytes(options))
        {
            return new XmppOutbound.Stanzas([Carrier(from, to, id, new XElement(XmppNames.Frame + "frame", Convert.ToBase64String(frame)), receipt: true)], id);
        }

        // The chunk id is the event's, so that a repeated delivery completes what an interrupted one began.
        FrameId.TryRead(delivery.Envelope.Id.ToBytes().AsSpan(0, FrameId.Size), out var chunkId);
        var chunks = FrameChunks.Split(frame, chunkId, options.MaxStanzaBytes - XmppFeatures.StanzaOverhead);
        if (chunks is null || chunks.Count > options.MaxChunks)
        {
            return new XmppOutbound.Impossible("XMPP-007", "The event is larger than this network carries.");
        }

        // Only the last asks for a receipt; each part has an id of its own below the event's.
        return new XmppOutbound.Stanzas(
            [.. chunks.Select((c, i) => Carrier(from, to, string.Create(CultureInfo.InvariantCulture, $"{id}.{i + 1}"), new XElement(XmppNames.Frame + "chunk", c), receipt: i == chunks.Count - 1))],
            id);
    }

    /// <summary>The event of a frame that was put together from chunks; <paramref name="stanza"/> completed it.</summary>
    public InboundEvent Assembled(byte[] frame, FrameId chunkId, UserUri sender, StanzaAddress stanza) =>
        FromFrame(frame, ["chunk", stanza.From.Bare.Normal, chunkId.Hex], sender, stanza);

    /// <summary>The event of a frame that cannot be read.</summary>
    public static InboundEvent Unreadable(string ruleId, string reason, UserUri sender, StanzaAddress stanza) =>
        new(Key(stanza), sender, PlainLabels, new Unreadable(ruleId, reason), null, null, stanza.ToReference());

    /// <summary>The answer to a stanza that was not taken.</summary>
    public static XElement Refused(StanzaAddress stanza, string type, string condition, string text) => ErrorStanza(stanza.StanzaId, stanza.To.ToString(), stanza.From.ToString(), type, condition, text);

    /// <summary>The receipt (XEP-0184) of a stanza that was taken.</summary>
    public static XElement ReceiptFor(StanzaAddress stanza) => new(
        XmppNames.Component + "message",
        new XAttribute("from", stanza.To),
        new XAttribute("to", stanza.From),
        new XAttribute("id", "r-" + stanza.StanzaId),
        new XAttribute("type", "chat"),
        new XElement(XmppNames.Receipts + "received", new XAttribute("id", stanza.StanzaId)));

    private static string[] Key(StanzaAddress stanza) => [stanza.From.Bare.Normal, stanza.To.Bare.Normal, stanza.Id];

    private static XElement Carrier(Jid from, Jid to, string id, XElement frame, bool receipt) => new(
        XmppNames.Component + "message",
        new XAttribute("type", "chat"),
        new XAttribute("from", from),
        new XAttribute("to", to),
        new XAttribute("id", id),
        frame,
        new XElement(XmppNames.Component + "body", Fallback),
        new XElement(XmppNames.Hints + "store"),
        new XElement(XmppNames.Encryption + "encryption", new XAttribute("namespace", XmppNames.Frame.NamespaceName), new XAttribute("name", "Interconnect")),
        new XElement(XmppNames.StanzaIds + "origin-id", new XAttribute("id", id)),
        receipt ? new XElement(XmppNames.Receipts + "request") : null);

    private static XmppOutbound TellOrdinaryClient(Delivery delivery)
    {
        if (!StanzaAddress.TryRead(delivery.Origin!, out var origin))
        {
            return new XmppOutbound.Impossible("XMPP-006", "The message that this is about cannot be named any more.");
        }

        var (text, temporary) = delivery.Envelope.Event switch
        {
            Refusal refusal => ($"{refusal.RuleId}: {refusal.Reason}", refusal.RetryAfter is not null),
            DeliveryReport report => ($"{report.RuleId}: {report.Reason}", false),
            _ => ("", false),
        };
        return text.Length == 0
            ? new XmppOutbound.Impossible("XMPP-006", "Only a refusal or a report is about an ordinary client's message.")
            : new XmppOutbound.Stanzas([Refused(origin, temporary ? "wait" : "cancel", temporary ? "resource-constraint" : "not-acceptable", text)], null);
    }

    private static XElement ErrorStanza(string? id, string from, string to, string type, string condition, string text, string name = "message") => new(
        XmppNames.Component + name,
        new XAttribute("type", "error"),
        new XAttribute("from", from),
        new XAttribute("to", to),
        id is null ? null : new XAttribute("id", id),
        new XElement(
            XmppNames.Component + "error",
            new XAttribute("type", type),
            new XElement(XmppNames.StanzaErrors + condition),
            new XElement(XmppNames.StanzaErrors + "text", XmlText(text))));

    /// <summary>A reason may come from another network; what XML cannot hold is left out, or the whole could not be written.</summary>
    private static string XmlText(string text) =>
        string.Concat(text.Where((c, i) => XmlConvert.IsXmlChar(c) || (i + 1 < text.Length && char.IsSurrogatePair(c, text[i + 1])) || (i > 0 && char.IsSurrogatePair(text[i - 1], c))));

    /// <summary>Not taken, under a rule.</summary>
    private static XmppInbound.Refused Refuse(XElement stanza, string type, string condition, string ruleId, string reason) =>
        new(ruleId, reason, ErrorFor(stanza, type, condition, $"{ruleId}: {reason}"));

    /// <summary>A request that is not offered.</summary>
    private static XmppInbound Error(XElement stanza, string type, string condition, string text) =>
        ErrorFor(stanza, type, condition, text) is { } answer ? new XmppInbound.Reply(answer) : new XmppInbound.Ignored(condition);

    /// <summary>The error for who sent this; an error is never answered with an error (RFC 6120 section 8.3.1), nor is a result. Addresses go back as they came.</summary>
    private static XElement? ErrorFor(XElement stanza, string type, string condition, string text) =>
        (string?)stanza.Attribute("type") is not ("error" or "result") && stanza.Name.LocalName is "message" or "iq"
            ? ErrorStanza((string?)stanza.Attribute("id"), (string)stanza.Attribute("to")!, (string)stanza.Attribute("from")!, type, condition, text, stanza.Name.LocalName)
            : null;

    private XmppInbound Message(XElement stanza, Jid from, Jid to)
    {
        if (!identifiers.TryUser(from, out var sender))
        {
            return identifiers.IsOwnOfNoName(from)
                ? Refuse(stanza, "cancel", "not-acceptable", "XMPP-018", NoName)
                : Refuse(stanza, "auth", "forbidden", "XMPP-003", "this gateway speaks for the users of its own server only");
        }

        var type = (string?)stanza.Attribute("type");
        if (type == "error")
        {
            return BounceOf(stanza, sender);
        }

        if (stanza.Element(XmppNames.Receipts + "received") is { } received)
        {
            return (string?)received.Attribute("id") is { Length: > 0 and <= MaxIdLength } of ? new XmppInbound.Receipt(ReferenceOf(of), sender) : new XmppInbound.Ignored("receipt");
        }

        var frames = stanza.Elements(XmppNames.Frame + "frame").Concat(stanza.Elements(XmppNames.Frame + "chunk")).ToList();
        var encrypted = stanza.Element(XmppNames.Omemo + "encrypted") ?? stanza.Element(XmppNames.LegacyOmemo + "encrypted");
        if (type is "headline" || (frames.Count == 0 && encrypted is null && stanza.Element(XmppNames.Component + "body") is null))
        {
            return new XmppInbound.Ignored("perishable");
        }

        if (type is "groupchat")
        {
            return Refuse(stanza, "cancel", "not-acceptable", "XMPP-015", "group chat is not carried");
        }

        var stanzaId = (string?)stanza.Attribute("id");
        var id = (string?)stanza.Element(XmppNames.StanzaIds + "origin-id")?.Attribute("id") ?? stanzaId;
        if (!IsId(id) || (stanzaId is not null && !IsId(stanzaId)))
        {
            return Refuse(stanza, "modify", "bad-request", "XMPP-005", "a message needs an id of 1 to 512 characters, or it cannot be told from its repetition");
        }

        var address = new StanzaAddress(id, stanzaId ?? id, from, to, stanzaId is not null && stanza.Element(XmppNames.Receipts + "request") is not null);
        return frames switch
        {
            [{ Name.LocalName: "frame" } frame] => new XmppInbound.Submit(ReadFrame(frame.Value, sender, address), address),
            [var chunk] => FrameChunks.TryParse(chunk.Value.Trim(), out var part, out var error)
                ? new XmppInbound.Part(part, sender, address)
                : new XmppInbound.Submit(Unreadable(error.RuleId, error.Reason, sender, address), address),
            [] => new XmppInbound.Submit(Uncovered(encrypted is not null, sender, address), address),
            _ => new XmppInbound.Submit(Unreadable("XMPP-014", "A message holds exactly one frame or chunk", sender, address), address),
        };
    }

    /// <summary>The event id in front of a part's number.</summary>
    private static string ReferenceOf(string stanzaId) => stanzaId.Length > EventId.Size * 2 && stanzaId[EventId.Size * 2] == '.' ? stanzaId[..(EventId.Size * 2)] : stanzaId;

    private static bool IsId([NotNullWhen(true)] string? id) => id is { Length: > 0 and <= MaxIdLength } && !id.Any(char.IsControl);

    private static InboundEvent ReadFrame(string base64, UserUri sender, StanzaAddress address)
    {
        var text = base64.Trim();
        if (text.Length > (EndpointFrame.MaxBytes + 2) / 3 * 4)
        {
            return Unreadable("FED-002", $"Larger than {EndpointFrame.MaxBytes} bytes", sender, address);
        }

        var bytes = new byte[text.Length / 4 * 3];
        return text.Length % 4 == 0 && !text.Any(char.IsWhiteSpace) && Convert.TryFromBase64String(text, bytes, out var length) && Convert.ToBase64String(bytes, 0, length) == text
            ? FromFrame(bytes[..length], Key(address), sender, address)
            : Unreadable("XMPP-013", "The frame is not base64", sender, address);
    }

    private static InboundEvent FromFrame(byte[] frame, IReadOnlyList<string> key, UserUri sender, StanzaAddress address)
    {
        if (!FrameCodec.TryDecode(frame, out var decoded, out var error))
        {
            return Unreadable(error.RuleId, error.Reason, sender, address);
        }

        return decoded is EndpointFrame.Request request
            ? new InboundEvent(key, sender, FrameLabels, request.Event, request.EncodedEvent, request.Proof, null)
            : Unreadable("FED-007", "An endpoint sends requests only", sender, address);
    }

    /// <summary>
    /// An ordinary client's message: its content is dropped here, at the edge, and goes no further. The hub refuses what nothing end-to-end covers; another
    /// end-to-end encryption than ours has no way through yet and is refused by its own rule.
    /// </summary>
    private InboundEvent Uncovered(bool encrypted, UserUri sender, StanzaAddress address)
    {
        if (encrypted)
        {
            return Unreadable("XMPP-012", "OMEMO messages are not carried to other networks; use an Interconnect endpoint", sender, address);
        }

        return identifiers.TryGhostUser(address.To, out var recipient)
            ? new InboundEvent(Key(address), sender, PlainLabels, new EncryptedMessage(null, recipient, ReadOnlyMemory<byte>.Empty), null, null, address.ToReference())
            : Unreadable("XMPP-011", "This address takes an endpoint's requests only", sender, address);
    }

    private static XmppInbound BounceOf(XElement stanza, UserUri from)
    {
        var error = stanza.Element(XmppNames.Component + "error");
        if ((string?)stanza.Attribute("id") is not { Length: > 0 and <= MaxIdLength } id || error is null)
        {
            return new XmppInbound.Ignored("error");
        }

        var condition = error.Elements().FirstOrDefault(e => e.Name.Namespace == XmppNames.StanzaErrors && Conditions.Contains(e.Name.LocalName))?.Name.LocalName ?? "undefined-condition";
        var temporary = (string?)error.Attribute("type") == "wait" || condition is "resource-constraint" or "remote-server-timeout" or "recipient-unavailable";
        return new XmppInbound.Bounce(ReferenceOf(id), from, temporary, condition);
    }

    /// <summary>Ghosts are always there: a subscription is granted, a probe is answered, so that an ordinary roster shows them.</summary>
    private static XmppInbound Presence(XElement stanza, Jid from, Jid to)
    {
        return (string?)stanza.Attribute("type") switch
        {
            "subscribe" => new XmppInbound.Reply(Make("subscribed", to), Make(null, to.WithResource(XmppIdentifiers.GhostResource))),
            "unsubscribe" => new XmppInbound.Reply(Make("unsubscribed", to), Make("unavailable", to.WithResource(XmppIdentifiers.GhostResource))),
            "probe" => new XmppInbound.Reply(Make(null, to.WithResource(XmppIdentifiers.GhostResource))),
            _ => new XmppInbound.Ignored("presence"),
        };

        XElement Make(string? type, Jid as_) =>
            new(XmppNames.Component + "presence", new XAttribute("from", as_.Resource is null ? as_.Bare : as_), new XAttribute("to", from.Bare), type is null ? null : new XAttribute("type", type));
    }

    private static XmppInbound Iq(XElement stanza, Jid to)
    {
        if ((string?)stanza.Attribute("type") is not ("get" or "set") || stanza.Elements().FirstOrDefault() is not { } payload)
        {
            return (string?)stanza.Attribute("type") is "result" or "error" ? new XmppInbound.Ignored("answer") : Error(stanza, "modify", "bad-request", "An iq holds one request");
        }

        var isGet = (string?)stanza.Attribute("type") == "get";
        var answer = payload.Name switch
        {
            var n when isGet && n == XmppNames.Ping + "ping" => [],
            var n when isGet && n == XmppNames.DiscoInfo + "query" && payload.Attribute("node") is null => new[] { Info(to.Local is null) },
            var n when isGet && n == XmppNames.DiscoItems + "query" && payload.Attribute("node") is null => [new XElement(XmppNames.DiscoItems + "query")],
            _ => null,
        };
        return answer is null
            ? Error(stanza, "cancel", "service-unavailable", "Not offered here")
            : new XmppInbound.Reply(new XElement(
                XmppNames.Component + "iq",
                new XAttribute("type", "result"),
                new XAttribute("from", to),
                new XAttribute("to", (string)stanza.Attribute("from")!),
                stanza.Attribute("id"),
                answer));
    }

    private static XElement Info(bool service) => new(
        XmppNames.DiscoInfo + "query",
        service
            ? new XElement(XmppNames.DiscoInfo + "identity", new XAttribute("category", "gateway"), new XAttribute("type", "interconnect"), new XAttribute("name", "Interconnect"))
            : new XElement(XmppNames.DiscoInfo + "identity", new XAttribute("category", "account"), new XAttribute("type", "registered")),
        new[] { XmppNames.DiscoInfo, XmppNames.DiscoItems, XmppNames.Ping, XmppNames.Receipts, XmppNames.Frame }
            .Select(n => new XElement(XmppNames.DiscoInfo + "feature", new XAttribute("var", n.NamespaceName))));
}
