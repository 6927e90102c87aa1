using System.Security.Cryptography;
using System.Text;
using System.Xml.Linq;
using Interconnect.Federation;

namespace Interconnect.Sandbox;

/// <summary>One external component's connection (XEP-0114): handshake by shared secret, then stanzas from any address of its domain.</summary>
internal sealed class ComponentConnection(SimulatedXmppOptions options, XmppRouter router, Stream stream, CancellationTokenSource life, Action ready)
{
    private readonly XmppOutput output = new(stream, XmppNames.Component, "xmpp component out", options.Observer, life);

    public XmppOutput Output => output;

    public async Task RunAsync()
    {
        string? connected = null;
        try
        {
            using var reader = new XmlStreamReader(stream, options.MaxComponentStanza, options.MaxDepth, life.Token);
            var header = await reader.ReadHeaderAsync();
            var domain = XmppDomain.TryParse(header.To, out var named) ? named.Written : string.Empty;
            var id = Convert.ToHexStringLower(RandomNumberGenerator.GetBytes(16));
            var known = options.Components.TryGetValue(domain, out var secret);
            output.Post($"<?xml version='1.0'?><stream:stream xmlns='jabber:component:accept' xmlns:stream='http://etherx.jabber.org/streams' id='{id}' from='{(known ? domain : options.Domain)}'>");
            if (header.ContentNamespace != XmppNames.Component.NamespaceName)
            {
                throw new XmppStreamException("invalid-namespace", "components speak jabber:component:accept");
            }

            if (!known)
            {
                throw new XmppStreamException("host-unknown", "no such component is configured");
            }

            var handshake = await reader.ReadElementAsync() ?? throw new EndOfStreamException();
            if (handshake.Name != XmppNames.Component + "handshake" || !IsProof(handshake.Value, id, secret!))
            {
                throw new XmppStreamException("not-authorized", "the handshake does not match the secret");
            }

            if (!router.Connect(domain, output))
            {
                throw new XmppStreamException("conflict", "the component is connected already");
            }

            connected = domain;
            output.Post("<handshake/>");
            ready();
            while (await reader.ReadElementAsync() is { } element)
            {
                options.Observer?.Invoke("xmpp component in", Encoding.UTF8.GetBytes(element.ToString(SaveOptions.DisableFormatting)));
                Handle(element, domain);
            }

            output.Close();
        }
        catch (XmppStreamException e)
        {
            output.End(e.Condition, e.Message);
        }
        finally
        {
            if (connected is not null)
            {
                router.Disconnect(connected, output);
            }
        }
    }

    private void Handle(XElement element, string domain)
    {
        if (!XmppNames.IsStanza(element, XmppNames.Component))
        {
            throw new XmppStreamException("unsupported-stanza-type", "not a stanza");
        }

        if (!Jid.TryParse(element.Attribute("from")?.Value, out var from) || from.Domain != domain)
        {
            throw new XmppStreamException("invalid-from", "a component speaks for its own domain only");
        }

        if (element.Attribute("to") is null)
        {
            throw new XmppStreamException("improper-addressing", "a component's stanza needs a recipient");
        }

        router.Route(XmppNames.Translate(element, XmppNames.Component, XmppNames.Client), null);
    }

    private static bool IsProof(string given, string id, string secret) =>
        CryptographicOperations.FixedTimeEquals(Encoding.UTF8.GetBytes(given.Trim()), Encoding.UTF8.GetBytes(Convert.ToHexStringLower(SHA1.HashData(Encoding.UTF8.GetBytes(id + secret)))));
}
