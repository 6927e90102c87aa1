using System.Globalization;
using System.Net.Sockets;
using System.Security.Cryptography;
using System.Text;
using System.Threading.Channels;
using System.Xml.Linq;
using Interconnect.Adapters.Hosting;

namespace Interconnect.Adapters.Xmpp.Wire;

/// <summary>What became of stanzas that were to be sent.</summary>
internal enum SendOutcome
{
    /// <summary>The server answered a ping that went behind them on the same stream, so it has dealt with them.</summary>
    Routed,

    /// <summary>They were never written.</summary>
    NotSent,

    /// <summary>They were written, or may have been, and the stream broke before the answer.</summary>
    Unknown,
}

/// <summary>What became of an attempt to connect.</summary>
internal abstract record ConnectOutcome
{
    /// <summary>The component's stream is open.</summary>
    public sealed record Connected(XmppSession Session) : ConnectOutcome;

    /// <summary>It is not.</summary>
    /// <param name="OperatorMustAct">The server knows neither this component nor its secret.</param>
    public sealed record Failed(string Reason, bool OperatorMustAct) : ConnectOutcome;
}

/// <summary>
/// One component stream (XEP-0114) from its handshake to its end. Component streams have no acknowledgements (XEP-0198), so a ping (XEP-0199) goes behind what was
/// written: its answer proves that the server has dealt with everything before it. What waits goes out together, with one ping behind it.
/// </summary>
internal sealed class XmppSession : IAsyncDisposable
{
    private const int MostInOneWrite = 1 << 20;
    private readonly TcpClient socket;
    private readonly NetworkStream stream;
    private readonly XmppOptions options;
    private readonly TimeProvider clock;
    private readonly XmppIdentifiers identifiers;
    private readonly XmlStreamFramer framer = new(new XmlLimits());
    private readonly Queue<XmlToken> tokens = new();
    private readonly byte[] readBuffer = new byte[16 << 10];
    private readonly Channel<Outgoing> queue = Channel.CreateBounded<Outgoing>(new BoundedChannelOptions(4_096) { SingleReader = true });
    private readonly Dictionary<string, Pending> pending = [];
    private readonly CancellationTokenSource ending = new();
    private readonly Lock gate = new();
    private string? endReason;
    private long lastId;

    private XmppSession(TcpClient socket, XmppOptions options, TimeProvider clock)
    {
        this.socket = socket;
        this.options = options;
        this.clock = clock;
        identifiers = new XmppIdentifiers(options.Provider, options.Component);
        stream = socket.GetStream();
    }

    /// <summary>Connects and does the handshake; network causes are an outcome.</summary>
    public static async ValueTask<ConnectOutcome> ConnectAsync(XmppOptions options, Secret secret, TimeProvider clock, CancellationToken cancellation)
    {
        var socket = new TcpClient { NoDelay = true };
        try
        {
            await socket.ConnectAsync(options.Host, options.Port, cancellation);
            var session = new XmppSession(socket, options, clock);
            if (await session.HandshakeAsync(secret, cancellation) is { } failure)
            {
                await session.DisposeAsync();
                return failure;
            }

            return new ConnectOutcome.Connected(session);
        }
        catch (Exception e) when (e is SocketException or IOException)
        {
            socket.Dispose();
            return new ConnectOutcome.Failed("the server cannot be reached", false);
        }
        catch (OperationCanceledException)
        {
            socket.Dispose();
            throw;
        }
    }

    /// <summary>Reads, writes and keeps alive until the stream ends; returns why it ended.</summary>
    public async Task<string> RunAsync(Func<XElement, ValueTask> received, Action<XmlFault> discarded, CancellationToken cancellation)
    {
        await using var registration = cancellation.Register(() => End("stopped"));
        await Task.WhenAll(ReadAsync(received, discarded), WriteAsync(), KeepAliveAsync());
        return endReason!;
    }

    /// <summary>Sends stanzas in order and waits until the server has dealt with them.</summary>
    public async ValueTask<SendOutcome> SendAsync(IReadOnlyList<XElement> stanzas, CancellationToken cancellation)
    {
        var done = new TaskCompletionSource<SendOutcome>(TaskCreationOptions.RunContinuationsAsynchronously);
        try
        {
            await queue.Writer.WriteAsync(new Outgoing(Encode(stanzas), done), cancellation);
        }
        catch (ChannelClosedException)
        {
            return SendOutcome.NotSent;
        }

        try
        {
            return await done.Task.WaitAsync(options.PingTimeout, clock, cancellation);
        }
        catch (TimeoutException)
        {
            End("the server does not answer pings");
            return SendOutcome.Unknown;
        }
    }

    /// <summary>Sends without waiting; false when the queue is full or the stream has ended.</summary>
    public bool TryPost(IReadOnlyList<XElement> stanzas) => queue.Writer.TryWrite(new Outgoing(Encode(stanzas), null));

    /// <summary>Sends a request and returns its answer; null when none came in time.</summary>
    public async ValueTask<XElement?> AskAsync(XElement iq, CancellationToken cancellation)
    {
        var id = NextId();
        iq.SetAttributeValue("id", id);
        var asked = Jid.TryParse((string?)iq.Attribute("to"), out var to) ? to : throw new ArgumentException("A request goes to an address.", nameof(iq));
        var answer = new TaskCompletionSource<XElement?>(TaskCreationOptions.RunContinuationsAsynchronously);
        lock (gate)
        {
            if (endReason is not null)
            {
                return null;
            }

            pending.Add(id, new Pending(asked, [], answer));
        }

        TryPost([iq]);
        try
        {
            return await answer.Task.WaitAsync(options.PingTimeout, clock, cancellation);
        }
        catch (TimeoutException)
        {
            return null;
        }
        finally
        {
            lock (gate)
            {
                pending.Remove(id);
            }
        }
    }

    /// <summary>Ends the stream; what was written and not answered is unknown, what was not written is not sent.</summary>
    public void End(string reason)
    {
        List<Pending> unanswered;
        lock (gate)
        {
            if (endReason is not null)
            {
                return;
            }

            endReason = reason;
            unanswered = [.. pending.Values];
            pending.Clear();
        }

        queue.Writer.TryComplete();
        ending.Cancel();
        foreach (var ping in unanswered)
        {
            ping.Complete(SendOutcome.Unknown, null);
        }
    }

    public async ValueTask DisposeAsync()
    {
        End("disposed");
        await stream.DisposeAsync();
        socket.Dispose();
        ending.Dispose();
    }

    private static byte[] Encode(IReadOnlyList<XElement> stanzas)
    {
        var text = new StringBuilder();
        foreach (var stanza in stanzas)
        {
            text.Append(stanza.ToString(SaveOptions.DisableFormatting));
        }

        return Encoding.UTF8.GetBytes(text.ToString());
    }

    private async ValueTask<ConnectOutcome.Failed?> HandshakeAsync(Secret secret, CancellationToken cancellation)
    {
        var open = $"<?xml version='1.0'?><stream:stream xmlns='{XmppNames.Component}' xmlns:stream='{XmppNames.Streams}' to='{identifiers.Service}'>";
        await stream.WriteAsync(Encoding.UTF8.GetBytes(open), cancellation);
        if (await NextAsync(cancellation) is not XmlToken.StreamOpen opening || !StanzaParser.TryParse(opening.Tag, openingTag: true, out var header, out _)
            || header.Name != XmppNames.Streams + "stream")
        {
            return new ConnectOutcome.Failed(endReason ?? "the port does not speak XMPP", false);
        }

        if ((string?)header.Attribute("id") is not { Length: > 0 and <= 1_024 } id)
        {
            // A server that does not know the component opens without an id and says so in an error.
            return await NextAsync(cancellation) is XmlToken.Stanza error && StanzaParser.TryParse(error.Bytes, false, out var why, out _) && why.Name == XmppNames.Streams + "error"
                ? Refused(why)
                : new ConnectOutcome.Failed("the server's stream has no id", false);
        }

        await stream.WriteAsync(Encoding.UTF8.GetBytes($"<handshake>{Digest(id, secret)}</handshake>"), cancellation);
        if (await NextAsync(cancellation) is not XmlToken.Stanza answer || !StanzaParser.TryParse(answer.Bytes, false, out var element, out _))
        {
            return new ConnectOutcome.Failed(endReason ?? "the handshake was not answered", false);
        }

        if (element.Name == XmppNames.Component + "handshake")
        {
            framer.Authenticated();
            return null;
        }

        return element.Name == XmppNames.Streams + "error" ? Refused(element) : new ConnectOutcome.Failed("the handshake was answered with something else", false);
    }

    private static ConnectOutcome.Failed Refused(XElement error) => ConditionOf(error) switch
    {
        "not-authorized" => new ConnectOutcome.Failed("the server refuses the component's secret", true),
        "host-unknown" => new ConnectOutcome.Failed("the server does not know this component's domain", true),
        "conflict" => new ConnectOutcome.Failed("another connection holds this component", false),
        _ => new ConnectOutcome.Failed("the server refuses the stream", false),
    };

    private static string? ConditionOf(XElement error) => error.Elements().FirstOrDefault(e => e.Name.Namespace == XmppNames.StreamErrors && e.Name.LocalName != "text")?.Name.LocalName;

    /// <summary>XEP-0114 section 3: SHA-1 is the protocol's.</summary>
    private static string Digest(string id, Secret secret) => secret.Use(bytes =>
    {
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA1);
        hash.AppendData(Encoding.UTF8.GetBytes(id));
        hash.AppendData(bytes.Span);
        return Convert.ToHexStringLower(hash.GetHashAndReset());
    });

    private string NextId() => "ic" + Interlocked.Increment(ref lastId).ToString(CultureInfo.InvariantCulture);

    /// <summary>The next token, or null at the end of the stream or after a fault, which has ended the session.</summary>
    private async ValueTask<XmlToken?> NextAsync(CancellationToken cancellation)
    {
        while (tokens.Count == 0)
        {
            var count = await stream.ReadAsync(readBuffer, cancellation);
            if (count == 0)
            {
                return null;
            }

            var found = new List<XmlToken>();
            if (framer.Feed(readBuffer.AsSpan(0, count), found) is { } fault)
            {
                await FailAsync(fault);
                return null;
            }

            found.ForEach(tokens.Enqueue);
        }

        return tokens.Dequeue();
    }

    private async ValueTask FailAsync(XmlFault fault)
    {
        try
        {
            using var limit = new CancellationTokenSource(TimeSpan.FromSeconds(1), clock);
            var error = new XElement(XmppNames.Streams + "error", new XElement(XmppNames.StreamErrors + fault.Condition));
            await stream.WriteAsync(Encoding.UTF8.GetBytes(error.ToString(SaveOptions.DisableFormatting) + "</stream:stream>"), limit.Token);
        }
        catch (Exception e) when (e is IOException or ObjectDisposedException or OperationCanceledException)
        {
            // The other side is gone already.
        }

        End("the server's stream is unusable, " + fault);
    }

    private async Task ReadAsync(Func<XElement, ValueTask> received, Action<XmlFault> discarded)
    {
        try
        {
            while (await NextAsync(ending.Token) is { } token)
            {
                if (token is XmlToken.StreamClose)
                {
                    End("the server closed the stream");
                    return;
                }

                // Any user can make the server pass such a stanza on, so it must not end the stream that all of them use.
                if (token is XmlToken.Discarded { Fault: var excess })
                {
                    discarded(excess);
                    continue;
                }

                if (token is not XmlToken.Stanza { Bytes: var bytes })
                {
                    await FailAsync(new XmlFault("XMPP-101", "not-well-formed", "A second stream", 0));
                    return;
                }

                if (!StanzaParser.TryParse(bytes, false, out var stanza, out var fault))
                {
                    discarded(fault);
                    continue;
                }

                if (stanza.Name == XmppNames.Streams + "error")
                {
                    End("the server ended the stream: " + (ConditionOf(stanza) ?? "no reason"));
                    return;
                }

                if (!IsAnswer(stanza))
                {
                    await received(stanza);
                }
            }

            End("the server closed the connection");
        }
        catch (Exception e) when (e is IOException or ObjectDisposedException or OperationCanceledException)
        {
            End("the connection broke");
        }
        catch
        {
            End("stopped by a defect");
            throw;
        }
    }

    /// <summary>Whether it answers a request of ours; only the one that was asked can answer.</summary>
    private bool IsAnswer(XElement stanza)
    {
        if (stanza.Name != XmppNames.Component + "iq" || (string?)stanza.Attribute("type") is not ("result" or "error") || (string?)stanza.Attribute("id") is not { } id)
        {
            return false;
        }

        Pending? answered;
        lock (gate)
        {
            if (!pending.TryGetValue(id, out answered) || !Jid.TryParse((string?)stanza.Attribute("from"), out var from) || from != answered.Asked)
            {
                return false;
            }

            pending.Remove(id);
        }

        answered.Complete(SendOutcome.Routed, stanza);
        return true;
    }

    private async Task WriteAsync()
    {
        var written = new MemoryStream();
        try
        {
            while (await queue.Reader.WaitToReadAsync(ending.Token))
            {
                written.SetLength(0);
                var waiting = new List<TaskCompletionSource<SendOutcome>>();
                while (written.Length < MostInOneWrite && queue.Reader.TryRead(out var next))
                {
                    written.Write(next.Bytes);
                    if (next.Done is not null)
                    {
                        waiting.Add(next.Done);
                    }
                }

                if (waiting.Count > 0 && !TryAddPing(written, waiting))
                {
                    waiting.ForEach(w => w.TrySetResult(SendOutcome.NotSent));
                    break;
                }

                await stream.WriteAsync(written.GetBuffer().AsMemory(0, (int)written.Length), ending.Token);
            }
        }
        catch (Exception e) when (e is IOException or ObjectDisposedException or OperationCanceledException)
        {
            End("the connection broke");
        }

        while (queue.Reader.TryRead(out var unsent))
        {
            unsent.Done?.TrySetResult(SendOutcome.NotSent);
        }
    }

    private bool TryAddPing(MemoryStream written, List<TaskCompletionSource<SendOutcome>> waiting)
    {
        var id = NextId();
        var ping = new XElement(
            XmppNames.Component + "iq",
            new XAttribute("type", "get"),
            new XAttribute("from", identifiers.Service),
            new XAttribute("to", identifiers.Server),
            new XAttribute("id", id),
            new XElement(XmppNames.Ping + "ping"));
        written.Write(Encode([ping]));
        lock (gate)
        {
            if (endReason is not null)
            {
                return false;
            }

            pending.Add(id, new Pending(identifiers.Server, waiting, null));
            return true;
        }
    }

    private async Task KeepAliveAsync()
    {
        try
        {
            while (true)
            {
                await Task.Delay(options.KeepAlive, clock, ending.Token);
                await SendAsync([], ending.Token);
            }
        }
        catch (OperationCanceledException)
        {
            // The stream has ended.
        }
    }

    private sealed record Outgoing(byte[] Bytes, TaskCompletionSource<SendOutcome>? Done);

    private sealed record Pending(Jid Asked, IReadOnlyList<TaskCompletionSource<SendOutcome>> Waiting, TaskCompletionSource<XElement?>? Answer)
    {
        public void Complete(SendOutcome outcome, XElement? answer)
        {
            foreach (var waiting in Waiting)
            {
                waiting.TrySetResult(outcome);
            }

            Answer?.TrySetResult(answer);
        }
    }
}
