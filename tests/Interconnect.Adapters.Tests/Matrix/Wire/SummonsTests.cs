using System.Collections.Concurrent;
using System.Text.Json;
using Interconnect.Adapters.Matrix.Wire;
using Interconnect.Testing;

namespace Interconnect.Adapters.Tests.Matrix.Wire;

public sealed class SummonsTests : IAsyncDisposable
{
    private static readonly TimeSpan Limit = TimeSpan.FromSeconds(20);
    private static readonly TimeSpan Pause = TimeSpan.FromSeconds(5);
    private static readonly TimeSpan Moment = TimeSpan.FromMilliseconds(1);
    private static readonly MatrixAnswer BadGateway = new MatrixAnswer.Later(TimeSpan.FromSeconds(1), "the homeserver failed with 502 M_BAD_STATUS", 502);
    private readonly ManualClock clock = new();
    private readonly ConcurrentQueue<Func<MatrixAnswer>> answers = [];
    private readonly ConcurrentQueue<string> failures = [];
    private readonly ConcurrentQueue<string?> unreached = [];
    private readonly Summons summons;
    private int pings;

    public SummonsTests()
    {
        summons = new Summons(
            _ =>
            {
                Interlocked.Increment(ref pings);
                return new(answers.TryDequeue(out var answer) ? answer() : new MatrixAnswer.Ok(JsonDocument.Parse("{}").RootElement));
            },
            clock,
            failures.Enqueue,
            unreached.Enqueue);
    }

    public ValueTask DisposeAsync() => summons.DisposeAsync();

    [Fact]
    public async Task After_NothingComes_PingsWhenThePauseIsOverAndThenEachQuietMinute()
    {
        summons.Start();
        summons.After(Pause);
        await PingsAfterAsync(Pause);
        await PingsAfterAsync(Summons.Quiet);
        await PingsAfterAsync(Summons.Quiet);

        Assert.Empty(failures);
        Assert.Empty(unreached);
    }

    [Fact]
    public async Task After_BeforeTheStartAndWithoutPause_PingsAtOnce()
    {
        summons.After(TimeSpan.Zero);
        Assert.Equal(0, Volatile.Read(ref pings));

        summons.Start();

        await UntilAsync(() => Volatile.Read(ref pings) == 1);
    }

    [Fact]
    public async Task After_AgainAndAgain_DoesNotPutItOff()
    {
        summons.Start();
        summons.After(Pause);
        await TimerAsync();
        clock.Advance(Pause - Moment);
        summons.After(Pause);
        summons.Back();
        await PingsAfterAsync(Moment);
    }

    [Fact]
    public async Task Begun_UntilEnded_PingsNot()
    {
        summons.Start();
        summons.After(Pause);
        await TimerAsync();
        summons.Begun();
        summons.Begun();
        await UntilAsync(() => !clock.HasTimers);
        summons.After(TimeSpan.Zero);
        summons.Ended(null);
        clock.Advance(TimeSpan.FromHours(2));
        for (var i = 0; i < 10; i++)
        {
            // Time for a ping that must not be.
            await Task.Delay(5);
            Assert.Equal(0, Volatile.Read(ref pings));
        }

        // The last one is in nobody's hands any more, and something was due meanwhile.
        summons.Ended(Pause);
        await UntilAsync(() => Volatile.Read(ref pings) == 1);
        await TimerAsync();

        summons.Begun();
        summons.Ended(Pause);
        await PingsAfterAsync(Pause);
        summons.Begun();
        summons.Ended(null);
        await PingsAfterAsync(Summons.Quiet);
    }

    [Fact]
    public async Task After_PingFails_IsTriedAgainWithGrowingPausesAndToldOnce()
    {
        for (var i = 0; i < 5; i++)
        {
            answers.Enqueue(() => BadGateway);
        }

        summons.After(TimeSpan.Zero);
        summons.Start();
        await UntilAsync(() => Volatile.Read(ref pings) == 1);
        Assert.Empty(unreached);
        foreach (var seconds in new[] { 10, 20, 40, 60, 60 })
        {
            await PingsAfterAsync(TimeSpan.FromSeconds(seconds));
        }

        await UntilAsync(() => unreached.Count == 5);
        Assert.Contains("502", Assert.Single(failures), StringComparison.Ordinal);
        Assert.All(unreached.SkipLast(1), why => Assert.Contains("502 M_BAD_STATUS", why, StringComparison.Ordinal));
        Assert.Null(unreached.Last());
    }

    [Theory]
    [InlineData(null)]
    [InlineData(429)]
    [InlineData(401)]
    public async Task After_HomeserverItselfIsAwayOrWants_SaysNothingOfItsWayToUs(int? status)
    {
        for (var i = 0; i < 3; i++)
        {
            answers.Enqueue(() => new MatrixAnswer.Later(TimeSpan.Zero, "another reason", status));
        }

        summons.After(TimeSpan.Zero);
        summons.Start();
        await UntilAsync(() => Volatile.Read(ref pings) == 1);
        await PingsAfterAsync(TimeSpan.FromSeconds(10));
        await PingsAfterAsync(TimeSpan.FromSeconds(20));
        await TimerAsync();
        Assert.Empty(unreached);
        Assert.Single(failures);
    }

    [Fact]
    public async Task Heard_BetweenPingsThatFail_IsReached()
    {
        for (var i = 0; i < 4; i++)
        {
            answers.Enqueue(() => BadGateway);
        }

        summons.After(TimeSpan.Zero);
        summons.Start();
        await UntilAsync(() => Volatile.Read(ref pings) == 1);
        await TimerAsync();
        summons.Heard();
        await PingsAfterAsync(TimeSpan.FromSeconds(10));
        await TimerAsync();
        Assert.Empty(unreached);

        await PingsAfterAsync(TimeSpan.FromSeconds(10));
        await UntilAsync(() => unreached.Count == 1);
        summons.Heard();
        summons.Heard();
        Assert.Null(unreached.Last());
        Assert.Equal(2, unreached.Count);
    }

    [Theory]
    [InlineData(403, "M_FORBIDDEN", "matrix:registrationId", null)]
    [InlineData(404, "M_UNRECOGNIZED", "knows no pings", null)]
    [InlineData(400, "M_URL_NOT_SET", "M_URL_NOT_SET", "has no url")]
    public async Task After_HomeserverRefusesThePing_IsToldOnceAndAskedSeldomOrWhenNeeded(int status, string code, string why, string? away)
    {
        for (var i = 0; i < 3; i++)
        {
            answers.Enqueue(() => new MatrixAnswer.No(status, code));
        }

        summons.After(TimeSpan.Zero);
        summons.Start();
        await UntilAsync(() => Volatile.Read(ref pings) == 1);
        await PingsAfterAsync(TimeSpan.FromHours(1));

        summons.Back();
        await PingsAfterAsync(Pause);
        summons.Begun();
        summons.Ended(null);
        await PingsAfterAsync(TimeSpan.FromHours(1));
        await PingsAfterAsync(Summons.Quiet);

        Assert.Contains(why, Assert.Single(failures), StringComparison.Ordinal);
        Assert.Equal(away is not null, unreached.Any(u => u?.Contains(away!, StringComparison.Ordinal) is true));
        Assert.True(unreached.IsEmpty || unreached.Last() is null);
    }

    [Fact]
    public async Task After_PingThrows_GoesOnAndCanBeDisposed()
    {
        answers.Enqueue(() => throw new InvalidOperationException("a defect"));
        answers.Enqueue(() => throw new OperationCanceledException());
        summons.After(TimeSpan.Zero);
        summons.Start();
        await UntilAsync(() => Volatile.Read(ref pings) == 1);
        await PingsAfterAsync(TimeSpan.FromSeconds(10));
        await PingsAfterAsync(TimeSpan.FromSeconds(20));

        Assert.Contains(failures, f => f.Contains(nameof(InvalidOperationException), StringComparison.Ordinal));
        Assert.DoesNotContain(failures, f => f.Contains("a defect", StringComparison.Ordinal));
        await summons.DisposeAsync();
    }

    [Fact]
    public async Task Dispose_BeforeTheStartAndTwice_EndsAndOrdersDoNothing()
    {
        await summons.DisposeAsync();
        summons.After(TimeSpan.Zero);
        summons.Start();
        await summons.DisposeAsync();

        Assert.Equal(0, Volatile.Read(ref pings));
    }

    /// <summary>One more ping after this time, and none before.</summary>
    private async Task PingsAfterAsync(TimeSpan pause)
    {
        await TimerAsync();
        var before = Volatile.Read(ref pings);
        clock.Advance(pause - Moment);
        await TimerAsync();
        Assert.Equal(before, Volatile.Read(ref pings));
        clock.Advance(Moment);
        await UntilAsync(() => Volatile.Read(ref pings) == before + 1);
    }

    private Task TimerAsync() => UntilAsync(() => clock.HasTimers);

    private static async Task UntilAsync(Func<bool> happened)
    {
        using var limit = new CancellationTokenSource(Limit);
        while (!happened())
        {
            await Task.Delay(5, limit.Token);
        }
    }
}
