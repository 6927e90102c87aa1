using Dapper;
using Interconnect.Federation;
using Interconnect.Hub.Tests.Kit;
using Interconnect.Storage;

namespace Interconnect.Hub.Tests.Routing;

public sealed class LaneTests
{
    [Fact]
    public async Task Refusal_ToAStrangerOfAPair_TravelsInTheStrangersOwnLane()
    {
        await using var world = await World.StartAsync();
        await world.MeetAsync(world.Alice, world.Bob);
        var eve = await EveAsync(world);
        var entry = new ConsentEntry(ConsentOperation.Revoke, world.Alice.User, world.Bob.User, null);
        Assert.Equal(ConversationKey.OfUser(eve.User), await RefusalLaneAsync(world, eve.Send(entry), HubRule.ConsentOfSender));

        var own = await RefusalLaneAsync(world, world.Alice.Send(entry), HubRule.ConsentByTarget);
        Assert.Equal(ConversationKey.OfPair(world.Alice.User, world.Bob.User), own);
    }

    [Fact]
    public async Task Refusal_ToAStrangerOfARoom_TravelsInTheStrangersOwnLane()
    {
        await using var world = await World.StartAsync();
        var room = await world.RoomAsync(world.Alice, world.Bob);
        var eve = await EveAsync(world);
        eve.Creates(room, []);
        Assert.Equal(ConversationKey.OfUser(eve.User), await RefusalLaneAsync(world, eve.Send(eve.Writes(room, "x")), HubRule.Participant));
        Assert.Equal(ConversationKey.OfUser(eve.User), await RefusalLaneAsync(world, eve.Send(eve.Writes(room, "x"), signed: false), HubRule.Signed));
        Assert.Equal(ConversationKey.OfUser(eve.User), await RefusalLaneAsync(world, eve.Send(eve.Refreshes(room)), HubRule.Participant));

        Assert.Equal(ConversationKey.OfRoom(room), await RefusalLaneAsync(world, world.Alice.Send(world.Alice.Writes(room, "x"), broken: true), HubRule.SignatureValid));
    }

    [Fact]
    public async Task Submit_OfAStrangerWhileTheLaneIsParked_IsAnsweredAndDoesNotWaitThere()
    {
        await using var world = await World.StartAsync();
        var room = await world.RoomAsync(world.Alice, world.Bob);
        var eve = await EveAsync(world);
        eve.Creates(room, []);
        await ParkAsync(world, ConversationKey.OfRoom(room));
        await ParkAsync(world, ConversationKey.OfPair(world.Alice.User, world.Bob.User));
        await world.CrashHubAsync();
        await world.StartHubAsync();
        while (world.Bus.TryNext(World.Xmpp, out _))
        {
        }

        await RefusalLaneAsync(world, eve.Send(eve.Writes(room, "x")), HubRule.Participant);
        await RefusalLaneAsync(world, eve.Send(new ConsentEntry(ConsentOperation.Revoke, world.Alice.User, world.Bob.User, null)), HubRule.ConsentOfSender);
        Assert.All(await world.Admin.ParkedAsync(CancellationToken.None), p => Assert.Equal(0, p.Waiting));

        await world.Bus.SubmitAsync(world.Alice.Send(world.Alice.Writes(room, "waits")), world.Alice.Send(world.Alice.Says(ConsentOperation.Request, world.Bob.User)));
        Assert.Equal([1, 1], (await world.Admin.ParkedAsync(CancellationToken.None)).Select(p => p.Waiting));
    }

    // As a defect leaves it, due in a year.
    private static async Task ParkAsync(World world, ConversationKey conversation)
    {
        await using var database = Database.Create(world.Options.Database);
        await using var connection = await database.OpenAsync(CancellationToken.None);
        await connection.ExecuteAsync(
            "INSERT INTO hub_parked_conversations (conversation, opaque_id, reason, attempts, parked_ms, not_before_ms) VALUES (@key, @id, 'a defect', 1, 0, @later)",
            new { key = conversation.Value, id = Guid.NewGuid().ToString("N")[..16], later = world.Clock.GetUtcNow().AddYears(1).ToUnixTimeMilliseconds() });
    }

    private static async Task<Device> EveAsync(World world)
    {
        var eve = new Device(World.Xmpp, "a.test", "eve", world.Clock);
        await world.PublishAsync(eve);
        return eve;
    }

    private static async Task<ConversationKey> RefusalLaneAsync(World world, FederationEnvelope envelope, HubRule rule)
    {
        await world.Bus.SubmitAsync(envelope);
        var answer = await world.Bus.NextAsync(envelope.Origin!.Value);
        Assert.Equal(rule.Id, Assert.IsType<Refusal>(answer.Event).RuleId);
        return answer.Conversation;
    }
}
