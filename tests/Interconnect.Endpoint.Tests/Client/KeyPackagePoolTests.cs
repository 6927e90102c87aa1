using Interconnect.Endpoint.Tests.Fakes;
using Interconnect.Federation;
using Interconnect.Testing;

namespace Interconnect.Endpoint.Tests.Client;

/// <summary>Somebody who claims key packages and uses none of them leaves others a way to reach their owner.</summary>
public sealed class KeyPackagePoolTests
{
    private readonly ManualClock clock = new();
    private readonly FakeGateway gateway;

    public KeyPackagePoolTests() => gateway = new FakeGateway(clock);

    [Fact]
    public async Task Notice_FewAreLeft_PublishesAsManyAsTheHubLacks()
    {
        await using var bob = await BobAsync();
        var phone = (await bob.Client.ProfileAsync()).Client;
        for (var i = 0; i < 15; i++)
            Assert.False(gateway.ClaimFor(bob.User));

        gateway.Notice(phone);
        await UntilAsync(() => gateway.PackagesOf(phone) == 20);
        Assert.Single(gateway.AcceptedRequests, r => r.Event is KeyMaterialPublish { KeyPackages.Count: 15 });
    }

    [Fact]
    public async Task Count_AskedOnceADay_FindsWhatNobodyTold()
    {
        await using var bob = await BobAsync();
        var phone = (await bob.Client.ProfileAsync()).Client;
        clock.Advance(TimeSpan.FromHours(23));
        await Task.Delay(50);
        Assert.DoesNotContain(gateway.AcceptedRequests, r => r.Event is KeyMaterialCountRequest);

        gateway.LosePackages(phone);
        clock.Advance(TimeSpan.FromHours(2));
        await UntilAsync(() => gateway.PackagesOf(phone) == 20);
        Assert.Single(gateway.AcceptedRequests, r => r.Event is KeyMaterialCountRequest);
        for (var i = 0; i < 20; i++)
            Assert.False(gateway.ClaimFor(bob.User));

        Assert.True(gateway.ClaimFor(bob.User));
    }

    [Fact]
    public async Task AllClaimed_OthersReachHimByTheLastResort_WhichIsReplacedAfterUse()
    {
        await using var bob = await BobAsync();
        bob.Options = bob.Options with { KeyPackagesLowWater = 0 };
        await bob.RestartAsync();
        for (var i = 0; i < 20; i++)
            Assert.False(gateway.ClaimFor(bob.User));

        for (var i = 0; i < 2; i++)
        {
            await using var friend = Person.Create(gateway, clock, $"friend{i}@a.test");
            await friend.StartAsync();
            await friend.Client.ConsentAsync(ConsentOperation.Request, bob.User);
            await friend.NextAsync<EndpointEvent.ConsentGranted>();
            await friend.WaitAsync(await friend.SendAsync(bob, "hi"), MessageState.Delivered);
        }

        clock.Advance(TimeSpan.FromSeconds(1));
        await UntilAsync(() => gateway.AcceptedRequests.Count(r => r.Event is KeyMaterialPublish publish && publish.Client.Owner == bob.User) >= 2);
        Assert.True(gateway.ClaimFor(bob.User));
    }

    private async Task<Person> BobAsync()
    {
        var bob = Person.Create(gateway, clock, "bob@b.test");
        bob.Options = bob.Options with { AutoConsent = true };
        await bob.StartAsync();
        return bob;
    }

    private async Task UntilAsync(Func<bool> happened)
    {
        for (var i = 0; i < 1_000 && !happened(); i++)
        {
            clock.Advance(TimeSpan.FromSeconds(1));
            await Task.Delay(5);
        }

        Assert.True(happened(), "It did not happen.");
    }
}
