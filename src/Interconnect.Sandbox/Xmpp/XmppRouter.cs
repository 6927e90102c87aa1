using System.Globalization;
using System.Xml.Linq;

namespace Interconnect.Sandbox;

/// <summary>Where stanzas go (RFC 6121 section 8): own accounts, their sessions or offline storage, components, or an error back.</summary>
internal sealed class XmppRouter(SimulatedXmppOptions options, TimeProvider clock)
{
    private readonly Lock gate = new();
    private readonly Dictionary<string, XmppAccount> accounts = [];
    private readonly Dictionary<string, XmppSession> resumable = [];
    private readonly Dictionary<string, IStanzaOutput> components = [];

    public bool AddAccount(XmppAccount account)
    {
        lock (gate)
        {
            return accounts.Count < options.MaxAccounts && accounts.TryAdd(account.User, account);
        }
    }

    public XmppAccount? Find(string user)
    {
        lock (gate)
        {
            return accounts.GetValueOrDefault(user);
        }
    }

    public bool Connect(string domain, IStanzaOutput component)
    {
        lock (gate)
        {
            return components.TryAdd(domain, component);
        }
    }

    public void Disconnect(string domain, IStanzaOutput component)
    {
        lock (gate)
        {
            if (components.GetValueOrDefault(domain) == component)
            {
                components.Remove(domain);
            }
        }
    }

    public bool IsConnected(string domain)
    {
        lock (gate)
        {
            return components.ContainsKey(domain);
        }
    }

    /// <summary>Binds a resource; an older session of the same name ends with a conflict.</summary>
    public XmppSession Bind(XmppAccount account, string resource, IStanzaOutput output)
    {
        lock (gate)
        {
            if (account.Sessions.TryGetValue(resource, out var older))
            {
                older.Output?.End("conflict", "replaced by a new connection");
                End(older);
            }

            var session = new XmppSession(account, new Jid(account.User, options.Domain, resource), options.MaxUnacknowledged);
            session.Attach(output);
            account.Sessions.Add(resource, session);
            return session;
        }
    }

    public void EnableManagement(XmppSession session, string? resumptionId)
    {
        lock (gate)
        {
            session.EnableManagement(resumptionId);
            if (resumptionId is not null)
            {
                resumable.Add(resumptionId, session);
            }
        }
    }

    /// <summary>Moves a session to a new connection, or null when there is none such or the count is impossible.</summary>
    public XmppSession? Resume(XmppAccount account, string resumptionId, uint count, IStanzaOutput output)
    {
        lock (gate)
        {
            if (!resumable.TryGetValue(resumptionId, out var session) || session.Account != account || !session.Acknowledge(count))
            {
                return null;
            }

            session.Expiry?.Dispose();
            session.Expiry = null;
            var older = session.Output;
            session.Resume(output);
            older?.End("conflict", "resumed on a new connection");
            return session;
        }
    }

    /// <summary>The connection broke: the session waits to be resumed, or ends.</summary>
    public void Lost(XmppSession session, IStanzaOutput output)
    {
        lock (gate)
        {
            if (!session.Detach(output))
            {
                End(session);
            }
            else if (session.Output is null)
            {
                session.Expiry = clock.CreateTimer(_ => Expire(session), null, options.ResumptionTime, Timeout.InfiniteTimeSpan);
            }
        }
    }

    /// <summary>The client closed its stream.</summary>
    public void Close(XmppSession session, IStanzaOutput output)
    {
        lock (gate)
        {
            session.Detach(output);
            End(session);
        }
    }

    /// <summary>Routes a stanza in the client namespace that carries its sender's address.</summary>
    public void Route(XElement stanza, XmppSession? from)
    {
        lock (gate)
        {
            RouteLocked(stanza, from);
        }
    }

    private void RouteLocked(XElement stanza, XmppSession? from)
    {
        var sender = Jid.TryParse(stanza.Attribute("from")?.Value, out var parsed) ? parsed : null;
        if (stanza.Attribute("to") is null)
        {
            if (stanza.Name.LocalName == "presence" && from is not null)
            {
                Announce(stanza, from);
                return;
            }

            stanza.SetAttributeValue("to", sender?.Bare.ToString());
        }

        if (!Jid.TryParse(stanza.Attribute("to")?.Value, out var to))
        {
            Answer(StanzaReplies.Error(stanza, "modify", "jid-malformed"));
        }
        else if (to.Domain != options.Domain)
        {
            ToComponent(stanza, to, from);
        }
        else if (to.Local is null || (stanza.Name.LocalName == "iq" && to.Resource is null && accounts.ContainsKey(to.Local)))
        {
            Answer(stanza.Name.LocalName == "iq" ? ServerQueries.Answer(stanza, sender, to, [.. options.Components.Keys]) : stanza.Name.LocalName == "message" ? StanzaReplies.Error(stanza, "cancel", "service-unavailable") : null);
        }
        else if (!accounts.TryGetValue(to.Local, out var account))
        {
            Answer(stanza.Name.LocalName == "presence" ? null : StanzaReplies.Error(stanza, "cancel", "service-unavailable"));
        }
        else
        {
            ToAccount(stanza, to, account);
        }
    }

    private void Answer(XElement? reply)
    {
        if (reply?.Attribute("to") is not null)
        {
            RouteLocked(reply, null);
        }
    }

    private void ToComponent(XElement stanza, Jid to, XmppSession? from)
    {
        if (!options.Components.ContainsKey(to.Domain))
        {
            Answer(StanzaReplies.Error(stanza, "cancel", "remote-server-not-found"));
        }
        else if (components.TryGetValue(to.Domain, out var component))
        {
            if (stanza.Name.LocalName == "presence" && from is not null && stanza.Attribute("type") is null && from.DirectedPresence.Count < 1_000)
            {
                from.DirectedPresence.Add(to.ToString());
            }

            component.Post(stanza);
        }
        else
        {
            Answer(StanzaReplies.Error(stanza, "wait", "remote-server-timeout", "The component is not connected."));
        }
    }

    private void ToAccount(XElement stanza, Jid to, XmppAccount account)
    {
        if (to.Resource is not null && account.Sessions.TryGetValue(to.Resource, out var session))
        {
            Hand(session, stanza);
            return;
        }

        switch (stanza.Name.LocalName)
        {
            case "message":
                MessageToAccount(stanza, to, account);
                break;
            case "iq":
                Answer(StanzaReplies.Error(stanza, "cancel", "service-unavailable"));
                break;
            case "presence" when stanza.Attribute("type")?.Value is "subscribe" or "subscribed" or "unsubscribe" or "unsubscribed" or "probe":
                Answer(StanzaReplies.Error(stanza, "cancel", "feature-not-implemented"));
                break;
            case "presence":
                foreach (var available in account.Sessions.Values.Where(s => s.Presence is not null).ToList())
                {
                    Hand(available, stanza);
                }

                break;
        }
    }

    private void MessageToAccount(XElement message, Jid to, XmppAccount account)
    {
        var type = message.Attribute("type")?.Value ?? "normal";
        if (type == "groupchat")
        {
            Answer(StanzaReplies.Error(message, "cancel", "service-unavailable"));
            return;
        }

        if (type == "error" || (type == "headline" && to.Resource is not null))
        {
            return;
        }

        var ready = account.Sessions.Values.Where(s => s.Presence is not null && s.Priority >= 0).ToList();
        if (ready.Count > 0)
        {
            ready.ForEach(s => Hand(s, message));
        }
        else if (type != "headline")
        {
            Store(message, account);
        }
    }

    private void Store(XElement message, XmppAccount account)
    {
        var onlyChatState = message.Elements().All(e => e.Name.Namespace == XmppNames.ChatStates || e.Name.LocalName == "thread");
        if (onlyChatState || message.Elements().Any(e => e.Name.Namespace == XmppNames.Hints && e.Name.LocalName is "no-store" or "no-permanent-store"))
        {
            return;
        }

        if (account.Offline.Count >= options.MaxOfflineMessages)
        {
            Answer(StanzaReplies.Error(message, "cancel", "service-unavailable", "Too many messages wait for the recipient."));
            return;
        }

        var kept = new XElement(message);
        if (kept.Element(XmppNames.Delay + "delay") is null)
        {
            kept.Add(new XElement(XmppNames.Delay + "delay", new XAttribute("from", options.Domain), new XAttribute("stamp", clock.GetUtcNow().UtcDateTime.ToString("yyyy-MM-dd'T'HH:mm:ss.fff'Z'", CultureInfo.InvariantCulture))));
        }

        account.Offline.Enqueue(kept);
    }

    private void Announce(XElement presence, XmppSession from)
    {
        var type = presence.Attribute("type")?.Value;
        if (type is not (null or "unavailable"))
        {
            return;
        }

        var first = from.Presence is null && type is null;
        from.Presence = type is null ? presence : null;
        from.Priority = sbyte.TryParse(presence.Element(XmppNames.Client + "priority")?.Value, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out var priority) ? priority : 0;
        foreach (var other in from.Account.Sessions.Values.Where(s => s.Presence is not null).ToList())
        {
            Hand(other, Addressed(presence, other.Jid));
            if (first && other != from)
            {
                Hand(from, Addressed(other.Presence!, from.Jid));
            }
        }

        if (type is not null)
        {
            Leave(from, presence);
        }
        else if (from.Priority >= 0)
        {
            while (from.Account.Offline.TryDequeue(out var message))
            {
                Hand(from, message);
            }
        }
    }

    private void Leave(XmppSession session, XElement presence)
    {
        foreach (var seen in session.DirectedPresence)
        {
            var copy = new XElement(presence);
            copy.SetAttributeValue("to", seen);
            RouteLocked(copy, null);
        }

        session.DirectedPresence.Clear();
    }

    private void Hand(XmppSession session, XElement stanza)
    {
        if (!session.Deliver(stanza))
        {
            session.Output?.End("policy-violation", "too many stanzas wait for an acknowledgement");
            session.Attach(NoOutput.Instance);
            End(session);
            if (stanza.Name.LocalName == "message" && Jid.TryParse(stanza.Attribute("to")?.Value, out var to))
            {
                MessageToAccount(stanza, to, session.Account);
            }
        }
    }

    private void Expire(XmppSession session)
    {
        lock (gate)
        {
            if (session.Output is null)
            {
                End(session);
            }
        }
    }

    private void End(XmppSession session)
    {
        session.Expiry?.Dispose();
        if (session.ResumptionId is not null)
        {
            resumable.Remove(session.ResumptionId);
        }

        if (session.Account.Sessions.GetValueOrDefault(session.Jid.Resource!) != session)
        {
            return;
        }

        session.Account.Sessions.Remove(session.Jid.Resource!);
        var gone = new XElement(XmppNames.Client + "presence", new XAttribute("type", "unavailable"), new XAttribute("from", session.Jid.ToString()));
        if (session.Presence is not null)
        {
            session.Presence = null;
            foreach (var other in session.Account.Sessions.Values.Where(s => s.Presence is not null).ToList())
            {
                Hand(other, Addressed(gone, other.Jid));
            }
        }

        Leave(session, gone);
        foreach (var message in session.TakeUnacknowledged().Where(s => s.Name.LocalName == "message"))
        {
            MessageToAccount(message, session.Jid, session.Account);
        }
    }

    private static XElement Addressed(XElement presence, Jid to)
    {
        var copy = new XElement(presence);
        copy.SetAttributeValue("to", to.ToString());
        return copy;
    }

    private sealed class NoOutput : IStanzaOutput
    {
        public static readonly NoOutput Instance = new();

        public void Post(XElement element)
        {
        }

        public void End(string condition, string text)
        {
        }
    }
}
