using Interconnect.Federation;
using Interconnect.Hub.Tests.Kit;

namespace Interconnect.Hub.Tests.KeyDirectory;

public sealed class KeyDirectoryTests
{
    [Fact]
    public async Task Claim_OnePackageOfEachClient_EachOnce_UntilExhausted()
    {
        await using var world = await World.StartAsync();
        var tablet = new Device(World.Matrix, "hs.test", "bob", world.Clock, "tablet");
        await world.MeetAsync(world.Alice, world.Bob);
        await world.PublishAsync(tablet, 1);

        var first = await world.ClaimAsync(world.Alice, world.Bob.User);
        Assert.Equal(KeyMaterialStatus.Success, first.Status);
        Assert.Equal([world.Bob.Uri, tablet.Uri], first.Clients.Select(c => c.Client));
        var second = await world.ClaimAsync(world.Alice, world.Bob.User);
        Assert.Equal(KeyMaterialStatus.PartialSuccess, second.Status);
        Assert.Equal([ClientKeyMaterialStatus.Success, ClientKeyMaterialStatus.Exhausted], second.Clients.Select(c => c.Status));
        var third = await world.ClaimAsync(world.Alice, world.Bob.User);
        Assert.Equal(KeyMaterialStatus.NoCompatibleMaterial, third.Status);

        var given = first.Clients.Concat(second.Clients).Where(c => !c.KeyPackage.IsEmpty).Select(c => Convert.ToHexString(c.KeyPackage.Span)).ToList();
        Assert.Equal(3, given.Count);
        Assert.Equal(3, given.Distinct().Count());
    }

    [Fact]
    public async Task Claim_ManyAtOnceInOneTransaction_NoneIsGivenTwice()
    {
        await using var world = await World.StartAsync();
        await world.MeetAsync(world.Alice, world.Bob);
        await world.PublishAsync(world.Bob, 18);
        var requests = Enumerable.Range(0, 25).Select(_ => world.Alice.Send(world.Alice.Asks(world.Bob.User))).ToArray();
        await world.Bus.SubmitAsync(requests);

        var answers = new List<KeyMaterialResponse>();
        for (var i = 0; i < 50; i++)
        {
            if ((await world.Bus.NextAsync(World.Xmpp)).Event is KeyMaterialResponse answer)
            {
                answers.Add(answer);
            }
        }

        Assert.Equal(requests.Select(r => r.Proof!.FrameId), answers.Select(a => a.RequestFrame));
        var given = answers.SelectMany(a => a.Clients).Where(c => !c.KeyPackage.IsEmpty).Select(c => Convert.ToHexString(c.KeyPackage.Span)).ToList();
        Assert.Equal(20, given.Count);
        Assert.Equal(20, given.Distinct().Count());
        Assert.DoesNotContain((await DatabaseDump.ReadAsync(world.Options.Database))["hub_key_packages"], r => r.Contains("bob", StringComparison.Ordinal));
    }

    [Fact]
    public async Task Claim_SuitesThatNobodyHas_SaysWhy()
    {
        await using var world = await World.StartAsync(o => o with { AllowedSuites = [1, 2] });
        await world.MeetAsync(world.Alice, world.Bob);
        await world.AcceptsAsync(world.Alice.Send(world.Alice.Asks(world.Bob.User, null, 7)));
        Assert.Equal(KeyMaterialStatus.IncompatibleProtocol, ((KeyMaterialResponse)(await world.Bus.NextAsync(World.Xmpp)).Event).Status);
        await world.AcceptsAsync(world.Alice.Send(world.Alice.Asks(world.Bob.User, null, 2)));
        var none = (KeyMaterialResponse)(await world.Bus.NextAsync(World.Xmpp)).Event;
        Assert.Equal((KeyMaterialStatus.NoCompatibleMaterial, ClientKeyMaterialStatus.NothingCompatible), (none.Status, none.Clients[0].Status));
        await world.AcceptsAsync(world.Alice.Send(world.Alice.Asks(world.Bob.User, null, 2, 1)));
        Assert.Equal(KeyMaterialStatus.Success, ((KeyMaterialResponse)(await world.Bus.NextAsync(World.Xmpp)).Event).Status);
    }

    [Fact]
    public async Task Publish_Redelivered_IsSilentAndCountsOnce()
    {
        await using var world = await World.StartAsync();
        await world.ListAsync(world.Alice);
        var publication = world.Alice.Send(world.Alice.Publication(3));
        await world.AcceptsAsync(publication);
        await world.Bus.SubmitAsync(publication, publication);
        await world.AdvanceUntilAsync(world.Quiet);
        Assert.False(world.Bus.TryNext(World.Xmpp, out _));
        Assert.Equal(3, (await DatabaseDump.ReadAsync(world.Options.Database))["hub_key_packages"].Count);
    }
}
