using Interconnect.Federation;
using Interconnect.Hub.Tests.Kit;

namespace Interconnect.Hub.Tests.KeyDirectory;

public sealed class DeviceListTests
{
    [Fact]
    public async Task List_First_GoesToTheOwnAccount_ShownAgainToNobody()
    {
        await using var world = await World.StartAsync();
        var first = world.Of(world.Alice).Begins(world.Alice);
        await world.AcceptsAsync(world.Alice.Send(first));
        var copy = await world.Bus.NextAsync(FakeBus.ListsTo(World.Xmpp));
        Assert.Equal([world.Alice.User], copy.Recipients);
        Assert.Equal(1UL, copy.Sequence);
        Assert.Equal(first.Lists[0].ToArray(), ((DeviceListUpdate)copy.Event).Lists[0].ToArray());

        var before = await DatabaseDump.ReadAsync(world.Options.Database);
        await world.AcceptsAsync(world.Alice.Send(first));
        Assert.False(world.Bus.TryNext(FakeBus.ListsTo(World.Xmpp), out _));
        Assert.Equal(before["hub_identities"], (await DatabaseDump.ReadAsync(world.Options.Database))["hub_identities"]);
    }

    [Fact]
    public async Task List_Changed_GoesToWhoIsInContact_WhoClosedTheContactLearnsNothing()
    {
        await using var world = await World.StartAsync(o => o with { Limits = o.Limits with { MaxContactsTold = 2 } });
        var (granted, asked, revoked, roomOnly, oldest) = (Bob("granted"), Bob("asked"), Bob("revoked"), Bob("room-only"), Bob("oldest"));
        var tablet = Tablet(world);
        await world.MeetAsync(world.Alice, oldest);
        world.Clock.Advance(TimeSpan.FromSeconds(1));
        await world.MeetAsync(world.Alice, granted);
        await world.CrossesAsync(world.Alice, asked, world.Alice.Says(ConsentOperation.Request, asked.User));
        await world.MeetAsync(world.Alice, revoked);
        await world.CrossesAsync(revoked, world.Alice, revoked.Says(ConsentOperation.Revoke, world.Alice.User));

        // Asked for by the other side, in one room.
        var room = world.NewRoom();
        await world.PublishAsync(roomOnly);
        await world.CrossesAsync(roomOnly, world.Alice, roomOnly.Says(ConsentOperation.Request, world.Alice.User, room));
        await world.CrossesAsync(world.Alice, roomOnly, world.Alice.Says(ConsentOperation.Grant, roomOnly.User, room));
        while (world.Bus.TryNext(FakeBus.ListsTo(World.Matrix), out _))
        {
        }

        var sent = world.Alice.Send(world.Of(world.Alice).Adds(world.Alice, tablet));
        await world.AcceptsAsync(sent);
        var copy = await world.Bus.NextAsync(FakeBus.ListsTo(World.Matrix));
        Assert.Equal([granted.User, roomOnly.User], copy.Recipients.OrderBy(r => r.Value, StringComparer.Ordinal));
        Assert.Equal(sent.PassedId(), copy.Id);
        Assert.False(world.Bus.TryNext(FakeBus.ListsTo(World.Matrix), out _));

        // What becomes of the copies is not told, though the ledger has it.
        await world.Bus.ReportAsync(granted.Reports(copy, DeliveryStatus.Delivered));
        Assert.Equal(1, (await world.Admin.CountsAsync(CancellationToken.None)).Deliveries[DeliveryStatus.Delivered]);
        Assert.DoesNotContain(await world.PassAsync(), e => e.Event is DeliveryReport r && r.Event == sent.Id);

        Device Bob(string name) => new(World.Matrix, "hs.test", name, world.Clock);
    }

    [Fact]
    public async Task List_WithoutADevice_ItsPackagesAndItsRegistrationAreGoneAtOnce_AlsoAfterARestart()
    {
        await using var world = await World.StartAsync();
        var tablet = Tablet(world);
        await world.MeetAsync(world.Alice, world.Bob);
        await world.PublishAsync(tablet, 5);
        var removal = world.Alice.Send(world.Of(world.Alice).Removes(world.Alice, tablet));

        // In one transaction with what the device sends after it, and before.
        var (early, late) = (tablet.Send(tablet.Publication()), tablet.Send(tablet.Publication()));
        await world.Bus.SubmitAsync(early, removal, late);
        var answers = (await world.PassAsync()).Select(e => e.Event).ToList();
        Assert.Equal(early.Id, Assert.IsType<DeliveryReport>(answers[0]).Event);
        Assert.Equal(removal.Id, Assert.IsType<DeliveryReport>(answers[1]).Event);
        Assert.Equal((late.Id, HubRule.DeviceNamed.Id), (((Refusal)answers[2]).Event, ((Refusal)answers[2]).RuleId));
        var dump = await DatabaseDump.ReadAsync(world.Options.Database);
        Assert.DoesNotContain(dump["hub_clients"].Concat(dump["hub_key_packages"]), r => r.Contains("/d/alice/tablet", StringComparison.Ordinal));

        await world.CrashHubAsync();
        await world.StartHubAsync();
        await world.RefusesAsync(tablet.Send(tablet.Publication()), HubRule.DeviceNamed);
        await world.PublishAsync(world.Alice);
    }

    [Fact]
    public async Task List_BringsARemovedClientBackInALaterEra_RegistersAnewInTheSameTransaction()
    {
        await using var world = await World.StartAsync();
        var tablet = Tablet(world);
        await world.PublishAsync(world.Alice);
        await world.PublishAsync(tablet);
        var person = world.Of(world.Alice);
        var removal = world.Alice.Send(person.Removes(world.Alice, tablet));
        var era = tablet.Send(person.OpensEra(world.Alice, tablet));
        await world.Bus.SubmitAsync(removal, era, tablet.Send(tablet.Publication(3)));
        Assert.All(await world.PassAsync(), e => Assert.IsType<DeliveryReport>(e.Event));
        var dump = await DatabaseDump.ReadAsync(world.Options.Database);
        Assert.Equal(3, dump["hub_key_packages"].Count(r => r.Contains("/d/alice/tablet", StringComparison.Ordinal)));
        Assert.Single(dump["hub_clients"], r => r.Contains("/d/alice/tablet", StringComparison.Ordinal));
    }

    [Fact]
    public async Task Era_OpenedByThePhrase_PutsOutAThiefWhoRemovedTheOwner()
    {
        await using var world = await World.StartAsync();
        await world.PublishAsync(world.Alice);
        var thief = Tablet(world);
        var person = world.Of(world.Alice);
        await world.AcceptsAsync(world.Alice.Send(person.Adds(world.Alice, thief)));
        var owned = person.Chain;
        await world.AcceptsAsync(thief.Send(person.Removes(thief, world.Alice)));
        await world.RefusesAsync(world.Alice.Send(world.Alice.Publication()), HubRule.DeviceNamed);

        var stolen = person.Chain;
        person.Chain = owned;
        var fresh = new Device(World.Xmpp, "a.test", "alice", world.Clock, "fresh");
        await world.AcceptsAsync(fresh.Send(person.OpensEra(fresh)));
        person.Chain = stolen;
        await world.RefusesAsync(thief.Send(person.Adds(thief, new Device(World.Xmpp, "a.test", "alice", world.Clock, "more"))), HubRule.ListNotBack);
        await world.AcceptsAsync(fresh.Send(fresh.Publication()));
    }

    [Fact]
    public async Task Removal_BacklogAndRateUsedUp_IsTakenAllTheSame()
    {
        await using var world = await World.StartAsync(o => o with { Limits = o.Limits with { MaxBacklog = 5, SenderUnitsPerSecond = 1, SenderBurst = 60 } });
        var tablet = Tablet(world);
        var room = await world.RoomAsync(world.Alice, world.Bob);
        await world.ListAsync(tablet);
        world.Clock.Advance(TimeSpan.FromMinutes(1));
        world.Bus.Interfere = (address, _) => address.Name == "deliver." + World.Matrix ? new PublishOutcome.Unavailable("away", TimeSpan.FromSeconds(1), true) : null;
        while (await SubmitAsync(world, world.Alice.Send(world.Alice.Writes(room, "waits"))) != HubRule.Backlog.Id)
        {
        }

        var person = world.Of(world.Alice);
        var known = person.Chain;
        await world.RefusesAsync(world.Alice.Send(person.OpensEra(world.Alice, tablet)), HubRule.Backlog);
        person.Chain = known;
        while (await SubmitAsync(world, world.Alice.Send(world.Alice.Publication(1))) != HubRule.SenderRate.Id)
        {
        }

        await world.AcceptsAsync(world.Alice.Send(person.Removes(world.Alice, tablet)));
    }

    [Fact]
    public async Task Lists_CostOneSignatureEach_ThoseThatTheHubHasVerifiedCostNone()
    {
        await using var world = await World.StartAsync();
        await world.ListAsync(world.Alice);
        var person = world.Of(world.Alice);
        Assert.Equal(1, await SignaturesOfAsync(person.Adds(world.Alice, Tablet(world))));
        Assert.Equal(0, await SignaturesOfAsync(person.Shows()));
        Assert.Equal(1, await SignaturesOfAsync(person.OpensEra(world.Alice)));

        // Besides taking it in and the frame's own signature.
        async Task<long> SignaturesOfAsync(DeviceListUpdate lists)
        {
            var (charged, spent) = (world.Role.Budgets.Charged, world.Role.Verifiers.Spent);
            await world.AcceptsAsync(world.Alice.Send(lists));
            Assert.Equal(world.Role.Budgets.Charged - charged - 1, world.Role.Verifiers.Spent - spent);
            return world.Role.Budgets.Charged - charged - 2;
        }
    }

    [Fact]
    public async Task Fork_LogsBothHashesOnce_AndNoName()
    {
        await using var world = await World.StartAsync();
        await world.ListAsync(world.Alice);
        var person = world.Of(world.Alice);
        var start = person.Chain;
        await world.AcceptsAsync(world.Alice.Send(person.Adds(world.Alice, Tablet(world))));
        var known = Convert.ToHexStringLower(person.Chain!.Newest.Hash.Span);
        for (var i = 0; i < 3; i++)
        {
            person.Chain = start;
            await world.RefusesAsync(world.Alice.Send(person.Adds(world.Alice, new Device(World.Xmpp, "a.test", "alice", world.Clock, $"d{i}"))), HubRule.ListFollows);
        }

        var line = Assert.Single(world.Log, l => l.Contains("contradict", StringComparison.Ordinal));
        Assert.Contains(known, line, StringComparison.Ordinal);
        Assert.DoesNotContain("alice", string.Join('\n', world.Log), StringComparison.OrdinalIgnoreCase);
    }

    [Fact]
    public async Task Request_OwnLists_AlsoForADeviceThatIsNotListedYet_OthersOnlyInContact_UnknownAndUnconsentedAlike()
    {
        await using var world = await World.StartAsync();
        Assert.Empty((await AskAsync(world.Alice, world.Alice.User)).Lists);
        await world.PublishAsync(world.Alice);
        var shown = world.Of(world.Alice).Shows().Lists.Select(l => Convert.ToHexString(l.Span));
        Assert.Equal(shown, (await AskAsync(Tablet(world), world.Alice.User)).Lists.Select(l => Convert.ToHexString(l.Span)));

        await world.PublishAsync(world.Bob);
        var unconsented = await world.RefusesAsync(world.Bob.Send(new DeviceListRequest(world.Alice.User)), HubRule.Consented);
        var unknown = await world.RefusesAsync(world.Bob.Send(new DeviceListRequest(UserUri.Parse("mimi://a.test/u/nobody"))), HubRule.Consented);
        Assert.Equal((unconsented.Reason, unconsented.RetryAfter), (unknown.Reason, unknown.RetryAfter));

        // Alice asks and Bob agrees: each may read the other's.
        await world.CrossesAsync(world.Alice, world.Bob, world.Alice.Says(ConsentOperation.Request, world.Bob.User));
        await world.RefusesAsync(world.Bob.Send(new DeviceListRequest(world.Alice.User)), HubRule.Consented);
        await world.CrossesAsync(world.Bob, world.Alice, world.Bob.Says(ConsentOperation.Grant, world.Alice.User));
        Assert.Equal(shown, (await AskAsync(world.Bob, world.Alice.User)).Lists.Select(l => Convert.ToHexString(l.Span)));
        Assert.Single((await AskAsync(world.Alice, world.Bob.User)).Lists);
        await world.CrossesAsync(world.Alice, world.Bob, world.Alice.Says(ConsentOperation.Revoke, world.Bob.User));
        await world.RefusesAsync(world.Bob.Send(new DeviceListRequest(world.Alice.User)), HubRule.Consented);

        async Task<DeviceListResponse> AskAsync(Device device, UserUri target)
        {
            var sent = device.Send(new DeviceListRequest(target));
            await world.AcceptsAsync(sent);
            var response = Assert.IsType<DeviceListResponse>((await world.Bus.NextAsync(device.Network.Value)).Event);
            Assert.Equal((sent.Proof!.FrameId, target), (response.RequestFrame, response.Target));
            return response;
        }
    }

    [Fact]
    public async Task Claim_OfOnesOwnUser_GivesTheOtherDevicesPackages_AndEachClaimTheTargetsLists()
    {
        await using var world = await World.StartAsync();
        var tablet = Tablet(world);
        await world.MeetAsync(world.Alice, world.Bob);
        Assert.Equal((KeyMaterialStatus.NoCompatibleMaterial, 0), (await world.ClaimAsync(world.Alice, world.Alice.User)) is var none ? (none.Status, none.Clients.Count) : default);
        await world.PublishAsync(tablet);
        var own = await world.ClaimAsync(world.Alice, world.Alice.User);
        Assert.Equal([tablet.Uri], own.Clients.Select(c => c.Client));
        Assert.Equal(2, own.DeviceLists.Count);

        var other = await world.ClaimAsync(world.Alice, world.Bob.User);
        Assert.Equal([world.Bob.Uri], other.Clients.Select(c => c.Client));
        Assert.True(DeviceChain.TryRead(other.DeviceLists, KnownLists.Check, world.Clock.GetUtcNow(), null, out var chain, out _));
        Assert.True(chain.Names(world.Bob.Uri, 1, world.Bob.Key.PublicKey.Span));
    }

    [Fact]
    public void StoredChain_OfThisVersion_HasItsFrozenForm_AndDamagedOnesAreDefects()
    {
        var stored = StoredChain.Write([new byte[] { 1, 2, 3 }, Array.Empty<byte>(), new byte[] { 4 }]);
        Assert.Equal("010000000301020300000000" + "0000000104", Convert.ToHexString(stored));
        Assert.Equal([[1, 2, 3], [], [4]], StoredChain.Read(stored).Select(l => l.ToArray()));
        Assert.Throws<InvalidDataException>(() => StoredChain.Read([2]));
        Assert.Throws<InvalidDataException>(() => StoredChain.Read([]));
        Assert.Throws<InvalidDataException>(() => StoredChain.Read(stored[..^1]));
        Assert.Throws<InvalidDataException>(() => StoredChain.Read(stored[..^3]));
        Assert.Throws<InvalidDataException>(() => StoredChain.Open([new byte[] { 1 }]));
    }

    private static Device Tablet(World world) => new(World.Xmpp, "a.test", "alice", world.Clock, "tablet");

    private static async Task<string?> SubmitAsync(World world, FederationEnvelope envelope)
    {
        await world.Bus.SubmitAsync(envelope);
        return ((await world.Bus.NextAsync(World.Xmpp)).Event as Refusal)?.RuleId;
    }
}
