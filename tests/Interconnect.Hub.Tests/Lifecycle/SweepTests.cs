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
