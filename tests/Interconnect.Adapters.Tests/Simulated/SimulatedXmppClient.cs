using System.Net.Sockets;
using System.Security.Cryptography;
using System.Text;
using System.Threading.Channels;
using System.Xml.Linq;
using Interconnect.Adapters.Xmpp.Wire;
using Interconnect.Scenarios;

namespace Interconnect.Adapters.Tests.Simulated;

/// <summary>An ordinary XMPP client over plain TCP (SCRAM-SHA-256, bind), for the simulated server on loopback.</summary>
internal sealed class SimulatedXmppClient : IAdapterXmppClient
{
    private static readonly XNamespace Client = "jabber:client";
    private static readonly XNamespace Sasl = "urn:ietf:params:xml:ns:xmpp-sasl";
    private static readonly XNamespace Bind = "urn:ietf:params:xml:ns:xmpp-bind";
    private static readonly TimeSpan Limit = TimeSpan.FromSeconds(20);
    private readonly TcpClient socket = new();
    private readonly Channel<XElement> messages = Channel.CreateUnbounded<XElement>();
    private readonly Channel<XElement> others = Channel.CreateUnbounded<XElement>();
    private readonly Queue<XElement> early = new();
    private readonly SemaphoreSlim sending = new(1);
    private XmlStreamFramer framer = null!;
    private Task reading = Task.CompletedTask;

    public string FullJid { get; private set; } = "";

    public static async Task<SimulatedXmppClient> ConnectAsync(int port, string domain, string user, string password)
    {
        var client = new SimulatedXmppClient();
        await client.socket.ConnectAsync("127.0.0.1", port);
        await client.OpenAsync(domain);
        await client.SignInAsync(user, password);
        await client.OpenAsync(domain);
        await client.SendAsync(new XElement(Client + "iq", new XAttribute("type", "set"), new XAttribute("id", "bind"), new XElement(Bind + "bind")));
        client.FullJid = (await client.NextAsync()).Descendants(Bind + "jid").Single().Value;
        await client.SendAsync(new XElement(Client + "presence"));
        client.reading = client.ReadAsync();
        return client;
    }

    public async Task SendAsync(XElement stanza) => await WriteAsync(stanza.ToString(SaveOptions.DisableFormatting));

    public Task<XElement> NextMessageAsync(TimeSpan limit) => messages.Reader.ReadAsync().AsTask().WaitAsync(limit);

    public Task<XElement> NextOtherAsync(TimeSpan limit) => others.Reader.ReadAsync().AsTask().WaitAsync(limit);

    public async ValueTask DisposeAsync()
    {
        socket.Close();
        await reading;
    }

    private static string Base64(string text) => Convert.ToBase64String(Encoding.UTF8.GetBytes(text));

    private async Task WriteAsync(string text)
    {
        await sending.WaitAsync();
        try
        {
            await socket.GetStream().WriteAsync(Encoding.UTF8.GetBytes(text)).AsTask().WaitAsync(Limit);
        }
        finally
        {
            sending.Release();
        }
    }

    private async Task OpenAsync(string domain)
    {
        framer = new XmlStreamFramer(new XmlLimits { MaxBytesBeforeAuthentication = int.MaxValue });
        await WriteAsync($"<?xml version='1.0'?><stream:stream xmlns='jabber:client' xmlns:stream='http://etherx.jabber.org/streams' to='{domain}' version='1.0'>");
        await NextAsync();
    }

    /// <summary>RFC 7677 over RFC 5802, without channel binding.</summary>
    private async Task SignInAsync(string user, string password)
    {
        var bare = $"n={user},r={Convert.ToHexStringLower(RandomNumberGenerator.GetBytes(12))}";
        await SendAsync(new XElement(Sasl + "auth", new XAttribute("mechanism", "SCRAM-SHA-256"), Base64("n,," + bare)));
        var first = Encoding.UTF8.GetString(Convert.FromBase64String((await NextAsync()).Value));
        var parts = first.Split(',').ToDictionary(p => p[0], p => p[2..]);
        var salted = Rfc2898DeriveBytes.Pbkdf2(Encoding.UTF8.GetBytes(password), Convert.FromBase64String(parts['s']), int.Parse(parts['i'], System.Globalization.CultureInfo.InvariantCulture), HashAlgorithmName.SHA256, 32);
        var key = HMACSHA256.HashData(salted, "Client Key"u8);
        var final = "c=biws,r=" + parts['r'];
        var signature = HMACSHA256.HashData(SHA256.HashData(key), Encoding.UTF8.GetBytes($"{bare},{first},{final}"));
        var proof = Convert.ToBase64String([.. key.Zip(signature, (a, b) => (byte)(a ^ b))]);
        await SendAsync(new XElement(Sasl + "response", Base64($"{final},p={proof}")));
        Assert.Equal(Sasl + "success", (await NextAsync()).Name);
    }

    private async Task<XElement> NextAsync()
    {
        var buffer = new byte[32 << 10];
        while (early.Count == 0)
        {
            var count = await socket.GetStream().ReadAsync(buffer).AsTask().WaitAsync(TimeSpan.FromMinutes(10));
            if (count == 0)
            {
                throw new IOException("closed");
            }

            var tokens = new List<XmlToken>();
            Assert.Null(framer.Feed(buffer.AsSpan(0, count), tokens));
            foreach (var stanza in tokens.OfType<XmlToken.Stanza>())
            {
                early.Enqueue(XElement.Parse($"<x xmlns='jabber:client' xmlns:stream='http://etherx.jabber.org/streams'>{Encoding.UTF8.GetString(stanza.Bytes)}</x>").Elements().Single());
            }
        }

        return early.Dequeue();
    }

    private async Task ReadAsync()
    {
        try
        {
            while (true)
            {
                var stanza = await NextAsync();
                (stanza.Name.LocalName == "message" ? messages : others).Writer.TryWrite(stanza);
            }
        }
        catch (Exception e) when (e is IOException or ObjectDisposedException or InvalidOperationException)
        {
            messages.Writer.TryComplete();
            others.Writer.TryComplete();
        }
    }
}
