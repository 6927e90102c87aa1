using Dapper;
using Interconnect.Federation;
using Interconnect.Storage;
using Interconnect.Testing;

namespace Interconnect.Hub.Tests.Kit;

/// <summary>A ledger from before events had ids of the hub's own: what a network brings again is known still, and a report on what went out then finds its delivery.</summary>
internal static class SentIdMigration
{
    public static async Task RunAsync(DatabaseOptions? database)
    {
        await using var world = World.Create(null, database);
        var old = world.Alice.Send(world.Alice.Says(ConsentOperation.Request, world.Bob.User));
        await WriteOldRowAsync(world, old);
        await world.StartHubAsync();
        await world.PublishAsync(world.Alice);
        world.Clock.Advance(TimeSpan.FromMinutes(1));

        // The same id from another network is another event, and is refused for what it is.
        await world.RefusesAsync(world.Bob.Send(world.Bob.Publication(), broken: true) with { Id = old.Id }, HubRule.SignatureValid);

        // Again from the one that sent it: its answer again, and nothing new.
        await world.Bus.SubmitAsync(old);
        var answer = Assert.IsType<DeliveryReport>((await world.Bus.NextAsync(World.Xmpp)).Event);
        Assert.Equal((old.Id, DeliveryStatus.Accepted), (answer.Event, answer.Status));
        Assert.False(world.Bus.TryNext(World.Matrix, out _));

        await world.Bus.ReportAsync(world.Bob.Reports(old with { Recipients = [world.Bob.User] }, DeliveryStatus.Delivered));
        Assert.Equal(1, (await world.Admin.CountsAsync(CancellationToken.None)).Deliveries[DeliveryStatus.Delivered]);
        answer = Assert.IsType<DeliveryReport>((await world.Bus.NextAsync(World.Xmpp)).Event);
        Assert.Equal((old.Id, DeliveryStatus.Delivered), (answer.Event, answer.Status));
    }

    private static async Task WriteOldRowAsync(World world, FederationEnvelope sent)
    {
        await using var old = Database.Create(world.Options.Database);
        await using var connection = await old.OpenAsync(CancellationToken.None);
        await OldSchema.ApplyAsync(connection, old.IsPostgres, "hub", typeof(HubRole).Assembly, through: 2);
        await connection.ExecuteAsync("INSERT INTO hub_conversations (conversation_no, conversation, last_sequence) VALUES (1, @conversation, 1)", new { conversation = sent.Conversation.Value });
        await connection.ExecuteAsync(
            """
            INSERT INTO hub_ledger (event_no, event_id, frame_id, kind, network, sender, conversation_no, sequence, outer_label, inner_label, bytes, received_ms, accepted_ms)
            VALUES (1, @id, @frame, @kind, @network, @sender, 1, 1, 0, 0, 1, @at, @at)
            """,
            new { id = sent.Id.ToBytes(), frame = sent.Proof!.FrameId.ToBytes(), kind = sent.Event.Kind, network = sent.Origin!.Value, sender = sent.Sender!.Value, at = world.Clock.GetUtcNow().ToUnixTimeMilliseconds() });
        await connection.ExecuteAsync("INSERT INTO hub_deliveries (event_no, recipient, status, changed_ms) VALUES (1, @recipient, 1, 1)", new { recipient = world.Bob.User.Value });
    }
}
