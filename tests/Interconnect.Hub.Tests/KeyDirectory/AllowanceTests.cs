namespace Interconnect.Hub.Tests.KeyDirectory;

public sealed class AllowanceTests
{
    private static readonly DateTimeOffset Start = DateTimeOffset.UnixEpoch + TimeSpan.FromDays(20_000);
    private static readonly Allowance Three = new(3, TimeSpan.FromHours(3));

    [Fact]
    public void Wait_AsManyAsThereAreAtOnce_ThenOneAShare()
    {
        var until = Start;
        for (var i = 0; i < 3; i++)
        {
            Assert.Null(Three.Wait(until, Start));
            until = Three.Use(until, Start);
        }

        Assert.Equal(TimeSpan.FromHours(1), Three.Wait(until, Start));
        Assert.Equal(TimeSpan.FromMinutes(1), Three.Wait(until, Start + TimeSpan.FromMinutes(59)));
        Assert.Null(Three.Wait(until, Start + TimeSpan.FromHours(1)));
    }

    [Fact]
    public void Use_AfterALongTime_GivesNoMoreThanAllAtOnce()
    {
        var later = Start + TimeSpan.FromDays(300);
        var until = Start;
        for (var i = 0; i < 3; i++)
        {
            until = Three.Use(until, later);
        }

        Assert.Equal(TimeSpan.FromHours(1), Three.Wait(until, later));
    }
}
