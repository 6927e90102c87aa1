using Interconnect.Federation;
using Interconnect.Hub.Tests.Kit;

namespace Interconnect.Hub.Tests.Policy;

public sealed class HubRuleTests
{
    /// <summary>Rules whose refusal is not an answer to a sender; each has its test below or where it is named.</summary>
    private static readonly HubRule[] OfAnotherKind = [HubRule.OriginKnown, HubRule.OriginAuthentic, HubRule.Backlog, HubRule.ParkedBound, HubRule.ReportKind, HubRule.ReportKnown, HubRule.ReportOfOwn, HubRule.InTime];

    public static TheoryData<string> Ids => [.. RuleCases.All.Select(c => c.Rule.Id)];

    [Theory]
    [MemberData(nameof(Ids))]
    public async Task Rule_Broken_RefusesAndChangesNothingElse_Kept_Accepts(string id)
    {
        var rule = RuleCases.All.Single(c => c.Rule.Id == id);
        await using var world = await World.StartAsync(rule.Change);
        await rule.Run(world);
    }

    [Fact]
    public void Rules_All_HaveCases() =>
        Assert.Equal(HubRule.All.Select(r => r.Id).Order(StringComparer.Ordinal), RuleCases.All.Select(c => c.Rule.Id).Concat(OfAnotherKind.Select(r => r.Id)).Order(StringComparer.Ordinal));

    [Fact]
    public void Rules_All_AreTellableApart()
    {
        Assert.Equal(HubRule.All.Count, HubRule.All.Select(r => r.Id).Distinct().Count());
        Assert.Equal(HubRule.All.Count, HubRule.All.Select(r => r.Demand).Distinct().Count());
        Assert.All(HubRule.All, r => Assert.Matches("^HUB-[0-9]{3}$", r.Id));
        Assert.All(HubRule.All, r => Assert.True(r.Demand.Length <= EventCodec.MaxReasonLength - 40));
        Assert.Equal(HubRule.All.Select(r => r.Id).Order(StringComparer.Ordinal), HubRule.All.Select(r => r.Id));
    }

    [Fact]
    public async Task OriginKnown_UnknownNetwork_LedgerHasItAndNobodyIsTold()
    {
        await using var world = await World.StartAsync();
        var before = await DatabaseDump.ReadAsync(world.Options.Database);
        var envelope = world.Alice.Send(world.Alice.Publication(), network: NetworkId.Parse("nowhere"));
        await world.Bus.SubmitAsync(envelope);
        (await DatabaseDump.ReadAsync(world.Options.Database)).AssertOnlyRefused(before, envelope.Id, HubRule.OriginKnown, rows: 1);

        Assert.Empty(world.Bus.Stored);
        await world.PublishAsync(world.Alice);
    }

    [Fact]
    public async Task Backlog_DestinationTakesNothing_RefusesUntilItDoes()
    {
        await using var world = await World.StartAsync(o => o with { Limits = o.Limits with { MaxBacklog = 1 } });
        var room = await world.RoomAsync(world.Alice, world.Bob);
        var away = true;
        world.Bus.Interfere = (address, _) => address.Name == "deliver." + World.Matrix && away ? new PublishOutcome.Unavailable("away", TimeSpan.FromSeconds(1), true) : null;

        await world.AcceptsAsync(world.Alice.Send(world.Alice.Writes(room, "waits")));
        var refusal = await world.RefusesAsync(world.Alice.Send(world.Alice.Writes(room, "refused")), HubRule.Backlog);
        Assert.Equal(TimeSpan.FromMinutes(1), refusal.RetryAfter);

        away = false;
        await world.AdvanceUntilAsync(() => world.Bus.TryNext(World.Matrix, out _));
        await world.CrossesAsync(world.Alice, world.Bob, world.Alice.Writes(room, "goes"));
    }
}
