using System.Collections.Concurrent;
using System.Threading.Channels;
using System.Xml.Linq;
using Interconnect.Adapters.Hosting;
using Interconnect.Adapters.Xmpp.Wire;
using Interconnect.Federation;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Abstractions;

namespace Interconnect.Adapters.Xmpp;

/// <summary>
/// The glue of the XMPP adapter. In: stanzas are translated as they are read, submitted in order, several at a time. Out: a stanza counts as handed over when the
/// server has dealt with it and no error came back; a receipt (XEP-0184) says that it reached the user's endpoint.
/// </summary>
internal sealed class XmppAdapter : INetworkAdapter
{
    private static readonly TimeSpan NotConnectedPause = TimeSpan.FromSeconds(2);
    private static readonly TimeSpan BusyPause = TimeSpan.FromSeconds(1);
    private static readonly TimeSpan BouncedPause = TimeSpan.FromSeconds(30);
    private const int MostReportTries = 12;
    private const int ReceiptsASubmit = 16;
    private readonly XmppOptions options;
    private readonly Secret secret;
    private readonly TimeProvider clock;
    private readonly XmppTranslator translator;
    private readonly XmppIdentifiers identifiers;
    private readonly XmppConnection connection;
    private readonly NetworkDescription description;
    private readonly NetworkFeatures features;
    private readonly FrameAssembler assembler;
    private readonly EdgeMetrics metrics;
    private readonly ILogger logger;
    private readonly RefusedSenders refused;
    private readonly Channel<XmppInbound> inbound;
    private readonly SemaphoreSlim window;
    private readonly ConcurrentDictionary<(string Reference, UserUri Recipient), Sent> inFlight = new();
    private readonly CancellationTokenSource stopping = new();
    private volatile AdapterStatus status = new(AdapterState.Starting);
    private IAdapterSink? sink;
    private Task pump = Task.CompletedTask;

    public XmppAdapter(NetworkId network, XmppOptions options, TimeProvider clock, ILogger? logger = null)
    {
        (this.options, this.clock, this.logger) = (options, clock, logger ?? NullLogger.Instance);
        metrics = new EdgeMetrics(network);
        secret = Secret.Load(options.Secret, options.SecretFile);
        identifiers = new XmppIdentifiers(options.Provider, options.Component);
        translator = new XmppTranslator(identifiers, options);
        connection = new XmppConnection(options, secret, clock, Change, Discard);
        description = new NetworkDescription(network, identifiers.Provider, OuterEncryption.Tls, "in the users' endpoints; an ordinary client's OMEMO keys are not used");
        features = XmppFeatures.Of(options);
        assembler = new FrameAssembler(new FrameAssemblerOptions(), clock);
        refused = new RefusedSenders(clock);
        inbound = Channel.CreateBounded<XmppInbound>(new BoundedChannelOptions(options.SubmitsInFlight * ReceiptsASubmit) { SingleReader = true, SingleWriter = true });
        window = new SemaphoreSlim(options.SubmitsInFlight);
    }

    /// <inheritdoc/>
    public AdapterStatus Status => status;

    /// <inheritdoc/>
    public NetworkDescription Describe() => description;

    /// <inheritdoc/>
    public ValueTask<NetworkFeatures> GetFeaturesAsync(CancellationToken cancellation) => new(features);

    /// <inheritdoc/>
    public async Task StartAsync(IAdapterSink sink, CancellationToken cancellation)
    {
        this.sink = sink;
        pump = PumpAsync();
        if (await connection.StartAsync(ReceivedAsync, cancellation) is { } failure)
        {
            Change(failure);
            throw new AdapterStartException(failure.Reason!);
        }
    }

    /// <inheritdoc/>
    public async Task StopAsync(CancellationToken cancellation)
    {
        inbound.Writer.TryComplete();
        await pump.WaitAsync(cancellation);
        for (var i = 0; i < options.SubmitsInFlight; i++)
        {
            await window.WaitAsync(cancellation);
        }

        await connection.StopAsync();
        Change(new AdapterStatus(AdapterState.Stopped));
    }

    /// <inheritdoc/>
    public async ValueTask<ResolveOutcome> ResolveAsync(string address, CancellationToken cancellation)
    {
        if (!identifiers.TryRead(address, out var user) || !identifiers.TryJid(user, out var jid))
        {
            return new ResolveOutcome.NotFound();
        }

        var answer = await connection.AskAsync(
            new XElement(XmppNames.Component + "iq", new XAttribute("type", "get"), new XAttribute("from", identifiers.Service), new XAttribute("to", jid), new XElement(XmppNames.DiscoInfo + "query")),
            cancellation);
        return answer switch
        {
            null => new ResolveOutcome.RateLimited(NotConnectedPause),
            _ when (string?)answer.Attribute("type") == "result" => new ResolveOutcome.Found(user),
            _ when answer.Descendants(XmppNames.StanzaErrors + "item-not-found").Any() => new ResolveOutcome.NotFound(),
            _ => new ResolveOutcome.NotAllowed(),
        };
    }

    /// <inheritdoc/>
    public async ValueTask<DeliveryOutcome> DeliverAsync(Delivery delivery, CancellationToken cancellation)
    {
        switch (translator.TranslateOut(delivery))
        {
            case XmppOutbound.Impossible no:
                return new DeliveryOutcome.Rejected(no.RuleId, no.Reason);
            case XmppOutbound.Stanzas stanzas:
                return await SendAsync(stanzas, delivery.Recipient, cancellation);
            default:
                throw new InvalidOperationException("A delivery becomes stanzas or is impossible.");
        }
    }

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        inbound.Writer.TryComplete();
        await stopping.CancelAsync();
        await connection.DisposeAsync();
        secret.Dispose();
        metrics.Dispose();
    }

    private async ValueTask<DeliveryOutcome> SendAsync(XmppOutbound.Stanzas stanzas, UserUri recipient, CancellationToken cancellation)
    {
        var sent = new Sent();
        var key = (stanzas.Reference ?? "", recipient);
        inFlight[key] = sent;
        try
        {
            return Outcome(await connection.SendAsync(stanzas.Elements, cancellation), sent.Bounce, stanzas.Reference);
        }
        finally
        {
            inFlight.TryRemove(new(key, sent));
        }
    }

    private static DeliveryOutcome Outcome(SendOutcome sent, XmppInbound.Bounce? bounce, string? reference) => (sent, bounce) switch
    {
        (SendOutcome.NotSent, _) => new DeliveryOutcome.Deferred(NotConnectedPause, "the server is not connected"),
        (SendOutcome.Unknown, _) => new DeliveryOutcome.Uncertain("the stream broke before the server had answered"),
        (SendOutcome.Routed, null) => new DeliveryOutcome.Delivered(Reached: reference is null, reference),
        (SendOutcome.Routed, { Temporary: true }) => new DeliveryOutcome.Deferred(BouncedPause, "the server cannot take it now: " + bounce.Condition),
        (SendOutcome.Routed, _) => new DeliveryOutcome.Rejected("XMPP-010", "The server does not deliver it: " + bounce.Condition),
    };

    private void Change(AdapterStatus changed)
    {
        status = changed;
        sink?.StatusChanged(changed);
    }

    private void Discard(XmlFault fault) => Discard(fault.RuleId, fault.Reason);

    private void Discard(string ruleId, string reason)
    {
        metrics.Discarded(ruleId);
        Log.Discarded(logger, description.Network.Value, ruleId, reason);
    }

    /// <summary>Runs on the reading side, so that an error stanza is known before the answer of the ping behind it.</summary>
    private ValueTask ReceivedAsync(XElement stanza)
    {
        var meaning = translator.TranslateIn(stanza);
        switch (meaning)
        {
            case XmppInbound.Ignored:
                break;
            case XmppInbound.Reply reply:
                connection.Post(reply.Stanzas);
                break;
            case XmppInbound.Refused no:
                Discard(no.RuleId, no.Reason);
                if (no.Answer is { } answer)
                {
                    connection.Post([answer]);
                }

                break;
            case XmppInbound.Bounce bounce when inFlight.TryGetValue((bounce.Reference, bounce.From), out var sent):
                sent.Bounce = bounce;
                break;
            case XmppInbound.Submit or XmppInbound.Part when inbound.Reader.Count >= options.SubmitsInFlight:
                Refuse(meaning);
                break;
            default:
                if (!inbound.Writer.TryWrite(meaning))
                {
                    Refuse(meaning);
                }

                break;
        }

        return ValueTask.CompletedTask;
    }

    private async Task PumpAsync()
    {
        await foreach (var meaning in inbound.Reader.ReadAllAsync())
        {
            await window.WaitAsync();
            _ = HandleAsync(meaning);
        }
    }

    /// <summary>
    /// 1. what a part completes; 2. submit; 3. answer. Runs in order up to its first wait, which is inside the sink; the sink keeps that order.
    /// A crash before 2 is done loses the stanza here, because a component stream cannot be acknowledged: the sender has no receipt (3) and brings it again, and its
    /// dedupe key makes it the same event. Parts live in memory only, for the same reason: no receipt is given for a part, so a lost one comes again with its frame.
    /// </summary>
    private async Task HandleAsync(XmppInbound meaning)
    {
        try
        {
            switch (meaning)
            {
                case XmppInbound.Submit submit:
                    await SubmitAsync(submit.Event, submit.Stanza);
                    break;
                case XmppInbound.Part part:
                    switch (assembler.AddAndKeep(part.Sender.Value, part.Chunk))
                    {
                        case AssemblyOutcome.Complete complete:
                            if (await SubmitAsync(translator.Assembled(complete.Frame, part.Chunk.Id, part.Sender, part.Stanza), part.Stanza) is not SubmitOutcome.Refused { RetryAfter: not null })
                            {
                                assembler.Forget(part.Sender.Value, part.Chunk.Id);
                            }

                            break;
                        case AssemblyOutcome.Refused no:
                            await SubmitAsync(XmppTranslator.Unreadable(no.Error.RuleId, no.Error.Reason, part.Sender, part.Stanza), part.Stanza);
                            break;
                    }

                    break;
                case XmppInbound.Receipt receipt:
                    await ReportAsync(new InboundReceipt(receipt.Reference, receipt.From, DeliveryStatus.Delivered, null, null));
                    break;
                case XmppInbound.Bounce bounce:
                    await ReportAsync(new InboundReceipt(bounce.Reference, bounce.From, DeliveryStatus.Bounced, "XMPP-010", "The server did not deliver it: " + bounce.Condition));
                    break;
            }
        }
        catch (OperationCanceledException)
        {
            // Stopping: not taken, no receipt.
        }
        catch (Exception e)
        {
            // Nobody awaits this, so a defect of ours would pass unseen. The sender has no receipt and comes again.
            Discard("XMPP-019", "a defect, " + e.GetType().Name);
        }
        finally
        {
            window.Release();
        }
    }

    /// <summary>A receipt does not come again, so it is tried for a while; after that the event ends as expired.</summary>
    private async Task ReportAsync(InboundReceipt receipt)
    {
        for (var tries = 1; await sink!.ReportAsync(receipt, stopping.Token) is SubmitOutcome.Refused { RetryAfter: { } pause } && tries < MostReportTries; tries++)
        {
            await Task.Delay(pause, clock, stopping.Token);
        }
    }

    private async Task<SubmitOutcome> SubmitAsync(InboundEvent received, StanzaAddress stanza)
    {
        // While a sender's earlier stanza is refused, its later ones are refused too, so that they cannot pass it.
        var outcome = refused.Still(stanza.From.Bare.Normal) is { } left
            ? new SubmitOutcome.Refused("an earlier message of yours is waiting", left)
            : await sink!.SubmitAsync(received, stopping.Token);
        if (outcome is SubmitOutcome.Refused no)
        {
            if (no.RetryAfter is { } pause)
            {
                refused.Until(stanza.From.Bare.Normal, pause);
            }

            connection.Post([XmppTranslator.Refused(stanza, no.RetryAfter is null ? "cancel" : "wait", "resource-constraint", "XMPP-016: the gateway cannot take it now, " + no.Reason)]);
        }
        else if (stanza.WantsReceipt && received.NativeReference is null)
        {
            connection.Post([XmppTranslator.ReceiptFor(stanza)]);
        }

        return outcome;
    }

    /// <summary>Busy, or stopping. Reading never waits: the answers of our own pings come on the same stream. The sender has no receipt and brings its stanza again.</summary>
    private void Refuse(XmppInbound meaning)
    {
        var stanza = meaning switch
        {
            XmppInbound.Submit submit => submit.Stanza,
            XmppInbound.Part part => part.Stanza,
            _ => null,
        };
        if (stanza is not null)
        {
            refused.Until(stanza.From.Bare.Normal, BusyPause);
            connection.Post([XmppTranslator.Refused(stanza, "wait", "resource-constraint", "XMPP-016: the gateway cannot take it now")]);
        }
        else
        {
            metrics.Discarded("XMPP-017");
        }
    }

    private sealed class Sent
    {
        private volatile XmppInbound.Bounce? bounce;

        public XmppInbound.Bounce? Bounce
        {
            get => bounce;
            set => bounce = value;
        }
    }
}
