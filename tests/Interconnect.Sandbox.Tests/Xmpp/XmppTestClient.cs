using System.Net.Security;
using System.Net.Sockets;
using System.Text;
using System.Xml.Linq;

namespace Interconnect.Sandbox.Tests.Xmpp;

/// <summary>Writes raw XML to the simulated server and reads elements back, so that tests can misbehave.</summary>
internal sealed class XmppTestClient : IAsyncDisposable
{
    private readonly TcpClient tcp = new();
    private readonly CancellationTokenSource limit = new(TimeSpan.FromSeconds(20));
    private Stream stream = Stream.Null;
    private XmlStreamReader? reader;

    public static async Task<XmppTestClient> ConnectAsync(int port)
    {
        var client = new XmppTestClient();
        await client.tcp.ConnectAsync("127.0.0.1", port);
        client.stream = client.tcp.GetStream();
        return client;
    }

    /// <summary>A component that has done its handshake.</summary>
    public static async Task<XmppTestClient> ComponentAsync(SimulatedXmppServer server, string secret = "secret")
    {
        var client = await ConnectAsync(server.ComponentPort);
        await client.WriteAsync("<stream:stream xmlns='jabber:component:accept' xmlns:stream='http://etherx.jabber.org/streams' to='gw.a.test'>");
        var header = await client.OpenAsync();
        _ = header;
        await client.WriteAsync($"<handshake>{Convert.ToHexStringLower(System.Security.Cryptography.SHA1.HashData(Encoding.UTF8.GetBytes(client.StreamId + secret)))}</handshake>");
        return client;
    }

    /// <summary>A client of the account alice with a bound resource; the server was told not to require TLS.</summary>
    public static async Task<XmppTestClient> AliceAsync(SimulatedXmppServer server, string resource = "one", string password = "correct horse")
    {
        var client = await ConnectAsync(server.ClientPort);
        await client.StartStreamAsync();
        await client.SignInAsync(password);
        await client.StartStreamAsync();
        await client.WriteAsync($"<iq type='set' id='bind' xmlns='jabber:client'><bind xmlns='urn:ietf:params:xml:ns:xmpp-bind'><resource>{resource}</resource></bind></iq>");
        Assert.Equal("result", (await client.ReadAsync())!.Attribute("type")!.Value);
        return client;
    }

    public string StreamId { get; private set; } = string.Empty;

    public async Task<XElement> StartStreamAsync(string to = "a.test")
    {
        await WriteAsync($"<?xml version='1.0'?><stream:stream xmlns='jabber:client' xmlns:stream='http://etherx.jabber.org/streams' version='1.0' to='{to}'>");
        await OpenAsync();
        return (await ReadAsync())!;
    }

    public async Task SignInAsync(string password)
    {
        var bare = "n=alice,r=0123456789abcdef";
        await WriteAsync($"<auth xmlns='urn:ietf:params:xml:ns:xmpp-sasl' mechanism='SCRAM-SHA-256'>{Base64("n,," + bare)}</auth>");
        var first = Encoding.UTF8.GetString(Convert.FromBase64String((await ReadAsync())!.Value));
        var fields = first.Split(',').ToDictionary(f => f[0], f => f[2..]);
        var keys = ScramKeys.Derive(System.Security.Cryptography.HashAlgorithmName.SHA256, password, Convert.FromBase64String(fields['s']));
        var clientKey = ClientKey(password, Convert.FromBase64String(fields['s']), int.Parse(fields['i'], System.Globalization.CultureInfo.InvariantCulture));
        var withoutProof = $"c=biws,r={fields['r']}";
        var signature = ScramKeys.Hmac(keys.Hash, keys.StoredKey, Encoding.UTF8.GetBytes($"{bare},{first},{withoutProof}"));
        await WriteAsync($"<response xmlns='urn:ietf:params:xml:ns:xmpp-sasl'>{Base64($"{withoutProof},p={Convert.ToBase64String([.. clientKey.Select((b, i) => (byte)(b ^ signature[i]))])}")}</response>");
        LastSasl = (await ReadAsync())!;
    }

    public XElement LastSasl { get; private set; } = new("none");

    public Task WriteAsync(string xml) => stream.WriteAsync(Encoding.UTF8.GetBytes(xml), limit.Token).AsTask();

    /// <summary>The next element; null when the server closed the stream.</summary>
    public Task<XElement?> ReadAsync() => reader!.ReadElementAsync();

    /// <summary>The next stanza that satisfies the condition; others are skipped.</summary>
    public async Task<XElement> ReadAsync(Func<XElement, bool> condition)
    {
        while (await ReadAsync() is { } element)
        {
            if (condition(element))
            {
                return element;
            }
        }

        throw new EndOfStreamException();
    }

    public async Task SecureAsync()
    {
        await WriteAsync("<starttls xmlns='urn:ietf:params:xml:ns:xmpp-tls'/>");
        Assert.Equal("proceed", (await ReadAsync())!.Name.LocalName);
        var tls = new SslStream(stream, false, (_, _, _, _) => true);
        await tls.AuthenticateAsClientAsync("a.test");
        stream = tls;
    }

    public async ValueTask DisposeAsync()
    {
        await limit.CancelAsync();
        reader?.Dispose();
        await stream.DisposeAsync();
        tcp.Dispose();
        limit.Dispose();
    }

    private async Task<StreamHeader> OpenAsync()
    {
        reader = new XmlStreamReader(new IdSniffer(stream, id => StreamId = id), 2_000_000, 64, limit.Token);
        return await reader.ReadHeaderAsync();
    }

    private static byte[] ClientKey(string password, byte[] salt, int rounds)
    {
        var salted = System.Security.Cryptography.Rfc2898DeriveBytes.Pbkdf2(Encoding.UTF8.GetBytes(password), salt, rounds, System.Security.Cryptography.HashAlgorithmName.SHA256, 32);
        return ScramKeys.Hmac(System.Security.Cryptography.HashAlgorithmName.SHA256, salted, "Client Key"u8);
    }

    private static string Base64(string text) => Convert.ToBase64String(Encoding.UTF8.GetBytes(text));

    /// <summary>Passes bytes through and finds the stream's id in the first of them.</summary>
    private sealed class IdSniffer(Stream inner, Action<string> found) : MemoryStream
    {
        private bool done;

        public override async ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default)
        {
            var count = await inner.ReadAsync(buffer, cancellationToken);
            if (!done && System.Text.RegularExpressions.Regex.Match(Encoding.UTF8.GetString(buffer.Span[..count]), " id='([^']+)'") is { Success: true } match)
            {
                done = true;
                found(match.Groups[1].Value);
            }

            return count;
        }
    }
}
