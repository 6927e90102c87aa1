using Interconnect.Federation;
using Interconnect.Hub.Tests.Kit;

namespace Interconnect.Hub.Tests.Lifecycle;

public sealed class CrossingTests
{
    [Fact]
    public async Task Alice_MeetsBob_AndTheyWriteToEachOther()
    {
        await using var world = await World.StartAsync();
        var room = await world.RoomAsync(world.Alice, world.Bob);

        var hello = await world.CrossesAsync(world.Alice, world.Bob, world.Alice.Writes(room, "hello"));
        Assert.Equal("hello", world.Bob.Reads((EncryptedMessage)hello.Event));
        var answer = await world.CrossesAsync(world.Bob, world.Alice, world.Bob.Writes(room, "hi"));
        Assert.Equal("hi", world.Alice.Reads((EncryptedMessage)answer.Event));

        Assert.Equal((2UL, 3UL), (hello.Sequence, answer.Sequence));
        Assert.Equal(world.Alice.User, hello.Sender);
    }
}
