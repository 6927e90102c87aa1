using System.Collections.Concurrent;
using System.Threading.Channels;
using Interconnect.Adapters.Hosting;
using Interconnect.Federation;
using Interconnect.Storage;
using Microsoft.Extensions.Logging.Abstractions;

namespace Interconnect.Adapters.Tests.Hosting;

/// <summary>A role with an adapter and a bus that do as they are told, on a real database.</summary>
internal sealed class HostHarness : IAsyncDisposable
{
    public static readonly TimeSpan Limit = TimeSpan.FromSeconds(20);
    private readonly Database database;

    private HostHarness(Database database, AdapterHostOptions options, TimeProvider clock, ScriptedBus bus, ScriptedAdapter adapter)
    {
        (this.database, Bus, Adapter) = (database, bus, adapter);
        Role = new AdapterRole(options, () => adapter, database, bus, bus, clock, NullLogger<AdapterRole>.Instance);
    }

    public AdapterRole Role { get; }

    public ScriptedBus Bus { get; }

    public ScriptedAdapter Adapter { get; }

    public static AdapterHostOptions Options { get; } = new() { Network = "net-a", RestartPause = TimeSpan.FromMilliseconds(200) };

    public static async Task<HostHarness> StartAsync(DatabaseOptions database, AdapterHostOptions? options = null, TimeProvider? clock = null, ScriptedBus? bus = null, ScriptedAdapter? adapter = null)
    {
        var harness = new HostHarness(Database.Create(database), options ?? Options, clock ?? TimeProvider.System, bus ?? new ScriptedBus(), adapter ?? new ScriptedAdapter());
        await harness.Role.StartAsync(default);
        await harness.Bus.Bound.Task.WaitAsync(Limit);
        return harness;
    }

    public static async Task UntilAsync(Func<bool> condition)
    {
        using var limit = new CancellationTokenSource(Limit);
        while (!condition())
        {
            await Task.Delay(10, limit.Token);
        }
    }

    public async ValueTask DisposeAsync()
    {
        await Role.StopAsync(default);
        Role.Dispose();
        await database.DisposeAsync();
        Microsoft.Data.Sqlite.SqliteConnection.ClearAllPools();
    }
}

/// <summary>A bus that keeps what is published and hands over what the test gives it.</summary>
internal sealed class ScriptedBus : IBusPublishers, IBusPublisher, IBusConsumer
{
    private readonly Channel<FederationEnvelope> submitted = Channel.CreateUnbounded<FederationEnvelope>();
    private readonly Channel<(EventId Id, DeliveryReport Report)> reported = Channel.CreateUnbounded<(EventId, DeliveryReport)>();
    private BusHandler? handler;
    private Task underWay = Task.CompletedTask;

    public TaskCompletionSource Bound { get; private set; } = new(TaskCreationOptions.RunContinuationsAsynchronously);

    /// <summary>What the bus answers; null: stored.</summary>
    public Func<BusAddress, PublishOutcome.Unavailable?> Answer { get; set; } = _ => null;

    /// <summary>Whether the binding ends only when its batch has, as a bus in use does.</summary>
    public bool FinishesBatches { get; init; }

    /// <summary>Awaited before a publish is answered.</summary>
    public Func<BusAddress, Task> Before { get; set; } = _ => Task.CompletedTask;

    /// <summary>Who publishes.</summary>
    public BusSender? Publisher { get; private set; }

    public IBusPublisher As(BusSender sender)
    {
        Publisher = sender;
        return this;
    }

    public async ValueTask<PublishOutcome> PublishAsync(BusAddress address, ConversationKey conversation, ReadOnlyMemory<byte> body, CancellationToken cancellation)
    {
        await Before(address);
        if (Answer(address) is { } away)
        {
            return away;
        }

        Assert.True(EnvelopeCodec.TryDecode(body, out var envelope, out var error), error?.ToString());
        Assert.Equal(conversation, envelope.Conversation);
        if (address is BusAddress.Report)
        {
            reported.Writer.TryWrite((envelope.Id, Assert.IsType<DeliveryReport>(envelope.Event)));
        }
        else
        {
            submitted.Writer.TryWrite(envelope);
        }

        return new PublishOutcome.Stored();
    }

    public ValueTask<IAsyncDisposable> ConsumeAsync(BusAddress address, BusHandler handle, CancellationToken cancellation)
    {
        handler = handle;
        Bound.TrySetResult();
        return new(new Binding(this));
    }

    /// <summary>Hands a batch over; returns when it is acknowledged, throws when it is not.</summary>
    public Task<IReadOnlyList<Unusable>> DeliverAsync(params IEnumerable<FederationEnvelope> envelopes) => DeliverRawAsync([.. envelopes.Select(e => (ReadOnlyMemory<byte>)EnvelopeCodec.Encode(e))]);

    public Task<IReadOnlyList<Unusable>> DeliverRawAsync(params IReadOnlyList<ReadOnlyMemory<byte>> bodies) => DeliverAsAsync(new BusSender.HubProvider(), bodies);

    public Task<IReadOnlyList<Unusable>> DeliverAsAsync(BusSender sender, params IReadOnlyList<ReadOnlyMemory<byte>> bodies)
    {
        var batch = handler!(new BusBatch(new BusAddress.Deliver(NetworkId.Parse("net-a")), 0, [.. bodies.Select(b => new BusBody(sender, b))], false), CancellationToken.None).AsTask();
        underWay = batch;
        return batch.WaitAsync(HostHarness.Limit);
    }

    public Task<FederationEnvelope> NextSubmitAsync() => submitted.Reader.ReadAsync().AsTask().WaitAsync(HostHarness.Limit);

    public async Task<DeliveryReport> NextReportAsync() => (await reported.Reader.ReadAsync().AsTask().WaitAsync(HostHarness.Limit)).Report;

    public int ReportsWaiting => reported.Reader.Count;

    private sealed class Binding(ScriptedBus bus) : IAsyncDisposable
    {
        public async ValueTask DisposeAsync()
        {
            bus.handler = null;
            bus.Bound = new(TaskCreationOptions.RunContinuationsAsynchronously);
            if (bus.FinishesBatches)
            {
                await bus.underWay.ContinueWith(_ => { }, TaskScheduler.Default);
            }
        }
    }
}

/// <summary>An adapter that does as it is told and remembers in which order.</summary>
internal sealed class ScriptedAdapter : INetworkAdapter
{
    private readonly ConcurrentQueue<Delivery> attempts = new();

    public Func<Delivery, CancellationToken, Task<DeliveryOutcome>> Script { get; set; } = (_, _) => Task.FromResult<DeliveryOutcome>(new DeliveryOutcome.Delivered(true, null));

    public bool Idempotent { get; init; } = true;

    public FeatureLevel Messages { get; init; } = FeatureLevel.Full;

    public IReadOnlyList<Delivery> Attempts => [.. attempts];

    public IAdapterSink Sink { get; private set; } = null!;

    public AdapterStatus Status { get; private set; } = new(AdapterState.Starting);

    public int Starts { get; private set; }

    public NetworkDescription Describe() => new(NetworkId.Parse("net-a"), ProviderDomain.Parse("a.test"), OuterEncryption.Tls, "nowhere");

    public Task StartAsync(IAdapterSink sink, CancellationToken cancellation)
    {
        Sink = sink;
        Starts++;
        Status = new(AdapterState.Connected);
        return Task.CompletedTask;
    }

    public Task StopAsync(CancellationToken cancellation) => Task.CompletedTask;

    public ValueTask<NetworkFeatures> GetFeaturesAsync(CancellationToken cancellation) => new(new NetworkFeatures(
        "1",
        new Dictionary<string, FeatureLevel> { ["encrypted_message"] = Messages, ["refusal"] = FeatureLevel.Full, ["delivery_report"] = FeatureLevel.Full },
        100_000,
        1,
        Idempotent,
        true));

    public ValueTask<ResolveOutcome> ResolveAsync(string address, CancellationToken cancellation) => new(new ResolveOutcome.NotFound());

    public async ValueTask<DeliveryOutcome> DeliverAsync(Delivery delivery, CancellationToken cancellation)
    {
        attempts.Enqueue(delivery);
        return await Script(delivery, cancellation);
    }

    public ValueTask DisposeAsync() => ValueTask.CompletedTask;
}
