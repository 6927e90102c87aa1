using Interconnect.Federation;
using Interconnect.Hub;
using Interconnect.Hub.Tests.Kit;
using Interconnect.Hub.Tests.Lifecycle;
using Interconnect.Hub.Tests.Policy;
using Interconnect.Storage;
using Interconnect.Testing;
using Npgsql;

namespace Interconnect.Scenarios;

/// <summary>The hub on a real PostgreSQL: the same rules and the same faults as on SQLite, and what only a server can do to the lease.</summary>
public sealed class HubOnPostgres
{
    private readonly DevServers servers = DevServers.Load();

    [Fact(DisplayName = "On PostgreSQL every rule refuses without a trace, and accepts")]
    public async Task Rules()
    {
        var options = await DatabaseAsync();
        foreach (var rule in RuleCases.All)
        {
            await EmptyAsync(options);
            await using var world = await World.StartAsync(rule.Change, options);
            await rule.Run(world);
        }
    }

    [Theory(DisplayName = "On PostgreSQL faults and crashes lose nothing, double nothing and reorder nothing")]
    [InlineData(11)]
    [InlineData(12)]
    public async Task Faults(int seed)
    {
        await using var simulation = new Simulation(seed, await DatabaseAsync());
        await simulation.RunAsync(400);
        Assert.True(simulation.Written > 100 && simulation.Crashes > 3 && simulation.FaultsStruck > 3);
    }

    [Fact(DisplayName = "On PostgreSQL events that the version before took are known when they come again")]
    public async Task SentId() => await SentIdMigration.RunAsync(await DatabaseAsync());

    [Fact(DisplayName = "On PostgreSQL consents that the version before wrote mean what they meant")]
    public async Task ConsentWords() => await ConsentWordsMigration.RunAsync(await DatabaseAsync());

    [Fact(DisplayName = "On PostgreSQL clients of the version before stay registered and publish a device list first")]
    public async Task Identities() => await IdentitiesMigration.RunAsync(await DatabaseAsync());

    [Fact(DisplayName = "A hub whose session the server ends stops writing at once, and the standby takes over where it was")]
    public async Task Takeover()
    {
        var options = await DatabaseAsync();
        await using var first = await World.StartAsync(null, options);
        var room = await first.RoomAsync(first.Alice, first.Bob);
        await using var second = World.Create(null, options);
        second.BuildHub();
        await second.Role.StartAsync(CancellationToken.None);
        await second.AdvanceUntilAsync(() => second.Status.Current.State == HubState.Standby);

        await EndSessionsWithLocksAsync(options);
        var late = first.Alice.Send(first.Alice.Writes(room, "late"));
        await Assert.ThrowsAsync<HubUnavailableException>(() => first.Bus.SubmitAsync(late));
        await second.AdvanceUntilAsync(() => second.Status.Current.State == HubState.Active);
        await first.AdvanceUntilAsync(() => first.Status.Current.State == HubState.Standby);

        await second.Bus.SubmitAsync(late);
        FederationEnvelope taken;
        do
        {
            taken = await second.Bus.NextAsync(World.Matrix);
        }
        while (taken.Id != late.PassedId());
        Assert.Equal(2UL, taken.Sequence);
    }

    [Fact(DisplayName = "Two hubs that start together: one is active, the other stands by")]
    public async Task OneWriter()
    {
        var options = await DatabaseAsync();
        await using var one = World.Create(null, options);
        await using var other = World.Create(null, options);
        one.BuildHub();
        other.BuildHub();
        await Task.WhenAll(one.Role.StartAsync(CancellationToken.None), other.Role.StartAsync(CancellationToken.None));
        HubState[] settled = [HubState.Active, HubState.Standby];
        await one.AdvanceUntilAsync(() => settled.Contains(one.Status.Current.State));
        await other.AdvanceUntilAsync(() => settled.Contains(other.Status.Current.State));
        Assert.Equal(settled, new[] { one.Status.Current.State, other.Status.Current.State }.OrderDescending());
    }

    private async Task<DatabaseOptions> DatabaseAsync() => new() { Provider = "postgres", ConnectionString = await servers.CreateDatabaseAsync() };

    private static Task EmptyAsync(DatabaseOptions options) => ExecuteAsync(options, """
        DO $$ DECLARE t text; BEGIN
            FOR t IN SELECT tablename FROM pg_tables WHERE schemaname = 'public' AND tablename LIKE 'hub_%' LOOP EXECUTE 'TRUNCATE ' || t; END LOOP;
        END $$
        """);

    private static Task EndSessionsWithLocksAsync(DatabaseOptions options) => ExecuteAsync(
        options,
        "SELECT pg_terminate_backend(l.pid) FROM pg_locks l WHERE l.locktype = 'advisory' AND l.granted AND l.database = (SELECT oid FROM pg_database WHERE datname = current_database())");

    private static async Task ExecuteAsync(DatabaseOptions options, string sql)
    {
        await using var connection = new NpgsqlConnection(options.ConnectionString);
        await connection.OpenAsync();
        await using var command = new NpgsqlCommand(sql, connection);
        await command.ExecuteNonQueryAsync();
    }
}
