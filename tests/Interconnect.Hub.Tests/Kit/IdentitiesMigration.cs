using Dapper;
using Interconnect.Federation;
using Interconnect.Storage;
using Interconnect.Testing;

namespace Interconnect.Hub.Tests.Kit;

/// <summary>Clients that a hub registered before identities were, read by one that has them.</summary>
internal static class IdentitiesMigration
{
    public static async Task RunAsync(DatabaseOptions? database)
    {
        await using var world = World.Create(null, database);
        var (phone, tablet) = (world.Alice, new Device(World.Xmpp, "a.test", "alice", world.Clock, "tablet"));
        await WriteOldRowsAsync(world, phone, tablet, world.Bob);
        await world.StartHubAsync();

        // Nothing is sent before there is a list, nor is anybody's old package given out; the rows are there.
        await world.RefusesAsync(phone.Send(phone.Publication()), HubRule.ListFirst);
        await world.RefusesAsync(phone.Send(phone.Says(ConsentOperation.Revoke, world.Bob.User)), HubRule.ListFirst);
        Assert.Equal(3, (await DatabaseDump.ReadAsync(world.Options.Database))["hub_clients"].Count);
        await world.ListAsync(world.Bob);
        Assert.Equal(KeyMaterialStatus.NoCompatibleMaterial, (await world.ClaimAsync(world.Bob, phone.User)).Status);

        // The first list keeps who it names, with its packages; who it does not name is gone.
        await world.ListAsync(phone);
        var claimed = await world.ClaimAsync(world.Bob, phone.User);
        Assert.Equal([phone.Uri], claimed.Clients.Select(c => c.Client));
        Assert.Equal(2, (await DatabaseDump.ReadAsync(world.Options.Database))["hub_clients"].Count);
        await world.RefusesAsync(tablet.Send(tablet.Publication()), HubRule.DeviceNamed);
        await world.CrossesAsync(world.Bob, phone, world.Bob.Says(ConsentOperation.Request, phone.User));
        await world.PublishAsync(tablet);
    }

    private static async Task WriteOldRowsAsync(World world, params Device[] devices)
    {
        await using var old = Database.Create(world.Options.Database);
        await using var connection = await old.OpenAsync(CancellationToken.None);
        await OldSchema.ApplyAsync(connection, old.IsPostgres, "hub", typeof(HubRole).Assembly, through: 2);
        foreach (var device in devices)
        {
            await connection.ExecuteAsync(
                "INSERT INTO hub_clients (client, owner, suite, signature_key, registered_ms) VALUES (@client, @owner, 1, @key, 1)",
                new { client = device.Uri.Value, owner = device.User.Value, key = device.Key.PublicKey.ToArray() });
            var package = Mls.KeyPackages.Verify(device.Publication(1).KeyPackages[0], world.Clock.GetUtcNow()).Value;
            await connection.ExecuteAsync(
                "INSERT INTO hub_key_packages (reference, client, suite, not_after_ms, published_ms, package) VALUES (@reference, @client, 1, @end, 1, @package)",
                new { reference = package.Reference.ToArray(), client = device.Uri.Value, end = package.NotAfter.ToUnixTimeMilliseconds(), package = package.Encoded.ToArray() });
        }

        // Bob asked, and Alice agreed.
        await connection.ExecuteAsync(
            "INSERT INTO hub_consents (requester, target, room, changed_ms, asking, answer) VALUES (@bob, @alice, '', 1, 1, 1)", new { bob = world.Bob.User.Value, alice = world.Alice.User.Value });
    }
}
