using Interconnect.Federation;
using Interconnect.Hub.Tests.Kit;
using Interconnect.Storage;

namespace Interconnect.Hub.Tests.Lifecycle;

/// <summary>A damaged row stands for a defect: handling the conversation's events throws until it is repaired.</summary>
public sealed class ParkingTests
{
    [Fact]
    public async Task Defect_InOneConversation_ParksItInOrder_OthersGoOn_ReleaseDelivers()
    {
        await using var world = await World.StartAsync();
        var (room, before) = (await world.RoomAsync(world.Alice, world.Bob), world.Alice.Group!);
        var other = await world.AnotherRoomAsync(world.Alice, world.Bob);
        var good = world.Alice.Send(world.Alice.Writes(other, "goes on"));
        world.Alice.Group = before;
        var broken = Enumerable.Range(0, 3).Select(i => world.Alice.Send(world.Alice.Writes(room, "waits " + i))).ToList();
        var members = await ExecuteAsync(world, "SELECT members FROM hub_rooms WHERE room = @room", room);
        await ExecuteAsync(world, "UPDATE hub_rooms SET members = 'damaged' WHERE room = @room", room);
        await world.CrashHubAsync();
        await world.StartHubAsync();
        Drain(world);

        await world.Bus.SubmitAsync(broken[0], good, broken[1]);
        Assert.Equal(good.PassedId(), (await world.Bus.NextAsync(World.Matrix)).Id);
        Assert.Equal(good.Id, ((DeliveryReport)(await world.Bus.NextAsync(World.Xmpp)).Event).Event);
        await world.Bus.SubmitAsync(broken[2]);
        await world.Bus.SubmitAsync(broken[2]);

        var parked = Assert.Single(await world.Admin.ParkedAsync(CancellationToken.None));
        Assert.Equal(3, parked.Waiting);
        Assert.Equal("a defect: FormatException", parked.Reason);
        Assert.Matches("^[0-9a-f]{16}$", parked.OpaqueId);

        // Still broken: tried again, parked again, later.
        world.Clock.Advance(world.Options.ParkRetry + TimeSpan.FromSeconds(5));
        await UntilAsync(async () => (await world.Admin.ParkedAsync(CancellationToken.None))[0].Attempts == 2);
        var again = Assert.Single(await world.Admin.ParkedAsync(CancellationToken.None));
        Assert.Equal((3, parked.OpaqueId), (again.Waiting, again.OpaqueId));
        Assert.True(again.NotBefore - world.Clock.GetUtcNow() > world.Options.ParkRetry);
        Assert.False(world.Bus.TryNext(World.Matrix, out _));

        // Repaired, and released by an operator before the timer would; a crash in between changes nothing.
        await ExecuteAsync(world, "UPDATE hub_rooms SET members = @members WHERE room = @room", room, (string)members!);
        await world.CrashHubAsync();
        await world.StartHubAsync();
        Assert.False(await world.Admin.ReleaseAsync("0000000000000000", CancellationToken.None));
        Assert.True(await world.Admin.ReleaseAsync(parked.OpaqueId, CancellationToken.None));
        world.Clock.Advance(world.Options.SweepInterval);
        for (var i = 0; i < 3; i++)
        {
            var delivered = await world.Bus.NextAsync(World.Matrix);
            Assert.Equal(broken[i].PassedId(), delivered.Id);
        }

        await UntilAsync(async () => (await world.Admin.ParkedAsync(CancellationToken.None)).Count == 0);
        await world.AdvanceUntilAsync(world.Quiet);
        Drain(world);
        await world.CrossesAsync(world.Alice, world.Bob, world.Alice.Writes(room, "flows"));
    }

    [Fact]
    public async Task Defect_OfTheDatabaseOnOneEvent_ParksItsConversationOnly()
    {
        await using var world = World.Create();

        // A trigger refuses one room's message: the whole transaction fails, and the culprit is found by handling one by one.
        await world.StartHubAsync();
        var (room, first) = (await world.RoomAsync(world.Alice, world.Bob), world.Alice.Group!);
        var other = await world.AnotherRoomAsync(world.Alice, world.Bob);
        var good = world.Alice.Send(world.Alice.Writes(other, "goes on"));
        world.Alice.Group = first;
        var bad = world.Alice.Send(world.Alice.Writes(room, "waits"));
        await ExecuteAsync(world, $"CREATE TRIGGER poison BEFORE INSERT ON hub_ledger WHEN hex(NEW.event_id) = '{bad.PassedId().Hex.ToUpperInvariant()}' BEGIN SELECT RAISE(ABORT, 'poison'); END", room);

        await world.Bus.SubmitAsync(bad, good);
        Assert.Equal(good.PassedId(), (await world.Bus.NextAsync(World.Matrix)).Id);
        var parked = Assert.Single(await world.Admin.ParkedAsync(CancellationToken.None));
        Assert.Contains("SQLite code 19", parked.Reason, StringComparison.Ordinal);

        await ExecuteAsync(world, "DROP TRIGGER poison", room);
        world.Clock.Advance(world.Options.ParkRetry + world.Options.SweepInterval);
        Assert.Equal(bad.PassedId(), (await world.Bus.NextAsync(World.Matrix)).Id);
    }

    [Fact]
    public async Task ParkedBound_ConversationFull_RefusesMoreAndTakesNoneTwiceAcrossARestart()
    {
        await using var world = await World.StartAsync(o => o with { Limits = o.Limits with { MaxParked = 2 } });
        var room = await world.RoomAsync(world.Alice, world.Bob);
        var before = await world.CrossesAsync(world.Alice, world.Bob, world.Alice.Writes(room, "before"));
        var sent = Enumerable.Range(0, 3).Select(i => world.Alice.Send(world.Alice.Writes(room, "waits " + i))).ToList();
        var members = await ExecuteAsync(world, "SELECT members FROM hub_rooms WHERE room = @room", room);
        await ExecuteAsync(world, "UPDATE hub_rooms SET members = 'damaged' WHERE room = @room", room);
        await world.CrashHubAsync();
        await world.StartHubAsync();
        Drain(world);

        await world.Bus.SubmitAsync(sent[0], sent[0], sent[1]);
        var first = Assert.Single(await world.Admin.ParkedAsync(CancellationToken.None));
        var refusal = await world.RefusesAsync(sent[2], HubRule.ParkedBound);
        Assert.Equal(TimeSpan.FromMinutes(1), refusal.RetryAfter);

        // What comes meanwhile does not put off the next try.
        world.Clock.Advance(TimeSpan.FromSeconds(1));
        await world.Bus.SubmitAsync(sent[2]);
        Assert.Equal(first.NotBefore, Assert.Single(await world.Admin.ParkedAsync(CancellationToken.None)).NotBefore);

        await world.CrashHubAsync();
        await world.StartHubAsync();
        await world.Bus.SubmitAsync(sent[1]);
        Assert.Equal(2, Assert.Single(await world.Admin.ParkedAsync(CancellationToken.None)).Waiting);

        // A report waits all the same: nobody would bring it again.
        await world.Bus.ReportAsync(world.Bob.Reports(before, DeliveryStatus.Delivered));
        Assert.Equal(3, Assert.Single(await world.Admin.ParkedAsync(CancellationToken.None)).Waiting);

        await ExecuteAsync(world, "UPDATE hub_rooms SET members = @members WHERE room = @room", room, (string)members!);
        await world.CrashHubAsync();
        await world.StartHubAsync();
        world.Clock.Advance(world.Options.ParkRetry + world.Options.SweepInterval);
        await UntilAsync(async () => (await world.Admin.ParkedAsync(CancellationToken.None)).Count == 0);
        await world.AdvanceUntilAsync(world.Quiet);
        Assert.Equal([sent[0].PassedId(), sent[1].PassedId()], Drain(world, World.Matrix).Select(e => e.Id));
        Assert.Contains(Drain(world, World.Xmpp), e => e.Event is DeliveryReport { Status: DeliveryStatus.Delivered } report && report.Event == world.SentIdOf(before));
        await world.CrossesAsync(world.Alice, world.Bob, world.Alice.Writes(room, "flows"));
    }

    [Fact]
    public async Task Defect_StoredGroupInfoDoesNotReopen_Parks_OlderThanExternalPub_GoesOn()
    {
        await using var world = await World.StartAsync();
        var room = await world.RoomAsync(world.Alice, world.Bob);
        var stored = (byte[])(await ExecuteAsync(world, "SELECT group_info FROM hub_rooms WHERE room = @room", room))!;
        await ExecuteAsync(world, "UPDATE hub_rooms SET group_info = x'00010004' WHERE room = @room", room);
        await world.CrashHubAsync();
        await world.StartHubAsync();

        var waits = world.Alice.Send(world.Alice.Refreshes(room));
        await world.Bus.SubmitAsync(waits);
        Assert.Equal("a defect: InvalidOperationException", Assert.Single(await world.Admin.ParkedAsync(CancellationToken.None)).Reason);

        // Kept by a hub that did not demand external_pub yet.
        var older = ForgedGroupInfo.Of(stored).Without(ForgedGroupInfo.ExternalPub).Sign(world.Alice.Key);
        await ExecuteAsync(world, $"UPDATE hub_rooms SET group_info = x'{Convert.ToHexString(older)}' WHERE room = @room", room);
        await world.CrashHubAsync();
        await world.StartHubAsync();
        Drain(world);
        world.Clock.Advance(world.Options.ParkRetry + world.Options.SweepInterval);
        Assert.Equal(waits.PassedId(), (await world.Bus.NextAsync(World.Matrix)).Id);
    }

    private static async Task<object?> ExecuteAsync(World world, string sql, RoomUri room, string? members = null)
    {
        await using var database = Database.Create(world.Options.Database);
        await using var connection = await database.OpenAsync(CancellationToken.None);
        await using var command = connection.CreateCommand();
        command.CommandText = sql;
        foreach (var (name, value) in new[] { ("room", room.Value), ("members", members) })
        {
            if (value is not null && sql.Contains('@' + name, StringComparison.Ordinal))
            {
                var parameter = command.CreateParameter();
                (parameter.ParameterName, parameter.Value) = (name, value);
                command.Parameters.Add(parameter);
            }
        }

        return await command.ExecuteScalarAsync();
    }

    private static async Task UntilAsync(Func<Task<bool>> happened)
    {
        for (var i = 0; i < 500 && !await happened(); i++)
        {
            await Task.Delay(10);
        }

        Assert.True(await happened());
    }

    private static List<FederationEnvelope> Drain(World world, string network)
    {
        var drained = new List<FederationEnvelope>();
        while (world.Bus.TryNext(network, out var envelope))
        {
            drained.Add(envelope!);
        }

        return drained;
    }

    private static void Drain(World world)
    {
        while (world.Bus.TryNext(World.Xmpp, out _) || world.Bus.TryNext(World.Matrix, out _))
        {
        }
    }
}
