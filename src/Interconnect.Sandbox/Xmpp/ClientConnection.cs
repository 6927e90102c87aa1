using System.Globalization;
using System.Net.Security;
using System.Security.Authentication;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using System.Text;
using System.Xml.Linq;

namespace Interconnect.Sandbox;

/// <summary>One client-to-server connection: STARTTLS, SASL, then bind or resume, then stanzas (RFC 6120 sections 5 to 8, XEP-0198).</summary>
internal sealed class ClientConnection(SimulatedXmppOptions options, XmppRouter router, SaslServer sasl, X509Certificate2 certificate, Stream stream, CancellationTokenSource life, Action ready)
{
    private readonly XmppOutput output = new(stream, XmppNames.Client, "xmpp client out", options.Observer, life);
    private Stream stream = stream;
    private bool secure;
    private XmppAccount? account;
    private XmppSession? session;
    private bool managed;

    public XmppOutput Output => output;

    public async Task RunAsync()
    {
        var closed = false;
        try
        {
            while (await RunStreamAsync())
            {
                // Each round is one stream; TLS and SASL restart it.
            }

            closed = true;
            output.Close();
        }
        catch (XmppStreamException e)
        {
            output.End(e.Condition, e.Message);
        }
        finally
        {
            if (session is not null && closed)
            {
                router.Close(session, output);
            }
            else if (session is not null)
            {
                router.Lost(session, output);
            }
        }
    }

    /// <summary>False when the client closed its stream, true when the stream restarts.</summary>
    private async Task<bool> RunStreamAsync()
    {
        using var reader = new XmlStreamReader(stream, account is null ? 65_536 : options.MaxStanza, options.MaxDepth, life.Token);
        var header = await reader.ReadHeaderAsync();
        output.Post($"<?xml version='1.0'?><stream:stream xmlns='jabber:client' xmlns:stream='http://etherx.jabber.org/streams' version='1.0' id='{Convert.ToHexStringLower(RandomNumberGenerator.GetBytes(10))}' from='{options.Domain}' xml:lang='en'>");
        if (header.ContentNamespace != XmppNames.Client.NamespaceName)
        {
            throw new XmppStreamException("invalid-namespace", "clients speak jabber:client");
        }

        if (!string.Equals(header.To, options.Domain, StringComparison.OrdinalIgnoreCase))
        {
            throw new XmppStreamException("host-unknown", "this server does not serve that domain");
        }

        if (header.Version is null || !header.Version.StartsWith("1.", StringComparison.Ordinal))
        {
            throw new XmppStreamException("unsupported-version", "version 1.0 is needed");
        }

        output.Post(Features());
        while (await reader.ReadElementAsync() is { } element)
        {
            options.Observer?.Invoke("xmpp client in", Encoding.UTF8.GetBytes(element.ToString(SaveOptions.DisableFormatting)));
            if (element.Name == XmppNames.Tls + "starttls" && !secure && account is null)
            {
                await SecureAsync();
                return true;
            }

            if (account is null)
            {
                if (await sasl.NegotiateAsync(element, reader, output, options.RequireTls && !secure) is not { } user)
                {
                    continue;
                }

                account = user;
                return true;
            }

            Handle(element, account);
        }

        return false;
    }

    private XElement Features()
    {
        var features = new XElement(XmppNames.Stream + "features", new XAttribute(XNamespace.Xmlns + "stream", XmppNames.Stream));
        if (account is not null)
        {
            features.Add(
                new XElement(XmppNames.Bind + "bind"),
                new XElement(XmppNames.Session + "session", new XElement(XmppNames.Session + "optional")),
                new XElement(XmppNames.Sm + "sm"));
            return features;
        }

        if (!secure)
        {
            features.Add(new XElement(XmppNames.Tls + "starttls", options.RequireTls ? new XElement(XmppNames.Tls + "required") : null));
        }

        if (secure || !options.RequireTls)
        {
            features.Add(SaslServer.Mechanisms());
        }

        return features;
    }

    private async Task SecureAsync()
    {
        output.Post(new XElement(XmppNames.Tls + "proceed"));
        await output.SwitchAsync(async () =>
        {
            var tls = new SslStream(stream);
            try
            {
                await tls.AuthenticateAsServerAsync(new SslServerAuthenticationOptions { ServerCertificate = certificate, EnabledSslProtocols = SslProtocols.Tls12 | SslProtocols.Tls13 }, life.Token);
            }
            catch (AuthenticationException e)
            {
                throw new IOException("The TLS handshake failed.", e);
            }

            return stream = tls;
        });
        secure = true;
    }

    private void Handle(XElement element, XmppAccount owner)
    {
        if (element.Name.Namespace == XmppNames.Sm)
        {
            Manage(element, owner);
        }
        else if (session is null)
        {
            Bind(element, owner);
        }
        else if (XmppNames.IsStanza(element, XmppNames.Client))
        {
            session.CountInbound();
            var from = element.Attribute("from")?.Value;
            if (from is not null && (!Jid.TryParse(from, out var claimed) || (claimed != session.Jid && claimed != session.Jid.Bare)))
            {
                throw new XmppStreamException("invalid-from", "the sender is not this session");
            }

            element.SetAttributeValue("from", session.Jid.ToString());
            router.Route(element, session);
        }
        else
        {
            throw new XmppStreamException("unsupported-stanza-type", "not a stanza");
        }
    }

    private void Bind(XElement iq, XmppAccount owner)
    {
        var bind = iq.Element(XmppNames.Bind + "bind");
        if (iq.Name != XmppNames.Client + "iq" || iq.Attribute("type")?.Value != "set" || bind is null)
        {
            throw new XmppStreamException("not-authorized", "bind a resource first");
        }

        var asked = bind.Element(XmppNames.Bind + "resource")?.Value;
        var resource = string.IsNullOrEmpty(asked) ? Convert.ToHexStringLower(RandomNumberGenerator.GetBytes(8)) : asked;
        if (!Jid.TryParse($"{owner.User}@{options.Domain}/{resource}", out var jid))
        {
            output.Post(StanzaReplies.Error(iq, "modify", "bad-request")!);
            return;
        }

        session = router.Bind(owner, resource, output);
        output.Post(new XElement(XmppNames.Client + "iq", new XAttribute("type", "result"), iq.Attribute("id"), new XElement(XmppNames.Bind + "bind", new XElement(XmppNames.Bind + "jid", jid.ToString()))));
        ready();
    }

    private void Manage(XElement element, XmppAccount owner)
    {
        switch (element.Name.LocalName)
        {
            case "enable" when session is not null && !managed:
                managed = true;
                var resume = element.Attribute("resume")?.Value is "true" or "1";
                var id = resume ? Convert.ToHexStringLower(RandomNumberGenerator.GetBytes(16)) : null;
                router.EnableManagement(session, id);
                output.Post(new XElement(
                    XmppNames.Sm + "enabled",
                    id is null ? null : new XAttribute("id", id),
                    id is null ? null : new XAttribute("resume", "true"),
                    id is null ? null : new XAttribute("max", ((long)options.ResumptionTime.TotalSeconds).ToString(CultureInfo.InvariantCulture))));
                break;
            case "resume" when session is null:
                var count = uint.TryParse(element.Attribute("h")?.Value, NumberStyles.None, CultureInfo.InvariantCulture, out var h) ? h : uint.MaxValue;
                session = router.Resume(owner, element.Attribute("previd")?.Value ?? string.Empty, count, output);
                managed = session is not null;
                if (session is null)
                {
                    Fail("item-not-found");
                }
                else
                {
                    ready();
                }

                break;
            case "r" when managed:
                output.Post(new XElement(XmppNames.Sm + "a", new XAttribute("h", session!.Handled)));
                break;
            case "a" when managed:
                if (!uint.TryParse(element.Attribute("h")?.Value, NumberStyles.None, CultureInfo.InvariantCulture, out var acknowledged) || !session!.Acknowledge(acknowledged))
                {
                    throw new XmppStreamException("undefined-condition", "more stanzas are acknowledged than were sent");
                }

                break;
            default:
                Fail("unexpected-request");
                break;
        }
    }

    private void Fail(string condition) => output.Post(new XElement(XmppNames.Sm + "failed", new XElement(XmppNames.StanzaErrors + condition)));
}
