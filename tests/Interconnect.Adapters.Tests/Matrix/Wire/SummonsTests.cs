using System.Collections.Concurrent;
using System.Text.Json;
using Interconnect.Adapters.Matrix.Wire;
using Interconnect.Testing;

namespace Interconnect.Adapters.Tests.Matrix.Wire;

public sealed class SummonsTests : IAsyncDisposable
{
    private static readonly TimeSpan Limit = TimeSpan.FromSeconds(20);
    private static readonly TimeSpan Pause = TimeSpan.FromSeconds(5);
    private readonly ManualClock clock = new();
    private readonly ConcurrentQueue<MatrixAnswer> answers = [];
    private readonly ConcurrentQueue<string> failures = [];
    private readonly Summons summons;
    private int pings;

    public SummonsTests()
    {
        summons = new Summons(
            _ =>
            {
                Interlocked.Increment(ref pings);
                return new(answers.TryDequeue(out var answer) ? answer : new MatrixAnswer.Ok(JsonDocument.Parse("{}").RootElement));
            },
            clock,
            failures.Enqueue);
    }

    public ValueTask DisposeAsync() => summons.DisposeAsync();

    [Fact]
    public async Task After_NothingComes_PingsOnceWhenThePauseIsOver()
    {
        summons.Start();
        summons.After(Pause);
        await TimerAsync();
        clock.Advance(Pause - TimeSpan.FromMilliseconds(1));
        Assert.Equal(0, Volatile.Read(ref pings));

        clock.Advance(TimeSpan.FromMilliseconds(1));
        await UntilAsync(() => Volatile.Read(ref pings) == 1);

        Assert.Empty(failures);
        clock.Advance(TimeSpan.FromHours(1));
        Assert.Equal(1, Volatile.Read(ref pings));
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
    public async Task NotNeeded_BeforeThePauseIsOver_PingsNotAndALaterOrderDoes()
    {
        summons.Start();
        summons.After(Pause);
        await TimerAsync();
        summons.NotNeeded();
        await UntilAsync(() => !clock.HasTimers);
        clock.Advance(TimeSpan.FromHours(1));
        Assert.Equal(0, Volatile.Read(ref pings));

        summons.After(Pause);
        await TimerAsync();
        clock.Advance(Pause);
        await UntilAsync(() => Volatile.Read(ref pings) == 1);
    }

    [Fact]
    public async Task After_PingFails_IsTriedAgainWithGrowingPausesAndToldOnce()
    {
        answers.Enqueue(new MatrixAnswer.Later(TimeSpan.FromSeconds(1), "the homeserver failed with 502"));
        answers.Enqueue(new MatrixAnswer.Unknown("the homeserver did not answer in time"));
        summons.Start();
        summons.After(TimeSpan.Zero);
        foreach (var seconds in new[] { 10, 20 })
        {
            await TimerAsync();
            var before = Volatile.Read(ref pings);
            clock.Advance(TimeSpan.FromSeconds(seconds) - TimeSpan.FromMilliseconds(1));
            Assert.Equal(before, Volatile.Read(ref pings));
            clock.Advance(TimeSpan.FromMilliseconds(1));
            await UntilAsync(() => Volatile.Read(ref pings) == before + 1);
        }

        Assert.Contains("502", Assert.Single(failures), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(403, "matrix:registrationId")]
    [InlineData(404, "knows no pings")]
    [InlineData(400, "M_URL_NOT_SET")]
    public async Task After_HomeserverRefusesThePing_IsToldOnceAndNeverAskedAgain(int status, string why)
    {
        answers.Enqueue(new MatrixAnswer.No(status, "M_URL_NOT_SET"));
        summons.Start();
        summons.After(TimeSpan.Zero);
        await UntilAsync(() => !failures.IsEmpty);

        summons.After(TimeSpan.Zero);
        clock.Advance(TimeSpan.FromHours(1));

        Assert.Contains(why, Assert.Single(failures), StringComparison.Ordinal);
        Assert.Equal(1, Volatile.Read(ref pings));
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
