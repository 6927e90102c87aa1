using Interconnect.Federation;
using Interconnect.Hub.Tests.Kit;

namespace Interconnect.Hub.Tests.KeyDirectory;

/// <summary>Another identity takes a user's place: who is told, who can delay it and who cannot.</summary>
public sealed class ResetTests
{
    [Fact]
    public async Task Reset_Asked_OldDevicesAndContactsAreToldAtOnce_AndOnceMoreWhenItTakesEffect()
    {
        await using var world = await World.StartAsync();
        var room = await world.RoomAsync(world.Alice, world.Bob);
        Drain(world);
        var (phone, other) = LosesAll(world);
        await world.ResetsAsync(phone, other);
        Assert.Equal([world.Alice.User], (await world.Bus.NextAsync(FakeBus.ListsTo(World.Xmpp))).Recipients);
        var told = await world.Bus.NextAsync(FakeBus.ListsTo(World.Matrix));
        Assert.Equal([world.Bob.User], told.Recipients);
        Assert.Equal(other.Shows().Lists[0].ToArray(), ((DeviceListUpdate)told.Event).Lists[0].ToArray());

        // As yet everything is as it was.
        await world.RefusesAsync(phone.Send(phone.Publication()), HubRule.DeviceNamed);
        await world.CrossesAsync(world.Alice, world.Bob, world.Alice.Writes(room, "still here"));
        await world.RefusesAsync(phone.Send(other.Shows()), HubRule.ResetWaits);
        Assert.False(world.Bus.TryNext(FakeBus.ListsTo(World.Matrix), out _));

        world.Clock.Advance(world.Options.ResetWait);
        await world.AcceptsAsync(phone.Send(other.Shows()));
        Assert.Equal([world.Bob.User], (await world.Bus.NextAsync(FakeBus.ListsTo(World.Matrix))).Recipients);
        await world.RefusesAsync(world.Alice.Send(world.Alice.Writes(room, "gone")), HubRule.DeviceNamed);
        var dump = await DatabaseDump.ReadAsync(world.Options.Database);
        Assert.DoesNotContain(dump["hub_clients"].Concat(dump["hub_key_packages"]), r => r.Contains("/d/alice/phone", StringComparison.Ordinal));
        Assert.Contains("reset_key= ", dump["hub_identities"].Single(r => r.Contains("u/alice", StringComparison.Ordinal)), StringComparison.Ordinal);

        // The old identity has no way back but a reset of its own.
        Assert.Equal(world.Options.ResetWait, (await world.ResetsAsync(world.Alice, world.Of(world.Alice))).RetryAfter);
    }

    [Fact]
    public async Task Reset_AnEraUnderThePinnedIdentityMeanwhile_StopsNothing_NorDoesAnyObjectionAfterTheFirst()
    {
        await using var world = await World.StartAsync();
        await world.PublishAsync(world.Alice);
        var (phone, other) = LosesAll(world);
        await world.ResetsAsync(phone, other);
        await world.AcceptsAsync(world.Alice.Send(world.Of(world.Alice).OpensEra(world.Alice)));
        await world.AcceptsAsync(world.Alice.Send(world.Of(world.Alice).Objects(other)));
        world.Clock.Advance(world.Options.ResetWait);
        var refusal = await world.RefusesAsync(phone.Send(other.Shows()), HubRule.ResetWaits);
        Assert.Equal(TimeSpan.FromDays(6), refusal.RetryAfter);
        await world.RefusesAsync(world.Alice.Send(world.Of(world.Alice).Objects(other)), HubRule.ObjectionOnce);

        await world.CrashHubAsync();
        await world.StartHubAsync();
        world.Clock.Advance(TimeSpan.FromDays(6));
        await world.AcceptsAsync(phone.Send(other.Shows()));
    }

    [Fact]
    public async Task Reset_AThiefAgainAndAgain_ShortensNothing()
    {
        await using var world = await World.StartAsync();
        await world.PublishAsync(world.Alice);
        var (phone, thief) = LosesAll(world);
        await world.ResetsAsync(phone, thief);
        for (var i = 0; i < 23; i++)
        {
            world.Clock.Advance(TimeSpan.FromHours(1));
            Assert.Equal(TimeSpan.FromHours(23 - i), (await world.RefusesAsync(phone.Send(thief.Shows()), HubRule.ResetWaits)).RetryAfter);
        }

        // Nor by a longer chain of its own, nor does another device of it begin anew.
        thief.Adds(phone, new Device(World.Xmpp, "a.test", "alice", world.Clock, "second"));
        Assert.Equal(TimeSpan.FromHours(1), (await world.RefusesAsync(phone.Send(thief.Shows()), HubRule.ResetWaits)).RetryAfter);

        // A device that is stolen does not get around it either: its own first list is another identity's.
        await world.RefusesAsync(world.Alice.Send(new Person(world.Alice.User, world.Clock).Begins(world.Alice)), HubRule.ResetOne);
    }

    [Fact]
    public async Task Reset_NotTakenUpInTime_IsForgotten_AndBeginsAnew()
    {
        await using var world = await World.StartAsync();
        await world.PublishAsync(world.Alice);
        var (phone, other) = LosesAll(world);
        await world.ResetsAsync(phone, other);
        world.Clock.Advance(world.Options.ResetWait + world.Options.ResetLapse);
        Assert.Equal(world.Options.ResetWait, (await world.ResetsAsync(phone, other)).RetryAfter);

        // The sweep takes the row's part away, too.
        world.Clock.Advance(world.Options.ResetWait + world.Options.ResetLapse);
        for (var i = 0; i < 500 && !(await RowAsync(world)).Contains("reset_key= ", StringComparison.Ordinal); i++)
        {
            world.Clock.Advance(world.Options.SweepInterval);
            await Task.Delay(5);
        }

        Assert.Contains("reset_key= ", await RowAsync(world), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Reset_TheClockIsSetForward_WaitsAllTheSame()
    {
        await using var world = await World.StartAsync();
        await world.PublishAsync(world.Alice);
        var (phone, other) = LosesAll(world);
        await world.ResetsAsync(phone, other);
        world.Clock.Advance(world.Options.SweepInterval);
        await world.PassAsync();
        world.Clock.Step(TimeSpan.FromHours(30));
        await world.RefusesAsync(phone.Send(other.Shows()), HubRule.ResetWaits);
        world.Clock.Step(TimeSpan.FromHours(-30));
        await world.RefusesAsync(phone.Send(other.Shows()), HubRule.ResetWaits);
        world.Clock.Advance(world.Options.ClockSettle + TimeSpan.FromSeconds(1));
        world.Clock.Advance(world.Options.ResetWait);
        await world.AdvanceUntilAsync(() => world.Status.SweepsPaused is null, world.Options.SweepInterval);
        await world.AcceptsAsync(phone.Send(other.Shows()));
    }

    [Fact]
    public async Task Reset_SentAgainUnderTheSameId_TheAnswerIsRepeated()
    {
        await using var world = await World.StartAsync();
        await world.PublishAsync(world.Alice);
        var (phone, other) = LosesAll(world);
        var sent = phone.Send(other.Shows());
        await world.Bus.SubmitAsync(sent);
        await world.Bus.NextAsync(World.Xmpp);
        world.Clock.Advance(TimeSpan.FromHours(1));
        await world.Bus.SubmitAsync(sent);
        var again = Assert.IsType<Refusal>((await world.Bus.NextAsync(World.Xmpp)).Event);
        Assert.Equal((HubRule.ResetWaits.Id, TimeSpan.FromHours(23)), (again.RuleId, again.RetryAfter));
    }

    private static (Device Phone, Person Other) LosesAll(World world)
    {
        var phone = new Device(World.Xmpp, "a.test", "alice", world.Clock, "new");
        var other = new Person(world.Alice.User, world.Clock);
        other.Begins(phone);
        return (phone, other);
    }

    private static void Drain(World world)
    {
        while (world.Bus.TryNext(FakeBus.ListsTo(World.Xmpp), out _) || world.Bus.TryNext(FakeBus.ListsTo(World.Matrix), out _))
        {
        }
    }

    private static async Task<string> RowAsync(World world) => (await DatabaseDump.ReadAsync(world.Options.Database))["hub_identities"].Single(r => r.Contains("u/alice", StringComparison.Ordinal));
}
