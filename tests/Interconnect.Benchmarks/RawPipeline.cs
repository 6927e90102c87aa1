using System.Buffers.Binary;
using System.Diagnostics;
using RabbitMQ.Client;
using RabbitMQ.Client.Events;

namespace Interconnect.Benchmarks;

/// <summary>
/// The yardstick: RabbitMQ.Client alone, 1 KB messages through two quorum queues, each publish confirmed and mandatory, the relay acknowledging only what its
/// own publish confirmed. Nothing else: no database, no envelope, one message a publish.
/// </summary>
internal sealed class RawPipeline : IAsyncDisposable
{
    private const string First = "interconnect-bench.first";
    private const string Second = "interconnect-bench.second";
    private readonly IConnection connection;
    private readonly IChannel sender;
    private readonly List<IChannel> channels;
    private readonly SemaphoreSlim window;
    private Action<int> arrived = _ => { };

    private RawPipeline(IConnection connection, IChannel sender, List<IChannel> channels, int window)
    {
        this.connection = connection;
        this.sender = sender;
        this.channels = channels;
        this.window = new SemaphoreSlim(window);
    }

    public static async Task<RawPipeline> CreateAsync(Uri broker, int window)
    {
        var connection = await new ConnectionFactory { Uri = broker, ClientProvidedName = "raw pipeline", ConsumerDispatchConcurrency = 1 }.CreateConnectionAsync();
        var confirms = new CreateChannelOptions(true, true, new NoLimit());
        var sender = await connection.CreateChannelAsync(confirms);
        var relayIn = await connection.CreateChannelAsync();
        var relayOut = await connection.CreateChannelAsync(confirms);
        var sink = await connection.CreateChannelAsync();
        foreach (var queue in new[] { First, Second })
        {
            await sender.QueueDeclareAsync(queue, durable: true, exclusive: false, autoDelete: false, new Dictionary<string, object?> { ["x-queue-type"] = "quorum", ["x-single-active-consumer"] = true });
            await sender.QueuePurgeAsync(queue);
        }

        var raw = new RawPipeline(connection, sender, [sender, relayIn, relayOut, sink], window);
        await relayIn.BasicQosAsync(0, (ushort)window, false);
        var relay = new AsyncEventingBasicConsumer(relayIn);
        relay.ReceivedAsync += (_, delivery) =>
        {
            var confirmed = relayOut.BasicPublishAsync("", Second, true, new BasicProperties { Persistent = true }, delivery.Body.ToArray());
            _ = AcknowledgeAsync(relayIn, delivery.DeliveryTag, confirmed);
            return Task.CompletedTask;
        };
        await relayIn.BasicConsumeAsync(First, autoAck: false, relay);
        await sink.BasicQosAsync(0, (ushort)window, false);
        var end = new AsyncEventingBasicConsumer(sink);
        end.ReceivedAsync += async (_, delivery) =>
        {
            raw.arrived(BinaryPrimitives.ReadInt32BigEndian(delivery.Body.Span));
            await sink.BasicAckAsync(delivery.DeliveryTag, false);
        };
        await sink.BasicConsumeAsync(Second, autoAck: false, end);
        return raw;
    }

    public async Task<double> ThroughputAsync(int messages)
    {
        var left = messages;
        var all = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        arrived = _ =>
        {
            if (Interlocked.Decrement(ref left) == 0)
            {
                all.SetResult();
            }
        };
        var start = Stopwatch.GetTimestamp();
        for (var i = 0; i < messages; i++)
        {
            await window.WaitAsync();
            Send(i);
        }

        await all.Task;
        return messages / Stopwatch.GetElapsedTime(start).TotalSeconds;
    }

    public async Task<object> LatencyAsync(int seconds, int perSecond)
    {
        var pace = new Pace(seconds * perSecond, perSecond);
        var left = seconds * perSecond;
        var all = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        arrived = n =>
        {
            pace.Arrived(n);
            if (Interlocked.Decrement(ref left) == 0)
            {
                all.SetResult();
            }
        };
        await pace.SendAsync(n =>
        {
            window.Wait();
            Send(n);
        });
        await all.Task;
        return pace.Result();
    }

    public async ValueTask DisposeAsync()
    {
        await sender.QueueDeleteAsync(First);
        await sender.QueueDeleteAsync(Second);
        foreach (var channel in channels)
        {
            await channel.DisposeAsync();
        }

        await connection.DisposeAsync();
    }

    private void Send(int number)
    {
        var body = new byte[1024];
        BinaryPrimitives.WriteInt32BigEndian(body, number);
        _ = ReleaseAsync(sender.BasicPublishAsync("", First, true, new BasicProperties { Persistent = true }, body));
    }

    private async Task ReleaseAsync(ValueTask confirmed)
    {
        await confirmed;
        window.Release();
    }

    private static async Task AcknowledgeAsync(IChannel channel, ulong tag, ValueTask confirmed)
    {
        await confirmed;
        await channel.BasicAckAsync(tag, false);
    }

    /// <summary>The window is ours, so that it is the same in both pipelines; the client's own limit of 128 would be another.</summary>
    private sealed class NoLimit : System.Threading.RateLimiting.RateLimiter
    {
        private static readonly System.Threading.RateLimiting.RateLimitLease Granted = new Lease();

        public override TimeSpan? IdleDuration => null;

        public override System.Threading.RateLimiting.RateLimiterStatistics? GetStatistics() => null;

        protected override System.Threading.RateLimiting.RateLimitLease AttemptAcquireCore(int permitCount) => Granted;

        protected override ValueTask<System.Threading.RateLimiting.RateLimitLease> AcquireAsyncCore(int permitCount, CancellationToken cancellationToken) => ValueTask.FromResult(Granted);

        private sealed class Lease : System.Threading.RateLimiting.RateLimitLease
        {
            public override bool IsAcquired => true;

            public override IEnumerable<string> MetadataNames => [];

            public override bool TryGetMetadata(string metadataName, out object? metadata)
            {
                metadata = null;
                return false;
            }
        }
    }
}
