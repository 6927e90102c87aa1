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
        var asked = Say(none, ConsentOperation.Request, null);
        Assert.False(asked.Granted(Alice, Bob, Room));

        var anywhere = Say(asked, ConsentOperation.Grant, null);
        Assert.True(anywhere.Granted(Alice, Bob, null));
        Assert.True(anywhere.Granted(Alice, Bob, Room));
        Assert.False(anywhere.Granted(Bob, Alice, Room));
        Assert.True(anywhere.Between(Bob, Alice, Room));

        var butNotHere = Say(anywhere, ConsentOperation.Revoke, Room);
        Assert.False(butNotHere.Granted(Alice, Bob, Room));
        Assert.True(butNotHere.Granted(Alice, Bob, Other));

        var hereOnly = Say(Say(asked, ConsentOperation.Revoke, null), ConsentOperation.Grant, Room);
        Assert.True(hereOnly.Granted(Alice, Bob, Room));
        Assert.False(hereOnly.Granted(Alice, Bob, Other));
        Assert.False(hereOnly.Granted(Alice, Bob, null));
    }

    [Fact]
    public void Between_OneSideHoldsItClosed_NothingThatTheOtherSaysOpensIt()
    {
        // All that Alice can say, in the room and anywhere; closed in each of Bob's ways, with both directions granted before.
        (ConsentOperation, UserUri Requester, UserUri Target, RoomUri?)[] hers =
        [
            .. new RoomUri?[] { null, Room }.SelectMany(r => new[]
            {
                (ConsentOperation.Request, Alice, Bob, r), (ConsentOperation.Cancel, Alice, Bob, r), (ConsentOperation.Grant, Bob, Alice, r), (ConsentOperation.Revoke, Bob, Alice, r),
            }),
        ];
        var both = Say(Say(PairConsents.None, ConsentOperation.Request, null), ConsentOperation.Grant, null);
        both = Say(Say(both, ConsentOperation.Request, null, Bob, Alice), ConsentOperation.Grant, null, Bob, Alice);
        Assert.True(both.Between(Alice, Bob, Room));

        foreach (var closed in new[] { Say(both, ConsentOperation.Revoke, null), Say(both, ConsentOperation.Cancel, null, Bob, Alice), PairConsents.None, Say(PairConsents.None, ConsentOperation.Revoke, null) })
        {
            var reached = new HashSet<string>();
            var open = new Queue<PairConsents>([closed]);
            while (open.TryDequeue(out var state))
            {
                if (!reached.Add(string.Join(';', state.Entries.Select(e => $"{e.Requester.Value} {e.Room?.Value} {e.Words}").Order(StringComparer.Ordinal))))
                {
                    continue;
                }

                Assert.False(state.Between(Alice, Bob, Room));
                Assert.False(state.Between(Alice, Bob, Other));
                Assert.False(state.Granted(Alice, Bob, Room) && !closed.Granted(Alice, Bob, Room));
                foreach (var (operation, requester, target, room) in hers)
                {
                    open.Enqueue(Say(state, operation, room, requester, target));
                }
            }

            Assert.True(reached.Count > 8);
        }
    }

    [Fact]
    public async Task Revoke_ByTheOneWhoGranted_NothingOfTheSenderReachesHim_UntilHeGrantsAgain()
    {
        await using var world = await World.StartAsync();
        var (alice, bob) = (world.Alice, world.Bob);
        var room = await world.RoomAsync(alice, bob);
        await world.CrossesAsync(alice, bob, alice.Writes(room, "x"));
        await world.CrossesAsync(bob, alice, bob.Writes(room, "x"));

        await world.CrossesAsync(bob, alice, bob.Says(ConsentOperation.Revoke, alice.User));
        await world.RefusesAsync(alice.Send(alice.Says(ConsentOperation.Grant, bob.User)), HubRule.ConsentAsked);
        foreach (var said in new[] { ConsentOperation.Request, ConsentOperation.Cancel, ConsentOperation.Request, ConsentOperation.Revoke, ConsentOperation.Grant })
        {
            await world.StaysAsync(alice, bob, alice.Says(said, bob.User));
            await world.RefusesAsync(alice.Send(alice.Writes(room, "x")), HubRule.Consented);
            await world.RefusesAsync(alice.Send(alice.Asks(bob.User)), HubRule.Consented);
        }

        await world.CrossesAsync(bob, alice, bob.Says(ConsentOperation.Grant, alice.User));
        await world.CrossesAsync(alice, bob, alice.Writes(room, "x"));
        await world.CrossesAsync(bob, alice, bob.Writes(room, "x"));
    }

    [Fact]
    public async Task Revoke_ByTheOneWhoAsked_ClosesBothWays_AndGrantingTakesItBack()
    {
        await using var world = await World.StartAsync();
        var (alice, bob) = (world.Alice, world.Bob);
        var room = await world.RoomAsync(alice, bob);
        await world.CrossesAsync(alice, bob, alice.Says(ConsentOperation.Revoke, bob.User));
        await world.StaysAsync(bob, alice, bob.Says(ConsentOperation.Request, alice.User));
        await world.StaysAsync(bob, alice, bob.Says(ConsentOperation.Cancel, alice.User));
        await world.RefusesAsync(bob.Send(bob.Writes(room, "x")), HubRule.Consented);
        await world.RefusesAsync(alice.Send(alice.Writes(room, "x")), HubRule.Consented);

        await world.CrossesAsync(alice, bob, alice.Says(ConsentOperation.Grant, bob.User));
        await world.CrossesAsync(bob, alice, bob.Writes(room, "x"));
        await world.RefusesAsync(bob.Send(bob.Asks(alice.User)), HubRule.Consented);
    }

    [Fact]
    public async Task Cancel_OfARequestThatWaits_DoesNotCloseWhatTheOtherWasGranted()
    {
        await using var world = await World.StartAsync();
        var (alice, bob) = (world.Alice, world.Bob);
        var room = await world.RoomAsync(alice, bob);
        await world.CrossesAsync(bob, alice, bob.Says(ConsentOperation.Request, alice.User));
        await world.CrossesAsync(bob, alice, bob.Says(ConsentOperation.Cancel, alice.User));
        await world.CrossesAsync(alice, bob, alice.Writes(room, "x"));
    }

    [Fact]
    public async Task Revoke_AfterThePairIsFullOfRoomRequests_IsTaken()
    {
        await using var world = await World.StartAsync(o => o with { Limits = o.Limits with { MaxOpenConsentRequests = 2 } });
        var (alice, bob) = (world.Alice, world.Bob);
        await world.PublishAsync(alice);
        await world.PublishAsync(bob);
        await world.CrossesAsync(alice, bob, alice.Says(ConsentOperation.Request, bob.User, Room));
        await world.CrossesAsync(alice, bob, alice.Says(ConsentOperation.Request, bob.User, Other));
        await world.RefusesAsync(alice.Send(alice.Says(ConsentOperation.Request, bob.User, world.NewRoom())), HubRule.ConsentBound);
        await world.StaysAsync(bob, alice, bob.Says(ConsentOperation.Revoke, alice.User));
        await world.StaysAsync(alice, bob, alice.Says(ConsentOperation.Cancel, bob.User, Room));
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
        await world.RefusesAsync(world.Bob.Send(world.Bob.Says(ConsentOperation.Grant, world.Alice.User)), HubRule.ConsentAsked);
        await world.CrossesAsync(world.Alice, world.Bob, world.Alice.Says(ConsentOperation.Request, world.Bob.User));
        await world.CrossesAsync(world.Bob, world.Alice, world.Bob.Says(ConsentOperation.Grant, world.Alice.User));
        await world.CrossesAsync(world.Bob, world.Alice, world.Bob.Writes(room, "x"));
    }

    // As the hub keeps it: what it refuses changes nothing.
    private static PairConsents Say(PairConsents before, ConsentOperation operation, RoomUri? room, UserUri? requester = null, UserUri? target = null)
    {
        var (from, to) = (requester ?? Alice, target ?? Bob);
        var words = before.Find(from, to, room)?.Words ?? default;
        return words.After(operation, before.Effective(from, to, room)) is { } next ? before.With(new Interconnect.Hub.Consent(from, to, room, next, default)) : before;
    }
}
