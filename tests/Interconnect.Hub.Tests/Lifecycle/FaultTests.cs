using Interconnect.Federation;
using Interconnect.Hub.Tests.Kit;

namespace Interconnect.Hub.Tests.Lifecycle;

/// <summary>Every commit on the way of a message fails both ways: not persisted, and persisted but reported failed. Whatever fails, doing it again ends where no failure would have.</summary>
public sealed class FaultTests
{
    public static TheoryData<string, string> Steps
    {
        get
        {
            var data = new TheoryData<string, string>();
            foreach (var step in new[] { "list", "publish", "consent", "claim", "room", "message", "refusal", "handed over", "delivered", "list of one device less" })
            {
                data.Add(step, nameof(Fault.NotPersisted));
                data.Add(step, nameof(Fault.PersistedButReportedFailed));
            }

            return data;
        }
    }

    [Theory]
    [MemberData(nameof(Steps))]
    public async Task Commit_FailsAtAnyStep_NothingIsAcknowledgedAndTheEndIsTheSame(string failing, string how)
    {
        var faults = new Faults();
        await using var world = World.Create(o => o with { RetryInterval = TimeSpan.FromMilliseconds(100) });
        world.AroundCommit = faults.Around;
        await world.StartHubAsync();
        var (alice, bob) = (world.Alice, world.Bob);
        var tablet = new Device(World.Xmpp, "a.test", "alice", world.Clock, "tablet");
        var room = world.NewRoom();

        await DoAsync("list", bob.Send(world.Of(bob).Begins(bob)));
        await DoAsync("", alice.Send(world.Of(alice).Begins(alice)));
        await DoAsync("publish", bob.Send(bob.Publication()));
        await DoAsync("", alice.Send(alice.Publication()));
        await DoAsync("", alice.Send(alice.Says(ConsentOperation.Request, bob.User)));
        await DoAsync("consent", bob.Send(bob.Says(ConsentOperation.Grant, alice.User)));
        await DoAsync("claim", alice.Send(alice.Asks(bob.User, room)));
        var claimed = Stored<KeyMaterialResponse>().Single();
        await DoAsync("room", alice.Send(alice.Creates(room, ((KeyMaterialResponse)claimed.Event).Clients.Select(c => c.KeyPackage))));
        var message = alice.Send(alice.Writes(room, "hello"));
        await DoAsync("message", message);
        await DoAsync("refusal", alice.Send(alice.Writes(room, "x"), broken: true));
        var delivered = Stored<EncryptedMessage>().Single();
        await DoAsync("handed over", bob.Reports(delivered, DeliveryStatus.HandedOver));
        await DoAsync("delivered", bob.Reports(delivered, DeliveryStatus.Delivered));

        await DoAsync("", alice.Send(world.Of(alice).Adds(alice, tablet)));
        await DoAsync("list of one device less", alice.Send(world.Of(alice).Removes(alice, tablet)));

        Assert.Equal(1, faults.Struck);
        Assert.Equal([1UL, 2UL, 3UL], Stored<DeviceListUpdate>().Where(e => e.Sender == alice.User).Select(e => e.Sequence!.Value));
        Assert.Equal(1UL, Stored<RoomUpdate>().Single().Sequence);
        Assert.Equal(2UL, delivered.Sequence);
        Assert.Single(Stored<Refusal>());
        Assert.Equal(
            [DeliveryStatus.Accepted, DeliveryStatus.HandedOver, DeliveryStatus.Delivered],
            Stored<DeliveryReport>().Select(e => (DeliveryReport)e.Event).Where(r => r.Event == message.Id).Select(r => r.Status));
        var counts = await world.Admin.CountsAsync(CancellationToken.None);
        Assert.Equal((0, 1L), (counts.Deliveries.Count(d => d.Key is DeliveryStatus.Bounced or DeliveryStatus.Expired), counts.Deliveries[DeliveryStatus.Delivered]));
        Assert.Equal(1L, counts.Refused[HubRule.SignatureValid.Id]);

        async Task DoAsync(string step, FederationEnvelope envelope)
        {
            Func<FederationEnvelope[], Task> hand = envelope.Sender is null ? world.Bus.ReportAsync : world.Bus.SubmitAsync;
            if (step == failing)
            {
                faults.Next = Enum.Parse<Fault>(how);
                await Assert.ThrowsAsync<HubUnavailableException>(() => hand([envelope]));

                // The session ends a moment after the batch is given back.
                for (var i = 0; world.Status.WhyNotReady is null && i < 5_000; i++)
                {
                    await Task.Delay(1);
                }

                Assert.NotNull(world.Status.WhyNotReady);
                await world.AdvanceUntilAsync(() => world.Status.WhyNotReady is null && world.Bus.Bound == 2, TimeSpan.FromMilliseconds(100));
            }

            await hand([envelope]);
            await world.AdvanceUntilAsync(world.Quiet, TimeSpan.FromMilliseconds(1));
        }

        // What the destinations keep: an envelope that is published again is recognised by its id.
        List<FederationEnvelope> Stored<T>()
            where T : FederationEvent =>
            [.. world.Bus.Stored.Select(s => s.Envelope).Where(e => e.Event is T).DistinctBy(e => e.Id)];
    }
}
