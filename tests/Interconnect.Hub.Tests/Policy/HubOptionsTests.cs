using Interconnect.Federation;
using Interconnect.Hub.Tests.Kit;
using Interconnect.Storage;
using Microsoft.Extensions.DependencyInjection;

namespace Interconnect.Hub.Tests.Policy;

public sealed class HubOptionsTests
{
    private static readonly HubOptions Good = World.DefaultOptions(new DatabaseOptions());

    public static TheoryData<string, Func<HubOptions, HubOptions>> Mistakes => new()
    {
        { "hub:retention", o => o with { Retention = TimeSpan.FromDays(6.9), Expiry = TimeSpan.FromDays(1) } },
        { "hub:expiry", o => o with { Expiry = o.Retention } },
        { "hub:frameMaxAge", o => o with { FrameMaxAge = TimeSpan.FromDays(8) } },
        { "hub:frameMaxAhead", o => o with { FrameMaxAhead = TimeSpan.FromHours(2) } },
        { "hub:partitions", o => o with { Partitions = 0 } },
        { "networks is empty", o => o with { Networks = new Dictionary<NetworkId, ProviderDomain>(), Peerings = [] } },
        { "share the domain", o => o with { Networks = new Dictionary<NetworkId, ProviderDomain>(o.Networks) { [NetworkId.Parse("twin")] = ProviderDomain.Parse("a.test") } } },
        { "no network speaks", o => o with { Peerings = [o.Peerings[0] with { Second = ProviderDomain.Parse("typo.test") }] } },
        { "an id names one agreement", o => o with { Peerings = [o.Peerings[0], o.Peerings[0]] } },
        { "between the same providers", o => o with { Peerings = [o.Peerings[0], o.Peerings[0] with { Id = "again", First = o.Peerings[0].Second, Second = o.Peerings[0].First }] } },
        { "hub:allowedSuites is empty", o => o with { AllowedSuites = [] } },
        { "hub:allowedSuites names 9", o => o with { AllowedSuites = [1, 9] } },
        { "hub:epochTolerance", o => o with { EpochTolerance = -1 } },
        { "hub:parkRetry", o => o with { ParkRetry = TimeSpan.Zero } },
        { "hub:resetWait", o => o with { ResetWait = TimeSpan.FromMinutes(59) } },
        { "hub:objectedResetWait", o => o with { ObjectedResetWait = o.ResetWait - TimeSpan.FromSeconds(1) } },
        { "hub:resetLapse", o => o with { ResetLapse = TimeSpan.Zero } },
        { "deviceChanges", o => o with { Limits = o.Limits with { DeviceChanges = 0 } } },
        { "deviceChangeWindow", o => o with { Limits = o.Limits with { DeviceChangeWindow = TimeSpan.Zero } } },
        { "linkMessages", o => o with { Limits = o.Limits with { LinkMessages = 0 } } },
        { "linkWindow", o => o with { Limits = o.Limits with { LinkWindow = TimeSpan.Zero } } },
        { "maxContactsTold", o => o with { Limits = o.Limits with { MaxContactsTold = FederationEnvelope.MaxRecipients } } },
        { "hub:clockStep", o => o with { ClockStep = TimeSpan.Zero } },
        { "hub:clockSettle", o => o with { ClockSettle = TimeSpan.Zero } },
        { "hub:sweepInterval", o => o with { SweepInterval = TimeSpan.Zero } },
        { "maxMessageBytes", o => o with { Limits = o.Limits with { MaxMessageBytes = EndpointFrame.MaxBytes } } },
        { "maxHandshakeBytes", o => o with { Limits = o.Limits with { MaxHandshakeBytes = 0 } } },
        { "maxParticipants", o => o with { Limits = o.Limits with { MaxParticipants = 3 } } },
        { "maxParked", o => o with { Limits = o.Limits with { MaxParked = 0 } } },
        { "maxGroup", o => o with { Limits = o.Limits with { MaxGroup = 0 } } },
        { "backlogRetryAfter", o => o with { Limits = o.Limits with { BacklogRetryAfter = TimeSpan.Zero } } },
        { "hub:roomRetention", o => o with { RoomRetention = TimeSpan.FromDays(1) } },
        { "hub:desertedRoomRetention", o => o with { DesertedRoomRetention = TimeSpan.FromDays(1) } },
        { "hub:clientRetention", o => o with { ClientRetention = TimeSpan.FromDays(1) } },
        { "hub:unansweredRetention", o => o with { UnansweredRetention = TimeSpan.FromDays(1) } },
        { "senderUnitsPerSecond", o => o with { Limits = o.Limits with { SenderUnitsPerSecond = -1 } } },
        { "keyPackageLowWater", o => o with { Limits = o.Limits with { KeyPackageLowWater = -1 } } },
        { "quotaRetryAfter", o => o with { Limits = o.Limits with { QuotaRetryAfter = TimeSpan.Zero } } },
        { "claimsPerDay", o => o with { Limits = o.Limits with { ClaimsPerDay = 0 } } },
        { "cacheBytes", o => o with { Limits = o.Limits with { CacheBytes = 0 } } },
        { "database:provider", o => o with { Database = new DatabaseOptions { Provider = "oracle" } } },
    };

    [Theory]
    [MemberData(nameof(Mistakes))]
    public void Problems_Mistake_IsNamed(string said, Func<HubOptions, HubOptions> mistake)
    {
        Assert.Contains(mistake(Good).Problems(), p => p.Contains(said, StringComparison.Ordinal));
        Assert.Empty(Good.Problems());
    }

    [Fact]
    public void AddInterconnectHub_ManyMistakes_ListsAllAtOnce()
    {
        var thrown = Assert.Throws<ArgumentException>(() => new ServiceCollection().AddInterconnectHub(Good with { Partitions = 0, EpochTolerance = 99, AllowedSuites = [] }));
        Assert.Contains("hub:partitions", thrown.Message, StringComparison.Ordinal);
        Assert.Contains("hub:epochTolerance", thrown.Message, StringComparison.Ordinal);
        Assert.Contains("hub:allowedSuites", thrown.Message, StringComparison.Ordinal);
        new ServiceCollection().AddInterconnectHub(Good);
    }
}
