using Interconnect.Endpoint.Tests.Fakes;
using Interconnect.Federation;
using Interconnect.Testing;

namespace Interconnect.Endpoint.Tests.Client;

public sealed class OutboxTests
{
    private readonly ManualClock clock = new();
    private readonly FakeGateway gateway;

    public OutboxTests() => gateway = new FakeGateway(clock);

    [Fact]
    public async Task WithoutAnAnswer_TheSameBytesGoOutAgainAndAreTakenOnce()
    {
        var (alice, bob) = await Person.AcquaintedAsync(gateway, clock);
        await using var first = alice;
        await using var second = bob;
        await alice.WaitAsync(await alice.SendAsync(bob, "one"), MessageState.Delivered);
        gateway.Silent = true;

        var id = await alice.SendAsync(bob, "two");
        await Until(() => gateway.Submitted.Count(f => IsMessage(f.Bytes, alice)) == 2);
        gateway.Silent = false;
        clock.Advance(TimeSpan.FromSeconds(16));

        await alice.WaitAsync(id, MessageState.Delivered);
        var frames = gateway.Submitted.Where(f => IsMessage(f.Bytes, alice)).ToList();
        Assert.Equal(3, frames.Count);
        Assert.Equal(frames[1].Bytes, frames[2].Bytes);
        Assert.Equal(["one", "two"], await bob.InboxAsync(alice));
    }

    [Fact]
    public async Task AFrameThatGotLost_IsNotPassedByThoseAfterIt()
    {
        var (alice, bob) = await Person.AcquaintedAsync(gateway, clock);
        await using var first = alice;
        await using var second = bob;
        await alice.WaitAsync(await alice.SendAsync(bob, "one"), MessageState.Delivered);
        var taken = 0;
        alice.Transport.Outcome = _ => Interlocked.Increment(ref taken) == 1 ? new TransportSend.Taken() : null;

        await alice.SendAsync(bob, "two");
        await alice.SendAsync(bob, "three");
        var last = await alice.SendAsync(bob, "four");
        await Until(() => Volatile.Read(ref taken) >= 1);
        clock.Advance(TimeSpan.FromSeconds(16));

        await alice.WaitAsync(last, MessageState.Delivered);
        Assert.Equal(["one", "two", "three", "four"], await bob.InboxAsync(alice));
    }

    [Fact]
    public async Task AMessageToldToWait_IsNotPassedByThoseAfterIt()
    {
        var (alice, bob) = await Person.AcquaintedAsync(gateway, clock);
        await using var first = alice;
        await using var second = bob;
        await alice.WaitAsync(await alice.SendAsync(bob, "one"), MessageState.Delivered);
        var refusals = 0;
        gateway.Refuse = request => request.Event is EncryptedMessage && request.Proof.Client.Owner == alice.User && refusals++ == 0
            ? new Refusal(default, null, "HUB-026", "Too much waits", TimeSpan.FromSeconds(10), null)
            : null;
        var open = new TaskCompletionSource();
        alice.Transport.Open = open.Task;

        var id = await alice.SendAsync(bob, "two");
        var last = await alice.SendAsync(bob, "three");
        open.SetResult();
        await alice.NextAsync<EndpointEvent.MessageChanged>(e => e.Message.Id == id && e.Message.State == MessageState.Waiting);
        clock.Advance(TimeSpan.FromSeconds(11));

        await alice.WaitAsync(last, MessageState.Delivered);
        Assert.Equal(["one", "two", "three"], await bob.InboxAsync(alice));
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task ARoomWhoseAcceptanceCameTooLate_IsUsed(bool told)
    {
        var (alice, bob) = await Person.AcquaintedAsync(gateway, clock);
        await using var first = alice;
        await using var second = bob;
        Parcel? kept = null;
        gateway.Deliver = (to, parcel) =>
        {
            if (to != alice.User || parcel.Envelope.Event is not DeliveryReport report || !gateway.AcceptedRequests.Any(r => r.Event is RoomUpdate && r.Proof.FrameId == report.Frame))
                return [parcel];

            kept = parcel;
            return [];
        };
        var id = await alice.SendAsync(bob, "one");
        await bob.NextAsync<EndpointEvent.RoomReady>();
        clock.Jump(TimeSpan.FromDays(6.1));
        Assert.Equal("END-107", (await alice.WaitAsync(id, MessageState.Delivered)).RuleId);
        gateway.Deliver = (_, parcel) => [parcel];

        if (told)
        {
            gateway.Inject(alice.User, kept!);
        }
        else
        {
            Assert.True(await bob.Client.RefreshKeysAsync(alice.User));
            await Until(() => gateway.AcceptedRequests.Count(r => r.Event is RoomUpdate) == 2 && gateway.MailboxOf(alice.User).Count == 0);
            clock.Advance(TimeSpan.FromSeconds(6));
            await alice.Client.MaintainOnceAsync(CancellationToken.None);
        }

        await alice.NextAsync<EndpointEvent.RoomReady>();
        Assert.Equal(MessageState.Delivered, (await alice.WaitAsync(await alice.SendAsync(bob, "two"), MessageState.Delivered)).State);
        Assert.Single(gateway.AcceptedRequests, r => r.Event is KeyMaterialRequest);
    }

    [Fact]
    public async Task ARefusedPublication_IsRepeatedLessAndLess_AlsoBeforeTheHubIsKnown()
    {
        await using var bob = Person.Create(gateway, clock, "bob@b.test");
        gateway.Refuse = request => request.Event is KeyMaterialPublish ? new Refusal(default, null, "HUB-041", "Not now", null, null) : null;
        await bob.StartAsync(untilPublished: false);

        await RefusedThenQuietFor(TimeSpan.FromSeconds(29));
        await Pass(TimeSpan.FromSeconds(2));
        await RefusedThenQuietFor(TimeSpan.FromSeconds(59));
        await bob.RestartAsync();
        Assert.Equal(0, await bob.Client.OutboxCountAsync());
        await Pass(TimeSpan.FromSeconds(2));
        await RefusedThenQuietFor(TimeSpan.FromSeconds(115));
        gateway.Refuse = _ => null;
        await Pass(TimeSpan.FromSeconds(10));

        Assert.Null((await bob.NextAsync<EndpointEvent.KeysPublished>()).Refusal);
        Assert.Equal(4, gateway.Submitted.Count(s => FrameCodec.TryDecode(s.Bytes, out var frame, out _) && frame is EndpointFrame.Request { Event: KeyMaterialPublish }));

        async Task RefusedThenQuietFor(TimeSpan time)
        {
            Assert.NotNull((await bob.NextAsync<EndpointEvent.KeysPublished>()).Refusal);
            await Pass(time);
            Assert.Equal(0, await bob.Client.OutboxCountAsync());
        }

        async Task Pass(TimeSpan time)
        {
            clock.Jump(time);
            await bob.Client.MaintainOnceAsync(CancellationToken.None);
        }
    }

    [Fact]
    public async Task AskedToWait_TheMessageIsEncryptedAnewAndKeepsItsId()
    {
        var (alice, bob) = await Person.AcquaintedAsync(gateway, clock);
        await using var first = alice;
        await using var second = bob;
        await alice.WaitAsync(await alice.SendAsync(bob, "one"), MessageState.Delivered);
        var refusals = 0;
        gateway.Refuse = request => request.Event is EncryptedMessage && request.Proof.Client.Owner == alice.User && refusals++ == 0
            ? new Refusal(default, null, "HUB-026", "Too much waits", TimeSpan.FromSeconds(10), null)
            : null;

        var id = await alice.SendAsync(bob, "two");
        await alice.NextAsync<EndpointEvent.MessageChanged>(e => e.Message.Id == id && e.Message.State == MessageState.Waiting);
        var before = (await alice.Client.MessageAsync(id))!.MessageId;
        clock.Advance(TimeSpan.FromSeconds(11));
        var done = await alice.WaitAsync(id, MessageState.Delivered);

        Assert.Equal(MessageState.Delivered, done.State);
        Assert.Equal(before, done.MessageId);
        var frames = gateway.Submitted.Where(f => IsMessage(f.Bytes, alice)).Skip(1).ToList();
        Assert.Equal(2, frames.Select(f => f.Id).Distinct().Count());
        Assert.Equal(["one", "two"], await bob.InboxAsync(alice));
    }

    [Fact]
    public async Task Refused_TheMessageShowsRuleAndReasonAndTheNextOneGoes()
    {
        var (alice, bob) = await Person.AcquaintedAsync(gateway, clock);
        await using var first = alice;
        await using var second = bob;
        await alice.WaitAsync(await alice.SendAsync(bob, "one"), MessageState.Delivered);
        gateway.Refuse = request => request.Event is EncryptedMessage ? new Refusal(default, null, "HUB-025", "Too large", null, null) : null;

        var refused = await alice.WaitAsync(await alice.SendAsync(bob, "two"), MessageState.Delivered);
        gateway.Refuse = _ => null;
        var taken = await alice.WaitAsync(await alice.SendAsync(bob, "three"), MessageState.Delivered);

        Assert.Equal((MessageState.Refused, "HUB-025", "Too large"), (refused.State, refused.RuleId, refused.Reason));
        Assert.Equal(MessageState.Delivered, taken.State);
        Assert.Equal(["one", "three"], await bob.InboxAsync(alice));
    }

    [Fact]
    public async Task ARoomThatIsRefusedForGood_RefusesWhatWaitedForIt_AndALaterOneIsTriedAgain()
    {
        var (alice, bob) = await Person.AcquaintedAsync(gateway, clock);
        await using var first = alice;
        await using var second = bob;
        gateway.Refuse = request => request.Event is RoomUpdate ? new Refusal(default, null, "HUB-063", "Too many", null, null) : null;

        var refused = await alice.WaitAsync(await alice.SendAsync(bob, "one"), MessageState.Delivered);
        gateway.Refuse = _ => null;
        var taken = await alice.WaitAsync(await alice.SendAsync(bob, "two"), MessageState.Delivered);

        Assert.Equal((MessageState.Refused, "HUB-063"), (refused.State, refused.RuleId));
        Assert.Equal(MessageState.Delivered, taken.State);
    }

    [Fact]
    public async Task ARoomThatIsRefusedForNow_IsMadeAgainWithFreshKeyPackages()
    {
        var (alice, bob) = await Person.AcquaintedAsync(gateway, clock);
        await using var first = alice;
        await using var second = bob;
        var refusals = 0;
        gateway.Refuse = request => request.Event is RoomUpdate && refusals++ == 0 ? new Refusal(default, null, "HUB-026", "Later", TimeSpan.FromSeconds(5), null) : null;

        var id = await alice.SendAsync(bob, "one");
        await Until(() => refusals == 1 && gateway.MailboxOf(alice.User).Count == 0);
        clock.Advance(TimeSpan.FromSeconds(6));

        Assert.Equal(MessageState.Delivered, (await alice.WaitAsync(id, MessageState.Delivered)).State);
        Assert.Equal(2, gateway.AcceptedRequests.Count(r => r.Event is KeyMaterialRequest));
    }

    [Fact]
    public async Task ConsentsThatAreRefusedForNow_GoOutAgainInOrderWhenTheHubSaid()
    {
        await using var alice = Person.Create(gateway, clock, "alice@a.test");
        await using var bob = Person.Create(gateway, clock, "bob@b.test");
        await alice.StartAsync();
        await bob.StartAsync();
        var refusals = 0;
        gateway.Refuse = request => request.Event is ConsentEntry && refusals++ == 0 ? new Refusal(default, null, "HUB-027", "Later", TimeSpan.FromSeconds(30), null) : null;

        await alice.Client.ConsentAsync(ConsentOperation.Request, bob.User);
        await Until(() => refusals == 1 && gateway.MailboxOf(alice.User).Count == 0);
        await alice.Client.ConsentAsync(ConsentOperation.Cancel, bob.User);
        await alice.RestartAsync();
        Assert.Equal(2, await alice.Client.OutboxCountAsync());
        Assert.Equal(1, refusals);
        clock.Advance(TimeSpan.FromSeconds(31));

        await bob.NextAsync<EndpointEvent.ConsentRequested>();
        await bob.NextAsync<EndpointEvent.ConsentCancelled>();
        Assert.Equal([ConsentOperation.Request, ConsentOperation.Cancel], gateway.AcceptedRequests.Select(r => r.Event).OfType<ConsentEntry>().Select(e => e.Operation));
    }

    [Fact]
    public async Task KeyPackagesThatAreRefusedForNow_ArePublishedWhenTheHubSaid()
    {
        await using var alice = Person.Create(gateway, clock, "alice@a.test");
        var refusals = 0;
        gateway.Refuse = request => request.Event is KeyMaterialPublish && refusals++ == 0 ? new Refusal(default, null, "HUB-027", "Later", TimeSpan.FromSeconds(30), null) : null;
        await alice.StartAsync(untilPublished: false);
        await Until(() => refusals == 1 && gateway.MailboxOf(alice.User).Count == 0);
        clock.Advance(TimeSpan.FromSeconds(31));

        var published = await alice.NextAsync<EndpointEvent.KeysPublished>();
        Assert.Null(published.Refusal);
        Assert.Equal(20, published.Count);
    }

    [Fact]
    public async Task ReportsOfTheNetwork_MoveTheMessageForwardOnly()
    {
        var (alice, bob) = await Person.AcquaintedAsync(gateway, clock);
        await using var first = alice;
        await using var second = bob;
        await alice.WaitAsync(await alice.SendAsync(bob, "one"), MessageState.Delivered);
        await bob.StopAsync();
        var id = await alice.SendAsync(bob, "two");
        await alice.WaitAsync(id, MessageState.Accepted);
        var request = gateway.AcceptedRequests.Last(r => r.Event is EncryptedMessage);

        gateway.Report(alice.User, request, DeliveryStatus.HandedOver);
        await alice.WaitAsync(id, MessageState.HandedOver);
        gateway.Report(alice.User, request, DeliveryStatus.Delivered);
        await alice.WaitAsync(id, MessageState.ReachedNetwork);
        gateway.Report(alice.User, request, DeliveryStatus.Bounced, "XMPP-010", "No such account");
        var bounced = await alice.WaitAsync(id, MessageState.Delivered);

        Assert.Equal((MessageState.Bounced, "XMPP-010"), (bounced.State, bounced.RuleId));
    }

    [Fact]
    public async Task WhatTheNetworkReturns_IsSentAgainAfterAWhile()
    {
        var (alice, bob) = await Person.AcquaintedAsync(gateway, clock);
        await using var first = alice;
        await using var second = bob;
        await alice.WaitAsync(await alice.SendAsync(bob, "one"), MessageState.Delivered);
        gateway.Silent = true;
        var id = await alice.SendAsync(bob, "two");
        await Until(() => gateway.Submitted.Count(f => IsMessage(f.Bytes, alice)) == 2);
        gateway.Silent = false;

        await alice.Transport.ReturnAsync(gateway.Submitted.Last(f => IsMessage(f.Bytes, alice)).Id, XmppFailures.Returned("service-unavailable", true));
        Assert.Equal("XMC-020", (await alice.NextAsync<EndpointEvent.SendDelayed>()).Why.RuleId);
        clock.Advance(TimeSpan.FromSeconds(10));

        Assert.Equal(MessageState.Delivered, (await alice.WaitAsync(id, MessageState.Delivered)).State);
    }

    [Fact]
    public void WhatTheNetworkReturnsAgainAndAgain_WaitsLongerEachTimeAndAMinuteAtMost()
    {
        var waits = Enumerable.Range(0, 100).Select(OutboxPump.ReturnWait).ToList();
        Assert.Equal([2, 4, 8, 16, 32, 60], waits.Take(6).Select(wait => wait.TotalSeconds));
        Assert.All(waits.Skip(6).Append(OutboxPump.ReturnWait(int.MaxValue)), wait => Assert.Equal(TimeSpan.FromMinutes(1), wait));
    }

    [Fact]
    public async Task KeyPackages_AreReplenishedAtLowWaterAndNeverServedTwice()
    {
        await using var bob = Person.Create(gateway, clock, "bob@b.test");
        bob.Options = bob.Options with { AutoConsent = true, KeyPackages = 4, KeyPackagesLowWater = 3 };
        await bob.StartAsync();
        Assert.Equal(4, (await bob.Client.ProfileAsync()).KeyPackages);

        for (var i = 0; i < 2; i++)
        {
            await using var friend = Person.Create(gateway, clock, $"friend{i}@a.test");
            await friend.StartAsync();
            await friend.Client.ConsentAsync(ConsentOperation.Request, bob.User);
            await friend.NextAsync<EndpointEvent.ConsentGranted>();
            await friend.WaitAsync(await friend.SendAsync(bob, "hi"), MessageState.Delivered);
        }

        clock.Advance(TimeSpan.FromSeconds(1));
        Assert.Equal(2, (await bob.NextAsync<EndpointEvent.KeysPublished>()).Count);
        Assert.Equal(4, (await bob.Client.ProfileAsync()).KeyPackages);
    }

    private static bool IsMessage(byte[] bytes, Person of) =>
        FrameCodec.TryDecode(bytes, out var frame, out _) && frame is EndpointFrame.Request { Event: EncryptedMessage } request && request.Proof.Client.Owner == of.User;

    private static async Task Until(Func<bool> condition)
    {
        using var patience = new CancellationTokenSource(TimeSpan.FromSeconds(30));
        while (!condition())
        {
            patience.Token.ThrowIfCancellationRequested();
            await Task.Yield();
        }
    }
}
