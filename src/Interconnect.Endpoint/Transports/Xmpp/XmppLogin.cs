using System.Text;
using System.Xml.Linq;
using Interconnect.Federation;

namespace Interconnect.Endpoint;

/// <summary>From a bare connection to a session: TLS, SASL, then either the old session again (XEP-0198) or a new one.</summary>
internal static class XmppLogin
{
    public static readonly XNamespace Tls = "urn:ietf:params:xml:ns:xmpp-tls";
    public static readonly XNamespace Sasl = "urn:ietf:params:xml:ns:xmpp-sasl";
    public static readonly XNamespace Bind = "urn:ietf:params:xml:ns:xmpp-bind";
    public static readonly XNamespace Sm = "urn:xmpp:sm:3";

    /// <summary>Steps 1 to 3: connect, TLS, SASL. The features returned are those after authentication.</summary>
    public static async Task<(XmppStream Stream, XElement Features)> AuthenticateAsync(XmppOptions options, CancellationToken cancellation)
    {
        var stream = await XmppStream.ConnectAsync(options, cancellation).ConfigureAwait(false);
        try
        {
            if (options.InsecureLoopback && !stream.IsLoopback)
                throw new XmppFailedException(XmppFailures.NotLoopback);

            var features = await stream.OpenAsync(cancellation).ConfigureAwait(false);
            if (!options.InsecureLoopback)
                features = await SecureAsync(stream, features, cancellation).ConfigureAwait(false);

            await LoginAsync(stream, options, features, cancellation).ConfigureAwait(false);
            return (stream, await stream.OpenAsync(cancellation).ConfigureAwait(false));
        }
        catch
        {
            await stream.DisposeAsync().ConfigureAwait(false);
            throw;
        }
    }

    /// <summary>Binds a new session; true when the server can keep it over a lost connection.</summary>
    public static async Task<(bool Managed, string? ResumeId)> BindAsync(XmppStream stream, XElement features, CancellationToken cancellation)
    {
        await stream.WriteAsync($"<iq xmlns='jabber:client' type='set' id='bind'><bind xmlns='{Bind}'/></iq>", cancellation).ConfigureAwait(false);
        var bound = await NextAsync(stream, cancellation).ConfigureAwait(false);
        if (bound.Name != XmppStream.Client + "iq" || (string?)bound.Attribute("type") != "result" || bound.Element(Bind + "bind") is null)
            throw new XmppFailedException(XmppFailures.Protocol("the session could not be bound"));

        if (features.Element(Sm + "sm") is null)
            return (false, null);

        await stream.WriteAsync($"<enable xmlns='{Sm}' resume='true'/>", cancellation).ConfigureAwait(false);
        var enabled = await NextAsync(stream, cancellation).ConfigureAwait(false);
        return enabled.Name == Sm + "enabled"
            ? (true, (string?)enabled.Attribute("resume") is "true" or "1" ? (string?)enabled.Attribute("id") : null)
            : (false, null);
    }

    /// <summary>Asks for the old session; the server's count of what it had from us, or null when it is gone.</summary>
    public static async Task<uint?> ResumeAsync(XmppStream stream, string id, uint handled, CancellationToken cancellation)
    {
        await stream.WriteAsync(FormattableString.Invariant($"<resume xmlns='{Sm}' h='{handled}' previd='{XmppStream.XmlEscape(id)}'/>"), cancellation).ConfigureAwait(false);
        var answer = await NextAsync(stream, cancellation).ConfigureAwait(false);
        return answer.Name == Sm + "resumed" && uint.TryParse((string?)answer.Attribute("h"), out var h) ? h
            : answer.Name == Sm + "failed" ? null
            : throw new XmppFailedException(XmppFailures.Protocol("neither resumed nor failed"));
    }

    private static async Task<XElement> SecureAsync(XmppStream stream, XElement features, CancellationToken cancellation)
    {
        if (features.Element(Tls + "starttls") is null)
            throw new XmppFailedException(XmppFailures.NoTls);

        await stream.WriteAsync($"<starttls xmlns='{Tls}'/>", cancellation).ConfigureAwait(false);
        var answer = await NextAsync(stream, cancellation).ConfigureAwait(false);
        if (answer.Name != Tls + "proceed")
            throw new XmppFailedException(XmppFailures.NoTls);

        await stream.StartTlsAsync(cancellation).ConfigureAwait(false);
        return await stream.OpenAsync(cancellation).ConfigureAwait(false);
    }

    private static async Task LoginAsync(XmppStream stream, XmppOptions options, XElement features, CancellationToken cancellation)
    {
        var offered = features.Element(Sasl + "mechanisms")?.Elements(Sasl + "mechanism").Select(m => m.Value.Trim()).ToList() ?? [];
        var mechanism = ScramClient.Choose(offered) ?? throw new XmppFailedException(XmppFailures.NoMechanism);
        if (!SaslPrep.TryPrepare(options.Password, out var password) || !SaslPrep.TryPrepare(options.Address.Local, out var user))
            throw new XmppFailedException(XmppFailures.PasswordForm);

        var scram = new ScramClient(mechanism, user, password, ScramClient.NewNonce());
        await stream.WriteAsync($"<auth xmlns='{Sasl}' mechanism='{mechanism}'>{Base64(scram.ClientFirst)}</auth>", cancellation).ConfigureAwait(false);
        var challenge = await SaslAsync(stream, "challenge", cancellation).ConfigureAwait(false);
        if (!scram.TryAnswer(challenge, out var final))
            throw new XmppFailedException(XmppFailures.Protocol("the SASL challenge is not valid"));

        await stream.WriteAsync($"<response xmlns='{Sasl}'>{Base64(final)}</response>", cancellation).ConfigureAwait(false);
        var success = await SaslAsync(stream, "success", cancellation).ConfigureAwait(false);
        if (!scram.Verify(success))
            throw new XmppFailedException(XmppFailures.BadServerProof);
    }

    private static async Task<string> SaslAsync(XmppStream stream, string expected, CancellationToken cancellation)
    {
        var answer = await NextAsync(stream, cancellation).ConfigureAwait(false);
        if (answer.Name == Sasl + "failure")
            throw new XmppFailedException(answer.Element(Sasl + "temporary-auth-failure") is null ? XmppFailures.BadCredentials : XmppFailures.StreamError("temporary-auth-failure"));

        try
        {
            return answer.Name == Sasl + expected ? Encoding.UTF8.GetString(Convert.FromBase64String(answer.Value)) : throw new XmppFailedException(XmppFailures.Protocol("unexpected answer to SASL"));
        }
        catch (FormatException)
        {
            throw new XmppFailedException(XmppFailures.Protocol("SASL is not base64"));
        }
    }

    private static async Task<XElement> NextAsync(XmppStream stream, CancellationToken cancellation) =>
        await stream.ReadAsync(cancellation).ConfigureAwait(false) ?? throw new XmppFailedException(XmppFailures.Lost);

    private static string Base64(string text) => Convert.ToBase64String(Encoding.UTF8.GetBytes(text));
}
