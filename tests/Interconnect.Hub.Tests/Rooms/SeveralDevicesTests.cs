using System.Text;
using Interconnect.Federation;
using Interconnect.Hub.Tests.Kit;

namespace Interconnect.Hub.Tests.Rooms;

/// <summary>Rooms of two users who have several devices.</summary>
public sealed class SeveralDevicesTests
{
    [Fact]
    public async Task Message_OfAUserWithAnotherDeviceInTheRoom_GoesToTheOwnAccountToo_UnderTheSameNumber()
    {
        await using var world = await World.StartAsync();
        var tablet = Tablet(world);
        var room = await world.RoomAsync(world.Alice, world.Bob);
        var alone = await world.CrossesAsync(world.Alice, world.Bob, world.Alice.Writes(room, "alone"));
        Assert.Null(world.OwnCopy);
        world.Bob.Reads((EncryptedMessage)alone.Event);

        // Alice's phone adds her tablet; it learns of the room by the same event.
        await world.PublishAsync(tablet);
        var own = await world.ClaimAsync(world.Alice, world.Alice.User, room);
        var added = await world.CrossesAsync(world.Alice, world.Bob, world.Alice.Adds(room, own.Clients.Select(c => c.KeyPackage)));
        Assert.Equal([world.Alice.User], world.OwnCopy!.Recipients);
        Assert.Equal(added.Sequence, world.OwnCopy.Sequence);
        tablet.Joins((RoomUpdate)world.OwnCopy.Event);
        world.Bob.Follows((RoomUpdate)added.Event);

        var sent = await world.CrossesAsync(world.Alice, world.Bob, world.Alice.Writes(room, "hello"));
        Assert.Equal(sent.Sequence, world.OwnCopy!.Sequence);
        Assert.Equal("hello", tablet.Reads((EncryptedMessage)world.OwnCopy.Event));
        Assert.Equal("hello", world.Bob.Reads((EncryptedMessage)sent.Event));

        // Bob has one device, so nothing of his comes back to him; and what became of a copy for the own account is not told.
        await world.CrossesAsync(world.Bob, world.Alice, world.Bob.Writes(room, "hi"));
        Assert.Null(world.OwnCopy);
        await world.Bus.ReportAsync(world.Alice.Reports(sent, DeliveryStatus.Delivered), world.Bob.Reports(sent, DeliveryStatus.Delivered));
        var told = (await world.PassAsync()).Select(e => e.Event).OfType<DeliveryReport>().ToList();
        Assert.Equal([world.Bob.User], told.Where(r => r.Event == world.SentIdOf(sent)).Select(r => r.Recipient!));
        Assert.Equal(2, (await world.Admin.CountsAsync(CancellationToken.None)).Deliveries[DeliveryStatus.Delivered]);
    }

    [Fact]
    public async Task Update_OfAMemberThatIsOffItsUsersList_GoesOnUntilACommitTakesItOut()
    {
        await using var world = await World.StartAsync();
        var tablet = new Device(World.Matrix, "hs.test", "bob", world.Clock, "tablet");
        await world.MeetAsync(world.Alice, world.Bob);
        await world.PublishAsync(tablet);
        var room = await world.AnotherRoomAsync(world.Alice, world.Bob);
        await world.AcceptsAsync(world.Bob.Send(world.Of(world.Bob).Removes(world.Bob, tablet)));

        // The other side's commit may come first, with the leaf in it; then one takes it out.
        var stale = await world.CrossesAsync(world.Alice, world.Bob, world.Alice.Refreshes(room));
        Assert.Contains(world.Alice.Group!.Members, m => IsOf(tablet, m));
        world.Bob.Follows((RoomUpdate)stale.Event);

        // Nobody takes it out and puts it back, with or without a Welcome.
        var now = world.Bob.Group!;
        var package = Mls.KeyPackages.Verify(tablet.Publication(1).KeyPackages[0], world.Clock.GetUtcNow()).Value;
        var swap = world.Bob.Commits(room, now.Commit(new Mls.CommitRequest { Add = [package], Remove = [now.Members.Single(m => IsOf(tablet, m)).LeafIndex] }).Value);
        world.Bob.Group = now;
        await world.RefusesAsync(world.Bob.Send(swap with { Welcome = default }), HubRule.JoinerNamed);
        await world.RefusesAsync(world.Bob.Send(swap), HubRule.JoinerNamed);
        var leaf = world.Bob.Group!.Members.Single(m => IsOf(tablet, m)).LeafIndex;
        await world.CrossesAsync(world.Bob, world.Alice, world.Bob.Commits(room, world.Bob.Group.RemoveMembers([leaf]).Value));

        // It had a copy of that, as whoever is taken out has, and of nothing after it.
        Assert.NotNull(world.OwnCopy);
        await world.CrossesAsync(world.Bob, world.Alice, world.Bob.Writes(room, "without"));
        Assert.Null(world.OwnCopy);
    }

    [Fact]
    public async Task ExternalCommit_OfAParticipantsDevice_Joins_AndAgainInPlaceOfItsOldLeaf()
    {
        await using var world = await World.StartAsync();
        var tablet = new Device(World.Matrix, "hs.test", "bob", world.Clock, "tablet");
        var room = await world.RoomAsync(world.Alice, world.Bob);
        var groupInfo = ((RoomUpdate)(await world.CrossesAsync(world.Alice, world.Bob, world.Alice.Refreshes(room))).Event).GroupInfo;
        await world.PublishAsync(tablet);

        var joined = await world.CrossesAsync(tablet, world.Alice, tablet.JoinsByItself(room, groupInfo));
        Assert.NotNull(world.OwnCopy);
        world.Alice.Follows((RoomUpdate)joined.Event);
        var sent = await world.CrossesAsync(tablet, world.Alice, tablet.Writes(room, "from the tablet"));
        Assert.Equal("from the tablet", world.Alice.Reads((EncryptedMessage)sent.Event));

        // It lost its state: the same device takes its old leaf's place, and no other one can.
        var again = ((RoomUpdate)joined.Event).GroupInfo;
        var former = tablet.Group!.Members.Single(m => IsOf(tablet, m)).LeafIndex;
        var laptop = new Device(World.Matrix, "hs.test", "bob", world.Clock, "laptop");
        await world.PublishAsync(laptop);
        Assert.Throws<InvalidOperationException>(() => laptop.JoinsByItself(room, again, former));
        var resynced = await world.CrossesAsync(tablet, world.Alice, tablet.JoinsByItself(room, again, former));
        world.Alice.Follows((RoomUpdate)resynced.Event);
        await world.CrossesAsync(world.Alice, tablet, world.Alice.Writes(room, "back"));
        Assert.Single(tablet.Group!.Members, m => IsOf(tablet, m));
    }

    [Fact]
    public async Task ExternalCommit_WithAWelcome_OrWhereNoRoomIs_IsRefused()
    {
        await using var world = await World.StartAsync();
        var room = await world.RoomAsync(world.Alice, world.Bob);
        var tablet = new Device(World.Matrix, "hs.test", "bob", world.Clock, "tablet");
        await world.PublishAsync(tablet);
        var groupInfo = ((RoomUpdate)(await world.CrossesAsync(world.Alice, world.Bob, world.Alice.Refreshes(room))).Event).GroupInfo;
        var joins = tablet.JoinsByItself(room, groupInfo);
        var claimed = await world.ClaimAsync(world.Alice, world.Bob.User, room);
        var welcome = world.Alice.Creates(world.NewRoom(), claimed.Clients.Select(c => c.KeyPackage).Take(1)).Welcome;
        await world.RefusesAsync(tablet.Send(joins with { Welcome = welcome }), HubRule.WelcomeClaims);

        var nowhere = world.NewRoom();
        world.Alice.Creates(nowhere, []);
        await world.RefusesAsync(tablet.Send(tablet.JoinsByItself(nowhere, world.Alice.Group!.CreateGroupInfo())), HubRule.RoomExists);
        await world.CrossesAsync(tablet, world.Alice, joins);
    }

    private static bool IsOf(Device device, Mls.Member member) => Encoding.UTF8.GetString(member.Credential.Identity.Span) == device.Uri.Value;

    private static Device Tablet(World world) => new(World.Xmpp, "a.test", "alice", world.Clock, "tablet");
}
