using System.Net.WebSockets;
using System.Text;
using System.Threading.Channels;
using System.Xml.Linq;

namespace Interconnect.Scenarios;

/// <summary>An ordinary XMPP client over WebSocket (RFC 7395), enough to be a user of a real server. One stanza a message.</summary>
internal sealed class AdapterXmppClient : IAdapterXmppClient
{
    public static readonly XNamespace Client = "jabber:client";
    private static readonly XNamespace Framing = "urn:ietf:params:xml:ns:xmpp-framing";
    private static readonly XNamespace Sasl = "urn:ietf:params:xml:ns:xmpp-sasl";
    private static readonly XNamespace Bind = "urn:ietf:params:xml:ns:xmpp-bind";
    private static readonly TimeSpan Limit = TimeSpan.FromSeconds(20);
    private readonly ClientWebSocket socket = new();
    private readonly Channel<XElement> messages = Channel.CreateUnbounded<XElement>();
    private readonly Channel<XElement> others = Channel.CreateUnbounded<XElement>();
    private readonly SemaphoreSlim sending = new(1);
    private Task reading = Task.CompletedTask;

    public string FullJid { get; private set; } = "";

    public static async Task<AdapterXmppClient> ConnectAsync(Uri address, string jid, string password)
    {
        var client = new AdapterXmppClient();
        client.socket.Options.AddSubProtocol("xmpp");
        await client.socket.ConnectAsync(address, CancellationToken.None).WaitAsync(Limit);
        var (user, domain) = (jid.Split('@')[0], jid.Split('@')[1]);
        await client.OpenAsync(domain);
        await client.SendAsync(new XElement(Sasl + "auth", new XAttribute("mechanism", "PLAIN"), Convert.ToBase64String(Encoding.UTF8.GetBytes($"\0{user}\0{password}"))));
        var answer = await client.ReceiveAsync();
        if (answer.Name != Sasl + "success")
        {
            throw new InvalidOperationException("the server refuses to sign in: " + answer);
        }

        await client.OpenAsync(domain);
        client.reading = client.ReadAsync();
        var bound = await client.AskAsync(new XElement(Client + "iq", new XAttribute("type", "set"), new XElement(Bind + "bind")));
        client.FullJid = bound.Descendants(Bind + "jid").Single().Value;
        await client.SendAsync(new XElement(Client + "presence"));
        return client;
    }

    public async Task SendAsync(XElement element)
    {
        await sending.WaitAsync();
        try
        {
            await socket.SendAsync(Encoding.UTF8.GetBytes(element.ToString(SaveOptions.DisableFormatting)), WebSocketMessageType.Text, true, CancellationToken.None).WaitAsync(Limit);
        }
        finally
        {
            sending.Release();
        }
    }

    public async Task<XElement> AskAsync(XElement iq)
    {
        var id = Guid.NewGuid().ToString("N");
        iq.SetAttributeValue("id", id);
        await SendAsync(iq);
        while (true)
        {
            var answer = await others.Reader.ReadAsync().AsTask().WaitAsync(Limit);
            if ((string?)answer.Attribute("id") == id)
            {
                return answer;
            }
        }
    }

    public Task<XElement> NextMessageAsync(TimeSpan limit) => messages.Reader.ReadAsync().AsTask().WaitAsync(limit);

    /// <summary>The next presence or iq.</summary>
    public Task<XElement> NextOtherAsync(TimeSpan limit) => others.Reader.ReadAsync().AsTask().WaitAsync(limit);

    public async ValueTask DisposeAsync()
    {
        socket.Abort();
        await reading;
        socket.Dispose();
    }

    private async Task OpenAsync(string domain)
    {
        await SendAsync(new XElement(Framing + "open", new XAttribute("to", domain), new XAttribute("version", "1.0")));
        await ReceiveAsync();
        await ReceiveAsync();
    }

    private async Task<XElement> ReceiveAsync()
    {
        using var message = new MemoryStream();
        var buffer = new byte[16 << 10];
        ValueWebSocketReceiveResult part;
        do
        {
            part = await socket.ReceiveAsync(buffer.AsMemory(), CancellationToken.None).AsTask().WaitAsync(TimeSpan.FromMinutes(10));
            message.Write(buffer, 0, part.Count);
        }
        while (!part.EndOfMessage);
        return part.MessageType == WebSocketMessageType.Close
            ? throw new WebSocketException("closed")
            : XElement.Parse(Encoding.UTF8.GetString(message.GetBuffer(), 0, (int)message.Length));
    }

    private async Task ReadAsync()
    {
        try
        {
            while (true)
            {
                var stanza = await ReceiveAsync();
                (stanza.Name.LocalName == "message" ? messages : others).Writer.TryWrite(stanza);
            }
        }
        catch (Exception e) when (e is WebSocketException or OperationCanceledException or ObjectDisposedException or IOException)
        {
            messages.Writer.TryComplete();
            others.Writer.TryComplete();
        }
    }
}
