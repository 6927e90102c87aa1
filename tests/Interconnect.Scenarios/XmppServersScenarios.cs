using System.Net;
using System.Net.Security;
using System.Net.Sockets;
using System.Security.Authentication;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using System.Text;
using Interconnect.Testing;

namespace Interconnect.Scenarios;

/// <summary>That Prosody and ejabberd do what the XMPP adapter and the agents need of them, seen from the bare protocol.</summary>
public sealed class XmppServersScenarios
{
    private const string Password = "a-Password.1";
    private static readonly TimeSpan Limit = TimeSpan.FromSeconds(30);
    private readonly DevServers servers = DevServers.Load();

    [Theory(DisplayName = "An XMPP server names its SCRAM mechanisms only after STARTTLS, and only its own certificate is trusted")]
    [InlineData("prosody", "SCRAM-SHA-256")]
    [InlineData("ejabberd", "SCRAM-SHA-1")]
    public async Task XmppClientStream(string name, string mechanism)
    {
        var server = ServerOf(name);
        using var trusted = X509CertificateLoader.LoadCertificateFromFile(server.CertificatePath);
        using var other = X509CertificateLoader.LoadCertificateFromFile(ServerOf(name == "prosody" ? "ejabberd" : "prosody").CertificatePath);
        await Assert.ThrowsAsync<AuthenticationException>(() => SecureStreamAsync(server, other));

        var (before, secured) = await SecureStreamAsync(server, trusted);
        await using (secured)
        {
            Assert.DoesNotContain("<mechanism>", before, StringComparison.Ordinal);
            await SendAsync(secured, Header(server));
            var features = await ReadUntilAsync(secured, "</stream:features>");
            Assert.Contains($"<mechanism>{mechanism}</mechanism>", features, StringComparison.Ordinal);
        }
    }

    [Theory(DisplayName = "An XMPP server lets in the gateway's component with its secret and nobody without")]
    [InlineData("prosody")]
    [InlineData("ejabberd")]
    public async Task XmppComponent(string name)
    {
        var server = ServerOf(name);

        Assert.DoesNotContain("<handshake", await ComponentHandshakeAsync(server, "wrong"), StringComparison.Ordinal);
        Assert.Contains("<handshake", await ComponentHandshakeAsync(server, server.ComponentSecret), StringComparison.Ordinal);
    }

    [Theory(DisplayName = "An XMPP server keeps the component's messages, small and of 250 KiB, for Alice until she comes online, in order")]
    [InlineData("prosody")]
    [InlineData("ejabberd")]
    public async Task Offline(string name)
    {
        var server = ServerOf(name);
        var alice = "alice" + Convert.ToHexStringLower(RandomNumberGenerator.GetBytes(4));
        var address = name == "prosody" ? await servers.CreateProsodyUserAsync(alice, Password) : await servers.CreateEjabberdUserAsync(alice, Password);
        using var component = new TcpClient();
        await component.ConnectAsync(IPAddress.Loopback, server.ComponentPort);
        await using var gateway = component.GetStream();
        Assert.Contains("<handshake", await ComponentHandshakeAsync(gateway, server, server.ComponentSecret), StringComparison.Ordinal);
        for (var number = 1; number <= 3; number++)
        {
            var body = $"message {number} " + new string('x', number == 2 ? 250 * 1024 : 1);
            await SendAsync(gateway, $"<message from='bob@{server.ComponentDomain}' to='{address}' type='chat' id='m{number}'><body>{body}</body></message>");
        }

        // The answer to a ping that follows the messages: the server has dealt with them before Alice arrives.
        await SendAsync(gateway, $"<iq from='bob@{server.ComponentDomain}' to='{server.Domain}' type='get' id='after'><ping xmlns='urn:xmpp:ping'/></iq>");
        await ReadUntilAsync(gateway, "after");

        using var trusted = X509CertificateLoader.LoadCertificateFromFile(server.CertificatePath);
        var (_, stream) = await SecureStreamAsync(server, trusted);
        await using (stream)
        {
            await SendAsync(stream, Header(server));
            await ReadUntilAsync(stream, "</stream:features>");
            var plain = Convert.ToBase64String(Encoding.UTF8.GetBytes($"\0{alice}\0{Password}"));
            await SendAsync(stream, $"<auth xmlns='urn:ietf:params:xml:ns:xmpp-sasl' mechanism='PLAIN'>{plain}</auth>");
            Assert.Contains("<success", await ReadUntilAsync(stream, "/>"), StringComparison.Ordinal);
            await SendAsync(stream, Header(server));
            await ReadUntilAsync(stream, "</stream:features>");
            await SendAsync(stream, "<iq type='set' id='bind'><bind xmlns='urn:ietf:params:xml:ns:xmpp-bind'/></iq>");
            await ReadUntilAsync(stream, "</iq>");
            await SendAsync(stream, "<presence/>");

            var received = await ReadUntilAsync(stream, "message 1 x<", "message 2 x", "message 3 x<");

            Assert.Contains(new string('x', 250 * 1024) + "<", received, StringComparison.Ordinal);
            Assert.Contains("message 3 x<", received, StringComparison.Ordinal);
        }
    }

    private static string Header(XmppServerAddress server) =>
        $"<stream:stream xmlns='jabber:client' xmlns:stream='http://etherx.jabber.org/streams' to='{server.Domain}' version='1.0'>";

    private static ValueTask SendAsync(Stream stream, string text) => stream.WriteAsync(Encoding.UTF8.GetBytes(text));

    // The stream features before TLS, and the stream after it, when the server's certificate is the one given.
    private static async Task<(string Before, SslStream Secured)> SecureStreamAsync(XmppServerAddress server, X509Certificate2 trusted)
    {
        var tcp = new TcpClient();
        await tcp.ConnectAsync(IPAddress.Loopback, server.ClientPort);
        var plain = tcp.GetStream();
        await SendAsync(plain, Header(server));
        var before = await ReadUntilAsync(plain, "</stream:features>");
        await SendAsync(plain, "<starttls xmlns='urn:ietf:params:xml:ns:xmpp-tls'/>");
        await ReadUntilAsync(plain, "<proceed");

        var policy = new X509ChainPolicy { TrustMode = X509ChainTrustMode.CustomRootTrust, RevocationMode = X509RevocationMode.NoCheck };
        policy.CustomTrustStore.Add(trusted);
        var secured = new SslStream(plain, leaveInnerStreamOpen: false);
        try
        {
            await secured.AuthenticateAsClientAsync(new SslClientAuthenticationOptions { TargetHost = server.Domain, CertificateChainPolicy = policy });
            return (before, secured);
        }
        catch
        {
            await secured.DisposeAsync();
            throw;
        }
    }

    private static async Task<string> ComponentHandshakeAsync(XmppServerAddress server, string secret)
    {
        using var tcp = new TcpClient();
        await tcp.ConnectAsync(IPAddress.Loopback, server.ComponentPort);
        await using var stream = tcp.GetStream();
        return await ComponentHandshakeAsync(stream, server, secret);
    }

    // XEP-0114: the handshake is the hex SHA-1 of the stream id followed by the secret.
    private static async Task<string> ComponentHandshakeAsync(Stream stream, XmppServerAddress server, string secret)
    {
        await SendAsync(stream, $"<stream:stream xmlns='jabber:component:accept' xmlns:stream='http://etherx.jabber.org/streams' to='{server.ComponentDomain}'>");
        var opened = await ReadUntilAsync(stream, "jabber:component:accept", ">");
        var id = opened.Split(" id=")[1][1..].Split('\'', '"')[0];
        await SendAsync(stream, $"<handshake>{Convert.ToHexStringLower(SHA1.HashData(Encoding.UTF8.GetBytes(id + secret)))}</handshake>");
        return await ReadUntilAsync(stream, "/>");
    }

    private XmppServerAddress ServerOf(string name) => name == "prosody" ? servers.Prosody : servers.Ejabberd;

    // Reads until the texts given have been seen in this order, or the peer closes.
    private static async Task<string> ReadUntilAsync(Stream stream, params string[] texts)
    {
        using var limit = new CancellationTokenSource(Limit);
        var seen = new StringBuilder();
        var buffer = new byte[4096];
        while (true)
        {
            var at = 0;
            var text = seen.ToString();
            foreach (var wanted in texts)
            {
                at = at < 0 ? at : text.IndexOf(wanted, at, StringComparison.Ordinal);
            }

            if (at >= 0 && seen.Length > 0)
            {
                return text;
            }

            var read = await stream.ReadAsync(buffer, limit.Token);
            if (read == 0)
            {
                return text;
            }

            seen.Append(Encoding.UTF8.GetString(buffer, 0, read));
        }
    }
}
