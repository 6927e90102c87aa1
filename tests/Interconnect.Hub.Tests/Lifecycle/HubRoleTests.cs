using Interconnect.Federation;
using Interconnect.Hub.Tests.Kit;
using Interconnect.Storage;

namespace Interconnect.Hub.Tests.Lifecycle;

public sealed class HubRoleTests
{
    [Fact]
    public async Task Start_LeaseHeldByAnother_StandsByAndTakesOver()
    {
        await using var world = World.Create();
        await using var other = Database.Create(world.Options.Database);
        await using (await Lease.TryAcquireAsync(other, "hub", CancellationToken.None))
        {
            world.BuildHub();
            await world.Role.StartAsync(CancellationToken.None);
            await world.AdvanceUntilAsync(() => world.Status.Current.State == HubState.Standby);
            Assert.Contains("another process", world.Status.WhyNotReady, StringComparison.Ordinal);
            Assert.Equal(0, world.Bus.Bound);
        }

        await world.AdvanceUntilAsync(() => world.Status.Current.State == HubState.Active);
        await world.PublishAsync(world.Alice);
    }

    [Fact]
    public async Task Start_DatabaseAway_IsNotReadyWithReasonAndRetries()
    {
        await using var world = World.Create();
        var file = Path.GetFullPath(world.Options.Database.ConnectionString);
        Directory.CreateDirectory(file);
        world.BuildHub();
        await world.Role.StartAsync(CancellationToken.None);
        await world.AdvanceUntilAsync(() => world.Status.Current.State == HubState.Unavailable);
        Assert.Contains("database", world.Status.WhyNotReady, StringComparison.Ordinal);
        Assert.Equal(0, world.Bus.Bound);

        Directory.Delete(file);
        await world.AdvanceUntilAsync(() => world.Status.Current.State == HubState.Active);
        await world.PublishAsync(world.Alice);
    }

    [Fact]
    public async Task Commit_DatabaseGoesAway_UnbindsRetriesAndNothingIsAcknowledged()
    {
        var away = false;
        await using var world = World.Create();
        world.AroundCommit = commit => (batch, cancellation) => away ? throw new IOException("away") : commit(batch, cancellation);
        await world.StartHubAsync();
        await world.PublishAsync(world.Alice);

        away = true;
        var envelope = world.Alice.Send(world.Alice.Publication());
        await Assert.ThrowsAsync<HubUnavailableException>(() => world.Bus.SubmitAsync(envelope));
        await world.AdvanceUntilAsync(() => world.Bus.Bindings == 4 && world.Status.Current.State == HubState.Active);
        await Assert.ThrowsAsync<HubUnavailableException>(() => world.Bus.SubmitAsync(envelope));
        Assert.False(world.Bus.TryNext(World.Xmpp, out _));

        away = false;
        await world.AdvanceUntilAsync(() => world.Bus.Bindings == 6 && world.Status.Current.State == HubState.Active);
        await world.AcceptsAsync(envelope);
    }

    [Fact]
    public async Task LeaseLost_StopsWritingAtOnce()
    {
        await using var world = await World.StartAsync();
        await world.PublishAsync(world.Alice);
        var lease = Path.GetFullPath(world.Options.Database.ConnectionString) + ".hub.lease";
        File.Delete(lease);
        Directory.CreateDirectory(lease);

        await world.AdvanceUntilAsync(() => world.Status.Current.State != HubState.Active && world.Bus.Bound == 0);
        Directory.Delete(lease);
        await world.AdvanceUntilAsync(() => world.Status.Current.State == HubState.Active);
        await world.PublishAsync(world.Alice);
    }

    [Fact]
    public async Task Stop_DestinationSlow_PublishesWhatItAcceptedBeforeItEnds()
    {
        await using var world = await World.StartAsync();
        var room = await world.RoomAsync(world.Alice, world.Bob);
        var refusals = 2;
        world.Bus.Interfere = (_, _) => refusals-- > 0 ? new PublishOutcome.Unavailable("busy", TimeSpan.FromMilliseconds(10), true) : null;
        await world.Bus.SubmitAsync([.. Enumerable.Range(0, 20).Select(_ => world.Alice.Send(world.Alice.Writes(room, "x")))]);

        var stopped = world.StopHubAsync();
        await world.AdvanceUntilAsync(() => stopped.IsCompleted, TimeSpan.FromMilliseconds(10));
        await stopped;
        Assert.Equal(20, world.Bus.Stored.Count(s => s is { Network: World.Matrix, Envelope.Event: EncryptedMessage }));
        Assert.Empty((await DatabaseDump.ReadAsync(world.Options.Database))["hub_outbox"]);
    }

    [Fact]
    public async Task Stop_DestinationAwayAndTimeIsUp_LeavesTheRestToTheNextStart()
    {
        await using var world = await World.StartAsync();
        var room = await world.RoomAsync(world.Alice, world.Bob);
        world.Bus.Interfere = (address, _) => address.Name == "deliver." + World.Matrix ? new PublishOutcome.Unavailable("away", TimeSpan.FromSeconds(1), true) : null;
        for (var i = 0; i < 3; i++)
        {
            await world.AcceptsAsync(world.Alice.Send(world.Alice.Writes(room, "waits " + i)));
        }

        await world.Role.StopAsync(new CancellationToken(true));
        Assert.Equal(HubState.Stopped, world.Status.Current.State);
        Assert.NotEmpty((await DatabaseDump.ReadAsync(world.Options.Database))["hub_outbox"]);

        await world.CrashHubAsync();
        world.Bus.Interfere = static (_, _) => null;
        await world.StartHubAsync();
        for (var i = 0; i < 3; i++)
        {
            Assert.Equal("waits " + i, world.Bob.Reads((EncryptedMessage)(await world.Bus.NextAsync(World.Matrix)).Event));
        }
    }

    [Fact]
    public async Task Outbox_MoreThanMemoryHolds_IsReadBackInOrder()
    {
        await using var world = await World.StartAsync(o => o with { Limits = o.Limits with { MaxOutboxMemory = 1, PublishWindow = 3 } });
        var room = await world.RoomAsync(world.Alice, world.Bob);
        var away = true;
        world.Bus.Interfere = (address, _) => away && address.Name == "deliver." + World.Matrix ? new PublishOutcome.Unavailable("away", TimeSpan.FromMilliseconds(1), true) : null;
        for (var i = 0; i < 5; i++)
        {
            await world.Bus.SubmitAsync([.. Enumerable.Range(0, 10).Select(n => world.Alice.Send(world.Alice.Writes(room, $"{(i * 10) + n}")))]);
        }

        away = false;
        await world.AdvanceUntilAsync(() => world.Bus.Stored.Count(s => s is { Network: World.Matrix, Envelope.Event: EncryptedMessage }) == 50, TimeSpan.FromMilliseconds(1));
        Assert.Equal(
            Enumerable.Range(0, 50).Select(n => n.ToString(System.Globalization.CultureInfo.InvariantCulture)),
            world.Bus.Stored.Where(s => s is { Network: World.Matrix, Envelope.Event: EncryptedMessage }).Select(s => world.Bob.Reads((EncryptedMessage)s.Envelope.Event)));
    }

    [Fact]
    public async Task Handle_BytesThatAreNoEnvelope_AreNamedToTheBusAndTheRestIsHandled()
    {
        await using var world = await World.StartAsync();
        await world.ListAsync(world.Alice);
        var good = world.Alice.Send(world.Alice.Publication());
        var unusable = await world.Bus.HandAsync(new BusAddress.Submit(), [new byte[] { 1, 2, 3 }, EnvelopeCodec.Encode(good), default]);
        Assert.Equal([0, 2], unusable.Select(u => u.Index));
        Assert.All(unusable, u => Assert.Contains("FED-", u.Reason, StringComparison.Ordinal));
        Assert.Equal(good.Id, ((DeliveryReport)(await world.Bus.NextAsync(World.Xmpp)).Event).Event);
    }
}
