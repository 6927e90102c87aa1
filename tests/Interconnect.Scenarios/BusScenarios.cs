using System.Collections.Concurrent;
using System.Diagnostics;
using System.Text;
using Interconnect.Bus;
using Interconnect.Federation;
using Microsoft.Extensions.DependencyInjection;
using RabbitMQ.Client;
using RabbitMQ.Client.Events;

namespace Interconnect.Scenarios;

/// <summary>What the bus promises, on a real RabbitMQ.</summary>
[Collection(nameof(BusBroker))]
public sealed class BusScenarios
{
    private static readonly BusAddress Submit = new BusAddress.Submit();
    private static readonly BusAddress Deliver = new BusAddress.Deliver(NetworkId.Parse("net-b"));
    private static readonly TimeSpan Limit = TimeSpan.FromSeconds(60);

    [Fact(DisplayName = "20,000 envelopes in 50 conversations, the broker killed and restarted in the middle: none lost, order kept")]
    public async Task BrokerKilled()
    {
        await using var broker = await BusBroker.CreateAsync();
        var ledger = new BusLedger(50);
        await using var reading = await broker.Bus().GetRequiredService<IBusConsumer>().ConsumeAsync(Submit, ledger.Handler, default);
        var bus = broker.Bus().Publisher();
        using var patience = new CancellationTokenSource(TimeSpan.FromMinutes(3));
        var publishing = Enumerable.Range(0, 50).Select(c => Task.Run(() => BusLedger.PublishAsync(bus, Submit, c, 400, 20, patience.Token))).ToList();
        await ledger.WaitForAsync(2_000, Limit);
        await broker.Servers.KillAsync("rabbitmq");
        Assert.True(ledger.Total < 20_000, "the broker was killed too late to prove anything");
        await broker.Servers.StartAsync("rabbitmq");

        await Task.WhenAll(publishing);
        await ledger.WaitForAsync(20_000, Limit);
        Assert.Empty(ledger.Faults);
        Assert.Equal(20_000, ledger.Total);
    }

    [Fact(DisplayName = "What is published before anybody reads is kept, and readiness says that nobody reads")]
    public async Task PublishedBeforeBound()
    {
        await using var broker = await BusBroker.CreateAsync();
        var services = broker.Bus();
        var bus = services.Publisher();
        var status = services.GetRequiredService<IBusStatus>();
        await WaitUntilAsync(async () => await status.WhyNotReadyAsync([], default) is null);
        var why = await status.WhyNotReadyAsync([Deliver, Submit], default);
        Assert.Contains("Nobody reads deliver.net-b", why, StringComparison.Ordinal);
        await BusLedger.PublishAsync(bus, Deliver, 0, 100, 10, default);

        var ledger = new BusLedger(1);
        await using var reading = await broker.Bus().GetRequiredService<IBusConsumer>().ConsumeAsync(Deliver, ledger.Handler, default);
        await ledger.WaitForAsync(100, Limit);
        Assert.Empty(ledger.Faults);
        Assert.Equal(0, ledger.Duplicates);
        Assert.Null(await status.WhyNotReadyAsync([Deliver], default));
    }

    [Fact(DisplayName = "A stream whose queue an operator removed: the broker's return is an honest answer, and the next publish declares it again")]
    public async Task Returned()
    {
        await using var broker = await BusBroker.CreateAsync();
        var bus = broker.Bus().Publisher();
        await PublishOneAsync(bus, Deliver);
        await using (var connection = await broker.ConnectAsync())
        {
            await using var channel = await connection.CreateChannelAsync();
            await channel.QueueDeleteAsync("interconnect.deliver.net-b");
        }

        var refused = Assert.IsType<PublishOutcome.Unavailable>(await bus.PublishAsync(Deliver, BusLedger.Conversation(0), BusLedger.Body(0, 2), default));
        Assert.True(refused.Certain);
        Assert.Contains("no queue bound", refused.Reason, StringComparison.Ordinal);

        await Task.Delay(refused.RetryAfter);
        Assert.IsType<PublishOutcome.Stored>(await bus.PublishAsync(Deliver, BusLedger.Conversation(0), BusLedger.Body(0, 2), default));
    }

    [Fact(DisplayName = "Frames that cannot be read and bodies that cannot be used are parked with the reason; what follows is handled in order")]
    public async Task Poison()
    {
        await using var broker = await BusBroker.CreateAsync();
        var services = broker.Bus();
        var bus = services.Publisher();
        await PublishOneAsync(bus, Deliver);
        await using var connection = await broker.ConnectAsync();
        await using var channel = await connection.CreateChannelAsync();
        await channel.BasicPublishAsync("interconnect.deliver.net-b", "0", mandatory: true, new BasicProperties { Persistent = true }, "not a frame"u8.ToArray());
        await WaitUntilAsync(async () => await channel.MessageCountAsync("interconnect.deliver.net-b") == 2);
        await PublishOneAsync(bus, Deliver, 2);
        await PublishOneAsync(bus, Deliver, 3);

        var got = new ConcurrentQueue<byte>();
        await using var reading = await services.GetRequiredService<IBusConsumer>().ConsumeAsync(
            Deliver,
            (batch, _) =>
            {
                var unusable = new List<Unusable>();
                for (var i = 0; i < batch.Bodies.Count; i++)
                {
                    var number = batch.Bodies[i].Bytes.Span[7];
                    got.Enqueue(number);
                    if (number == 2)
                    {
                        unusable.Add(new Unusable(i, "number two"));
                    }
                }

                return ValueTask.FromResult<IReadOnlyList<Unusable>>(unusable);
            },
            default);
        await WaitUntilAsync(() => Task.FromResult(got.Count == 3));
        await WaitUntilAsync(async () => await channel.MessageCountAsync("interconnect.parked") == 1 && await channel.MessageCountAsync("interconnect.unauthentic") == 1);
        Assert.Equal(new byte[] { 1, 2, 3 }, got);
        var frame = (await channel.BasicGetAsync("interconnect.unauthentic", autoAck: true))!;
        Assert.Equal("not a frame", Encoding.UTF8.GetString(frame.Body.Span));
        Assert.StartsWith("BUS-002", Header(frame, "interconnect-reason"), StringComparison.Ordinal);
        Assert.Equal("deliver.net-b", Header(frame, "interconnect-stream"));
        var body = (await channel.BasicGetAsync("interconnect.parked", autoAck: true))!;
        Assert.Equal("number two", Header(body, "interconnect-reason"));

        // The frame as it was, signature and all: an operator may move it back as it is.
        Assert.Equal(BusLedger.Body(0, 2), body.Body.ToArray()[^64..]);
        got.Clear();
        await channel.BasicPublishAsync("interconnect.deliver.net-b", "0", mandatory: true, new BasicProperties { Persistent = true }, body.Body);
        await WaitUntilAsync(() => Task.FromResult(got.Count == 1));
        Assert.Equal(new byte[] { 2 }, got);
    }

    [Fact(DisplayName = "Five hundred frames that nobody signed, in front of one that the hub did: kept with their reason, counted, and soon passed")]
    public async Task UnsignedFlood()
    {
        const int Flood = 500;
        await using var broker = await BusBroker.CreateAsync();
        var services = broker.Bus();
        await PublishOneAsync(services.Publisher(), Deliver);
        await using var connection = await broker.ConnectAsync();
        await using var channel = await connection.CreateChannelAsync();
        for (var i = 0; i < Flood; i++)
        {
            await channel.BasicPublishAsync("interconnect.deliver.net-b", "0", mandatory: true, new BasicProperties { Persistent = true }, Convert.FromHexString("B501010141"));
        }

        await WaitUntilAsync(async () => await channel.MessageCountAsync("interconnect.deliver.net-b") == Flood + 1);
        await PublishOneAsync(services.Publisher(), Deliver, 2);
        var ledger = new BusLedger(1);
        var began = Stopwatch.GetTimestamp();
        await using var reading = await broker.Bus().GetRequiredService<IBusConsumer>().ConsumeAsync(Deliver, ledger.Handler, default);
        await ledger.WaitForAsync(2, Limit);
        Assert.Empty(ledger.Faults);
        Assert.True(Stopwatch.GetElapsedTime(began) < TimeSpan.FromSeconds(15), $"{Stopwatch.GetElapsedTime(began)} until what follows was handled");
        await WaitUntilAsync(async () => await channel.MessageCountAsync("interconnect.unauthentic") == Flood);
        Assert.StartsWith("BUS-008", Header((await channel.BasicGetAsync("interconnect.unauthentic", autoAck: true))!, "interconnect-reason"), StringComparison.Ordinal);
    }

    [Fact(DisplayName = "A handler that fails again and again keeps its place: nothing passes, nothing is lost, more often than any delivery limit")]
    public async Task HandlerFails()
    {
        await using var broker = await BusBroker.CreateAsync();
        var services = broker.Bus();
        await BusLedger.PublishAsync(services.Publisher(), Deliver, 0, 200, 20, default);
        var ledger = new BusLedger(1);
        var attempts = 0;
        await using var reading = await services.GetRequiredService<IBusConsumer>().ConsumeAsync(
            Deliver,
            (batch, cancellation) => ++attempts % 30 != 0 && attempts < 60 ? throw new InvalidOperationException("defect") : ledger.Handler(batch, cancellation),
            default);
        await ledger.WaitForAsync(200, Limit);
        Assert.Empty(ledger.Faults);
        Assert.True(attempts >= 30, $"{attempts} attempts");
    }

    [Fact(DisplayName = "A reader that dies again and again with a window of frames in hand: nothing is dropped and nothing overtakes")]
    public async Task CrashLoop()
    {
        await using var broker = await BusBroker.CreateAsync();
        await BusLedger.PublishAsync(broker.Bus().Publisher(), Deliver, 0, 60, 1, default);

        // 25 lives, more than RabbitMQ 4's default delivery limit of 20; each is ended by its connection, as kill -9 would.
        for (var life = 0; life < 25; life++)
        {
            await using var connection = await broker.ConnectAsync();
            await using var channel = await connection.CreateChannelAsync();
            await channel.BasicQosAsync(0, 16, false);
            var full = new TaskCompletionSource();
            var first = new TaskCompletionSource<byte>();
            var seen = 0;
            var consumer = new AsyncEventingBasicConsumer(channel);
            consumer.ReceivedAsync += (_, delivery) =>
            {
                first.TrySetResult(delivery.Body.Span[^57]);
                if (++seen == 16)
                {
                    full.TrySetResult();
                }

                return Task.CompletedTask;
            };
            await channel.BasicConsumeAsync("interconnect.deliver.net-b", autoAck: false, consumer);
            await full.Task.WaitAsync(Limit);
            Assert.Equal(1, await first.Task);
            await connection.AbortAsync();
        }

        var ledger = new BusLedger(1);
        await using var reading = await broker.Bus().GetRequiredService<IBusConsumer>().ConsumeAsync(Deliver, ledger.Handler, default);
        await ledger.WaitForAsync(60, Limit);
        Assert.Empty(ledger.Faults);
    }

    [Fact(DisplayName = "Two readers of one stream: one is active; when it stops or dies, the other goes on in order")]
    public async Task SingleActive()
    {
        await using var broker = await BusBroker.CreateAsync();
        var options = broker.Options with { Partitions = 2, FrameBodies = 4 };
        var ledger = new BusLedger(8);
        var active = new ConcurrentDictionary<(int Partition, string Reader), int>();
        var running = new int[2];
        BusHandler Reader(string name) => async (batch, cancellation) =>
        {
            Assert.Equal(1, Interlocked.Increment(ref running[batch.Partition]));
            active.AddOrUpdate((batch.Partition, name), 1, (_, n) => n + 1);
            await Task.Delay(1, cancellation);
            var used = await ledger.Handler(batch, cancellation);
            Interlocked.Decrement(ref running[batch.Partition]);
            return used;
        };
        var first = await broker.Bus(options).GetRequiredService<IBusConsumer>().ConsumeAsync(Submit, Reader("first"), default);
        await using var second = await broker.Bus(options).GetRequiredService<IBusConsumer>().ConsumeAsync(Submit, Reader("second"), default);
        var bus = broker.Bus(options).Publisher();
        var publishing = Enumerable.Range(0, 8).Select(c => Task.Run(() => BusLedger.PublishAsync(bus, Submit, c, 500, 5, default))).ToList();
        await ledger.WaitForAsync(500, Limit);
        Assert.DoesNotContain(active.Keys, k => k.Reader == "second");
        await first.DisposeAsync();

        await Task.WhenAll(publishing);
        await ledger.WaitForAsync(4_000, Limit);
        Assert.Empty(ledger.Faults);
        Assert.Contains(active.Keys, k => k.Reader == "second");
        Assert.Equal(0, ledger.Duplicates);
    }

    [Fact(DisplayName = "Broker away: refused at once with the reason and certain; taken again after it is back, by the same publisher and reader")]
    public async Task BrokerAway()
    {
        await using var broker = await BusBroker.CreateAsync();
        var services = broker.Bus();
        var bus = services.Publisher();
        var status = services.GetRequiredService<IBusStatus>();
        var ledger = new BusLedger(1);
        await using var reading = await services.GetRequiredService<IBusConsumer>().ConsumeAsync(Deliver, ledger.Handler, default);
        await BusLedger.PublishAsync(bus, Deliver, 0, 1, 1, default);
        await broker.Servers.KillAsync("rabbitmq");
        await WaitUntilAsync(async () => await status.WhyNotReadyAsync([], default) is not null);
        var asked = Stopwatch.GetTimestamp();
        var refused = Assert.IsType<PublishOutcome.Unavailable>(await bus.PublishAsync(Deliver, BusLedger.Conversation(0), BusLedger.Body(0, 2), default));
        Assert.True(refused.Certain);
        Assert.True(Stopwatch.GetElapsedTime(asked) < TimeSpan.FromSeconds(1));

        // A process that starts while the broker is away.
        var late = broker.Bus();
        var lateLedger = new BusLedger(1);
        var lateReading = late.GetRequiredService<IBusConsumer>().ConsumeAsync(Submit, lateLedger.Handler, default).AsTask();
        Assert.NotNull(await late.GetRequiredService<IBusStatus>().WhyNotReadyAsync([Submit], default));
        await broker.Servers.StartAsync("rabbitmq");

        var back = Stopwatch.GetTimestamp();
        await BusLedger.PublishAsync(late.Publisher(), Submit, 0, 5, 1, default);
        await using var bound = await lateReading.WaitAsync(Limit);
        await lateLedger.WaitForAsync(5, Limit);
        var key = BusLedger.Conversation(0);
        await WaitUntilAsync(async () => await bus.PublishAsync(Deliver, key, BusLedger.Body(0, 2), default) is PublishOutcome.Stored);
        await ledger.WaitForAsync(2, Limit);
        Assert.Empty(ledger.Faults);
        Assert.True(Stopwatch.GetElapsedTime(back) < TimeSpan.FromSeconds(30), $"{Stopwatch.GetElapsedTime(back)} until traffic flowed");
    }

    [Fact(DisplayName = "The broker is killed while a handler works and frames wait behind it: the reader comes back and reads on in order")]
    public async Task BrokerKilledWhileHandling()
    {
        await using var broker = await BusBroker.CreateAsync();
        var services = broker.Bus();
        var bus = services.Publisher();
        var status = services.GetRequiredService<IBusStatus>();
        var ledger = new BusLedger(1);
        var held = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        var working = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        await using var reading = await services.GetRequiredService<IBusConsumer>().ConsumeAsync(
            Deliver,
            async (batch, cancellation) =>
            {
                working.TrySetResult();
                await held.Task;
                return await ledger.Handler(batch, cancellation);
            },
            default);
        for (var frame = 1; frame <= 5; frame++)
        {
            await WaitUntilAsync(async () => await bus.PublishAsync(Deliver, BusLedger.Conversation(0), BusLedger.Body(0, frame), default) is PublishOutcome.Stored);
            await working.Task.WaitAsync(Limit);
        }

        await broker.Servers.KillAsync("rabbitmq");
        await WaitUntilAsync(async () => await status.WhyNotReadyAsync([], default) is not null);
        await broker.Servers.StartAsync("rabbitmq");
        await WaitUntilAsync(async () => await status.WhyNotReadyAsync([], default) is null);
        held.SetResult();
        await ledger.WaitForAsync(5, Limit);
        Assert.Empty(ledger.Faults);
        Assert.Equal(5, ledger.Total);
    }

    [Fact(DisplayName = "A full buffer refuses with a retry-after and grows no further")]
    public async Task BufferBound()
    {
        await using var broker = await BusBroker.CreateAsync();
        var bus = broker.Bus(broker.Options with { BufferBodies = 50, FrameBodies = 10 }).Publisher();
        await PublishOneAsync(bus, Deliver);
        var all = await Task.WhenAll(Enumerable.Range(2, 5_000).Select(n => bus.PublishAsync(Deliver, BusLedger.Conversation(0), BusLedger.Body(0, n), default).AsTask()));
        var refused = all.OfType<PublishOutcome.Unavailable>().ToList();
        Assert.NotEmpty(refused);
        Assert.All(refused, r => Assert.True(r is { Certain: true } && r.Reason.Contains("full", StringComparison.Ordinal) && r.RetryAfter > TimeSpan.Zero));

        Assert.Contains(all, o => o is PublishOutcome.Stored);
        await PublishOneAsync(bus, Deliver);
    }

    [Fact(DisplayName = "On the broker: our entity names and quorum queues only, opaque bodies of our content type, no word of a CLR type")]
    public async Task OnTheBroker()
    {
        await using var broker = await BusBroker.CreateAsync();
        var services = broker.Bus(broker.Options with { Partitions = 2 });
        await using (var reading = await services.GetRequiredService<IBusConsumer>().ConsumeAsync(Submit, new BusLedger(1).Handler, default))
        {
            await PublishOneAsync(services.Publisher(), Submit);
        }

        await PublishOneAsync(services.Publisher(), Deliver, 7);
        var queues = await broker.ListAsync("list_queues", "name", "type", "durable", "arguments");
        Assert.Equal(["interconnect.deliver.net-b", "interconnect.parked", "interconnect.submit.0", "interconnect.submit.1", "interconnect.unauthentic"], queues.Select(q => q.Split('\t')[0]).Order(StringComparer.Ordinal));
        Assert.All(queues, q => Assert.Equal(["quorum", "true"], q.Split('\t')[1..3]));
        Assert.All(queues.Where(q => !q.StartsWith("interconnect.parked", StringComparison.Ordinal) && !q.StartsWith("interconnect.unauthentic", StringComparison.Ordinal)), q => Assert.Contains("x-single-active-consumer", q, StringComparison.Ordinal));
        var exchanges = (await broker.ListAsync("list_exchanges", "name", "type")).Where(e => !e.StartsWith("amq.", StringComparison.Ordinal) && !e.StartsWith('\t'));
        Assert.Equal(["interconnect.deliver.net-b\tdirect", "interconnect.parked\tfanout", "interconnect.submit\tdirect", "interconnect.unauthentic\tfanout"], exchanges.Order(StringComparer.Ordinal));

        await using var connection = await broker.ConnectAsync();
        await using var channel = await connection.CreateChannelAsync();
        var arrived = new TaskCompletionSource<(byte[] Body, BasicProperties Properties)>();
        var consumer = new AsyncEventingBasicConsumer(channel);
        consumer.ReceivedAsync += (_, delivery) =>
        {
            arrived.TrySetResult((delivery.Body.ToArray(), new BasicProperties(delivery.BasicProperties)));
            return Task.CompletedTask;
        };
        await channel.BasicConsumeAsync("interconnect.deliver.net-b", autoAck: true, consumer);
        var (body, properties) = await arrived.Task.WaitAsync(Limit);
        Assert.StartsWith("B50203" + Convert.ToHexString("hub"u8), Convert.ToHexString(body), StringComparison.Ordinal);
        Assert.EndsWith("0140" + Convert.ToHexString(BusLedger.Body(0, 7)), Convert.ToHexString(body), StringComparison.Ordinal);
        Assert.Equal("interconnect", properties.UserId);
        Assert.Equal("application/vnd.interconnect.bus-frame", properties.ContentType);
        Assert.True(properties.Persistent);
        var words = string.Join(' ', properties.Headers?.Select(h => $"{h.Key}={(h.Value is byte[] text ? Encoding.UTF8.GetString(text) : h.Value)}") ?? []) + properties.Type;
        Assert.DoesNotContain("Interconnect.", words, StringComparison.Ordinal);
        Assert.DoesNotContain("MassTransit", words, StringComparison.OrdinalIgnoreCase);
    }

    private static async Task PublishOneAsync(IBusPublisher bus, BusAddress address, int number = 1)
    {
        using var patience = new CancellationTokenSource(Limit);
        while (await bus.PublishAsync(address, BusLedger.Conversation(0), BusLedger.Body(0, number), default) is not PublishOutcome.Stored)
        {
            await Task.Delay(50, patience.Token);
        }
    }

    private static async Task WaitUntilAsync(Func<Task<bool>> condition)
    {
        using var patience = new CancellationTokenSource(Limit);
        while (!await condition())
        {
            await Task.Delay(20, patience.Token);
        }
    }

    private static string Header(BasicGetResult message, string name) => Encoding.UTF8.GetString((byte[])message.BasicProperties.Headers![name]!);
}
