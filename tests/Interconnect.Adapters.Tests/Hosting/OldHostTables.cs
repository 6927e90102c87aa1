using Dapper;
using Interconnect.Adapters.Hosting;
using Interconnect.Adapters.Hosting.Records;
using Interconnect.Federation;
using Interconnect.Storage;
using Interconnect.Testing;
using Interconnect.Testing.Conformance;

namespace Interconnect.Adapters.Tests.Hosting;

/// <summary>Rows of every table as a host before the bound on early receipts left them, taken up by a host of today.</summary>
internal static class OldHostTables
{
    private static readonly UserUri Alice = UserUri.Parse("mimi://a.test/u/alice");
    private static readonly UserUri Carol = UserUri.Parse("mimi://a.test/u/carol");

    public static async Task RunAsync(DatabaseOptions options)
    {
        var room = Samples.Room();
        var (forAlice, forCarol) = (Waiting(Alice, room, 3), Waiting(Carol, room, 2));
        var (handedOver, early) = (Samples.Envelope(Alice), Samples.Envelope(Alice));
        await using var database = Database.Create(options);
        await using (var connection = await database.OpenAsync(default))
        {
            await OldSchema.ApplyAsync(connection, database.IsPostgres, "adapters", typeof(AdapterRole).Assembly, through: 2);

            // The lanes of one room, one after the other and mixed.
            foreach (var envelope in new[] { forAlice[0], forCarol[0], forAlice[1], forCarol[1], forAlice[2] })
            {
                await connection.ExecuteAsync(
                    "INSERT INTO adapter_waiting (network, conversation, event_id, recipient, envelope, since_ms) VALUES ('net-a', @conversation, @id, @recipient, @body, @now)",
                    new { conversation = envelope.Conversation.Value, id = envelope.Id.Hex, recipient = envelope.Recipients[0].Value, body = EnvelopeCodec.Encode(envelope), now = Now });
            }

            await connection.ExecuteAsync(
                """
                INSERT INTO adapter_deliveries (network, event_id, recipient, conversation, status, reported, attempts, native_reference, at_ms)
                VALUES ('net-a', @id, @recipient, @conversation, 2, 0, 1, 'ref-old', @now)
                """,
                new { id = handedOver.Id.Hex, recipient = Alice.Value, conversation = handedOver.Conversation.Value, now = Now });
            for (var i = 0; i < DeliveryRecords.MostEarlyReceipts + 100; i++)
            {
                await ReceiptAsync(connection, Alice, "x" + i, Now - 1_000 + i);
            }

            await ReceiptAsync(connection, Alice, "ref-early", Now);
            await ReceiptAsync(connection, Carol, "ref-carol", Now);
        }

        await using var host = await HostHarness.StartAsync(options, adapter: new ScriptedAdapter
        {
            Script = (delivery, _) => Task.FromResult<DeliveryOutcome>(new DeliveryOutcome.Delivered(false, delivery.Envelope.Id == early.Id ? "ref-early" : "ref " + delivery.Envelope.Id.Hex)),
        });

        // What waited goes out in the order of its lane, and what the hub had not been told is told.
        await HostHarness.UntilAsync(() => host.Role.Waiting == 0);
        foreach (var (recipient, sent) in new[] { (Alice, forAlice), (Carol, forCarol) })
        {
            Assert.Equal(sent.Select(e => e.Id), host.Adapter.Attempts.Where(a => a.Recipient == recipient).Select(a => a.Envelope.Id));
        }

        var told = new List<DeliveryReport>();
        for (var i = 0; i < 6; i++)
        {
            told.Add(await host.Bus.NextReportAsync());
        }

        Assert.All(told, r => Assert.Equal(DeliveryStatus.HandedOver, r.Status));
        Assert.Equal(forAlice.Concat(forCarol).Append(handedOver).Select(e => e.Id.Hex).Order(), told.Select(r => r.Event.Hex).Order());

        // A receipt moves on what was handed over before, an early one what is handed over now.
        await host.Adapter.Sink.ReportAsync(new InboundReceipt("ref-old", Alice, DeliveryStatus.Delivered, null, null), default);
        var moved = await host.Bus.NextReportAsync();
        Assert.Equal((handedOver.Id, DeliveryStatus.Delivered), (moved.Event, moved.Status));
        await host.Bus.DeliverAsync(early);
        var received = await host.Bus.NextReportAsync();
        Assert.Equal((early.Id, DeliveryStatus.Delivered), (received.Event, received.Status));

        // The next early receipt of a recipient that has too many makes room; nobody else's go.
        await host.Adapter.Sink.ReportAsync(new InboundReceipt("ref-newest", Alice, DeliveryStatus.Delivered, null, null), default);
        await using var now = await database.OpenAsync(default);
        Assert.Equal(DeliveryRecords.MostEarlyReceipts, await now.ExecuteScalarAsync<long>("SELECT COUNT(*) FROM adapter_receipts WHERE recipient = @alice", new { alice = Alice.Value }));
        Assert.Equal(1, await now.ExecuteScalarAsync<long>("SELECT COUNT(*) FROM adapter_receipts WHERE native_reference = 'ref-newest'"));
        Assert.Equal(0, await now.ExecuteScalarAsync<long>("SELECT COUNT(*) FROM adapter_receipts WHERE native_reference = 'x0'"));
        Assert.Equal(1, await now.ExecuteScalarAsync<long>("SELECT COUNT(*) FROM adapter_receipts WHERE native_reference = 'ref-carol'"));
    }

    // Shortly ago, so that nothing is over its time.
    private static long Now { get; } = DateTimeOffset.UtcNow.AddSeconds(-10).ToUnixTimeMilliseconds();

    private static List<FederationEnvelope> Waiting(UserUri recipient, RoomUri room, int count) =>
        [.. Enumerable.Range(0, count).Select(_ => Samples.Envelope(recipient, room: room) with { AcceptedAt = DateTimeOffset.UtcNow })];

    private static Task ReceiptAsync(System.Data.Common.DbConnection connection, UserUri recipient, string reference, long at) => connection.ExecuteAsync(
        "INSERT INTO adapter_receipts (network, native_reference, recipient, status, at_ms) VALUES ('net-a', @reference, @recipient, 3, @at)",
        new { reference, recipient = recipient.Value, at });
}
