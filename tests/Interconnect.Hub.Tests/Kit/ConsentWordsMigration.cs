using Dapper;
using Interconnect.Federation;
using Interconnect.Storage;
using Interconnect.Testing;

namespace Interconnect.Hub.Tests.Kit;

/// <summary>Consents that a hub wrote when it kept the last operation only, read by one that keeps both sides' words.</summary>
internal static class ConsentWordsMigration
{
    public static async Task RunAsync(DatabaseOptions? database)
    {
        await using var world = World.Create(null, database);
        var targets = Enum.GetValues<ConsentOperation>().ToDictionary(o => o, o => new Device(World.Matrix, "hs.test", o.ToString().ToLowerInvariant(), world.Clock));
        var (asked, granted, revoked, cancelled) = (targets[ConsentOperation.Request], targets[ConsentOperation.Grant], targets[ConsentOperation.Revoke], targets[ConsentOperation.Cancel]);
        var room = world.NewRoom();
        await WriteOldRowsAsync(world, targets, room);

        await world.StartHubAsync();
        foreach (var device in targets.Values.Prepend(world.Alice))
        {
            await world.PublishAsync(device);
        }

        // Granted: packages are given out, in the one room where it was revoked they are not.
        await world.RefusesAsync(world.Alice.Send(world.Alice.Asks(granted.User, room)), HubRule.Consented);
        Assert.Equal(KeyMaterialStatus.Success, (await world.ClaimAsync(world.Alice, granted.User)).Status);

        // Asked: waits for the answer, which has no number.
        await world.RefusesAsync(world.Alice.Send(world.Alice.Asks(asked.User)), HubRule.Consented);
        var answer = await world.CrossesAsync(asked, world.Alice, asked.Says(ConsentOperation.Grant, world.Alice.User));
        Assert.Null(answer.Sequence);
        await world.ClaimAsync(world.Alice, asked.User);

        // Taken back: nothing is there to grant until it is asked for again.
        await world.RefusesAsync(cancelled.Send(cancelled.Says(ConsentOperation.Grant, world.Alice.User)), HubRule.ConsentAsked);
        await world.CrossesAsync(world.Alice, cancelled, world.Alice.Says(ConsentOperation.Request, cancelled.User));
        await world.CrossesAsync(cancelled, world.Alice, cancelled.Says(ConsentOperation.Grant, world.Alice.User));
        await world.ClaimAsync(world.Alice, cancelled.User);

        // Revoked: asking again changes nothing and does not cross, the word of who revoked does.
        await world.StaysAsync(world.Alice, revoked, world.Alice.Says(ConsentOperation.Request, revoked.User));
        await world.RefusesAsync(world.Alice.Send(world.Alice.Asks(revoked.User)), HubRule.Consented);
        await world.CrossesAsync(revoked, world.Alice, revoked.Says(ConsentOperation.Grant, world.Alice.User));
        await world.ClaimAsync(world.Alice, revoked.User);
    }

    private static async Task WriteOldRowsAsync(World world, Dictionary<ConsentOperation, Device> targets, RoomUri revokedIn)
    {
        await using var old = Database.Create(world.Options.Database);
        await using var connection = await old.OpenAsync(CancellationToken.None);
        await OldSchema.ApplyAsync(connection, old.IsPostgres, "hub", typeof(HubRole).Assembly, through: 1);
        const string Insert = "INSERT INTO hub_consents (requester, target, room, operation, changed_ms) VALUES (@requester, @target, @room, @operation, 1)";
        var requester = world.Alice.User.Value;
        foreach (var (operation, target) in targets)
        {
            await connection.ExecuteAsync(Insert, new { requester, target = target.User.Value, room = "", operation = (long)operation });
        }

        var granted = targets[ConsentOperation.Grant].User.Value;
        await connection.ExecuteAsync(Insert, new { requester, target = granted, room = revokedIn.Value, operation = (long)ConsentOperation.Revoke });
        var pair = targets[ConsentOperation.Request].Says(ConsentOperation.Grant, world.Alice.User).ConversationFor(targets[ConsentOperation.Request].User);
        await connection.ExecuteAsync("INSERT INTO hub_conversations (conversation_no, conversation, last_sequence) VALUES (7, @pair, 41)", new { pair = pair.Value });
    }
}
