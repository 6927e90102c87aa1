using System.Xml.Linq;
using Interconnect.Adapters.Hosting;
using Interconnect.Adapters.Xmpp.Wire;
using Interconnect.Federation;
using Polly;
using Polly.CircuitBreaker;
using Polly.Retry;
using Polly.Timeout;

namespace Interconnect.Adapters.Xmpp;

/// <summary>Keeps a component stream open: connects with back-off, jitter and a circuit breaker, and says how it is. Knows stanzas, not the federation.</summary>
internal sealed class XmppConnection : IAsyncDisposable
{
    private static readonly TimeSpan ShortLife = TimeSpan.FromSeconds(5);
    private static readonly TimeSpan ShortLifePause = TimeSpan.FromSeconds(1);
    private readonly XmppOptions options;
    private readonly Secret secret;
    private readonly TimeProvider clock;
    private readonly Action<AdapterStatus> changed;
    private readonly Action<XmlFault> discarded;
    private readonly ResiliencePipeline<ConnectOutcome> connecting;
    private readonly CancellationTokenSource stopping = new();
    private volatile XmppSession? session;
    private Task running = Task.CompletedTask;

    public XmppConnection(XmppOptions options, Secret secret, TimeProvider clock, Action<AdapterStatus> changed, Action<XmlFault> discarded)
    {
        (this.options, this.secret, this.clock, this.changed, this.discarded) = (options, secret, clock, changed, discarded);
        connecting = new ResiliencePipelineBuilder<ConnectOutcome> { TimeProvider = clock }
            .AddRetry(new RetryStrategyOptions<ConnectOutcome>
            {
                MaxRetryAttempts = int.MaxValue,
                BackoffType = DelayBackoffType.Exponential,
                UseJitter = true,
                Delay = TimeSpan.FromMilliseconds(250),
                MaxDelay = options.MaxReconnectPause,
                ShouldHandle = new PredicateBuilder<ConnectOutcome>().HandleResult(o => o is ConnectOutcome.Failed).Handle<BrokenCircuitException>().Handle<TimeoutRejectedException>(),
                OnRetry = args =>
                {
                    changed(StatusOf(args.Outcome.Result as ConnectOutcome.Failed));
                    return ValueTask.CompletedTask;
                },
            })
            .AddCircuitBreaker(new CircuitBreakerStrategyOptions<ConnectOutcome>
            {
                FailureRatio = 0.9,
                MinimumThroughput = 10,
                SamplingDuration = TimeSpan.FromSeconds(30),
                BreakDuration = TimeSpan.FromSeconds(5),
                ShouldHandle = new PredicateBuilder<ConnectOutcome>().HandleResult(o => o is ConnectOutcome.Failed).Handle<TimeoutRejectedException>(),
            })
            .AddTimeout(new TimeoutStrategyOptions { Timeout = options.ConnectTimeout })
            .Build();
    }

    /// <summary>Connects once, then keeps connected. Returns null when connected, else why not.</summary>
    public async Task<AdapterStatus?> StartAsync(Func<XElement, ValueTask> received, CancellationToken cancellation)
    {
        ConnectOutcome first;
        using (var limit = new CancellationTokenSource(options.ConnectTimeout, clock))
        using (var both = CancellationTokenSource.CreateLinkedTokenSource(limit.Token, cancellation))
        {
            try
            {
                first = await XmppSession.ConnectAsync(options, secret, clock, both.Token);
            }
            catch (OperationCanceledException) when (!cancellation.IsCancellationRequested)
            {
                first = new ConnectOutcome.Failed("the server does not answer", false);
            }
        }

        if (first is not ConnectOutcome.Connected connected)
        {
            return StatusOf(first as ConnectOutcome.Failed);
        }

        running = RunAsync(connected.Session, received);
        return null;
    }

    /// <summary>Sends stanzas in order and waits until the server has dealt with them.</summary>
    public ValueTask<SendOutcome> SendAsync(IReadOnlyList<XElement> stanzas, CancellationToken cancellation) => session?.SendAsync(stanzas, cancellation) ?? new ValueTask<SendOutcome>(SendOutcome.NotSent);

    /// <summary>Sends without waiting; lost when there is no stream.</summary>
    public void Post(IReadOnlyList<XElement> stanzas) => session?.TryPost(stanzas);

    /// <summary>Asks and returns the answer, or null.</summary>
    public ValueTask<XElement?> AskAsync(XElement iq, CancellationToken cancellation) => session?.AskAsync(iq, cancellation) ?? new ValueTask<XElement?>((XElement?)null);

    /// <summary>Closes the stream and stays closed.</summary>
    public async Task StopAsync()
    {
        await stopping.CancelAsync();
        await running;
    }

    public async ValueTask DisposeAsync()
    {
        await StopAsync();
        stopping.Dispose();
    }

    private static AdapterStatus StatusOf(ConnectOutcome.Failed? failed) =>
        new(failed is { OperatorMustAct: true } ? AdapterState.BadCredentials : AdapterState.Degraded, failed?.Reason ?? "the server does not answer");

    private async Task RunAsync(XmppSession first, Func<XElement, ValueTask> received)
    {
        XmppSession? next = first;
        while (next is not null)
        {
            var began = clock.GetTimestamp();
            string reason;
            await using (next)
            {
                session = next;
                changed(new AdapterStatus(AdapterState.Connected));
                reason = await next.RunAsync(received, discarded, stopping.Token);
                session = null;
            }

            if (stopping.IsCancellationRequested)
            {
                return;
            }

            changed(new AdapterStatus(AdapterState.Degraded, reason));
            next = await ReconnectAsync(clock.GetElapsedTime(began) < ShortLife);
        }
    }

    private async Task<XmppSession?> ReconnectAsync(bool afterShortLife)
    {
        try
        {
            if (afterShortLife)
            {
                // A server that drops us right after the handshake must not be asked without a pause.
                await Task.Delay(ShortLifePause, clock, stopping.Token);
            }

            return await connecting.ExecuteAsync(async token => await XmppSession.ConnectAsync(options, secret, clock, token), stopping.Token) is ConnectOutcome.Connected connected ? connected.Session : null;
        }
        catch (OperationCanceledException)
        {
            return null;
        }
    }
}
