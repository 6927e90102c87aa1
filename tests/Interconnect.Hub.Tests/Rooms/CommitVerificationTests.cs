using Interconnect.Federation;
using Interconnect.Hub.Tests.Kit;
using Interconnect.Storage;

namespace Interconnect.Hub.Tests.Rooms;

/// <summary>The signatures of commits are checked before the writer sees them.</summary>
public sealed class CommitVerificationTests
{
    [Fact]
    public async Task Judge_InItsPlace_IsDone_OutOfItOrUnclaimed_IsNot()
    {
        await using var world = await World.StartAsync();
        var room = await world.RoomAsync(world.Alice, world.Bob);
        var before = world.Alice.Group!;
        var good = world.Alice.Refreshes(room);
        var next = world.Alice.Refreshes(room);
        world.Alice.Group = before;
        var tablet = new Device(World.Matrix, "hs.test", "bob", world.Clock, "tablet");
        await world.PublishAsync(tablet);
        var unclaimed = world.Alice.Adds(room, tablet.Publication(1).KeyPackages);

        Assert.NotNull((await JudgeAsync(world, world.Alice.Send(good)))[0]!.Next);
        Assert.Null((await JudgeAsync(world, world.Alice.Send(next)))[0]);
        Assert.Null((await JudgeAsync(world, world.Alice.Send(unclaimed)))[0]);
        Assert.Null((await JudgeAsync(world, world.Alice.Send(good, broken: true)))[0]);
        Assert.Equal(HubRule.CommitLeads, (await JudgeAsync(world, world.Alice.Send(good with { Commit = Damaged(good) })))[0]!.Refused!.Rule);

        // One after another, each by what the one before makes.
        var both = await JudgeAsync(world, world.Alice.Send(good), world.Alice.Send(next));
        Assert.Equal([2UL, 3UL], both.Select(j => j!.Next!.Epoch));
        await world.Bus.SubmitAsync(world.Alice.Send(good), world.Alice.Send(next));
        Assert.IsType<DeliveryReport>((await world.Bus.NextAsync(World.Xmpp)).Event);
        Assert.IsType<DeliveryReport>((await world.Bus.NextAsync(World.Xmpp)).Event);
    }

    [Fact]
    public async Task Judge_MakesRooms_ByWhatWasClaimed()
    {
        await using var world = await World.StartAsync();
        await world.MeetAsync(world.Alice, world.Bob);
        var room = world.NewRoom();
        var claimed = (await world.ClaimAsync(world.Alice, world.Bob.User, room)).Clients.Select(c => c.KeyPackage).ToList();
        Assert.NotNull((await JudgeAsync(world, world.Alice.Send(world.Alice.Creates(room, claimed))))[0]!.Next);
        Assert.Null((await JudgeAsync(world, world.Alice.Send(world.Alice.Creates(world.NewRoom(), claimed))))[0]);
    }

    [Fact]
    public void IsOf_AnotherRoomState_IsNot()
    {
        var judged = new JudgedCommit([1, 2], null, null);
        Assert.True(judged.IsOf(RoomOf([1, 2])));
        Assert.False(judged.IsOf(RoomOf([1, 3])));
        Assert.False(judged.IsOf(null));
        Assert.True(new JudgedCommit(null, null, null).IsOf(null));
        Assert.False(new JudgedCommit(null, null, null).IsOf(RoomOf([1])));
    }

    private static Room RoomOf(byte[] groupInfo) => new(RoomUri.Parse("mimi://hub.test/r/1"), 1, 1, [], groupInfo, default, default, null);

    // The signature, which stands before the confirmation and membership tags of suite 1.
    private static byte[] Damaged(RoomUpdate update)
    {
        var commit = update.Commit.ToArray();
        commit[^(33 + 33 + 1)] ^= 1;
        return commit;
    }

    private static async Task<List<JudgedCommit?>> JudgeAsync(World world, params FederationEnvelope[] envelopes)
    {
        await using var database = Database.Create(world.Options.Database);
        var policy = new HubPolicy(world.Options);
        var prepared = Preparation.Prepare(
            HubStream.Submit, [.. envelopes.Select(e => FakeBus.Body(e.Origin!.Value, EnvelopeCodec.Encode(e)))], policy, new FrameVerifiers(10), new SenderBudgets(policy.Limits), new KnownLists(10), world.Clock.GetUtcNow(), out _);
        return [.. (await new CommitVerification(database, policy, new FrameVerifiers(10)).JudgeAsync(prepared, CancellationToken.None)).Select(p => p.Handshake?.Judged)];
    }
}
