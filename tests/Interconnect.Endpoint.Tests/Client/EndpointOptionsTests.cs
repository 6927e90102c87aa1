using Interconnect.Endpoint.Tests.Fakes;
using Interconnect.Testing;

namespace Interconnect.Endpoint.Tests.Client;

public sealed class EndpointOptionsTests
{
    public static TheoryData<string, Func<EndpointOptions, EndpointOptions>> Mistakes => new()
    {
        { "KeyPackages is", o => o with { KeyPackages = 101 } },
        { "KeyPackagesLowWater is", o => o with { KeyPackagesLowWater = o.KeyPackages + 1 } },
        { "KeyPackageLifetime is", o => o with { KeyPackageLifetime = o.KeyPackageRenewal } },
        { "HoldBack is", o => o with { HoldBack = TimeSpan.FromSeconds(-1) } },
        { "MaxHeld", o => o with { MaxHeld = 0 } },
        { "ResendAfter is", o => o with { ResendAfter = TimeSpan.Zero } },
        { "MaxAttempts is", o => o with { MaxAttempts = 0 } },
        { "GiveUpAfter is", o => o with { GiveUpAfter = TimeSpan.FromDays(7) } },
        { "GiveUpAfter is", o => o with { GiveUpAfter = o.ResendAfter } },
        { "RoomGiveUpAfter is", o => o with { RoomGiveUpAfter = TimeSpan.Zero } },
        { "RememberSeen is", o => o with { RememberSeen = TimeSpan.FromDays(6) } },
    };

    [Theory]
    [MemberData(nameof(Mistakes))]
    public void Problems_OneMistake_IsSaid_AndTheDefaultsHaveNone(string expected, Func<EndpointOptions, EndpointOptions> change)
    {
        Assert.Contains(expected, Assert.Single(change(new EndpointOptions()).Problems()), StringComparison.Ordinal);
        Assert.Empty(new EndpointOptions().Problems());
    }

    [Fact]
    public async Task Load_WithMistakes_ListsThemAll()
    {
        await using var alice = Person.Create(new FakeGateway(new ManualClock()), new ManualClock(), "alice@a.test");
        alice.Options = alice.Options with { MaxAttempts = 0, RoomGiveUpAfter = TimeSpan.Zero };

        var e = await Assert.ThrowsAsync<ArgumentException>(() => alice.StartAsync());

        Assert.Contains("MaxAttempts", e.Message, StringComparison.Ordinal);
        Assert.Contains("RoomGiveUpAfter", e.Message, StringComparison.Ordinal);
    }
}
