using Interconnect.Federation;
using Interconnect.Hub.Tests.Kit;

namespace Interconnect.Hub.Tests.Consent;

public sealed class PairConsentsTests
{
    private static readonly UserUri Alice = UserUri.Parse("mimi://a.test/u/alice");
    private static readonly UserUri Bob = UserUri.Parse("mimi://hs.test/u/bob");
    private static readonly RoomUri Room = RoomUri.Parse("mimi://hub.test/r/1");
    private static readonly RoomUri Other = RoomUri.Parse("mimi://hub.test/r/2");

    [Fact]
    public void Granted_AnywhereAndHere_TheNarrowerWordCounts()
    {
        var none = PairConsents.None;
        Assert.False(none.Granted(Alice, Bob, null));
        Assert.False(none.With(Entry(ConsentOperation.Request, null)).Granted(Alice, Bob, Room));

        var anywhere = none.With(Entry(ConsentOperation.Grant, null));
        Assert.True(anywhere.Granted(Alice, Bob, null));
        Assert.True(anywhere.Granted(Alice, Bob, Room));
        Assert.False(anywhere.Granted(Bob, Alice, Room));
        Assert.True(anywhere.Between(Bob, Alice, Room));

        var butNotHere = anywhere.With(Entry(ConsentOperation.Revoke, Room));
        Assert.False(butNotHere.Granted(Alice, Bob, Room));
        Assert.True(butNotHere.Granted(Alice, Bob, Other));

        var hereOnly = none.With(Entry(ConsentOperation.Revoke, null)).With(Entry(ConsentOperation.Grant, Room));
        Assert.True(hereOnly.Granted(Alice, Bob, Room));
        Assert.False(hereOnly.Granted(Alice, Bob, Other));
        Assert.False(hereOnly.Granted(Alice, Bob, null));
    }

    [Fact]
    public async Task Request_AfterGrant_KeepsTheConsentAndIsPassedOn()
    {
        await using var world = await World.StartAsync();
        await world.MeetAsync(world.Alice, world.Bob);
        var before = await DatabaseDump.ReadAsync(world.Options.Database);
        await world.CrossesAsync(world.Alice, world.Bob, world.Alice.Says(ConsentOperation.Request, world.Bob.User));
        await world.CrossesAsync(world.Bob, world.Alice, world.Bob.Says(ConsentOperation.Grant, world.Alice.User));
        Assert.Equal(before["hub_consents"], (await DatabaseDump.ReadAsync(world.Options.Database))["hub_consents"]);
        await world.ClaimAsync(world.Alice, world.Bob.User);
    }

    [Fact]
    public async Task Cancel_AfterGrant_EndsTheContact()
    {
        await using var world = await World.StartAsync();
        var room = await world.RoomAsync(world.Alice, world.Bob);
        await world.CrossesAsync(world.Alice, world.Bob, world.Alice.Says(ConsentOperation.Cancel, world.Bob.User));
        await world.RefusesAsync(world.Bob.Send(world.Bob.Writes(room, "x")), HubRule.Consented);
        await world.CrossesAsync(world.Bob, world.Alice, world.Bob.Says(ConsentOperation.Grant, world.Alice.User));
        await world.CrossesAsync(world.Bob, world.Alice, world.Bob.Writes(room, "x"));
    }

    private static Interconnect.Hub.Consent Entry(ConsentOperation operation, RoomUri? room) => new(Alice, Bob, room, operation, default);
}
