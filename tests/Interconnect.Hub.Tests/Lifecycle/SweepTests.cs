using Interconnect.Federation;
using Interconnect.Hub.Tests.Kit;
using Interconnect.Storage;

namespace Interconnect.Hub.Tests.Lifecycle;

public sealed class SweepTests
{
    [Fact]
    public async Task InTime_NothingHeardForTheExpiry_ExpiresAndTellsTheSender_HeardInTimeDoesNot()
    {
        await using var world = await World.StartAsync();
        var room = await world.RoomAsync(world.Alice, world.Bob);
        var lost = await world.CrossesAsync(world.Alice, world.Bob, world.Alice.Writes(room, "lost"));
        var heard = await world.CrossesAsync(world.Alice, world.Bob, world.Alice.Writes(room, "heard"));
        await world.Bus.ReportAsync(world.Bob.Reports(heard, DeliveryStatus.Delivered));
        await world.Bus.NextAsync(World.Xmpp);

        world.Clock.Advance(world.Options.Expiry - TimeSpan.FromSeconds(1));
        await Task.Delay(50);
        Assert.False(world.Bus.TryNext(World.Xmpp, out _));

        world.Clock.Advance(TimeSpan.FromSeconds(6));
        var expired = new List<DeliveryReport>();
        while (!expired.Exists(r => r.Event == world.SentIdOf(lost)))
        {
            expired.Add(Assert.IsType<DeliveryReport>((await world.Bus.NextAsync(World.Xmpp)).Event));
        }

        Assert.All(expired, r => Assert.Equal((DeliveryStatus.Expired, HubRule.InTime.Id), (r.Status, r.RuleId)));
        Assert.DoesNotContain(expired, r => r.Event == world.SentIdOf(heard));

        // Terminal: a report that comes too late moves nothing.
        await world.Bus.ReportAsync(world.Bob.Reports(lost, DeliveryStatus.Delivered));
        var counts = await world.Admin.CountsAsync(CancellationToken.None);
        Assert.Equal(1, counts.Deliveries[DeliveryStatus.Delivered]);
        Assert.False(counts.Deliveries.ContainsKey(DeliveryStatus.Accepted));
    }

    [Fact]
    public async Task Retention_Over_RowsGoAndNumbersGoOn()
    {
        await using var world = await World.StartAsync();
        var room = await world.RoomAsync(world.Alice, world.Bob);
        var first = await world.CrossesAsync(world.Alice, world.Bob, world.Alice.Writes(room, "old"));
        world.Clock.Advance(world.Options.Expiry + TimeSpan.FromSeconds(6));
        await world.AdvanceUntilAsync(world.Quiet);
        world.Clock.Advance(world.Options.Retention - world.Options.Expiry - TimeSpan.FromHours(1));
        await Task.Delay(50);
        Assert.Contains((await DatabaseDump.ReadAsync(world.Options.Database))["hub_ledger"], r => r.Contains(first.Id.Hex, StringComparison.Ordinal));

        world.Clock.Advance(TimeSpan.FromHours(2));
        await UntilEmptyAsync(world, "hub_ledger");
        await UntilEmptyAsync(world, "hub_deliveries");
        Assert.NotEmpty((await DatabaseDump.ReadAsync(world.Options.Database))["hub_rooms"]);

        await world.CrashHubAsync();
        await world.StartHubAsync();
        while (world.Bus.TryNext(World.Xmpp, out _) || world.Bus.TryNext(World.Matrix, out _))
        {
        }

        var next = await world.CrossesAsync(world.Alice, world.Bob, world.Alice.Writes(room, "new"));
        Assert.Equal(first.Sequence + 1, next.Sequence);
    }

    [Fact]
    public async Task KeyPackages_Expired_AreNotGivenOutAndGo()
    {
        await using var world = await World.StartAsync();
        await world.MeetAsync(world.Alice, world.Bob);
        world.Clock.Advance(TimeSpan.FromDays(30) + TimeSpan.FromMinutes(1));
        await UntilEmptyAsync(world, "hub_key_packages");
        await world.AdvanceUntilAsync(world.Quiet);
        while (world.Bus.TryNext(World.Xmpp, out _) || world.Bus.TryNext(World.Matrix, out _))
        {
        }

        var answer = await world.ClaimAsync(world.Alice, world.Bob.User);
        Assert.Equal(KeyMaterialStatus.NoCompatibleMaterial, answer.Status);
        Assert.Equal(ClientKeyMaterialStatus.Exhausted, Assert.Single(answer.Clients).Status);

        await world.PublishAsync(world.Bob);
        Assert.Equal(KeyMaterialStatus.Success, (await world.ClaimAsync(world.Alice, world.Bob.User)).Status);
    }

    [Fact]
    public async Task Retention_MoreThanAChunk_GoesInOneSweep()
    {
        await using var world = await World.StartAsync();
        await world.CrashHubAsync();
        await using (var database = Database.Create(world.Options.Database))
        await using (var connection = await database.OpenAsync(CancellationToken.None))
        {
            await using var command = connection.CreateCommand();
            command.CommandText =
                """
                WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 3500)
                INSERT INTO hub_ledger (event_no, event_id, kind, outer_label, inner_label, bytes, received_ms, accepted_ms) SELECT i, CAST('old ' || i AS BLOB), 'old', 0, 0, 0, 0, 0 FROM n
                """;
            await command.ExecuteNonQueryAsync();
        }

        await world.StartHubAsync();
        world.Clock.Advance(world.Options.SweepInterval);
        for (var i = 0; i < 500 && (await DatabaseDump.ReadAsync(world.Options.Database))["hub_ledger"].Count > 0; i++)
        {
            await Task.Delay(10);
        }

        Assert.Empty((await DatabaseDump.ReadAsync(world.Options.Database))["hub_ledger"]);
    }

    [Fact]
    public async Task Room_Unused_IsForgottenWithItsConversation_AUsedOneStays()
    {
        await using var world = await World.StartAsync();
        var unused = await world.RoomAsync(world.Alice, world.Bob);
        var group = world.Alice.Group!;
        await world.PublishAsync(world.Bob);
        var used = await world.AnotherRoomAsync(world.Alice, world.Bob);
        await PassAsync(world, TimeSpan.FromDays(300));
        await world.CrossesAsync(world.Alice, world.Bob, world.Alice.Writes(used, "x"));
        Assert.Equal(2, (await DatabaseDump.ReadAsync(world.Options.Database))["hub_rooms"].Count);
        await PassAsync(world, TimeSpan.FromDays(101));

        var dump = await DatabaseDump.ReadAsync(world.Options.Database);
        Assert.Contains(used.Value, Assert.Single(dump["hub_rooms"]), StringComparison.Ordinal);
        Assert.Equal(2, dump["hub_room_members"].Count);
        Assert.Single(dump["hub_conversations"]);
        await world.CrossesAsync(world.Alice, world.Bob, world.Alice.Writes(used, "x"));
        world.Alice.Group = group;
        await world.RefusesAsync(world.Alice.Send(world.Alice.Writes(unused, "x")), HubRule.RoomExists);

        // A client in a room stays, however long it was not seen.
        Assert.Equal(2, dump["hub_clients"].Count);
    }

    [Fact]
    public async Task Room_Deserted_IsForgottenSooner()
    {
        await using var world = await World.StartAsync();
        var room = await world.RoomAsync(world.Alice, world.Bob);
        await world.CrossesAsync(world.Alice, world.Bob, world.Alice.Commits(room, world.Alice.Group!.RemoveMembers([1]).Value));
        await PassAsync(world, TimeSpan.FromDays(29));
        Assert.Single((await DatabaseDump.ReadAsync(world.Options.Database))["hub_rooms"]);
        await PassAsync(world, TimeSpan.FromDays(2));
        Assert.Empty((await DatabaseDump.ReadAsync(world.Options.Database))["hub_rooms"]);
    }

    [Fact]
    public async Task Client_NotSeenAndInNoRoom_IsForgotten_SeenOnesAreNot()
    {
        await using var world = await World.StartAsync();
        await world.MeetAsync(world.Alice, world.Bob);
        await PassAsync(world, TimeSpan.FromDays(399));
        await world.CrossesAsync(world.Alice, world.Bob, world.Alice.Says(ConsentOperation.Request, world.Bob.User));
        await PassAsync(world, TimeSpan.FromDays(2));
        Assert.Contains(world.Alice.Uri.Value, Assert.Single((await DatabaseDump.ReadAsync(world.Options.Database))["hub_clients"]), StringComparison.Ordinal);

        // Its user's word stays; the client registers anew.
        await world.RefusesAsync(world.Bob.Send(world.Bob.Says(ConsentOperation.Request, world.Alice.User)), HubRule.ClientRegistered);
        await world.PublishAsync(world.Bob);
        Assert.Equal(KeyMaterialStatus.Success, (await world.ClaimAsync(world.Alice, world.Bob.User)).Status);
    }

    [Fact]
    public async Task Consent_Unanswered_IsForgotten_GrantedAndRevokedAreNot()
    {
        await using var world = await World.StartAsync();
        await world.MeetAsync(world.Alice, world.Bob);
        var bernard = new Device(World.Matrix, "hs.test", "bernard", world.Clock);
        await world.PublishAsync(bernard);
        await world.StaysAsync(bernard, world.Alice, bernard.Says(ConsentOperation.Revoke, world.Alice.User));
        await world.CrossesAsync(world.Bob, world.Alice, world.Bob.Says(ConsentOperation.Request, world.Alice.User));
        await PassAsync(world, TimeSpan.FromDays(91));
        var rows = (await DatabaseDump.ReadAsync(world.Options.Database))["hub_consents"];
        Assert.Equal(2, rows.Count);
        Assert.DoesNotContain(rows, r => r.Contains("answer=0", StringComparison.Ordinal));

        // It can be asked anew, and then crosses as new.
        await world.CrossesAsync(world.Bob, world.Alice, world.Bob.Says(ConsentOperation.Request, world.Alice.User));
        await world.StaysAsync(world.Alice, bernard, world.Alice.Says(ConsentOperation.Request, bernard.User));
    }

    [Fact]
    public async Task Consent_Withdrawn_StaysWhereItHoldsAGrantTheOtherWayClosed()
    {
        await using var world = await World.StartAsync();
        var room = await world.RoomAsync(world.Alice, world.Bob);
        await world.CrossesAsync(world.Bob, world.Alice, world.Bob.Says(ConsentOperation.Request, world.Alice.User));
        await world.CrossesAsync(world.Alice, world.Bob, world.Alice.Says(ConsentOperation.Grant, world.Bob.User));
        await world.CrossesAsync(world.Alice, world.Bob, world.Alice.Says(ConsentOperation.Cancel, world.Bob.User));
        await PassAsync(world, TimeSpan.FromDays(91));
        await world.RefusesAsync(world.Bob.Send(world.Bob.Writes(room, "x")), HubRule.Consented);
    }

    // In steps that the clock watch and the expiry keep up with; what is told on the way is taken.
    private static async Task PassAsync(World world, TimeSpan time)
    {
        for (var until = world.Clock.GetUtcNow() + time; world.Clock.GetUtcNow() < until;)
        {
            world.Clock.Advance(TimeSpan.FromHours(12));
            await Task.Delay(1);
        }

        for (var i = 0; i < 20; i++)
        {
            world.Clock.Advance(TimeSpan.FromSeconds(5));
            await Task.Delay(5);
        }

        await world.AdvanceUntilAsync(world.Quiet, TimeSpan.Zero);
        while (world.Bus.TryNext(World.Xmpp, out _) || world.Bus.TryNext(World.Matrix, out _))
        {
        }
    }

    private static async Task UntilEmptyAsync(World world, string table)
    {
        for (var i = 0; i < 200 && (await DatabaseDump.ReadAsync(world.Options.Database))[table].Count > 0; i++)
        {
            world.Clock.Advance(TimeSpan.FromSeconds(5));
            await Task.Delay(10);
        }

        Assert.Empty((await DatabaseDump.ReadAsync(world.Options.Database))[table]);
    }
}
