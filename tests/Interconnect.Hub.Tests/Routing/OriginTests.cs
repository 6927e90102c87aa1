using Interconnect.Federation;
using Interconnect.Hub.Tests.Kit;

namespace Interconnect.Hub.Tests.Routing;

/// <summary>HUB-008: who speaks is who the bus says, and what an envelope says of its origin only counts when it is the same.</summary>
public sealed class OriginTests
{
    [Fact]
    public async Task Submit_InAnotherNetworksName_ChangesNothingIsCountedAndTellsNobody()
    {
        await using var world = await World.StartAsync();
        using var refused = new Counted(world, "interconnect_hub_events_refused_total");
        await world.MeetAsync(world.Alice, world.Bob);
        var before = await DatabaseDump.ReadAsync(world.Options.Database);

        // All that a network would do in another's name, well signed by keys that it made: a device, and a consent taken back.
        var device = world.Bob.Send(world.Bob.Publication());
        var revocation = world.Bob.Send(world.Bob.Says(ConsentOperation.Revoke, world.Alice.User));
        await world.Bus.SubmitAsAsync(World.Xmpp, device, revocation, device);

        var after = await DatabaseDump.ReadAsync(world.Options.Database);
        Assert.All(new[] { "hub_clients", "hub_consents", "hub_key_packages", "hub_deliveries", "hub_conversations" }, t => Assert.Equal(before[t], after[t]));
        Assert.Empty(after["hub_outbox"].Except(before["hub_outbox"]));
        var rows = after["hub_ledger"].Except(before["hub_ledger"]).ToList();
        Assert.Equal(2, rows.Count);
        Assert.All(rows, r => Assert.Contains($"network={World.Xmpp} sender= ", r, StringComparison.Ordinal));
        Assert.All(rows, r => Assert.Contains("rule=HUB-008", r, StringComparison.Ordinal));
        Assert.Equal([(HubRule.OriginAuthentic.Id, 2L)], refused.By("rule"));
        Assert.False(world.Bus.TryNext(World.Matrix, out _) || world.Bus.TryNext(World.Xmpp, out _));

        // From the network itself both are taken.
        await world.AcceptsAsync(device);
        await world.AcceptsAsync(revocation);
    }

    /// <summary>The id of a coming event can be guessed, since it is made of what the network shows. Whoever uses it first must not take the event's place.</summary>
    [Fact]
    public async Task Submit_UnderTheIdThatAnothersEventWillHave_BothAreWhoseTheyAre()
    {
        await using var world = await World.StartAsync();
        var room = await world.RoomAsync(world.Alice, world.Bob);
        var genuine = world.Alice.Send(world.Alice.Writes(room, "genuine"), eventKey: "guessed");

        // In the attacker's own name, in Alice's network's, and from a network nobody knows.
        var own = world.Bob.Send(world.Bob.Writes(room, "first")) with { Id = genuine.Id };
        await world.Bus.SubmitAsAsync(World.Matrix, own, genuine);
        await world.Bus.SubmitAsAsync("nowhere", genuine);
        Assert.Equal("first", world.Alice.Reads((EncryptedMessage)(await world.Bus.NextAsync(World.Xmpp)).Event));
        Assert.Equal((genuine.Id, DeliveryStatus.Accepted), Told(await world.Bus.NextAsync(World.Matrix)));

        await world.AcceptsAsync(genuine);
        var delivered = await world.Bus.NextAsync(World.Matrix);
        Assert.Equal("genuine", world.Bob.Reads((EncryptedMessage)delivered.Event));
        Assert.Equal(genuine.PassedId(), delivered.Id);
        Assert.NotEqual(own.PassedId(), delivered.Id);

        // And each is known again by its own network.
        await world.Bus.SubmitAsync(genuine);
        Assert.False(world.Bus.TryNext(World.Matrix, out _));

        static (EventId, DeliveryStatus) Told(FederationEnvelope envelope) => envelope.Event is DeliveryReport report ? (report.Event, report.Status) : default;
    }

    [Fact]
    public async Task Submit_ParkedConversation_ForgedEventsDoNotWaitInIt()
    {
        await using var world = await World.StartAsync(o => o with { Limits = o.Limits with { MaxParked = 1 } });
        await world.MeetAsync(world.Alice, world.Bob);
        var forged = world.Bob.Send(world.Bob.Says(ConsentOperation.Revoke, world.Alice.User));
        await world.Bus.SubmitAsAsync(World.Xmpp, forged);
        Assert.Empty(await world.Admin.ParkedAsync(CancellationToken.None));
        Assert.Contains((await DatabaseDump.ReadAsync(world.Options.Database))["hub_ledger"], r => r.Contains("rule=HUB-008", StringComparison.Ordinal));
    }

    [Fact]
    public async Task Submit_FromTheHub_IsUnusable()
    {
        await using var world = await World.StartAsync();
        var body = EnvelopeCodec.Encode(world.Alice.Send(world.Alice.Publication()));
        Assert.Equal(0, Assert.Single(await world.Bus.HandAsync(new BusAddress.Submit(), [new BusBody(new BusSender.HubProvider(), body)])).Index);
        Assert.Empty(await world.Bus.HandAsync(new BusAddress.Submit(), [FakeBus.Body(World.Xmpp, body)]));
    }

    [Fact]
    public async Task Report_InAnotherNetworksName_MovesNothing()
    {
        await using var world = await World.StartAsync();
        using var counted = new Counted(world, "interconnect_hub_reports_ignored_total");
        var room = await world.RoomAsync(world.Alice, world.Bob);
        var delivered = await world.CrossesAsync(world.Alice, world.Bob, world.Alice.Writes(room, "text"));
        await world.Bus.ReportAsAsync(World.Xmpp, world.Bob.Reports(delivered, DeliveryStatus.Bounced));
        Assert.False(world.Bus.TryNext(World.Xmpp, out _));
        Assert.Equal([(HubRule.OriginAuthentic.Id, 1L)], counted.By("rule"));

        await world.Bus.ReportAsync(world.Bob.Reports(delivered, DeliveryStatus.Delivered));
        Assert.Equal(DeliveryStatus.Delivered, Assert.IsType<DeliveryReport>((await world.Bus.NextAsync(World.Xmpp)).Event).Status);
    }
}
