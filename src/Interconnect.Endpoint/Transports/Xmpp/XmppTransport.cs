using System.Xml.Linq;
using Interconnect.Federation;
using Polly;
using Polly.Retry;

namespace Interconnect.Endpoint;

/// <summary>
/// An XMPP client session (RFC 6120, 6121) that carries frames: TLS, SCRAM, stream management with resumption (XEP-0198). The server's stanzas are acknowledged
/// only after the sink has saved them, so what a crash catches in between the server delivers again. Reconnects by itself.
/// </summary>
internal sealed class XmppTransport : ITransport
{
    private readonly XmppOptions options;
    private readonly TimeProvider clock;
    private readonly ResiliencePipeline<TransportFailure?> reconnect;
    private readonly SemaphoreSlim sending = new(1, 1);
    private readonly CancellationTokenSource stopping = new();
    private readonly StanzaQueue queue = new();
    private ITransportSink? sink;
    private XmppStream? stream;
    private string? resumeId;
    private bool managed;
    private Task running = Task.CompletedTask;
    private long lastHeard;
    private bool loggedOff;

    public XmppTransport(XmppOptions options, TimeProvider clock)
    {
        this.options = options;
        this.clock = clock;
        reconnect = new ResiliencePipelineBuilder<TransportFailure?> { TimeProvider = clock }
            .AddRetry(new RetryStrategyOptions<TransportFailure?>
            {
                ShouldHandle = new PredicateBuilder<TransportFailure?>().HandleResult(failure => failure is { Retry: true }),
                MaxRetryAttempts = int.MaxValue,
                BackoffType = DelayBackoffType.Exponential,
                UseJitter = true,
                Delay = options.FirstReconnectDelay,
                MaxDelay = options.MaxReconnectDelay,
            })
            .Build();
    }

    public UserUri User => options.Address.User;

    public async Task<TransportFailure?> StartAsync(ITransportSink receiver, CancellationToken cancellation)
    {
        sink = receiver;
        if (await TryConnectAsync(cancellation).ConfigureAwait(false) is { } failure)
            return failure;

        running = Task.Run(RunAsync, CancellationToken.None);
        return null;
    }

    public async Task<TransportSend> SendAsync(TransportAddress to, FrameId id, ReadOnlyMemory<byte> frame, CancellationToken cancellation)
    {
        if (XmppStanzas.AddressOf(options, to) is not { } jid)
            return new TransportSend.Rejected(XmppFailures.NoName);

        if (XmppStanzas.Write(options, jid, id, frame) is not { } stanzas)
            return new TransportSend.Rejected(XmppFailures.TooLarge);

        var taken = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        for (var i = 0; i < stanzas.Count; i++)
            await SendStanzaAsync(stanzas[i], i == stanzas.Count - 1 ? taken : null, cancellation).ConfigureAwait(false);

        try
        {
            await taken.Task.WaitAsync(cancellation).ConfigureAwait(false);
            return new TransportSend.Taken();
        }
        catch (TaskCanceledException) when (!cancellation.IsCancellationRequested)
        {
            return new TransportSend.Later(TimeSpan.FromSeconds(1), XmppFailures.Lost);
        }
    }

    public async Task StopAsync(CancellationToken cancellation)
    {
        loggedOff = true;
        if (stream is { } open)
        {
            try
            {
                if (managed)
                    await open.WriteAsync(Acknowledgement(), cancellation).ConfigureAwait(false);

                await open.WriteAsync("<presence xmlns='jabber:client' type='unavailable'/></stream:stream>", cancellation).ConfigureAwait(false);
                await running.WaitAsync(TimeSpan.FromSeconds(2), clock, cancellation).ConfigureAwait(false);
            }
            catch (Exception e) when (e is XmppFailedException or TimeoutException or OperationCanceledException)
            {
                // The server sees the connection end instead.
            }
        }

        await stopping.CancelAsync().ConfigureAwait(false);
        stream?.Abort();
        await running.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        queue.CancelAll();
    }

    public async ValueTask DisposeAsync()
    {
        if (!stopping.IsCancellationRequested)
        {
            await stopping.CancelAsync().ConfigureAwait(false);
            stream?.Abort();
            await running.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            queue.CancelAll();
        }

        if (stream is not null)
            await stream.DisposeAsync().ConfigureAwait(false);
    }

    private async Task RunAsync()
    {
        while (true)
        {
            var lost = await ReadUntilLostAsync().ConfigureAwait(false);
            if (stopping.IsCancellationRequested || loggedOff)
                return;

            sink!.StatusChanged(new TransportStatus(TransportState.Reconnecting, lost));
            var failure = await reconnect.ExecuteAsync(async cancellation => await TryConnectAsync(cancellation).ConfigureAwait(false), stopping.Token).ConfigureAwait(false);
            if (failure is not null)
            {
                sink.StatusChanged(new TransportStatus(failure.RuleId == XmppFailures.BadCredentials.RuleId ? TransportState.BadCredentials : TransportState.Stopped, failure));
                return;
            }
        }
    }

    /// <summary>One attempt; null when a session is there, the old one or a new one.</summary>
    private async Task<TransportFailure?> TryConnectAsync(CancellationToken cancellation)
    {
        using var patience = new CancellationTokenSource(options.AnswerTimeout, clock);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(cancellation, patience.Token);
        try
        {
            if (stream is not null)
                await stream.DisposeAsync().ConfigureAwait(false);

            stream = null;
            var (connected, features) = await XmppLogin.AuthenticateAsync(options, either.Token).ConfigureAwait(false);
            await sending.WaitAsync(either.Token).ConfigureAwait(false);
            try
            {
                await EstablishAsync(connected, features, either.Token).ConfigureAwait(false);
            }
            catch
            {
                await connected.DisposeAsync().ConfigureAwait(false);
                throw;
            }
            finally
            {
                sending.Release();
            }

            Interlocked.Exchange(ref lastHeard, clock.GetTimestamp());
            sink!.StatusChanged(new TransportStatus(TransportState.Connected));
            return null;
        }
        catch (XmppFailedException e)
        {
            cancellation.ThrowIfCancellationRequested();
            return e.Failure;
        }
        catch (OperationCanceledException) when (patience.IsCancellationRequested && !cancellation.IsCancellationRequested)
        {
            return XmppFailures.NoAnswer;
        }
    }

    private async Task EstablishAsync(XmppStream connected, XElement features, CancellationToken cancellation)
    {
        if (resumeId is { } id)
        {
            if (await XmppLogin.ResumeAsync(connected, id, queue.Handled, cancellation).ConfigureAwait(false) is { } h && queue.Acknowledge(h))
            {
                await ResendAsync(connected, cancellation).ConfigureAwait(false);
                stream = connected;
                return;
            }

            resumeId = null;
        }

        (managed, resumeId) = await XmppLogin.BindAsync(connected, features, cancellation).ConfigureAwait(false);
        queue.Restart();

        // Initial presence: from here the server delivers what it kept while we were away. It counts as the first stanza of the session.
        var presence = "<presence xmlns='jabber:client'/>";
        var again = queue.Waiting;
        if (managed)
            queue.AddFirst(presence);

        await connected.WriteAsync(presence, cancellation).ConfigureAwait(false);
        foreach (var xml in again)
            await connected.WriteAsync(xml, cancellation).ConfigureAwait(false);

        if (managed)
            await connected.WriteAsync(Request, cancellation).ConfigureAwait(false);
        else
            queue.TakeAll();

        stream = connected;
    }

    private async Task ResendAsync(XmppStream connected, CancellationToken cancellation)
    {
        foreach (var xml in queue.Waiting)
            await connected.WriteAsync(xml, cancellation).ConfigureAwait(false);

        await connected.WriteAsync(Request, cancellation).ConfigureAwait(false);
    }

    private static string Request => $"<r xmlns='{XmppLogin.Sm}'/>";

    private string Acknowledgement() => FormattableString.Invariant($"<a xmlns='{XmppLogin.Sm}' h='{queue.Handled}'/>");

    /// <summary>Queued first, so that a connection that breaks in the middle only delays it.</summary>
    private async Task SendStanzaAsync(XElement stanza, TaskCompletionSource? taken, CancellationToken cancellation)
    {
        var xml = stanza.ToString(SaveOptions.DisableFormatting);
        await sending.WaitAsync(cancellation).ConfigureAwait(false);
        try
        {
            queue.Add(xml, stanza.Name.LocalName == "message", taken);
            if (stream is not { } open)
                return;

            if (queue.Count > StanzaQueue.MaxUnacknowledged)
            {
                open.Abort();
                return;
            }

            await open.WriteAsync(xml, cancellation).ConfigureAwait(false);
            if (managed)
                await open.WriteAsync(Request, cancellation).ConfigureAwait(false);
            else
                queue.TakeAll();
        }
        catch (XmppFailedException)
        {
            // The reader notices too and reconnects; what is queued goes out then.
            stream?.Abort();
        }
        finally
        {
            sending.Release();
        }
    }

    private async Task<TransportFailure> ReadUntilLostAsync()
    {
        using var ended = CancellationTokenSource.CreateLinkedTokenSource(stopping.Token);
        var watching = WatchAsync(stream!, ended.Token);
        try
        {
            while (await stream!.ReadAsync(stopping.Token).ConfigureAwait(false) is { } element)
            {
                Interlocked.Exchange(ref lastHeard, clock.GetTimestamp());
                await HandleAsync(element).ConfigureAwait(false);
            }

            return XmppFailures.Lost;
        }
        catch (XmppFailedException e)
        {
            if (e.IsStanza)
                queue.HandledOne();

            return e.Failure;
        }
        finally
        {
            await ended.CancelAsync().ConfigureAwait(false);
            await watching.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }
    }

    private async Task HandleAsync(XElement element)
    {
        if (element.Name.Namespace == XmppLogin.Sm)
        {
            await HandleManagementAsync(element).ConfigureAwait(false);
            return;
        }

        if (element.Name.Namespace != XmppStream.Client)
            return;

        if (element.Name.LocalName == "message")
            await HandleMessageAsync(element).ConfigureAwait(false);
        else if (element.Name.LocalName == "iq" && XmppStanzas.Answer(element) is { } answer)
            await SendStanzaAsync(answer, null, stopping.Token).ConfigureAwait(false);

        // Counted when it is saved: a crash before leaves it unacknowledged, and the server delivers it again.
        queue.HandledOne();
    }

    private async Task HandleMessageAsync(XElement message)
    {
        if ((string?)message.Attribute("type") == "error")
        {
            if (XmppStanzas.ReadReturn(options, message) is var (frame, why))
                await sink!.ReturnedAsync(frame, why, stopping.Token).ConfigureAwait(false);

            return;
        }

        if (XmppStanzas.Read(options, message) is not { } item)
            return;

        await sink!.ReceiveAsync(item, stopping.Token).ConfigureAwait(false);
        if (XmppStanzas.Receipt(message) is { } receipt)
            await SendStanzaAsync(receipt, null, stopping.Token).ConfigureAwait(false);
    }

    private async Task HandleManagementAsync(XElement element)
    {
        switch (element.Name.LocalName)
        {
            case "r":
                await stream!.WriteAsync(Acknowledgement(), stopping.Token).ConfigureAwait(false);
                break;
            case "a" when uint.TryParse((string?)element.Attribute("h"), out var h):
                await sending.WaitAsync(stopping.Token).ConfigureAwait(false);
                try
                {
                    if (!queue.Acknowledge(h))
                        throw new XmppFailedException(XmppFailures.Protocol("acknowledges more than was sent"));
                }
                finally
                {
                    sending.Release();
                }

                break;
            default:
                break;
        }
    }

    /// <summary>A connection can die without a word: after some silence the server is asked, and given up when it stays silent.</summary>
    private async Task WatchAsync(XmppStream watched, CancellationToken cancellation)
    {
        while (true)
        {
            await Task.Delay(options.KeepAlive / 3, clock, cancellation).ConfigureAwait(false);
            var silence = clock.GetElapsedTime(Interlocked.Read(ref lastHeard));
            if (silence > options.KeepAlive + options.AnswerTimeout)
            {
                watched.Abort();
                return;
            }

            if (silence > options.KeepAlive)
                await watched.WriteAsync(managed ? Request : " ", cancellation).ConfigureAwait(false);
        }
    }
}
