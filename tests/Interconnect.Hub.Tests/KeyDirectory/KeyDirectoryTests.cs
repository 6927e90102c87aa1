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
        await using var world = await World.StartAsync(o => o with { Limits = o.Limits with { ClaimsPerDay = 100 } });
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
    public async Task Claim_NothingElseLeft_GivesTheLastResortAgainAndAgain_AFreshOneReplacesIt()
    {
        await using var world = await World.StartAsync(o => o with { Limits = o.Limits with { ClaimsPerDay = 100 } });
        await world.MeetAsync(world.Alice, world.Bob);
        await world.AcceptsAsync(world.Bob.Send(world.Bob.LastResort()));
        var last = world.Bob.Bundles[^1].KeyPackage;
        var given = new List<ReadOnlyMemory<byte>>();
        for (var i = 0; i < 5; i++)
        {
            given.Add(Assert.Single((await world.ClaimAsync(world.Alice, world.Bob.User, world.NewRoom())).Clients).KeyPackage);
        }

        Assert.All(given.Take(2), p => Assert.False(p.Span.SequenceEqual(last.Span)));
        Assert.All(given.Skip(2), p => Assert.True(p.Span.SequenceEqual(last.Span)));

        // It is good for each room that it was given for, also for one whose owner has published another since.
        var room = world.NewRoom();
        var claimed = await world.ClaimAsync(world.Alice, world.Bob.User, room);
        await world.AcceptsAsync(world.Bob.Send(world.Bob.LastResort()));
        var fresh = world.Bob.Bundles[^1].KeyPackage;
        Assert.True(Assert.Single((await world.ClaimAsync(world.Alice, world.Bob.User)).Clients).KeyPackage.Span.SequenceEqual(fresh.Span));
        Assert.Single((await DatabaseDump.ReadAsync(world.Options.Database))["hub_key_packages"], r => r.Contains("bob", StringComparison.Ordinal));
        var delivered = await world.CrossesAsync(world.Alice, world.Bob, world.Alice.Creates(room, claimed.Clients.Select(c => c.KeyPackage)));
        world.Bob.Joins((RoomUpdate)delivered.Event);
        await world.RefusesAsync(world.Alice.Send(world.Alice.Creates(world.NewRoom(), [last])), HubRule.WelcomeClaims);

        // What is published once more goes first.
        await world.PublishAsync(world.Bob, 1);
        Assert.False(Assert.Single((await world.ClaimAsync(world.Alice, world.Bob.User)).Clients).KeyPackage.Span.SequenceEqual(fresh.Span));
    }

    [Fact]
    public async Task Claim_TwoOfLastResortInOneTransaction_TheLaterIsKept()
    {
        await using var world = await World.StartAsync();
        await world.MeetAsync(world.Alice, world.Bob);
        await world.Bus.SubmitAsync(world.Bob.Send(world.Bob.LastResort()), world.Bob.Send(world.Bob.LastResort(1)));
        var kept = Convert.ToHexStringLower(world.Bob.Bundles[^1].Reference.Span);
        var row = Assert.Single((await DatabaseDump.ReadAsync(world.Options.Database))["hub_key_packages"], r => r.Contains("last_resort=1", StringComparison.Ordinal));
        Assert.Contains(kept, row, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Claim_FewAreLeft_TellsTheOwnerOnce_AndOnceWhenNoneIs()
    {
        await using var world = await World.StartAsync(o => o with { Limits = o.Limits with { KeyPackageLowWater = 2 } });
        await world.MeetAsync(world.Alice, world.Bob);
        await world.PublishAsync(world.Bob, 3);
        for (var i = 0; i < 6; i++)
        {
            await world.ClaimAsync(world.Alice, world.Bob.User);
        }

        await world.AdvanceUntilAsync(world.Quiet, TimeSpan.Zero);
        Assert.Equal(
            [(world.Bob.User, new KeyMaterialCount(null, world.Bob.Uri, 2, null)), (world.Bob.User, new KeyMaterialCount(null, world.Bob.Uri, 0, null))],
            world.Bus.Notices);
    }

    [Fact]
    public async Task Count_OfOnesOwn_IsWhatCanBeGivenOut()
    {
        await using var world = await World.StartAsync();
        await world.MeetAsync(world.Alice, world.Bob);
        Assert.Equal((2, null), await CountAsync(world, world.Bob));
        await world.AcceptsAsync(world.Bob.Send(world.Bob.LastResort(3)));
        await world.ClaimAsync(world.Alice, world.Bob.User);
        var (left, ends) = await CountAsync(world, world.Bob);
        Assert.Equal(4, left);
        Assert.InRange(ends!.Value, world.Clock.GetUtcNow().AddDays(29), world.Clock.GetUtcNow().AddDays(31));
    }

    private static async Task<(int Left, DateTimeOffset? Ends)> CountAsync(World world, Device device)
    {
        var asks = device.Send(new KeyMaterialCountRequest(device.Uri));
        await world.AcceptsAsync(asks);
        var count = Assert.IsType<KeyMaterialCount>((await world.Bus.NextAsync(device.Network.Value)).Event);
        Assert.Equal((asks.Proof!.FrameId, device.Uri), (count.RequestFrame, count.Client));
        return (count.Left, count.LastResortEnds);
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
