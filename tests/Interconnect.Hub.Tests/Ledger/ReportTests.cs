using Interconnect.Federation;
using Interconnect.Hub.Tests.Kit;

namespace Interconnect.Hub.Tests.Ledger;

public sealed class ReportTests
{
    public static TheoryData<DeliveryStatus, DeliveryStatus, bool> Moves
    {
        get
        {
            var data = new TheoryData<DeliveryStatus, DeliveryStatus, bool>();
            foreach (var from in Enum.GetValues<DeliveryStatus>())
            {
                foreach (var to in Enum.GetValues<DeliveryStatus>())
                {
                    data.Add(from, to, from is DeliveryStatus.Accepted or DeliveryStatus.HandedOver && to > from);
                }
            }

            return data;
        }
    }

    [Theory]
    [MemberData(nameof(Moves))]
    public void MayMove_ForwardOnlyAndNeverOutOfATerminalState(DeliveryStatus from, DeliveryStatus to, bool may) => Assert.Equal(may, LedgerStatus.MayMove(from, to));

    [Fact]
    public async Task Reports_InOrder_TellTheSenderEachStepWithItsFrame()
    {
        await using var world = await World.StartAsync();
        var room = await world.RoomAsync(world.Alice, world.Bob);
        var sent = world.Alice.Send(world.Alice.Writes(room, "x"));
        await world.AcceptsAsync(sent);
        var delivered = await world.Bus.NextAsync(World.Matrix);
        foreach (var status in new[] { DeliveryStatus.HandedOver, DeliveryStatus.Delivered })
        {
            await world.Bus.ReportAsync(world.Bob.Reports(delivered, status));
            var told = await world.Bus.NextAsync(World.Xmpp);
            var report = Assert.IsType<DeliveryReport>(told.Event);
            Assert.Equal((sent.Id, status, world.Bob.User, sent.Proof!.FrameId), (report.Event, report.Status, report.Recipient!, report.Frame!.Value));
            Assert.Equal((sent.Conversation, null, null), (told.Conversation, told.Sender, told.Origin));
            Assert.Equal([world.Alice.User], told.Recipients);
        }
    }

    [Fact]
    public async Task Reports_RepeatedOrLate_ChangeNothingAndTellNobody()
    {
        await using var world = await World.StartAsync();
        var delivered = await DeliveredAsync(world);
        await world.Bus.ReportAsync(world.Bob.Reports(delivered, DeliveryStatus.Bounced, "MATRIX-010", "gone"), world.Bob.Reports(delivered, DeliveryStatus.Delivered));
        var bounced = Assert.IsType<DeliveryReport>((await world.Bus.NextAsync(World.Xmpp)).Event);
        Assert.Equal((DeliveryStatus.Bounced, "MATRIX-010", "gone"), (bounced.Status, bounced.RuleId, bounced.Reason));

        var before = await DatabaseDump.ReadAsync(world.Options.Database);
        await world.Bus.ReportAsync(world.Bob.Reports(delivered, DeliveryStatus.Bounced), world.Bob.Reports(delivered, DeliveryStatus.HandedOver), world.Bob.Reports(delivered, DeliveryStatus.Delivered));
        Assert.Equal(before["hub_deliveries"], (await DatabaseDump.ReadAsync(world.Options.Database))["hub_deliveries"]);
        Assert.False(world.Bus.TryNext(World.Xmpp, out _));
    }

    [Fact]
    public async Task Reports_ThatAreNone_OfUnknownOrOfOthersUsers_AreCountedAndChangeNothing()
    {
        await using var world = await World.StartAsync();
        using var counted = new Counted(world, "interconnect_hub_reports_ignored_total");
        var delivered = await DeliveredAsync(world);
        var before = await DatabaseDump.ReadAsync(world.Options.Database);
        var unknown = FederationEnvelope.Create(EventId.Derive(world.Bob.Network, "never"), world.Bob.Network, world.Bob.User, delivered.Conversation, default, world.Clock.GetUtcNow(), delivered.Event);
        await world.Bus.ReportAsync(
            world.Bob.Reports(delivered, DeliveryStatus.Expired),
            world.Alice.Send(world.Alice.Publication()),
            world.Bob.Reports(delivered, DeliveryStatus.Delivered, network: world.Alice.Network),
            world.Bob.Reports(unknown, DeliveryStatus.Delivered));
        Assert.Equal(before["hub_deliveries"], (await DatabaseDump.ReadAsync(world.Options.Database))["hub_deliveries"]);
        Assert.Equal(
            [(HubRule.ReportKind.Id, 2L), (HubRule.ReportKnown.Id, 1L), (HubRule.ReportOfOwn.Id, 1L)],
            counted.By("rule").OrderBy(c => c.Label, StringComparer.Ordinal));

        await world.Bus.ReportAsync(world.Bob.Reports(delivered, DeliveryStatus.Delivered));
        Assert.Equal(DeliveryStatus.Delivered, Assert.IsType<DeliveryReport>((await world.Bus.NextAsync(World.Xmpp)).Event).Status);
    }

    [Fact]
    public async Task Reports_OnWhatTheHubMade_EndItsRowAndTellNobody()
    {
        await using var world = await World.StartAsync();
        await world.Bus.SubmitAsync(world.Alice.Send(world.Alice.Publication(), broken: true));
        var refusal = await world.Bus.NextAsync(World.Xmpp);
        await world.Bus.ReportAsync(world.Alice.Reports(refusal, DeliveryStatus.Delivered));
        Assert.Equal(1, (await world.Admin.CountsAsync(CancellationToken.None)).Deliveries[DeliveryStatus.Delivered]);
        Assert.False(world.Bus.TryNext(World.Xmpp, out _));
    }

    private static async Task<FederationEnvelope> DeliveredAsync(World world)
    {
        var room = await world.RoomAsync(world.Alice, world.Bob);
        return await world.CrossesAsync(world.Alice, world.Bob, world.Alice.Writes(room, "x"));
    }
}
