using System.Text;
using Dapper;
using Interconnect.Bus;
using Interconnect.Federation;
using Interconnect.Hub;
using Interconnect.Hub.Tests.Kit;
using Interconnect.Storage;
using Microsoft.Extensions.DependencyInjection;
using Npgsql;
using RabbitMQ.Client;
using RabbitMQ.Client.Exceptions;

namespace Interconnect.Scenarios;

/// <summary>Somebody who has all that one adapter has, and somebody who administers the broker, on real servers.</summary>
[Collection(nameof(BusBroker))]
public sealed class LeastRightsScenarios
{
    private const string Submit = "interconnect.submit", Unauthentic = "interconnect.unauthentic";

    [Fact(DisplayName = "Who has one adapter's key, broker user and database role speaks for that adapter and for nobody else, and neither does the broker's administrator")]
    public async Task OneAdapter()
    {
        await using var rights = await LeastRights.StartAsync();
        var alice = new Device(World.Xmpp, "a.test", "alice", TimeProvider.System);
        var bob = new Device(World.Matrix, "hs.test", "bob", TimeProvider.System);

        await OnTheBrokerAsync(rights);
        await ListAsync(rights, World.Xmpp, alice);
        await ListAsync(rights, World.Matrix, bob);
        await InAnothersNameAsync(rights, alice, bob);
        await AsAdministratorAsync(rights, alice, bob);
        await InTheDatabaseAsync(rights);
    }

    // Who has no device list publishes nothing, so each user begins with one.
    private static async Task ListAsync(LeastRights rights, string network, Device device)
    {
        await rights.SubmitAsync(network, device.Send(new Hub.Tests.Kit.Person(device.User, TimeProvider.System).Begins(device)));
        while ((await rights.NextAsync(network)).Event is not DeliveryReport { Status: DeliveryStatus.Accepted })
        {
            // The own account's copy.
        }
    }

    private static async Task OnTheBrokerAsync(LeastRights rights)
    {
        await using var connection = await rights.ConnectAsync("adapter:" + World.Xmpp);
        var user = rights.Roles["adapter:" + World.Xmpp].User!;
        await RefusedAsync(403, c => PublishAsync(c, "interconnect.deliver." + World.Matrix, "0", "past the hub"u8.ToArray(), user));
        await RefusedAsync(403, c => PublishAsync(c, "", Submit + ".0", "past the exchange"u8.ToArray(), user));
        await RefusedAsync(403, c => c.BasicGetAsync(Submit + ".0", autoAck: false));
        await RefusedAsync(403, c => c.BasicGetAsync("interconnect.parked", autoAck: false));
        await RefusedAsync(403, c => c.QueueDeleteAsync(Submit + ".0"));
        await RefusedAsync(403, c => c.QueuePurgeAsync("interconnect.deliver." + World.Matrix));
        await RefusedAsync(403, c => c.QueueBindAsync("interconnect.deliver." + World.Xmpp, Submit, "0"));
        await RefusedAsync(403, c => c.QueueDeclareAsync("a-queue-of-its-own", durable: false, exclusive: true, autoDelete: true));
        await RefusedAsync(406, c => PublishAsync(c, Submit, "0", "in another's name"u8.ToArray(), rights.Roles["adapter:" + World.Matrix].User!));

        async Task RefusedAsync(int code, Func<IChannel, Task> act)
        {
            await using var channel = await connection.CreateChannelAsync(new CreateChannelOptions(publisherConfirmationsEnabled: true, publisherConfirmationTrackingEnabled: true));
            var refused = await Assert.ThrowsAnyAsync<Exception>(() => act(channel));
            var reason = (refused as OperationInterruptedException)?.ShutdownReason ?? channel.CloseReason;
            Assert.Equal(code, (int?)reason?.ReplyCode);
        }
    }

    // What cannot be refused on the broker is refused by the reader: another's origin under one's own key, another's name under one's own key, another's events by their ids.
    private static async Task InAnothersNameAsync(LeastRights rights, Device alice, Device bob)
    {
        var genuine = bob.Send(bob.Publication(), eventKey: "guessed");
        var revocation = bob.Send(bob.Says(ConsentOperation.Revoke, alice.User));
        await rights.SubmitAsync(World.Xmpp, genuine);
        await rights.SubmitAsync(World.Xmpp, revocation);

        var sealing = rights.Broker.Bus(new BusOptions { Amqp = rights.Broker.Amqp, Partitions = 2, Roles = Stolen(rights) }, null, new BusSender.Network(bob.Network));
        var forging = sealing.GetRequiredService<IBusPublishers>().As(new BusSender.Network(bob.Network));
        Assert.IsType<PublishOutcome.Stored>(await StoredAsync(() => forging.PublishAsync(new BusAddress.Submit(), genuine.Conversation, EnvelopeCodec.Encode(genuine), default)));
        await UntilAsync(async () => await CountAsync(rights, Unauthentic) == 1 && (await rights.Hub.CountsAsync(default)).Refused.GetValueOrDefault("HUB-008") == 2);

        await rights.SubmitAsync(World.Matrix, genuine);
        var answer = Assert.IsType<DeliveryReport>((await rights.NextAsync(World.Matrix)).Event);
        Assert.Equal((genuine.Id, DeliveryStatus.Accepted), (answer.Event, answer.Status));
        Assert.Equal(0, rights.Waiting(World.Xmpp));
    }

    private static async Task AsAdministratorAsync(LeastRights rights, Device alice, Device bob)
    {
        await using var connection = await rights.Broker.ConnectAsync();
        await using var channel = await connection.CreateChannelAsync();
        var before = await CountAsync(rights, Unauthentic);
        await PublishAsync(channel, Submit, "0", Convert.FromHexString("B501010141"), null);
        await PublishAsync(channel, "interconnect.deliver." + World.Matrix, "0", "not a frame"u8.ToArray(), null);
        await UntilAsync(async () => await CountAsync(rights, Unauthentic) == before + 2);
        for (var i = 0; i < before; i++)
        {
            await channel.BasicGetAsync(Unauthentic, autoAck: true);
        }

        var reasons = new List<string>();
        while (await channel.BasicGetAsync(Unauthentic, autoAck: true) is { } parked)
        {
            reasons.Add(Encoding.UTF8.GetString((byte[])parked.BasicProperties.Headers!["interconnect-reason"]!)[..7]);
        }

        Assert.Equal(["BUS-002", "BUS-008"], reasons.Order(StringComparer.Ordinal));

        // And the streams go on.
        await rights.SubmitAsync(World.Xmpp, alice.Send(alice.Publication()));
        Assert.Equal(DeliveryStatus.Accepted, Assert.IsType<DeliveryReport>((await rights.NextAsync(World.Xmpp)).Event).Status);
        await rights.SubmitAsync(World.Xmpp, alice.Send(alice.Says(ConsentOperation.Request, bob.User)));
        Assert.IsType<ConsentEntry>((await rights.NextAsync(World.Matrix)).Event);
    }

    private static async Task InTheDatabaseAsync(LeastRights rights)
    {
        await using var connection = new NpgsqlConnection(rights.DatabaseAs("interconnect_adapter_xmpp_a"));
        await connection.OpenAsync();
        const string Waiting = "INSERT INTO adapter_waiting (network, conversation, event_id, recipient, envelope, since_ms) VALUES (@network, 'c', 'e', 'r', ''::bytea, 1)";
        foreach (var forbidden in (string[])[
            "INSERT INTO hub_outbox (page_no, network, entries, created_ms, body) VALUES (1000000, 'matrix-hs', 1, 1, ''::bytea)", "SELECT * FROM hub_ledger", "UPDATE hub_clients SET owner = 'x'",
            "CREATE TABLE mine (a INT)", "ALTER TABLE adapter_waiting DISABLE ROW LEVEL SECURITY", "DELETE FROM interconnect_migrations", Waiting.Replace("@network", "'matrix-hs'", StringComparison.Ordinal)])
        {
            Assert.Equal(PostgresErrorCodes.InsufficientPrivilege, (await Assert.ThrowsAsync<PostgresException>(() => connection.ExecuteAsync(forbidden))).SqlState);
        }

        await using var owner = new NpgsqlConnection(rights.Database);
        await owner.ExecuteAsync(Waiting, new { network = World.Matrix });
        Assert.Equal(0, await connection.ExecuteScalarAsync<long>("SELECT COUNT(*) FROM adapter_waiting"));
        Assert.Equal(0, await connection.ExecuteAsync("DELETE FROM adapter_waiting"));

        Assert.Equal(1, await connection.ExecuteAsync(Waiting, new { network = World.Xmpp }));
        Assert.Equal(1, await connection.ExecuteScalarAsync<long>("SELECT COUNT(*) FROM adapter_waiting"));

        // A migration that is missing is the owner's to make, and the role says by which command.
        await using var asHub = Database.Create(new DatabaseOptions { Provider = "postgres", ConnectionString = rights.DatabaseAs("interconnect_hub") });
        Assert.Equal(0, await Migrations.ApplyAsync(asHub, "hub", typeof(HubRole).Assembly, default));
        await owner.ExecuteAsync("DELETE FROM interconnect_migrations WHERE component = 'hub'");
        var missing = await Assert.ThrowsAsync<MigrationException>(() => Migrations.ApplyAsync(asHub, "hub", typeof(HubRole).Assembly, default));
        Assert.Contains("interconnect database roles --apply", missing.Message, StringComparison.Ordinal);
    }

    /// <summary>The roles as a forger has them: the other network's name, and the one key that it holds.</summary>
    private static Dictionary<string, BusRoleOptions> Stolen(LeastRights rights) =>
        new() { [BusBroker.Hub.Name] = rights.Broker.Roles[BusBroker.Hub.Name], [BusBroker.Network.Name] = rights.Broker.Roles[BusBroker.Network.Name], ["adapter:" + World.Matrix] = rights.Roles["adapter:" + World.Xmpp] };

    private static async Task<PublishOutcome> StoredAsync(Func<ValueTask<PublishOutcome>> publish)
    {
        var outcome = await publish();
        for (var tries = 0; outcome is not PublishOutcome.Stored && tries < 100; tries++)
        {
            await Task.Delay(50);
            outcome = await publish();
        }

        return outcome;
    }

    private static Task PublishAsync(IChannel channel, string exchange, string key, byte[] body, string? user)
    {
        var properties = new BasicProperties { Persistent = true };
        if (user is not null)
        {
            properties.UserId = user;
        }

        return channel.BasicPublishAsync(exchange, key, mandatory: true, properties, body).AsTask();
    }

    private static async Task<uint> CountAsync(LeastRights rights, string queue)
    {
        await using var connection = await rights.Broker.ConnectAsync();
        await using var channel = await connection.CreateChannelAsync();
        return await channel.MessageCountAsync(queue);
    }

    private static async Task UntilAsync(Func<Task<bool>> condition)
    {
        using var patience = new CancellationTokenSource(TimeSpan.FromSeconds(20));
        while (!await condition())
        {
            await Task.Delay(50, patience.Token);
        }
    }
}
