using System.Buffers.Binary;
using Interconnect.Federation;

namespace Interconnect.Hub.Tests.Routing;

public sealed class OutboxLaneTests
{
    private const int Entries = 600;

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(3)]
    public async Task Publish_FramesFailWithAllBehindThem_EverythingIsStoredInOrderAndPagesAreConfirmed(int seed)
    {
        var publisher = new FramingPublisher(new Random(seed));
        var confirmed = new List<long>();
        var stored = new Dictionary<long, byte[]>();
        var lane = new OutboxLane(
            new BusAddress.Deliver(NetworkId.Parse("xmpp-a")), publisher, (no, _) => Task.FromResult<byte[]?>(stored[no]), page =>
            {
                lock (confirmed)
                {
                    confirmed.Add(page);
                }
            }, new HubLimits { PublishWindow = 64, MaxOutboxMemory = 2_000 }, TimeProvider.System, CancellationToken.None);
        for (var i = 0; i < Entries; i += 20)
        {
            var page = new OutboxPage(i, NetworkId.Parse("xmpp-a"), [.. Enumerable.Range(i, 20).Select(Entry)], default);
            stored[i] = page.Encode();
            lane.Enqueue(page.No, page.Entries.Count, i % 3 == 0 ? page.Entries : null);
        }

        await lane.DrainAsync().WaitAsync(TimeSpan.FromSeconds(30));
        Assert.Equal(Enumerable.Range(0, Entries), publisher.Stored);
        Assert.Equal(Enumerable.Range(0, Entries / 20).Select(n => n * 20L), confirmed);
        Assert.Equal(0, lane.Depth);
        Assert.True(publisher.Failures > 3);
    }

    [Fact]
    public async Task Running_DamagedPage_FailsInsteadOfPassingIt()
    {
        var lane = new OutboxLane(
            new BusAddress.Deliver(NetworkId.Parse("xmpp-a")), new FramingPublisher(new Random(1)), (_, _) => Task.FromResult<byte[]?>([9]), _ => Assert.Fail("passed over"), new HubLimits(), TimeProvider.System, CancellationToken.None);
        lane.Enqueue(1, 1, null);
        await Assert.ThrowsAsync<InvalidDataException>(() => lane.Running.WaitAsync(TimeSpan.FromSeconds(10)));
    }

    private static OutboxEntry Entry(int number)
    {
        var body = new byte[64];
        BinaryPrimitives.WriteInt32BigEndian(body, number);
        return new OutboxEntry(ConversationKey.OfRoom(RoomUri.Parse("mimi://hub.test/r/" + (number % 3))), body);
    }

    /// <summary>As the bus does: one frame at a time; a frame that fails takes all that waits behind it with it, and keeps the way closed for a moment.</summary>
    private sealed class FramingPublisher(Random random) : IBusPublisher
    {
        private readonly Lock gate = new();
        private readonly Queue<(int Number, TaskCompletionSource<PublishOutcome> Done)> waiting = new();
        private bool pumping;
        private long closedUntil;

        public List<int> Stored { get; } = [];

        public int Failures { get; private set; }

        public ValueTask<PublishOutcome> PublishAsync(BusAddress address, ConversationKey conversation, ReadOnlyMemory<byte> body, CancellationToken cancellation)
        {
            lock (gate)
            {
                if (Environment.TickCount64 < closedUntil)
                {
                    return ValueTask.FromResult(Refusal());
                }

                var done = new TaskCompletionSource<PublishOutcome>(TaskCreationOptions.RunContinuationsAsynchronously);
                waiting.Enqueue((BinaryPrimitives.ReadInt32BigEndian(body.Span), done));
                if (!pumping)
                {
                    pumping = true;
                    _ = Task.Run(PumpAsync, CancellationToken.None);
                }

                return new ValueTask<PublishOutcome>(done.Task);
            }
        }

        private static PublishOutcome Refusal() => new PublishOutcome.Unavailable("failed", TimeSpan.FromMilliseconds(30), Certain: true);

        private async Task PumpAsync()
        {
            while (true)
            {
                await Task.Yield();
                lock (gate)
                {
                    if (waiting.Count == 0)
                    {
                        pumping = false;
                        return;
                    }

                    if (random.Next(8) == 0)
                    {
                        Failures++;
                        closedUntil = Environment.TickCount64 + 30;
                        while (waiting.TryDequeue(out var behind))
                        {
                            behind.Done.SetResult(Refusal());
                        }

                        continue;
                    }

                    for (var i = random.Next(1, 8); i > 0 && waiting.TryDequeue(out var item); i--)
                    {
                        Stored.Add(item.Number);
                        item.Done.SetResult(new PublishOutcome.Stored());
                    }
                }
            }
        }
    }
}
