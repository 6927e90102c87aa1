using System.Collections.Concurrent;
using System.Data.Common;
using Dapper;
using Interconnect.Adapters.Hosting;
using Interconnect.Adapters.Matrix;
using Interconnect.Adapters.Matrix.Rooms;
using Interconnect.Federation;
using Interconnect.Storage;
using Interconnect.Testing;
using Interconnect.Testing.Conformance;

namespace Interconnect.Adapters.Tests.Hosting;

/// <summary>The host's promises, on whichever database the deriving class gives.</summary>
public abstract class AdapterHostTests : IAsyncLifetime
{
    private static readonly UserUri Alice = UserUri.Parse("mimi://a.test/u/alice");
    private DatabaseOptions options = null!;

    protected abstract Task<DatabaseOptions> CreateDatabaseAsync();

    protected abstract void DropDatabase();

    /// <summary>Takes the lease away from whoever holds it.</summary>
    protected abstract void LoseLease(string name);

    public async Task InitializeAsync() => options = await CreateDatabaseAsync();

    public Task DisposeAsync()
    {
        DropDatabase();
        return Task.CompletedTask;
    }

    [Fact]
    public async Task Deliver_Delivered_IsReportedOnce()
    {
        await using var host = await HostHarness.StartAsync(options);
        host.Adapter.Script = (_, _) => Task.FromResult<DeliveryOutcome>(new DeliveryOutcome.Delivered(false, "ref-1"));
        var envelope = Samples.Envelope(Alice);

        Assert.Empty(await host.Bus.DeliverAsync(envelope));

        var report = await host.Bus.NextReportAsync();
        Assert.Equal((envelope.Id, Alice, DeliveryStatus.HandedOver), (report.Event, report.Recipient, report.Status));
        Assert.Equal(1, Assert.Single(host.Adapter.Attempts).Attempt);
        Assert.Equal(0, host.Bus.ReportsWaiting);
    }

    [Fact]
    public async Task Deliver_BatchBroughtAgain_IsNotHandedOverAgainButReportedAgain()
    {
        await using var host = await HostHarness.StartAsync(options);
        var envelope = Samples.Envelope(Alice);
        await host.Bus.DeliverAsync(envelope);
        await host.Bus.NextReportAsync();

        await host.Bus.DeliverAsync(envelope);

        Assert.Equal(DeliveryStatus.Delivered, (await host.Bus.NextReportAsync()).Status);
        Assert.Single(host.Adapter.Attempts);
    }

    [Fact]
    public async Task Deliver_TwiceInOneBatch_IsHandedOverOnce()
    {
        await using var host = await HostHarness.StartAsync(options);
        var (envelope, next) = (Samples.Envelope(Alice), Samples.Envelope(Alice));

        await host.Bus.DeliverAsync(envelope, envelope, next);

        Assert.Equal([envelope.Id, next.Id], host.Adapter.Attempts.Select(a => a.Envelope.Id).OrderBy(i => i == next.Id));
    }

    [Fact]
    public async Task Deliver_CopyOfWhatWaits_IsNotCountedAgain()
    {
        await using var host = await HostHarness.StartAsync(options);
        host.Adapter.Script = (_, _) => Task.FromResult<DeliveryOutcome>(new DeliveryOutcome.Deferred(TimeSpan.FromHours(1), "away"));
        var room = Samples.Room();
        var (first, second) = (Samples.Envelope(Alice, room: room), Samples.Envelope(Alice, room: room));
        await host.Bus.DeliverAsync(first);

        await host.Bus.DeliverAsync(first, second);

        Assert.Equal(2, host.Role.Waiting);
    }

    [Fact]
    public async Task Deliver_CopyOfWhatWaitedWhileItsBatchWasHeldUp_IsHandedOverOnce()
    {
        await using var host = await HostHarness.StartAsync(options, HostHarness.Options with { ParallelConversations = 1 });
        var (envelope, before) = (Samples.Envelope(Alice), Samples.Envelope(Alice));
        var (down, begun, go) = (true, new TaskCompletionSource(), new TaskCompletionSource());
        host.Adapter.Script = async (d, _) =>
        {
            if (d.Envelope.Id == before.Id)
            {
                begun.SetResult();
                await go.Task;
            }

            return d.Envelope.Id == envelope.Id && Volatile.Read(ref down) ? new DeliveryOutcome.Deferred(TimeSpan.FromHours(1), "away") : new DeliveryOutcome.Delivered(true, null);
        };
        await host.Bus.DeliverAsync(envelope);
        var copy = host.Bus.DeliverAsync(before, envelope);
        await begun.Task.WaitAsync(HostHarness.Limit);
        Volatile.Write(ref down, false);
        host.Adapter.Sink.StatusChanged(new AdapterStatus(AdapterState.Connected));
        await HostHarness.UntilAsync(() => host.Role.Waiting == 0 && host.Bus.ReportsWaiting > 0);

        go.SetResult();
        await copy;

        Assert.Equal(2, host.Adapter.Attempts.Count(a => a.Envelope.Id == envelope.Id));
    }

    [Fact]
    public async Task Deliver_Deferred_MakesItsConversationWaitInOrderAndNoOther()
    {
        await using var host = await HostHarness.StartAsync(options);
        var (slow, quick) = (Samples.Room(), Samples.Room());
        var first = Samples.Envelope(Alice, room: slow);
        var (second, third, other) = (Samples.Envelope(Alice, room: slow), Samples.Envelope(Alice, room: slow), Samples.Envelope(Alice, room: quick));
        var down = true;
        host.Adapter.Script = (d, _) => Task.FromResult<DeliveryOutcome>(d.Envelope.Id == first.Id && Volatile.Read(ref down)
            ? new DeliveryOutcome.Deferred(TimeSpan.FromMilliseconds(1), "not now")
            : new DeliveryOutcome.Delivered(true, null));

        await host.Bus.DeliverAsync(first, second, other);
        await host.Bus.DeliverAsync(third);

        Assert.Equal(other.Id, (await host.Bus.NextReportAsync()).Event);
        Assert.Equal(3, host.Role.Waiting);
        Assert.DoesNotContain(host.Adapter.Attempts, a => a.Envelope.Id == second.Id || a.Envelope.Id == third.Id);
        Volatile.Write(ref down, false);
        host.Adapter.Sink.StatusChanged(new AdapterStatus(AdapterState.Connected));
        Assert.Equal([first.Id, second.Id, third.Id], [(await host.Bus.NextReportAsync()).Event, (await host.Bus.NextReportAsync()).Event, (await host.Bus.NextReportAsync()).Event]);
        await HostHarness.UntilAsync(() => host.Role.Waiting == 0);
        Assert.Equal([second.Id, third.Id], host.Adapter.Attempts.Select(a => a.Envelope.Id).Where(i => i != first.Id && i != other.Id));
    }

    [Fact]
    public async Task Deliver_SeveralRecipients_NoneLearnsOfTheOthers()
    {
        await using var host = await HostHarness.StartAsync(options);
        var carol = UserUri.Parse("mimi://a.test/u/carol");
        var envelope = Samples.Envelope(Alice) with { Recipients = [Alice, carol] };
        await host.Bus.DeliverAsync(envelope);
        await host.Bus.NextReportAsync();
        await host.Bus.NextReportAsync();

        Assert.Equal([Alice, carol], host.Adapter.Attempts.Select(a => Assert.Single(a.Envelope.Recipients)).OrderBy(r => r.Value, StringComparer.Ordinal));
        Assert.All(host.Adapter.Attempts, a => Assert.Equal([a.Recipient], a.Envelope.Recipients));
        Assert.All(host.Adapter.Attempts, a => Assert.Equal(envelope.EncodedEvent.ToArray(), a.Envelope.EncodedEvent.ToArray()));
    }

    [Fact]
    public async Task Deliver_DeferredForOneRecipient_HoldsUpNoOtherOfTheConversation()
    {
        await using var host = await HostHarness.StartAsync(options);
        var carol = UserUri.Parse("mimi://a.test/u/carol");
        var room = Samples.Room();
        var (first, second) = (Samples.Envelope(Alice, room: room) with { Recipients = [Alice, carol] }, Samples.Envelope(Alice, room: room) with { Recipients = [Alice, carol] });
        var down = true;
        host.Adapter.Script = (d, _) => Task.FromResult<DeliveryOutcome>(d.Recipient == Alice && Volatile.Read(ref down)
            ? new DeliveryOutcome.Deferred(TimeSpan.FromMilliseconds(1), "not now")
            : new DeliveryOutcome.Delivered(true, null));

        await host.Bus.DeliverAsync(first);
        await host.Bus.DeliverAsync(second);

        Assert.Equal<(EventId, UserUri?)>([(first.Id, carol), (second.Id, carol)], [await ReportedAsync(), await ReportedAsync()]);
        Assert.Equal(2, host.Role.Waiting);
        Volatile.Write(ref down, false);
        host.Adapter.Sink.StatusChanged(new AdapterStatus(AdapterState.Connected));
        Assert.Equal<(EventId, UserUri?)>([(first.Id, Alice), (second.Id, Alice)], [await ReportedAsync(), await ReportedAsync()]);

        async Task<(EventId, UserUri?)> ReportedAsync()
        {
            var report = await host.Bus.NextReportAsync();
            return (report.Event, report.Recipient);
        }
    }

    [Fact]
    public async Task Deliver_UncertainOnAnIdempotentNetwork_IsRepeatedAsALaterAttempt()
    {
        await using var host = await HostHarness.StartAsync(options);
        host.Adapter.Script = (d, _) => Task.FromResult<DeliveryOutcome>(d.Attempt == 1 ? new DeliveryOutcome.Uncertain("broke") : new DeliveryOutcome.Delivered(true, null));

        await host.Bus.DeliverAsync(Samples.Envelope(Alice));
        host.Adapter.Sink.StatusChanged(new AdapterStatus(AdapterState.Connected));

        Assert.Equal(DeliveryStatus.Delivered, (await host.Bus.NextReportAsync()).Status);
        Assert.Equal([1, 2], host.Adapter.Attempts.Select(a => a.Attempt));
    }

    [Fact]
    public async Task Deliver_UncertainOnAnyOtherNetwork_IsBouncedAndNotRepeated()
    {
        await using var host = await HostHarness.StartAsync(options, adapter: new ScriptedAdapter { Idempotent = false });
        host.Adapter.Script = (_, _) => Task.FromResult<DeliveryOutcome>(new DeliveryOutcome.Uncertain("broke"));

        await host.Bus.DeliverAsync(Samples.Envelope(Alice));

        var report = await host.Bus.NextReportAsync();
        Assert.Equal((DeliveryStatus.Bounced, AdapterRules.MayBeDelivered), (report.Status, report.RuleId));
        Assert.Single(host.Adapter.Attempts);
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task Deliver_AfterACrashDuringAnAttempt_RepeatsOnlyWhereThatCannotShow(bool idempotent)
    {
        var envelope = Samples.Envelope(Alice);
        var reached = new TaskCompletionSource();
        var crashed = await HostHarness.StartAsync(options, adapter: new ScriptedAdapter { Idempotent = idempotent });
        crashed.Adapter.Script = async (_, _) =>
        {
            reached.SetResult();
            await Task.Delay(Timeout.Infinite);
            throw new InvalidOperationException();
        };
        _ = crashed.Bus.DeliverAsync(envelope).ContinueWith(_ => { }, TaskScheduler.Default);
        await reached.Task.WaitAsync(HostHarness.Limit);
        await crashed.DisposeAsync();

        await using var host = await HostHarness.StartAsync(options, adapter: new ScriptedAdapter { Idempotent = idempotent });
        await host.Bus.DeliverAsync(envelope);

        var report = await host.Bus.NextReportAsync();
        Assert.Equal(idempotent ? DeliveryStatus.Delivered : DeliveryStatus.Bounced, report.Status);
        Assert.Equal(idempotent ? [2] : [], host.Adapter.Attempts.Select(a => a.Attempt));
    }

    [Fact]
    public async Task Deliver_CertainDeferralOnAnyOtherNetwork_LeavesNoDoubt()
    {
        await using var host = await HostHarness.StartAsync(options, adapter: new ScriptedAdapter { Idempotent = false });
        var tries = 0;
        host.Adapter.Script = (_, _) => Task.FromResult<DeliveryOutcome>(Interlocked.Increment(ref tries) < 3 ? new DeliveryOutcome.Deferred(TimeSpan.Zero, "busy") : new DeliveryOutcome.Delivered(true, null));

        await host.Bus.DeliverAsync(Samples.Envelope(Alice));
        await HostHarness.UntilAsync(() =>
        {
            host.Adapter.Sink.StatusChanged(new AdapterStatus(AdapterState.Connected));
            return host.Bus.ReportsWaiting > 0;
        });

        Assert.Equal(DeliveryStatus.Delivered, (await host.Bus.NextReportAsync()).Status);
        Assert.Equal(3, host.Adapter.Attempts.Count);
    }

    [Fact]
    public async Task Deliver_DefectInTheAdapter_ParksTheConversationAndLosesNothing()
    {
        await using var host = await HostHarness.StartAsync(options);
        var (bad, good) = (Samples.Room(), Samples.Room());
        var (first, second, other) = (Samples.Envelope(Alice, room: bad), Samples.Envelope(Alice, room: bad), Samples.Envelope(Alice, room: good));
        var broken = true;
        host.Adapter.Script = (d, _) => d.Envelope.Id == first.Id && Volatile.Read(ref broken)
            ? throw new InvalidOperationException("defect")
            : Task.FromResult<DeliveryOutcome>(new DeliveryOutcome.Delivered(true, null));

        await host.Bus.DeliverAsync(first, second, other);

        Assert.Equal(other.Id, (await host.Bus.NextReportAsync()).Event);
        Assert.Equal(2, host.Role.Waiting);
        Volatile.Write(ref broken, false);
        host.Adapter.Sink.StatusChanged(new AdapterStatus(AdapterState.Connected));
        Assert.Equal([first.Id, second.Id], [(await host.Bus.NextReportAsync()).Event, (await host.Bus.NextReportAsync()).Event]);
    }

    [Fact]
    public async Task Deliver_DatabaseCannotRecord_IsNotAcknowledged()
    {
        await using var host = await HostHarness.StartAsync(options);
        await ExecuteAsync("ALTER TABLE adapter_deliveries RENAME TO hidden");

        await Assert.ThrowsAnyAsync<DbException>(() => host.Bus.DeliverAsync(Samples.Envelope(Alice)));

        await ExecuteAsync("ALTER TABLE hidden RENAME TO adapter_deliveries");
        await host.Bus.DeliverAsync(Samples.Envelope(Alice));
        Assert.Equal(DeliveryStatus.Delivered, (await host.Bus.NextReportAsync()).Status);
    }

    [Fact]
    public async Task Deliver_WaitingDeliveries_SurviveARestartInOrder()
    {
        var room = Samples.Room();
        var sent = Enumerable.Range(0, 40).Select(_ => Samples.Envelope(Alice, room: room)).ToList();
        var before = await HostHarness.StartAsync(options);
        before.Adapter.Script = (_, _) => Task.FromResult<DeliveryOutcome>(new DeliveryOutcome.Deferred(TimeSpan.FromHours(1), "away"));
        await before.Bus.DeliverAsync(sent.Take(25));
        await before.Bus.DeliverAsync(sent.Skip(25));
        Assert.Equal(40, before.Role.Waiting);
        Assert.Single(before.Adapter.Attempts);
        await before.DisposeAsync();

        await using var host = await HostHarness.StartAsync(options);

        await HostHarness.UntilAsync(() => host.Role.Waiting == 0);
        Assert.Equal(sent.Select(e => e.Id), host.Adapter.Attempts.Select(a => a.Envelope.Id));
    }

    [Fact]
    public Task Start_OnTheTablesOfTheVersionBefore_TakesUpWhatTheyHold() => OldHostTables.RunAsync(options);

    [Fact]
    public async Task MatrixRooms_InvitationsAndPairs_AreKeptOnceAndBounded()
    {
        await using var database = Database.Create(options);
        await Migrations.ApplyAsync(database, "adapters", typeof(AdapterRole).Assembly, default);
        var (network, clock) = (NetworkId.Parse("net-a"), new ManualClock());
        var invitations = new InvitationRecords(database, network, clock);
        var (first, second, third) = (new MatrixInbound.Invited("!1:hs.test", "@gw_a:hs.test", "@bob:hs.test", true), new MatrixInbound.Invited("!2:hs.test", "@gw_a:hs.test", "@mallory:hs.test", false), new MatrixInbound.Invited("!3:hs.test", "@gw_a:hs.test", "@bob:hs.test", true));
        foreach (var invited in new[] { first, first, second, third })
        {
            await invitations.AddAsync(invited, most: 2, default);
            clock.Advance(TimeSpan.FromSeconds(1));
        }

        Assert.Empty(await new InvitationRecords(database, NetworkId.Parse("net-b"), clock).AllAsync(10, default));
        Assert.Equal([first, second], await invitations.AllAsync(10, default));
        await invitations.RemoveAsync(first, default);
        Assert.Equal([second], await invitations.AllAsync(10, default));

        var rooms = new RoomRecords(database, network);
        Assert.Null(await rooms.FindPairAsync("!1:hs.test", default));
        await rooms.AddAsync("!1:hs.test", "@bob:hs.test", "@gw_a:hs.test", default);
        Assert.Equal(("@bob:hs.test", "@gw_a:hs.test"), await rooms.FindPairAsync("!1:hs.test", default));
    }

    [Fact]
    public async Task Deliver_WaitedTooLong_IsBouncedAndTheNextGoesOn()
    {
        var clock = new ManualClock();
        await using var host = await HostHarness.StartAsync(options, HostHarness.Options with { GiveUpAfter = TimeSpan.FromMinutes(5) }, clock);
        var room = Samples.Room();
        var (first, second) = (Samples.Envelope(Alice, room: room), Samples.Envelope(Alice, room: room));
        host.Adapter.Script = (d, _) => Task.FromResult<DeliveryOutcome>(d.Envelope.Id == first.Id ? new DeliveryOutcome.Deferred(TimeSpan.FromSeconds(1), "away") : new DeliveryOutcome.Delivered(true, null));
        await host.Bus.DeliverAsync(first, second);

        await HostHarness.UntilAsync(() =>
        {
            clock.Advance(TimeSpan.FromSeconds(30));
            return host.Bus.ReportsWaiting > 0;
        });

        var report = await host.Bus.NextReportAsync();
        Assert.Equal((first.Id, DeliveryStatus.Bounced, AdapterRules.WaitedTooLong), (report.Event, report.Status, report.RuleId));
        Assert.Equal((second.Id, DeliveryStatus.Delivered), ((report = await host.Bus.NextReportAsync()).Event, report.Status));
        Assert.True(host.Adapter.Attempts.Count(a => a.Envelope.Id == first.Id) > 3);
    }

    [Fact]
    public async Task Deliver_AcceptedTooLongAgo_IsBouncedAndNotHandedOver()
    {
        var clock = new ManualClock();
        await using var host = await HostHarness.StartAsync(options, clock: clock);
        var (old, young) = (Samples.Envelope(Alice) with { AcceptedAt = clock.GetUtcNow().AddDays(-6) }, Samples.Envelope(Alice) with { AcceptedAt = clock.GetUtcNow().AddDays(-6).AddMinutes(1) });

        await host.Bus.DeliverAsync(old);
        var report = await host.Bus.NextReportAsync();
        await host.Bus.DeliverAsync(young);

        Assert.Equal((old.Id, DeliveryStatus.Bounced, AdapterRules.WaitedTooLong), (report.Event, report.Status, report.RuleId));
        Assert.Equal(young.Id, Assert.Single(host.Adapter.Attempts).Envelope.Id);
    }

    [Fact]
    public async Task Stop_WhileTheBusIsHeldBack_Ends()
    {
        await using var host = await HostHarness.StartAsync(options, HostHarness.Options with { MaxWaiting = 1 }, bus: new ScriptedBus { FinishesBatches = true });
        host.Adapter.Script = (_, _) => Task.FromResult<DeliveryOutcome>(new DeliveryOutcome.Deferred(TimeSpan.FromHours(1), "away"));
        await host.Bus.DeliverAsync(Samples.Envelope(Alice));
        var held = host.Bus.DeliverAsync(Samples.Envelope(Alice));

        await host.Role.StopAsync(default).WaitAsync(HostHarness.Limit);

        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => held);
        Assert.Single(host.Adapter.Attempts);
    }

    [Fact]
    public async Task Lease_LostWhileABatchIsUnderWay_EndsTheBatchAndStartsAgain()
    {
        var clock = new ManualClock();
        await using var host = await HostHarness.StartAsync(options, clock: clock, bus: new ScriptedBus { FinishesBatches = true });
        var (begun, go, room) = (new TaskCompletionSource(), new TaskCompletionSource(), Samples.Room());
        var (first, second) = (Samples.Envelope(Alice, room: room), Samples.Envelope(Alice, room: room));
        host.Adapter.Script = async (_, cancellation) =>
        {
            begun.TrySetResult();
            await go.Task.WaitAsync(cancellation);
            return new DeliveryOutcome.Delivered(true, null);
        };
        var batch = host.Bus.DeliverAsync(first, second);
        await begun.Task.WaitAsync(HostHarness.Limit);

        LoseLease("adapter.net-a");

        await HostHarness.UntilAsync(() =>
        {
            clock.Advance(TimeSpan.FromSeconds(1));
            return host.Adapter.Starts > 1;
        });
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => batch);
        Assert.Equal(first.Id, Assert.Single(host.Adapter.Attempts).Envelope.Id);
    }

    [Fact]
    public async Task Deliver_RefusedInWordsThatCannotBeStored_IsReportedInWordsThatCan()
    {
        await using var host = await HostHarness.StartAsync(options);
        host.Adapter.Script = (_, _) => Task.FromResult<DeliveryOutcome>(new DeliveryOutcome.Rejected("NET-001", "a\0b\u0007c\ud83d" + new string('x', 10_000)));

        await host.Bus.DeliverAsync(Samples.Envelope(Alice));

        var report = await host.Bus.NextReportAsync();
        Assert.Equal((DeliveryStatus.Bounced, "NET-001"), (report.Status, report.RuleId));
        Assert.Equal("a b c\ufffd" + new string('x', 250), report.Reason);
    }

    [Fact]
    public async Task Receipt_InWordsThatCannotBeStored_IsReportedInWordsThatCan()
    {
        await using var host = await HostHarness.StartAsync(options);
        host.Adapter.Script = (_, _) => Task.FromResult<DeliveryOutcome>(new DeliveryOutcome.Delivered(false, "ref-1"));
        await host.Bus.DeliverAsync(Samples.Envelope(Alice));
        Assert.Equal(DeliveryStatus.HandedOver, (await host.Bus.NextReportAsync()).Status);

        Assert.IsType<SubmitOutcome.Refused>(await host.Adapter.Sink.ReportAsync(new InboundReceipt("ref\0", Alice, DeliveryStatus.Bounced, "NET-001", "x"), default));
        Assert.IsType<SubmitOutcome.Accepted>(await host.Adapter.Sink.ReportAsync(new InboundReceipt("ref-1", Alice, DeliveryStatus.Bounced, "NET-001", "a\0" + new string('x', 1_000)), default));

        Assert.Equal("a " + new string('x', 254), (await host.Bus.NextReportAsync()).Reason);
    }

    [Fact]
    public async Task Deliver_ReferenceThatCannotBeStored_IsHandedOverWithoutIt()
    {
        await using var host = await HostHarness.StartAsync(options);
        var references = new Queue<string>(["ref\0", new string('r', 1_025), new string('r', 1_024)]);
        host.Adapter.Script = (_, _) => Task.FromResult<DeliveryOutcome>(new DeliveryOutcome.Delivered(false, references.Dequeue()));
        for (var i = 0; i < 3; i++)
        {
            await host.Bus.DeliverAsync(Samples.Envelope(Alice));
            Assert.Equal(DeliveryStatus.HandedOver, (await host.Bus.NextReportAsync()).Status);
        }

        await using var database = Database.Create(options);
        await using var connection = await database.OpenAsync(default);
        Assert.Equal(1_024, Assert.Single(await connection.QueryAsync<int>("SELECT LENGTH(native_reference) FROM adapter_deliveries WHERE native_reference IS NOT NULL")));
    }

    [Fact]
    public async Task Deliver_TooManyWaiting_HoldsTheBusBack()
    {
        await using var host = await HostHarness.StartAsync(options, HostHarness.Options with { MaxWaiting = 2 });
        var down = true;
        host.Adapter.Script = (_, _) => Task.FromResult<DeliveryOutcome>(Volatile.Read(ref down) ? new DeliveryOutcome.Deferred(TimeSpan.Zero, "away") : new DeliveryOutcome.Delivered(true, null));
        await host.Bus.DeliverAsync(Samples.Envelope(Alice), Samples.Envelope(Alice));

        var held = host.Bus.DeliverAsync(Samples.Envelope(Alice));

        Assert.NotNull(await host.Role.WhyNotReadyAsync(default));
        Assert.False(held.IsCompleted);
        Volatile.Write(ref down, false);
        host.Adapter.Sink.StatusChanged(new AdapterStatus(AdapterState.Connected));
        await held;
        Assert.Null(await host.Role.WhyNotReadyAsync(default));
    }

    [Fact]
    public async Task Deliver_AttemptWithoutEnd_CountsAsUncertain()
    {
        var clock = new ManualClock();
        await using var host = await HostHarness.StartAsync(options, clock: clock);
        var begun = new TaskCompletionSource();
        host.Adapter.Script = async (d, cancellation) =>
        {
            if (d.Attempt > 1)
            {
                return new DeliveryOutcome.Delivered(true, null);
            }

            begun.SetResult();
            await Task.Delay(Timeout.Infinite, cancellation);
            throw new InvalidOperationException();
        };
        var delivering = host.Bus.DeliverAsync(Samples.Envelope(Alice));
        await begun.Task.WaitAsync(HostHarness.Limit);

        clock.Advance(TimeSpan.FromSeconds(61));
        await delivering;
        host.Adapter.Sink.StatusChanged(new AdapterStatus(AdapterState.Connected));

        Assert.Equal(DeliveryStatus.Delivered, (await host.Bus.NextReportAsync()).Status);
        Assert.Equal(2, host.Adapter.Attempts.Count);
    }

    [Fact]
    public async Task Deliver_KindThatIsNotCarried_IsBounced()
    {
        await using var host = await HostHarness.StartAsync(options, adapter: new ScriptedAdapter { Messages = FeatureLevel.Rejected });
        await host.Bus.DeliverAsync(Samples.Envelope(Alice));

        var report = await host.Bus.NextReportAsync();

        Assert.Equal((DeliveryStatus.Bounced, AdapterRules.KindNotCarried), (report.Status, report.RuleId));
        Assert.Empty(host.Adapter.Attempts);
    }

    [Fact]
    public async Task Deliver_BodyThatCannotBeUsed_IsParkedAndTheRestGoesOn()
    {
        await using var host = await HostHarness.StartAsync(options);
        var stranger = UserUri.Parse("mimi://b.test/u/bob");

        var unusable = await host.Bus.DeliverRawAsync(
            new byte[] { 1, 2, 3 }, EnvelopeCodec.Encode(Samples.Envelope(stranger)), EnvelopeCodec.Encode(Samples.Envelope(Alice) with { Recipients = [] }), EnvelopeCodec.Encode(Samples.Envelope(Alice)));

        Assert.Equal([0, 1, 2], unusable.Select(u => u.Index));
        Assert.All(unusable, u => Assert.NotEmpty(u.Reason));
        Assert.Equal(Alice, (await host.Bus.NextReportAsync()).Recipient);
    }

    /// <summary>Only the hub delivers: what anybody else put on the stream never reaches the network, whomever it is for.</summary>
    [Fact]
    public async Task Deliver_NotFromTheHub_IsParkedAndNotAttempted()
    {
        await using var host = await HostHarness.StartAsync(options);
        var body = EnvelopeCodec.Encode(Samples.Envelope(Alice));

        Assert.Equal(0, Assert.Single(await host.Bus.DeliverAsAsync(new BusSender.Network(NetworkId.Parse("net-b")), body)).Index);
        Assert.Empty(host.Adapter.Attempts);
        Assert.Equal(new BusSender.Network(NetworkId.Parse("net-a")), host.Bus.Publisher);

        Assert.Empty(await host.Bus.DeliverAsAsync(new BusSender.HubProvider(), body));
        Assert.Equal(Alice, (await host.Bus.NextReportAsync()).Recipient);
    }

    [Fact]
    public async Task Receipt_DatabaseCanNeverTakeIt_IsGivenUpAfterSomeTries()
    {
        await using var host = await HostHarness.StartAsync(options);
        await ExecuteAsync("ALTER TABLE adapter_receipts RENAME TO hidden_receipts");
        var receipt = new InboundReceipt("ref-1", Alice, DeliveryStatus.Delivered, null, null);
        var pauses = new List<TimeSpan?>();

        for (var i = 0; i < 5; i++)
        {
            pauses.Add(Assert.IsType<SubmitOutcome.Refused>(await host.Adapter.Sink.ReportAsync(receipt, default)).RetryAfter);
        }

        Assert.All(pauses.Take(4), p => Assert.NotNull(p));
        Assert.Null(pauses[4]);
        await ExecuteAsync("ALTER TABLE hidden_receipts RENAME TO adapter_receipts");
        Assert.IsType<SubmitOutcome.Accepted>(await host.Adapter.Sink.ReportAsync(receipt, default));
    }

    [Fact]
    public async Task Receipt_OfInventedIds_IsKeptOnlySoManyTimes()
    {
        await using var host = await HostHarness.StartAsync(options);
        var bob = UserUri.Parse("mimi://a.test/u/bob");
        await host.Adapter.Sink.ReportAsync(new InboundReceipt("ref-1", bob, DeliveryStatus.Delivered, null, null), default);

        await Task.WhenAll(Enumerable.Range(0, 600).Select(i => host.Adapter.Sink.ReportAsync(new InboundReceipt($"x{i}", Alice, DeliveryStatus.Delivered, null, null), default).AsTask()));

        await using var database = Database.Create(options);
        await using var connection = await database.OpenAsync(default);
        Assert.Equal(501, await connection.ExecuteScalarAsync<long>("SELECT COUNT(*) FROM adapter_receipts"));
        Assert.Equal(1, await connection.ExecuteScalarAsync<long>("SELECT COUNT(*) FROM adapter_receipts WHERE native_reference = 'ref-1'"));
    }

    [Fact]
    public async Task Receipt_AfterTheDelivery_MovesItOn()
    {
        await using var host = await HostHarness.StartAsync(options);
        host.Adapter.Script = (_, _) => Task.FromResult<DeliveryOutcome>(new DeliveryOutcome.Delivered(false, "ref-1"));
        await host.Bus.DeliverAsync(Samples.Envelope(Alice));
        Assert.Equal(DeliveryStatus.HandedOver, (await host.Bus.NextReportAsync()).Status);
        var bob = UserUri.Parse("mimi://a.test/u/bob");

        await host.Adapter.Sink.ReportAsync(new InboundReceipt("ref-1", bob, DeliveryStatus.Delivered, null, null), default);
        await host.Adapter.Sink.ReportAsync(new InboundReceipt("ref-1", Alice, DeliveryStatus.Delivered, null, null), default);
        await host.Adapter.Sink.ReportAsync(new InboundReceipt("ref-1", Alice, DeliveryStatus.Bounced, "X", "late"), default);

        Assert.Equal(DeliveryStatus.Delivered, (await host.Bus.NextReportAsync()).Status);
        Assert.Equal(0, host.Bus.ReportsWaiting);
    }

    [Theory]
    [InlineData(59, true)]
    [InlineData(3_700, false)]
    public async Task Receipt_BeforeTheDeliveryIsRecorded_IsKeptAtLeastAMinute(int seconds, bool correlated)
    {
        var clock = new ManualClock();
        await using var host = await HostHarness.StartAsync(options, HostHarness.Options with { RememberReceipts = TimeSpan.FromSeconds(60) }, clock);
        await host.Adapter.Sink.ReportAsync(new InboundReceipt("ref-1", Alice, DeliveryStatus.Delivered, null, null), default);
        clock.Advance(TimeSpan.FromSeconds(seconds));
        if (!correlated)
        {
            await UntilNoneAsync("adapter_receipts", clock);
        }

        host.Adapter.Script = (_, _) => Task.FromResult<DeliveryOutcome>(new DeliveryOutcome.Delivered(false, "ref-1"));
        await host.Bus.DeliverAsync(Samples.Envelope(Alice));

        Assert.Equal(correlated ? DeliveryStatus.Delivered : DeliveryStatus.HandedOver, (await host.Bus.NextReportAsync()).Status);
    }

    [Fact]
    public async Task Report_BusAway_IsBroughtLaterAndAfterARestart()
    {
        var before = await HostHarness.StartAsync(options);
        before.Bus.Answer = a => a is BusAddress.Report ? new PublishOutcome.Unavailable("away", TimeSpan.FromHours(1), true) : null;
        var envelope = Samples.Envelope(Alice);
        await before.Bus.DeliverAsync(envelope);
        Assert.Equal(0, before.Bus.ReportsWaiting);
        await before.DisposeAsync();

        await using var host = await HostHarness.StartAsync(options);

        Assert.Equal(envelope.Id, (await host.Bus.NextReportAsync()).Event);
        Assert.Empty(host.Adapter.Attempts);
    }

    [Fact]
    public async Task Submit_Stored_IsAcceptedAndTheSameKeyGivesTheSameId()
    {
        await using var host = await HostHarness.StartAsync(options);
        var request = Samples.Request(Alice);
        var received = new InboundEvent(["a", "b"], Alice, new(OuterEncryption.Tls, InnerEncryption.Mls10), request.Event, request.EncodedEvent, request.Proof, null);
        host.Bus.Answer = _ => new PublishOutcome.Unavailable("nobody is bound", TimeSpan.FromSeconds(3), true);

        var refused = Assert.IsType<SubmitOutcome.Refused>(await host.Adapter.Sink.SubmitAsync(received, default));
        Assert.Equal(TimeSpan.FromSeconds(3), refused.RetryAfter);

        host.Bus.Answer = _ => null;
        Assert.IsType<SubmitOutcome.Accepted>(await host.Adapter.Sink.SubmitAsync(received, default));
        Assert.IsType<SubmitOutcome.Accepted>(await host.Adapter.Sink.SubmitAsync(received, default));
        var (first, second) = (await host.Bus.NextSubmitAsync(), await host.Bus.NextSubmitAsync());
        Assert.Equal(first.Id, second.Id);
        Assert.Equal(EventId.Derive(NetworkId.Parse("net-a"), "a", "b"), first.Id);
        Assert.Equal(request.EncodedEvent.ToArray(), first.EncodedEvent.ToArray());
        Assert.Equal((NetworkId.Parse("net-a"), Alice), (first.Origin, first.Sender));
    }

    [Fact]
    public async Task Submit_TooManyInFlight_IsRefusedAndNothingGrows()
    {
        await using var host = await HostHarness.StartAsync(options, HostHarness.Options with { SubmitsInFlight = 1 });
        var gate = new TaskCompletionSource();
        host.Bus.Before = _ => gate.Task;
        var request = Samples.Request(Alice);
        InboundEvent Event(string key) => new([key], Alice, new(OuterEncryption.Tls, InnerEncryption.Mls10), request.Event, request.EncodedEvent, request.Proof, null);
        var first = host.Adapter.Sink.SubmitAsync(Event("1"), default).AsTask();

        Assert.NotNull(Assert.IsType<SubmitOutcome.Refused>(await host.Adapter.Sink.SubmitAsync(Event("2"), default)).RetryAfter);

        gate.SetResult();
        Assert.IsType<SubmitOutcome.Accepted>(await first);
        Assert.IsType<SubmitOutcome.Accepted>(await host.Adapter.Sink.SubmitAsync(Event("2"), default));
    }

    [Fact]
    public async Task Refusal_OfAnOrdinaryMessage_ComesWithItsOriginAndLesserReportsAreDropped()
    {
        await using var host = await HostHarness.StartAsync(options);
        await host.Adapter.Sink.SubmitAsync(new InboundEvent(["k"], Alice, default, new EncryptedMessage(null, Samples.Bob, default), null, null, "native-1"), default);
        var about = (await host.Bus.NextSubmitAsync()).Id;

        await host.Bus.DeliverAsync(Samples.FromHub(Alice, about, new DeliveryReport(about, null, null, DeliveryStatus.Accepted, null, null, DateTimeOffset.UnixEpoch)));
        await host.Bus.DeliverAsync(Samples.FromHub(Alice, about, new Refusal(about, null, "HUB-009", "No.", null, null)));
        var unknown = EventId.Derive(about, "other");
        await host.Bus.DeliverAsync(Samples.FromHub(Alice, unknown, new Refusal(unknown, FrameId.Create(), "HUB-009", "No.", null, null)));

        Assert.Equal(["native-1", null], host.Adapter.Attempts.Select(a => a.Origin));
        Assert.All([await host.Bus.NextReportAsync(), await host.Bus.NextReportAsync(), await host.Bus.NextReportAsync()], r => Assert.Equal(DeliveryStatus.Delivered, r.Status));
    }

    [Fact]
    public async Task Role_SecondProcess_DoesNotTouchTheNetworkUntilTheFirstHasGone()
    {
        var first = await HostHarness.StartAsync(options);
        var (bus, adapter) = (new ScriptedBus(), new ScriptedAdapter());
        var starting = HostHarness.StartAsync(options, bus: bus, adapter: adapter);

        await Task.Delay(TimeSpan.FromSeconds(1));
        Assert.Equal(0, adapter.Starts);

        await first.DisposeAsync();
        await using var second = await starting;
        Assert.Equal(1, adapter.Starts);
    }

    [Fact]
    public async Task Deliver_ManyConversations_EachSerialAndInOrder()
    {
        await using var host = await HostHarness.StartAsync(options);
        var rooms = Enumerable.Range(0, 20).Select(_ => Samples.Room()).ToList();
        var busy = new ConcurrentDictionary<string, int>();
        var most = 0;
        host.Adapter.Script = async (d, _) =>
        {
            Assert.Equal(1, busy.AddOrUpdate(d.Envelope.Conversation.Value, 1, (_, n) => n + 1));
            most = Math.Max(most, busy.Values.Sum());
            await Task.Yield();
            busy[d.Envelope.Conversation.Value] = 0;
            return new DeliveryOutcome.Delivered(true, null);
        };
        var sent = Enumerable.Range(0, 200).Select(i => Samples.Envelope(Alice, room: rooms[i % rooms.Count])).ToList();

        await host.Bus.DeliverAsync(sent);

        Assert.Equal(200, host.Adapter.Attempts.Count);
        foreach (var room in rooms.Select(r => ConversationKey.OfRoom(r)))
        {
            Assert.Equal(sent.Where(e => e.Conversation == room).Select(e => e.Id), host.Adapter.Attempts.Where(a => a.Envelope.Conversation == room).Select(a => a.Envelope.Id));
        }

        Assert.True(most > 1, "nothing ran at the same time");
    }

    private async Task ExecuteAsync(string sql)
    {
        await using var database = Database.Create(options);
        await using var connection = await database.OpenAsync(default);
        await connection.ExecuteAsync(sql);
    }

    private async Task UntilNoneAsync(string table, ManualClock clock)
    {
        await using var database = Database.Create(options);
        using var limit = new CancellationTokenSource(HostHarness.Limit);
        while (true)
        {
            await using var connection = await database.OpenAsync(default);
            if (await connection.ExecuteScalarAsync<long>("SELECT COUNT(*) FROM " + table) == 0)
            {
                return;
            }

            clock.Advance(TimeSpan.FromHours(1));
            await Task.Delay(20, limit.Token);
        }
    }
}
