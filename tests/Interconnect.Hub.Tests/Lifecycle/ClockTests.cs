using Interconnect.Federation;
using Interconnect.Hub.Tests.Kit;

namespace Interconnect.Hub.Tests.Lifecycle;

public sealed class ClockTests
{
    [Fact]
    public async Task Clock_SetForward_NothingExpiresWhileItIs_SetBack_FreshFramesAreTakenAgain()
    {
        await using var world = await World.StartAsync();
        var room = await world.RoomAsync(world.Alice, world.Bob);
        await world.CrossesAsync(world.Alice, world.Bob, world.Alice.Writes(room, "before"));
        await SweepAsync(world);
        var open = await OpenAsync(world);

        // Far enough for rows to expire and to be forgotten.
        world.Clock.Step(TimeSpan.FromDays(40));
        await world.CrossesAsync(world.Alice, world.Bob, world.Alice.Writes(room, "in the wrong time"));
        world.Clock.Advance(world.Options.SweepInterval);
        await UntilAsync(() => world.Status.SweepsPaused is not null);
        Assert.Null(world.Status.WhyNotReady);
        await SweepAsync(world);
        Assert.Equal(open + 1, await OpenAsync(world));

        // The operator mends the clock: what devices send now is fresh, also for a hub that starts over with the ledger's last time ahead of it.
        world.Clock.Step(TimeSpan.FromDays(-40));
        await world.CrossesAsync(world.Alice, world.Bob, world.Alice.Writes(room, "after"));
        await world.CrashHubAsync();
        await world.StartHubAsync();
        while (world.Bus.TryNext(World.Xmpp, out _) || world.Bus.TryNext(World.Matrix, out _))
        {
        }

        await world.CrossesAsync(world.Alice, world.Bob, world.Alice.Writes(room, "after a restart"));
        Assert.Null(world.Status.SweepsPaused);
        Assert.Equal(open + 3, await OpenAsync(world));
    }

    [Fact]
    public async Task Clock_SetAndThenSteady_SweepsGoOnAfterTheSettleTime()
    {
        await using var world = await World.StartAsync();
        await world.MeetAsync(world.Alice, world.Bob);
        await SweepAsync(world);
        world.Clock.Step(world.Options.Expiry * 2);
        world.Clock.Advance(world.Options.SweepInterval);
        await UntilAsync(() => world.Status.SweepsPaused is not null);
        for (var passed = TimeSpan.Zero; passed < world.Options.ClockSettle - (world.Options.SweepInterval * 2); passed += world.Options.SweepInterval)
        {
            world.Clock.Advance(world.Options.SweepInterval);
        }

        var open = await OpenAsync(world);
        await SweepAsync(world);
        Assert.NotNull(world.Status.SweepsPaused);
        Assert.Equal(open, await OpenAsync(world));
        await world.AdvanceUntilAsync(() => world.Status.SweepsPaused is null, world.Options.SweepInterval);
        for (var i = 0; i < 500 && !(await world.Admin.CountsAsync(CancellationToken.None)).Deliveries.ContainsKey(DeliveryStatus.Expired); i++)
        {
            await Task.Delay(10);
        }

        Assert.Contains(DeliveryStatus.Expired, (await world.Admin.CountsAsync(CancellationToken.None)).Deliveries.Keys);
    }

    private static async Task<long> OpenAsync(World world) => (await world.Admin.CountsAsync(CancellationToken.None)).Deliveries.GetValueOrDefault(DeliveryStatus.Accepted);

    // A sweep is asked for in the engine's order, so what is submitted after it is answered after it.
    private static async Task SweepAsync(World world)
    {
        world.Clock.Advance(world.Options.SweepInterval);
        await world.PassAsync();
        await world.PassAsync();
    }

    private static async Task UntilAsync(Func<bool> happened)
    {
        for (var i = 0; i < 500 && !happened(); i++)
        {
            await Task.Delay(10);
        }

        Assert.True(happened());
    }
}
