using Interconnect.Bus.RabbitMq;
using Interconnect.Testing;

namespace Interconnect.Bus.Tests.RabbitMq;

public sealed class LaneClosureTests
{
    private readonly ManualClock clock = new();

    [Theory]
    [InlineData(250)]
    [InlineData(40)]
    [InlineData(1)]
    public void IsClosed_UntilJustBeforeTheCallersComeBack(int milliseconds)
    {
        var told = TimeSpan.FromMilliseconds(milliseconds);
        var closure = new LaneClosure(told, clock);
        Assert.False(closure.IsClosed());

        closure.Close();
        Assert.True(closure.IsClosed());
        clock.Advance(told * 0.7);
        Assert.True(closure.IsClosed());

        // A timer set for what the callers were told may fire this much before the stopwatch says so.
        clock.Advance((told * 0.3) - (told < TimeSpan.FromMilliseconds(64) ? told / 4 : LaneClosure.TimerEarly));
        Assert.False(closure.IsClosed());

        closure.Close();
        Assert.True(closure.IsClosed());
    }

    [Fact]
    public void TimerEarly_IsMoreThanTimersOfThisMachineAre()
    {
        var longest = TimeSpan.Zero;
        for (var i = 0; i < 20; i++)
        {
            var started = TimeProvider.System.GetTimestamp();
            using var fired = new ManualResetEventSlim();
            using var timer = TimeProvider.System.CreateTimer(_ => fired.Set(), null, TimeSpan.FromMilliseconds(20 + i), Timeout.InfiniteTimeSpan);
            Assert.True(fired.Wait(TimeSpan.FromSeconds(30)));
            var early = TimeSpan.FromMilliseconds(20 + i) - TimeProvider.System.GetElapsedTime(started);
            longest = early > longest ? early : longest;
        }

        Assert.InRange(longest, TimeSpan.Zero, LaneClosure.TimerEarly);
    }
}
