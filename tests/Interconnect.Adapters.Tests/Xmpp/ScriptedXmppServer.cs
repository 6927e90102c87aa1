using System.Net;
using System.Net.Sockets;
using System.Text;
using System.Threading.Channels;
using System.Xml.Linq;
using Interconnect.Adapters.Xmpp.Wire;

namespace Interconnect.Adapters.Tests.Xmpp;

/// <summary>The server's end of a component stream, word by word as the test says.</summary>
internal sealed class ScriptedXmppServer : IAsyncDisposable
{
    public const string Open = "<?xml version='1.0'?><stream:stream xmlns='jabber:component:accept' xmlns:stream='http://etherx.jabber.org/streams' from='gw.a.test' id='s1'>";
    private readonly TcpListener listener = new(IPAddress.Loopback, 0);
    private readonly Channel<XElement> received = Channel.CreateUnbounded<XElement>();
    private readonly CancellationTokenSource ending = new();
    private TcpClient? connection;

    public ScriptedXmppServer()
    {
        listener.Start();
        _ = AcceptAsync();
    }

    public int Port => ((IPEndPoint)listener.LocalEndpoint).Port;

    /// <summary>What is said when a stream opens.</summary>
    public string Greeting { get; set; } = Open;

    /// <summary>What is said to a handshake.</summary>
    public string HandshakeAnswer { get; set; } = "<handshake/>";

    /// <summary>Whether pings are answered, and as whom.</summary>
    public string? PingsAnsweredBy { get; set; } = "a.test";

    public int Connections { get; private set; }

    /// <summary>The next stanza that is not a ping.</summary>
    public async Task<XElement> NextAsync()
    {
        while (true)
        {
            var stanza = await received.Reader.ReadAsync().AsTask().WaitAsync(TimeSpan.FromSeconds(20));
            if (stanza.Element(XmppNames.Ping + "ping") is null)
            {
                return stanza;
            }
        }
    }

    public async Task<XElement> NextPingAsync()
    {
        while (true)
        {
            var stanza = await received.Reader.ReadAsync().AsTask().WaitAsync(TimeSpan.FromSeconds(20));
            if (stanza.Element(XmppNames.Ping + "ping") is not null)
            {
                return stanza;
            }
        }
    }

    public Task SayAsync(string text) => connection!.GetStream().WriteAsync(Encoding.UTF8.GetBytes(text)).AsTask();

    public void Cut() => connection!.Client.Close(0);

    public ValueTask DisposeAsync()
    {
        ending.Cancel();
        listener.Stop();
        connection?.Dispose();
        return ValueTask.CompletedTask;
    }

    private async Task AcceptAsync()
    {
        try
        {
            while (true)
            {
                connection = await listener.AcceptTcpClientAsync(ending.Token);
                Connections++;
                _ = ServeAsync(connection);
            }
        }
        catch (Exception e) when (e is OperationCanceledException or SocketException or ObjectDisposedException)
        {
            // The test is over.
        }
    }

    private async Task ServeAsync(TcpClient client)
    {
        var framer = new XmlStreamFramer(new XmlLimits());
        framer.Authenticated();
        var buffer = new byte[64 << 10];
        try
        {
            while (await client.GetStream().ReadAsync(buffer, ending.Token) is > 0 and var count)
            {
                var tokens = new List<XmlToken>();
                Assert.Null(framer.Feed(buffer.AsSpan(0, count), tokens));
                foreach (var token in tokens)
                {
                    await AnswerAsync(token);
                }
            }
        }
        catch (Exception e) when (e is IOException or OperationCanceledException or ObjectDisposedException)
        {
            // Cut.
        }
    }

    private async Task AnswerAsync(XmlToken token)
    {
        if (token is XmlToken.StreamOpen)
        {
            await SayAsync(Greeting);
        }
        else if (token is XmlToken.Stanza stanza && StanzaParser.TryParse(stanza.Bytes, false, out var element, out _))
        {
            if (element.Name.LocalName == "handshake")
            {
                await SayAsync(HandshakeAnswer);
                return;
            }

            received.Writer.TryWrite(element);
            if (PingsAnsweredBy is not null && element.Element(XmppNames.Ping + "ping") is not null)
            {
                await SayAsync($"<iq type='result' from='{PingsAnsweredBy}' to='gw.a.test' id='{(string)element.Attribute("id")!}'/>");
            }
        }
    }
}
