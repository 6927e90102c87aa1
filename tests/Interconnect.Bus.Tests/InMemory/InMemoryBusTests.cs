using System.Collections.Concurrent;
using Interconnect.Federation;
using Microsoft.Extensions.DependencyInjection;

namespace Interconnect.Bus.Tests.InMemory;

public sealed class InMemoryBusTests
{
    private static readonly BusAddress Submit = new BusAddress.Submit();
    private static readonly IReadOnlyList<Unusable> AllUsed = [];
    private static readonly BusOptions Quick = new() { HandlerBackOff = TimeSpan.FromMilliseconds(1), HandlerBackOffMax = TimeSpan.FromMilliseconds(5) };

    [Fact]
    public async Task PublishAsync_NobodyReads_UnavailableThenStored()
    {
        await using var services = TestBus.Create(Quick);
        var bus = services.Publisher();
        var refused = Assert.IsType<PublishOutcome.Unavailable>(await bus.PublishAsync(Submit, TestBus.Conversation(1), TestBus.Body(1, 1), default));
        Assert.True(refused.Certain);
        Assert.NotNull(await services.GetRequiredService<IBusStatus>().WhyNotReadyAsync([Submit], default));

        var got = new ConcurrentQueue<int>();
        await using var reading = await services.GetRequiredService<IBusConsumer>().ConsumeAsync(Submit, Collect(got), default);
        Assert.IsType<PublishOutcome.Stored>(await bus.PublishAsync(Submit, TestBus.Conversation(1), TestBus.Body(1, 2), default));
        Assert.Equal([2], got);
        Assert.Null(await services.GetRequiredService<IBusStatus>().WhyNotReadyAsync([Submit], default));
    }

    [Fact]
    public async Task PublishAsync_HandlerBusy_CompletesOnlyWhenItReturned()
    {
        await using var services = TestBus.Create(Quick);
        var release = new TaskCompletionSource();
        await using var reading = await services.GetRequiredService<IBusConsumer>().ConsumeAsync(
            Submit,
            async (_, _) =>
            {
                await release.Task;
                return AllUsed;
            },
            default);
        var publishing = services.Publisher().PublishAsync(Submit, TestBus.Conversation(1), TestBus.Body(1, 1), default).AsTask();
        Assert.False(publishing.IsCompleted);

        release.SetResult();
        Assert.IsType<PublishOutcome.Stored>(await publishing);
    }

    [Fact]
    public async Task ConsumeAsync_HandlerThrows_SameBatchAgainAndOrderKept()
    {
        await using var services = TestBus.Create(Quick with { BatchBodies = 8 });
        var attempts = 0;
        var got = new ConcurrentQueue<(int Number, bool Again)>();
        var first = new TaskCompletionSource();
        await using var reading = await services.GetRequiredService<IBusConsumer>().ConsumeAsync(
            Submit,
            async (batch, _) =>
            {
                await first.Task;
                if (Interlocked.Increment(ref attempts) <= 3)
                {
                    throw new InvalidOperationException("defect");
                }

                foreach (var body in batch.Bodies)
                {
                    got.Enqueue((TestBus.Read(body).Number, batch.Redelivered));
                }

                return AllUsed;
            },
            default);
        var bus = services.Publisher();
        var publishing = Enumerable.Range(0, 40).Select(i => bus.PublishAsync(Submit, TestBus.Conversation(7), TestBus.Body(7, i), default).AsTask()).ToList();
        first.SetResult();
        Assert.All(await Task.WhenAll(publishing), o => Assert.IsType<PublishOutcome.Stored>(o));

        Assert.Equal(Enumerable.Range(0, 40), got.Select(g => g.Number));
        Assert.True(got.First().Again);
        Assert.False(got.Last().Again);
    }

    [Fact]
    public async Task PublishAsync_ManyConversationsAtOnce_OrderWithinEach()
    {
        await using var services = TestBus.Create(Quick with { BufferBodies = 10_000 });
        var got = new ConcurrentDictionary<int, List<int>>();
        await using var reading = await services.GetRequiredService<IBusConsumer>().ConsumeAsync(
            Submit,
            async (batch, _) =>
            {
                await Task.Yield();
                foreach (var body in batch.Bodies)
                {
                    var (conversation, number) = TestBus.Read(body);
                    got.GetOrAdd(conversation, _ => []).Add(number);
                }

                return AllUsed;
            },
            default);
        var bus = services.Publisher();
        var publishing = Enumerable.Range(0, 5_000).Select(i => bus.PublishAsync(Submit, TestBus.Conversation(i % 20), TestBus.Body(i % 20, i / 20), default).AsTask()).ToList();
        Assert.All(await Task.WhenAll(publishing), o => Assert.IsType<PublishOutcome.Stored>(o));
        Assert.Equal(20, got.Count);
        Assert.All(got.Values, numbers => Assert.Equal(Enumerable.Range(0, 250), numbers));
    }

    [Fact]
    public async Task PublishAsync_BufferFull_UnavailableUntilItDrains()
    {
        await using var services = TestBus.Create(Quick with { BufferBodies = 3, BatchBodies = 1 });
        var entered = new SemaphoreSlim(0);
        var release = new SemaphoreSlim(0);
        await using var reading = await services.GetRequiredService<IBusConsumer>().ConsumeAsync(
            Submit,
            async (_, _) =>
            {
                entered.Release();
                await release.WaitAsync();
                return AllUsed;
            },
            default);
        var bus = services.Publisher();
        var held = bus.PublishAsync(Submit, TestBus.Conversation(1), TestBus.Body(1, 0), default).AsTask();
        await entered.WaitAsync();
        var waiting = Enumerable.Range(1, 3).Select(i => bus.PublishAsync(Submit, TestBus.Conversation(1), TestBus.Body(1, i), default).AsTask()).ToList();
        var refused = Assert.IsType<PublishOutcome.Unavailable>(await bus.PublishAsync(Submit, TestBus.Conversation(1), TestBus.Body(1, 4), default));
        Assert.True(refused.Certain);
        Assert.True(refused.RetryAfter > TimeSpan.Zero);

        release.Release(100);
        Assert.IsType<PublishOutcome.Stored>(await held);
        Assert.All(await Task.WhenAll(waiting), o => Assert.IsType<PublishOutcome.Stored>(o));
        Assert.IsType<PublishOutcome.Stored>(await bus.PublishAsync(Submit, TestBus.Conversation(1), TestBus.Body(1, 5), default));
    }

    [Fact]
    public async Task ConsumeAsync_UnusableBody_ParkedBeforeThePublisherHears()
    {
        var stored = new List<ParkedBody>();
        var failures = 2;
        var options = Quick with
        {
            OnParked = (body, _) =>
            {
                if (failures-- > 0)
                {
                    throw new IOException("disk");
                }

                stored.Add(body);
                return ValueTask.CompletedTask;
            },
        };
        await using var services = TestBus.Create(options);
        await using var reading = await services.GetRequiredService<IBusConsumer>().ConsumeAsync(
            Submit, (batch, _) => ValueTask.FromResult<IReadOnlyList<Unusable>>([new Unusable(batch.Bodies.Count - 1, "cannot be read")]), default);
        Assert.IsType<PublishOutcome.Stored>(await services.Publisher().PublishAsync(Submit, TestBus.Conversation(1), TestBus.Body(1, 9), default));

        Assert.Equal("cannot be read", Assert.Single(stored).Reason);
        var kept = services.GetRequiredService<ParkedBodies>();
        Assert.Equal(1, kept.Total);
        Assert.Equal(TestBus.Body(1, 9), Assert.Single(kept.Recent()).Body.ToArray());
    }

    [Fact]
    public async Task ConsumeAsync_SecondReader_StandsByUntilTheFirstStops()
    {
        await using var services = TestBus.Create(Quick);
        var consumer = services.GetRequiredService<IBusConsumer>();
        var bus = services.Publisher();
        var one = new ConcurrentQueue<int>();
        var other = new ConcurrentQueue<int>();
        var first = await consumer.ConsumeAsync(Submit, Collect(one), default);
        await using var second = await consumer.ConsumeAsync(Submit, Collect(other), default);
        await bus.PublishAsync(Submit, TestBus.Conversation(1), TestBus.Body(1, 1), default);
        await first.DisposeAsync();
        await bus.PublishAsync(Submit, TestBus.Conversation(1), TestBus.Body(1, 2), default);
        Assert.Equal([1], one);
        Assert.Equal([2], other);
    }

    [Fact]
    public async Task Dispose_HandlerFailing_EndsAndSaysItIsUncertain()
    {
        await using var services = TestBus.Create(Quick with { HandlerBackOff = TimeSpan.FromMinutes(1), HandlerBackOffMax = TimeSpan.FromMinutes(1) });
        var failed = new TaskCompletionSource();
        var reading = await services.GetRequiredService<IBusConsumer>().ConsumeAsync(
            Submit,
            (_, _) =>
            {
                failed.TrySetResult();
                throw new InvalidOperationException("defect");
            },
            default);
        var publishing = services.Publisher().PublishAsync(Submit, TestBus.Conversation(1), TestBus.Body(1, 1), default).AsTask();
        await failed.Task;
        await reading.DisposeAsync();
        Assert.False(Assert.IsType<PublishOutcome.Unavailable>(await publishing).Certain);
    }

    /// <summary>Identity by construction: a reader is told who was given the publisher, and nobody gets to a stream that is not theirs.</summary>
    [Fact]
    public async Task As_ANetwork_IsWhoTheReaderHearsAndMayNotDeliver()
    {
        await using var services = TestBus.Create(Quick);
        var got = new ConcurrentQueue<BusSender>();
        await using var reading = await services.GetRequiredService<IBusConsumer>().ConsumeAsync(
            Submit,
            (batch, _) =>
            {
                got.Enqueue(Assert.Single(batch.Bodies).Sender);
                return ValueTask.FromResult(AllUsed);
            },
            default);
        await Assert.ThrowsAsync<ArgumentException>(() => services.Publisher().PublishAsync(new BusAddress.Deliver(TestBus.Network), TestBus.Conversation(1), TestBus.Body(1, 1), default).AsTask());
        await Assert.ThrowsAsync<ArgumentException>(() => services.GetRequiredService<IBusPublishers>().As(new BusSender.HubProvider()).PublishAsync(Submit, TestBus.Conversation(1), TestBus.Body(1, 1), default).AsTask());

        Assert.IsType<PublishOutcome.Stored>(await services.Publisher().PublishAsync(Submit, TestBus.Conversation(1), TestBus.Body(1, 1), default));
        Assert.Equal([TestBus.From], got);
    }

    private static BusHandler Collect(ConcurrentQueue<int> into) => (batch, _) =>
    {
        foreach (var body in batch.Bodies)
        {
            into.Enqueue(TestBus.Read(body).Number);
        }

        return ValueTask.FromResult(AllUsed);
    };
}
