using Interconnect.Federation;
using Interconnect.Hub.Tests.Kit;

namespace Interconnect.Hub.Tests.Consent;

/// <summary>What somebody can learn of another who has not consented: nothing, whether that user exists, is there, or revoked.</summary>
public sealed class StrangerTests
{
    [Fact]
    public async Task Request_WhateverBecomesOfIt_TellsTheAskerNothingAfterTheAcceptance()
    {
        await using var world = await World.StartAsync();
        var (alice, bob) = (world.Alice, world.Bob);
        await world.PublishAsync(alice);
        await world.PublishAsync(bob);
        var nobody = new Device(World.Matrix, "hs.test", "nobody", world.Clock);
        foreach (var (target, end) in new[] { (bob, DeliveryStatus.Delivered), (nobody, DeliveryStatus.Bounced) })
        {
            var delivered = await world.CrossesAsync(alice, target, alice.Says(ConsentOperation.Request, target.User));
            Assert.Null(delivered.Sequence);
            await world.Bus.ReportAsync(target.Reports(delivered, DeliveryStatus.HandedOver), target.Reports(delivered, end, "MATRIX-010", "No such user"));
        }

        // Nor when nothing is heard of it.
        await world.CrossesAsync(alice, bob, alice.Says(ConsentOperation.Cancel, bob.User));
        world.Clock.Advance(world.Options.Expiry + TimeSpan.FromSeconds(6));
        await world.AdvanceUntilAsync(world.Quiet);
        Assert.False(world.Bus.TryNext(World.Xmpp, out _));
        var counts = await world.Admin.CountsAsync(CancellationToken.None);
        Assert.Equal((1, 1), (counts.Deliveries[DeliveryStatus.Delivered], counts.Deliveries[DeliveryStatus.Bounced]));
    }

    [Fact]
    public async Task Revoke_OfWhatWasAskedAndNeverGranted_IsNotTold_OfAContactItIs()
    {
        await using var world = await World.StartAsync();
        var (alice, bob) = (world.Alice, world.Bob);
        await world.PublishAsync(alice);
        await world.PublishAsync(bob);
        await world.CrossesAsync(alice, bob, alice.Says(ConsentOperation.Request, bob.User));
        await world.StaysAsync(bob, alice, bob.Says(ConsentOperation.Revoke, alice.User));
        for (var i = 0; i < 3; i++)
        {
            await world.StaysAsync(alice, bob, alice.Says(ConsentOperation.Request, bob.User));
            await world.StaysAsync(alice, bob, alice.Says(ConsentOperation.Cancel, bob.User));
        }

        await world.StaysAsync(alice, bob, alice.Says(ConsentOperation.Request, bob.User));
        await world.CrossesAsync(bob, alice, bob.Says(ConsentOperation.Grant, alice.User));
        await world.CrossesAsync(bob, alice, bob.Says(ConsentOperation.Revoke, alice.User));
        await world.StaysAsync(bob, alice, bob.Says(ConsentOperation.Revoke, alice.User));
    }

    [Fact]
    public async Task Revoke_OfSomebodyWhoNeverAsked_CrossesNowhere_AndHoldsWhenTheyDo()
    {
        await using var world = await World.StartAsync();
        var (alice, bob) = (world.Alice, world.Bob);
        await world.PublishAsync(alice);
        await world.PublishAsync(bob);
        await world.StaysAsync(bob, alice, bob.Says(ConsentOperation.Revoke, alice.User));
        await world.StaysAsync(alice, bob, alice.Says(ConsentOperation.Request, bob.User));
        await world.StaysAsync(alice, bob, alice.Says(ConsentOperation.Request, bob.User, world.NewRoom()));

        // It does not come back with a restart, and whoever revoked opens it: here by asking itself.
        await world.CrashHubAsync();
        await world.StartHubAsync();
        await world.StaysAsync(alice, bob, alice.Says(ConsentOperation.Request, bob.User));
        await world.CrossesAsync(bob, alice, bob.Says(ConsentOperation.Request, alice.User));
        await world.CrossesAsync(alice, bob, alice.Says(ConsentOperation.Grant, bob.User));
        await world.ClaimAsync(bob, alice.User);
    }

    [Fact]
    public async Task Request_Again_CrossesOnce_UntilItIsTakenBackAndSaidAnew()
    {
        await using var world = await World.StartAsync();
        var (alice, bob) = (world.Alice, world.Bob);
        await world.PublishAsync(alice);
        await world.StaysAsync(alice, bob, alice.Says(ConsentOperation.Cancel, bob.User));
        await world.CrossesAsync(alice, bob, alice.Says(ConsentOperation.Request, bob.User));
        await world.StaysAsync(alice, bob, alice.Says(ConsentOperation.Request, bob.User));
        await world.CrossesAsync(alice, bob, alice.Says(ConsentOperation.Cancel, bob.User));
        Assert.Empty((await DatabaseDump.ReadAsync(world.Options.Database))["hub_consents"]);
        await world.CrossesAsync(alice, bob, alice.Says(ConsentOperation.Request, bob.User));
    }

    [Fact]
    public async Task OpenRequests_ThatWereRefused_StillCount_AsTheAskerKnowsNothingElse()
    {
        await using var world = await World.StartAsync(o => o with { Limits = o.Limits with { MaxOpenConsentRequests = 1 } });
        var (alice, bob) = (world.Alice, world.Bob);
        await world.PublishAsync(alice);
        await world.PublishAsync(bob);
        await world.CrossesAsync(alice, bob, alice.Says(ConsentOperation.Request, bob.User));
        await world.StaysAsync(bob, alice, bob.Says(ConsentOperation.Revoke, alice.User));
        await world.RefusesAsync(alice.Send(alice.Says(ConsentOperation.Request, UserUri.Parse("mimi://hs.test/u/bernard"))), HubRule.ConsentBound);
    }

    [Fact]
    public async Task Backlog_OfTheOthersNetwork_RefusesWhatWouldNotCrossToo()
    {
        await using var world = await World.StartAsync(o => o with { Limits = o.Limits with { MaxBacklog = 1 } });
        var (alice, bob) = (world.Alice, world.Bob);
        var room = await world.RoomAsync(alice, bob);
        var cathy = new Device(World.Xmpp, "a.test", "cathy", world.Clock);
        await world.PublishAsync(cathy);
        await world.StaysAsync(bob, cathy, bob.Says(ConsentOperation.Revoke, cathy.User));
        world.Bus.Interfere = (address, _) => address.Name == "deliver." + World.Matrix ? new PublishOutcome.Unavailable("away", TimeSpan.FromSeconds(1), true) : null;
        await world.AcceptsAsync(alice.Send(alice.Writes(room, "waits")));
        await world.RefusesAsync(cathy.Send(cathy.Says(ConsentOperation.Request, bob.User)), HubRule.Backlog);
        await world.RefusesAsync(cathy.Send(cathy.Says(ConsentOperation.Request, UserUri.Parse("mimi://hs.test/u/nobody"))), HubRule.Backlog);
    }
}
