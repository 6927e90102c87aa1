using Interconnect.Federation;
using Interconnect.Hub.Tests.Kit;

namespace Interconnect.Hub.Tests.Consent;

public sealed class ConsentCopyTests
{
    [Fact]
    public async Task Consent_OfAUserWithSeveralDevices_GoesToThoseToo_AndOfOneWithASingleDeviceToNobodyElse()
    {
        await using var world = await World.StartAsync();
        await world.PublishAsync(world.Alice);
        await world.PublishAsync(world.Bob);
        await world.CrossesAsync(world.Alice, world.Bob, world.Alice.Says(ConsentOperation.Request, world.Bob.User));
        Assert.Null(world.OwnCopy);

        await world.PublishAsync(new Device(World.Xmpp, "a.test", "alice", world.Clock, "tablet"));
        await world.CrossesAsync(world.Alice, world.Bob, world.Alice.Says(ConsentOperation.Cancel, world.Bob.User));
        Assert.Equal([world.Alice.User], world.OwnCopy!.Recipients);
        Assert.Equal(ConsentOperation.Cancel, Assert.IsType<ConsentEntry>(world.OwnCopy.Event).Operation);
    }
}
