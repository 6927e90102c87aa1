using System.Collections.Concurrent;
using System.Threading.Channels;
using Interconnect.Federation;

namespace Interconnect.Hub.Tests.Kit;

/// <summary>A bus whose publishes land in lists, and whose batches a test hands over itself.</summary>
internal sealed class FakeBus : IBusPublishers, IBusPublisher, IBusConsumer, IBusStatus
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(20);
    private readonly ConcurrentDictionary<string, BusHandler> handlers = new(StringComparer.Ordinal);
    private readonly ConcurrentDictionary<string, Channel<FederationEnvelope>> delivered = new(StringComparer.Ordinal);
    private readonly ConcurrentDictionary<(string, EventId), bool> taken = new();
    private readonly SemaphoreSlim bound = new(0);
    private int bindings;

    /// <summary>Asked before each publish; anything but null is the outcome, and nothing is stored unless the function does it.</summary>
    public Func<BusAddress, FederationEnvelope, PublishOutcome?> Interfere { get; set; } = static (_, _) => null;

    /// <summary>Everything that was stored, in order, by network.</summary>
    public ConcurrentQueue<(string Network, FederationEnvelope Envelope)> Stored { get; } = new();

    /// <summary>What the hub told users without being asked, in order; it is in the lists, and no answer to anything.</summary>
    public IReadOnlyList<(UserUri To, KeyMaterialCount Count)> Notices => [.. Stored.Where(s => IsNotice(s.Envelope)).Select(s => (s.Envelope.Recipients[0], (KeyMaterialCount)s.Envelope.Event))];

    public int Bound => handlers.Count;

    /// <summary>How often somebody bound: two more with each session of a hub.</summary>
    public int Bindings => Volatile.Read(ref bindings);

    public IBusPublisher As(BusSender sender)
    {
        Assert.Equal(new BusSender.HubProvider(), sender);
        return this;
    }

    public ValueTask<PublishOutcome> PublishAsync(BusAddress address, ConversationKey conversation, ReadOnlyMemory<byte> body, CancellationToken cancellation)
    {
        Assert.True(EnvelopeCodec.TryDecode(body, out var envelope, out var error), error?.ToString());
        Assert.Equal(conversation, envelope.Conversation);
        if (Interfere(address, envelope) is { } outcome)
        {
            return ValueTask.FromResult(outcome);
        }

        Store(((BusAddress.Deliver)address).Network.Value, envelope);
        return ValueTask.FromResult<PublishOutcome>(new PublishOutcome.Stored());
    }

    public void Store(string network, FederationEnvelope envelope)
    {
        Stored.Enqueue((network, envelope));
        Of(envelope.Event is DeviceListUpdate ? ListsTo(network) : network).Writer.TryWrite(envelope);
    }

    /// <summary>Device lists come beside what a test is about, so they wait by themselves: under this name.</summary>
    public static string ListsTo(string network) => network + " lists";

    public ValueTask<IAsyncDisposable> ConsumeAsync(BusAddress address, BusHandler handler, CancellationToken cancellation)
    {
        handlers[address.Name] = handler;
        Interlocked.Increment(ref bindings);
        bound.Release();
        return ValueTask.FromResult<IAsyncDisposable>(new Binding(this, address.Name));
    }

    public ValueTask<string?> WhyNotReadyAsync(IReadOnlyList<BusAddress> needed, CancellationToken cancellation) => ValueTask.FromResult<string?>(null);

    /// <summary>Each from the network that it names as its origin.</summary>
    public Task<IReadOnlyList<Unusable>> SubmitAsync(params FederationEnvelope[] envelopes) => HandAsync(new BusAddress.Submit(), [.. envelopes.Select(e => Honest(e, EnvelopeCodec.Encode(e)))]);

    /// <summary>All from one network, whatever they say.</summary>
    public Task<IReadOnlyList<Unusable>> SubmitAsAsync(string network, params FederationEnvelope[] envelopes) => HandAsync(new BusAddress.Submit(), [.. envelopes.Select(e => Body(network, EnvelopeCodec.Encode(e)))]);

    public Task<IReadOnlyList<Unusable>> ReportAsync(params FederationEnvelope[] envelopes) => HandAsync(new BusAddress.Report(), [.. envelopes.Select(e => Honest(e, EnvelopeCodec.Encode(e)))]);

    public Task<IReadOnlyList<Unusable>> ReportAsAsync(string network, params FederationEnvelope[] envelopes) => HandAsync(new BusAddress.Report(), [.. envelopes.Select(e => Body(network, EnvelopeCodec.Encode(e)))]);

    public Task<IReadOnlyList<Unusable>> HandAsync(BusAddress address, IReadOnlyList<ReadOnlyMemory<byte>> bodies) => HandAsync(address, [.. bodies.Select(b => EnvelopeCodec.TryDecode(b, out var envelope, out _) ? Honest(envelope, b) : Body(World.Xmpp, b))]);

    public static BusBody Body(string network, ReadOnlyMemory<byte> body) => new(new BusSender.Network(NetworkId.Parse(network)), body);

    public async Task<IReadOnlyList<Unusable>> HandAsync(BusAddress address, IReadOnlyList<BusBody> bodies)
    {
        var handler = handlers.GetValueOrDefault(address.Name) ?? throw new InvalidOperationException("Nobody is bound to " + address.Name);
        return await handler(new BusBatch(address, 0, bodies, false), CancellationToken.None).AsTask().WaitAsync(Patience);
    }

    /// <summary>The next envelope for a network that was not taken yet; what is published again is passed over, as a destination does.</summary>
    public async Task<FederationEnvelope> NextAsync(string network)
    {
        while (true)
        {
            var envelope = await Of(network).Reader.ReadAsync().AsTask().WaitAsync(Patience);
            if (taken.TryAdd((network, envelope.Id), true) && !IsNotice(envelope))
            {
                return envelope;
            }
        }
    }

    public bool TryNext(string network, out FederationEnvelope? envelope)
    {
        while (Of(network).Reader.TryRead(out envelope))
        {
            if (taken.TryAdd((network, envelope.Id), true) && !IsNotice(envelope))
            {
                return true;
            }
        }

        return false;
    }

    public async Task UntilBoundAsync(int streams = 2)
    {
        while (handlers.Count < streams)
        {
            Assert.True(await bound.WaitAsync(Patience), "The hub did not bind to the bus.");
        }
    }

    private static BusBody Honest(FederationEnvelope envelope, ReadOnlyMemory<byte> body) => Body(envelope.Origin?.Value ?? World.Xmpp, body);

    private static bool IsNotice(FederationEnvelope envelope) => envelope.Event is KeyMaterialCount { RequestFrame: null };

    private Channel<FederationEnvelope> Of(string network) => delivered.GetOrAdd(network, static _ => Channel.CreateUnbounded<FederationEnvelope>());

    private sealed class Binding(FakeBus bus, string name) : IAsyncDisposable
    {
        public ValueTask DisposeAsync()
        {
            bus.handlers.TryRemove(name, out _);
            return ValueTask.CompletedTask;
        }
    }
}
