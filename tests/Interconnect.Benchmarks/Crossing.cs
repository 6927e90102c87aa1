using System.Collections.Concurrent;
using System.Diagnostics;
using Interconnect.Bus;
using Interconnect.Federation;
using Microsoft.Extensions.DependencyInjection;

namespace Interconnect.Benchmarks;

/// <summary>The null adapters at both ends: one submits envelopes made beforehand, the other counts what is delivered, once an event.</summary>
internal sealed class Crossing : IAsyncDisposable
{
    private static readonly BusAddress Submit = new BusAddress.Submit();
    private static readonly IReadOnlyList<Unusable> AllUsed = [];
    private readonly ServiceProvider services;
    private readonly IBusPublishers publishers;
    private readonly SemaphoreSlim window;
    private readonly ConcurrentDictionary<string, TaskCompletionSource<FederationEvent>> answers = new(StringComparer.Ordinal);
    private readonly List<IAsyncDisposable> readers = [];
    private readonly ConcurrentDictionary<EventId, byte> seen = new();
    private volatile Action<EventId> arrived = _ => { };
    private long refused;
    private long duplicates;

    private Crossing(CrossingOptions options)
    {
        services = new ServiceCollection().AddInterconnectBus(
            new BusOptions { Amqp = options.Broker, Partitions = options.Partitions, Roles = BenchmarkRoles.Read(options.Keys) }, BenchmarkRoles.From, BenchmarkRoles.To).BuildServiceProvider();
        publishers = services.GetRequiredService<IBusPublishers>();
        window = new SemaphoreSlim(options.Window);
    }

    public long Refused => Interlocked.Read(ref refused);

    public long Duplicates => Interlocked.Read(ref duplicates);

    public static async Task<Crossing> StartAsync(CrossingOptions options)
    {
        var crossing = new Crossing(options);
        var consumer = crossing.services.GetRequiredService<IBusConsumer>();
        crossing.readers.Add(await consumer.ConsumeAsync(new BusAddress.Deliver(Devices.From), crossing.AnswersAsync, default));
        crossing.readers.Add(await consumer.ConsumeAsync(new BusAddress.Deliver(Devices.To), crossing.DeliveriesAsync, default));
        var status = crossing.services.GetRequiredService<IBusStatus>();
        using var patience = new CancellationTokenSource(TimeSpan.FromSeconds(60));
        while (await status.WhyNotReadyAsync([Submit, new BusAddress.Report()], patience.Token) is not null)
        {
            await Task.Delay(100, patience.Token);
        }

        return crossing;
    }

    /// <summary>Submits one envelope and waits for the hub's answer to its sender.</summary>
    public async Task<FederationEvent> AskAsync(FederationEnvelope envelope)
    {
        // A claim is answered by a response that names the frame, everything else by a report or refusal that names the event.
        var key = envelope.Event is KeyMaterialRequest ? Convert.ToHexString(envelope.Proof!.FrameId.ToBytes()) : envelope.Id.Hex;
        var answer = answers.GetOrAdd(key, _ => new TaskCompletionSource<FederationEvent>(TaskCreationOptions.RunContinuationsAsynchronously));
        if (await publishers.As(new BusSender.Network(envelope.Origin!)).PublishAsync(Submit, envelope.Conversation, EnvelopeCodec.Encode(envelope), default) is PublishOutcome.Unavailable why)
        {
            throw new InvalidOperationException(why.Reason);
        }

        var got = await answer.Task.WaitAsync(TimeSpan.FromSeconds(30));
        answers.TryRemove(key, out _);
        return got is Refusal refusal ? throw new InvalidOperationException($"The hub refused: {refusal.RuleId} {refusal.Reason}") : got;
    }

    public async Task<double> ThroughputAsync(IReadOnlyList<(ConversationKey Conversation, EventId Id, byte[] Body)> messages)
    {
        var left = messages.Count;
        var all = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        arrived = _ =>
        {
            if (Interlocked.Decrement(ref left) == 0)
            {
                all.SetResult();
            }
        };
        var start = Stopwatch.GetTimestamp();
        foreach (var (conversation, _, body) in messages)
        {
            await window.WaitAsync();
            _ = PublishAsync(conversation, body);
        }

        await all.Task.WaitAsync(TimeSpan.FromMinutes(5));
        return messages.Count / Stopwatch.GetElapsedTime(start).TotalSeconds;
    }

    public async Task<object> LatencyAsync(IReadOnlyList<(ConversationKey Conversation, EventId Id, byte[] Body)> messages, int perSecond)
    {
        var pace = new Pace(messages.Count, perSecond);
        var numbers = messages.Select((m, n) => (Id: m.Id.From(Devices.From), n)).ToDictionary(m => m.Id, m => m.n);
        var left = messages.Count;
        var all = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        arrived = id =>
        {
            if (numbers.TryGetValue(id, out var number))
            {
                pace.Arrived(number);
                if (Interlocked.Decrement(ref left) == 0)
                {
                    all.SetResult();
                }
            }
        };
        await pace.SendAsync(n =>
        {
            window.Wait();
            _ = PublishAsync(messages[n].Conversation, messages[n].Body);
        });
        await all.Task.WaitAsync(TimeSpan.FromMinutes(5));
        return pace.Result();
    }

    public async ValueTask DisposeAsync()
    {
        foreach (var reader in readers)
        {
            await reader.DisposeAsync();
        }

        await services.DisposeAsync();
    }

    private async Task PublishAsync(ConversationKey conversation, byte[] body)
    {
        while (await publishers.As(BenchmarkRoles.From).PublishAsync(Submit, conversation, body, default) is PublishOutcome.Unavailable refusal)
        {
            await Task.Delay(refusal.RetryAfter);
        }

        window.Release();
    }

    // The sender's network hears of acceptance and refusal.
    private ValueTask<IReadOnlyList<Unusable>> AnswersAsync(BusBatch batch, CancellationToken cancellation)
    {
        foreach (var body in batch.Bodies)
        {
            Answer(Decode(body.Bytes).Event);
        }

        return ValueTask.FromResult(AllUsed);
    }

    private ValueTask<IReadOnlyList<Unusable>> DeliveriesAsync(BusBatch batch, CancellationToken cancellation)
    {
        foreach (var body in batch.Bodies)
        {
            var envelope = Decode(body.Bytes);
            if (envelope.Event is not EncryptedMessage)
            {
                // The answers to what the other device submitted come here.
                Answer(envelope.Event);
                continue;
            }

            if (seen.TryAdd(envelope.Id, 0))
            {
                arrived(envelope.Id);
            }
            else
            {
                Interlocked.Increment(ref duplicates);
            }
        }

        return ValueTask.FromResult(AllUsed);
    }

    private void Answer(FederationEvent answer)
    {
        var about = answer switch
        {
            Refusal refusal => refusal.Event.Hex,
            DeliveryReport report => report.Event.Hex,
            KeyMaterialResponse response => Convert.ToHexString(response.RequestFrame.ToBytes()),
            _ => "",
        };
        Interlocked.Add(ref refused, answer is Refusal ? 1 : 0);
        if (answers.TryGetValue(about, out var waiting))
        {
            waiting.TrySetResult(answer);
        }
    }

    private static FederationEnvelope Decode(ReadOnlyMemory<byte> body) =>
        EnvelopeCodec.TryDecode(body, out var envelope, out var error) ? envelope : throw new InvalidOperationException(error.ToString());
}
