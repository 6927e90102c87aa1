using Interconnect.Federation;
using Interconnect.Hub.Tests.Kit;

namespace Interconnect.Hub.Tests.Routing;

/// <summary>An answer can be lost on its way; the sender then sends the same event again and must get the answer again.</summary>
public sealed class RepeatedAnswerTests
{
    [Fact]
    public async Task Duplicate_SoonAfterTheAnswer_Silent_Later_RepeatsTheAcceptanceOnceASecond()
    {
        await using var world = await World.StartAsync();
        var room = await world.RoomAsync(world.Alice, world.Bob);
        var sent = world.Alice.Send(world.Alice.Writes(room, "hello"));
        var first = await world.AcceptsAsync(sent);
        await world.Bus.NextAsync(World.Matrix);

        // What the bus brings again after a crash.
        world.Clock.Advance(TimeSpan.FromSeconds(1));
        await world.Bus.SubmitAsync(sent, sent);
        Assert.Empty(await AnswersAsync(world, sent));

        // Whoever sends again after that has not had the answer. Twice at once and a moment later are one.
        world.Clock.Advance(TimeSpan.FromSeconds(1));
        await world.Bus.SubmitAsync(sent, sent);
        await world.Bus.SubmitAsync(sent);
        var second = Assert.Single(await AnswersAsync(world, sent));
        world.Clock.Advance(TimeSpan.FromSeconds(1));
        await world.Bus.SubmitAsync(sent);
        var third = Assert.Single(await AnswersAsync(world, sent));

        Assert.Equal(3, new[] { first.Id, second.Id, third.Id }.Distinct().Count());
        foreach (var again in new[] { second, third })
        {
            var report = Assert.IsType<DeliveryReport>(again.Event);
            Assert.Equal((sent.Id, DeliveryStatus.Accepted, sent.Proof!.FrameId, (UserUri?)null), (report.Event, report.Status, report.Frame, report.Recipient));
            Assert.Equal((first.Sequence, "hub.test"), (again.Sequence, again.HubDomain!.Value));
            Assert.Equal([world.Alice.User], again.Recipients);
        }

        Assert.False(world.Bus.TryNext(World.Matrix, out _));
    }

    [Fact]
    public async Task Duplicate_OfARefusedEvent_RepeatsTheRefusal()
    {
        await using var world = await World.StartAsync();
        await world.PublishAsync(world.Alice);
        var sent = world.Alice.Send(world.Alice.Asks(UserUri.Parse("mimi://elsewhere.test/u/carol")));
        var first = await world.RefusesAsync(sent, HubRule.DestinationKnown);
        world.Clock.Advance(TimeSpan.FromSeconds(2));
        await world.Bus.SubmitAsync(sent);
        Assert.Equal(first, Assert.Single(await AnswersAsync(world, sent)).Event);
    }

    [Fact]
    public async Task Duplicate_OfAnotherSenderOrFrame_GetsNothing()
    {
        await using var world = await World.StartAsync();
        await world.ListAsync(world.Alice);
        var sent = world.Alice.Send(world.Alice.Publication(), eventKey: "one");
        await world.AcceptsAsync(sent);
        world.Clock.Advance(TimeSpan.FromSeconds(10));
        var stranger = new Device(World.Xmpp, "a.test", "carol", world.Clock);
        await world.Bus.SubmitAsync(stranger.Send(stranger.Publication(), eventKey: "one"), world.Alice.Send(world.Alice.Publication(), eventKey: "one"));
        Assert.Empty(await AnswersAsync(world, sent));

        await world.Bus.SubmitAsync(sent);
        Assert.Single(await AnswersAsync(world, sent));
    }

    // All that is published by now; a publication of another sender marks where that ends.
    private static async Task<List<FederationEnvelope>> AnswersAsync(World world, FederationEnvelope about)
    {
        var answers = await world.PassAsync();
        await world.AdvanceUntilAsync(world.Quiet, TimeSpan.Zero);
        while (world.Bus.TryNext(World.Xmpp, out var late))
        {
            answers.Add(late!);
        }

        return [.. answers.Where(a => a.Event is DeliveryReport r ? r.Event == about.Id : a.Event is Refusal f && f.Event == about.Id)];
    }
}
