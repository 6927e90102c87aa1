using Interconnect.Endpoint.Tests.Fakes;
using Interconnect.Federation;
using Interconnect.Testing;

namespace Interconnect.Endpoint.Tests.Client;

public sealed class ConversationTests
{
    private readonly ManualClock clock = new();
    private readonly FakeGateway gateway;

    public ConversationTests() => gateway = new FakeGateway(clock);

    [Fact]
    public async Task AMessageCrossesAndIsAnsweredAndBothAreConfirmedEncrypted()
    {
        var (alice, bob) = await Person.AcquaintedAsync(gateway, clock);
        await using var first = alice;
        await using var second = bob;

        var question = await alice.SendAsync(bob, "Grüße, Bob!");
        var received = await bob.ReceiveAsync();
        var delivered = await alice.WaitAsync(question, MessageState.Delivered);
        var answer = await bob.SendAsync(alice, "Hello, Alice");
        var back = await alice.ReceiveAsync();
        await bob.WaitAsync(answer, MessageState.Delivered);

        Assert.Equal("Grüße, Bob!", received.Text);
        Assert.Equal(alice.User, received.Peer);
        Assert.Equal(delivered.MessageId, received.MessageId);
        Assert.Equal("Hello, Alice", back.Text);
        Assert.DoesNotContain(gateway.Submitted, frame => frame.Bytes.AsSpan().IndexOf("Hello, Alice"u8) >= 0);
    }

    [Fact]
    public async Task SafetyNumbersAreTheSameAtBothEndsAndDifferWithAnotherUser()
    {
        var (alice, bob) = await Person.AcquaintedAsync(gateway, clock);
        await using var first = alice;
        await using var second = bob;
        await using var cathy = Person.Create(gateway, clock, "cathy@c.test");
        cathy.Options = cathy.Options with { AutoConsent = true };
        await cathy.StartAsync();
        await alice.Client.ConsentAsync(ConsentOperation.Request, cathy.User);
        await alice.NextAsync<EndpointEvent.ConsentGranted>(e => e.User == cathy.User);

        var before = (await alice.Client.SafetyNumbersAsync(bob.User))?.ToCompare;
        var id = await alice.SendAsync(bob, "hi");
        await alice.WaitAsync(id, MessageState.Delivered);
        var ofAlice = (await alice.Client.SafetyNumbersAsync(bob.User))?.ToCompare;
        var ofBob = (await bob.Client.SafetyNumbersAsync(alice.User))?.ToCompare;

        Assert.NotEqual(ofAlice, (await alice.Client.SafetyNumbersAsync(cathy.User))?.ToCompare);
        Assert.Null((await bob.Client.SafetyNumbersAsync(cathy.User))?.ToCompare);
        Assert.Equal(ofAlice, ofBob);
        Assert.Equal(before, ofAlice);
        Assert.Matches("^([0-9]{5} ){11}[0-9]{5}$", ofAlice!.ToString());
    }

    [Fact]
    public async Task SendAsync_WithoutConsent_IsBlockedAndNothingIsSaved()
    {
        await using var alice = Person.Create(gateway, clock, "alice@a.test");
        await using var bob = Person.Create(gateway, clock, "bob@b.test");
        await alice.StartAsync();
        await bob.StartAsync();

        var blocked = Assert.IsType<RequestOutcome.Blocked>(await alice.Client.SendAsync(bob.User, "hi"));
        Assert.Equal("END-101", blocked.RuleId);
        Assert.Empty(await alice.Client.MessagesAsync(bob.User));

        await alice.Client.ConsentAsync(ConsentOperation.Request, bob.User);
        await bob.NextAsync<EndpointEvent.ConsentRequested>();
        await bob.Client.ConsentAsync(ConsentOperation.Grant, alice.User);
        await alice.NextAsync<EndpointEvent.ConsentGranted>();
        var id = await alice.SendAsync(bob, "hi");
        await alice.WaitAsync(id, MessageState.Delivered);
    }

    [Fact]
    public async Task AfterConsentIsRevoked_TheNextMessageIsRefusedWithTheRule()
    {
        var (alice, bob) = await Person.AcquaintedAsync(gateway, clock);
        await using var first = alice;
        await using var second = bob;
        await alice.WaitAsync(await alice.SendAsync(bob, "one"), MessageState.Delivered);

        await bob.Client.ConsentAsync(ConsentOperation.Revoke, alice.User);
        await alice.NextAsync<EndpointEvent.ConsentRevoked>();
        var refused = await alice.WaitAsync(await alice.SendAsync(bob, "two"), MessageState.Delivered);

        Assert.Equal(MessageState.Refused, refused.State);
        Assert.Equal("HUB-033", refused.RuleId);
        Assert.Equal(["one"], await bob.InboxAsync(alice));
    }

    [Fact]
    public async Task AfterConsentIsRevoked_WhatTheHubLetsThroughIsDropped_UntilItIsGrantedAgain()
    {
        var (alice, bob) = await Person.AcquaintedAsync(gateway, clock);
        await using var first = alice;
        await using var second = bob;
        await alice.WaitAsync(await alice.SendAsync(bob, "one"), MessageState.Delivered);
        await bob.Client.ConsentAsync(ConsentOperation.Revoke, alice.User);
        await alice.NextAsync<EndpointEvent.ConsentRevoked>();
        gateway.Grant(alice.User, bob.User);

        var two = await alice.SendAsync(bob, "two");
        await bob.NextAsync<EndpointEvent.FrameRejected>(e => e.RuleId == "END-033");
        Assert.Equal(["one"], await bob.InboxAsync(alice));
        Assert.IsType<RequestOutcome.Queued>(await bob.Client.ConsentAsync(ConsentOperation.Grant, alice.User));
        await alice.NextAsync<EndpointEvent.ConsentGranted>();
        await alice.WaitAsync(await alice.SendAsync(bob, "three"), MessageState.Delivered);

        Assert.Equal(["one", "three"], await bob.InboxAsync(alice));
        Assert.NotEqual(MessageState.Delivered, (await alice.Client.MessageAsync(two))!.State);
    }

    [Fact]
    public async Task Revoked_WhoAsksAgain_ChangesNothingAndIsNotGrantedByItself_UntilTheOwnerAsks()
    {
        var (alice, bob) = await Person.AcquaintedAsync(gateway, clock);
        await using var first = alice;
        await using var second = bob;
        await bob.Client.ConsentAsync(ConsentOperation.Revoke, alice.User);
        await alice.NextAsync<EndpointEvent.ConsentRevoked>();

        await alice.Client.ConsentAsync(ConsentOperation.Request, bob.User);
        await Until(() => gateway.MailboxOf(bob.User).Count == 0 && gateway.MailboxOf(alice.User).Count == 0);
        var contact = (await bob.Client.ContactsAsync()).Single(c => c.User == alice.User);
        Assert.Equal(ConsentState.Revoked, contact.WeAllow);
        Assert.Single(gateway.AcceptedRequests, r => r.Event is ConsentEntry { Operation: ConsentOperation.Grant });

        await bob.Client.ConsentAsync(ConsentOperation.Request, alice.User);
        await alice.NextAsync<EndpointEvent.ConsentRequested>();
        await alice.Client.ConsentAsync(ConsentOperation.Request, bob.User);
        await alice.NextAsync<EndpointEvent.ConsentGranted>();
    }

    [Fact]
    public async Task Grant_ThatNobodyAskedFor_IsBlocked_AndAfterTheRequestItIsNot()
    {
        await using var alice = Person.Create(gateway, clock, "alice@a.test");
        await using var bob = Person.Create(gateway, clock, "bob@b.test");
        await alice.StartAsync();
        await bob.StartAsync();

        Assert.Equal("END-109", Assert.IsType<RequestOutcome.Blocked>(await bob.Client.ConsentAsync(ConsentOperation.Grant, alice.User)).RuleId);
        await alice.Client.ConsentAsync(ConsentOperation.Request, bob.User);
        await bob.NextAsync<EndpointEvent.ConsentRequested>();

        Assert.IsType<RequestOutcome.Queued>(await bob.Client.ConsentAsync(ConsentOperation.Grant, alice.User));
        await alice.NextAsync<EndpointEvent.ConsentGranted>();
    }

    [Fact]
    public async Task MessagesWrittenWhileBobIsOfflineComeInOrder()
    {
        var (alice, bob) = await Person.AcquaintedAsync(gateway, clock);
        await using var first = alice;
        await using var second = bob;
        await bob.StopAsync();

        string last = "";
        for (var i = 0; i < 20; i++)
            last = await alice.SendAsync(bob, $"m{i}");

        await alice.WaitAsync(last, MessageState.Accepted);
        await bob.StartAsync();
        await bob.ReceiveAsync("m19");

        Assert.Equal(Enumerable.Range(0, 20).Select(i => $"m{i}"), await bob.InboxAsync(alice));
        await alice.WaitAsync(last, MessageState.Delivered);
    }

    [Fact]
    public async Task BothBeginARoomAtOnce_BothMessagesArrive()
    {
        var (alice, bob) = await Person.AcquaintedAsync(gateway, clock);
        await using var first = alice;
        await using var second = bob;
        alice.Options = alice.Options with { AutoConsent = true };
        await alice.RestartAsync();
        await bob.Client.ConsentAsync(ConsentOperation.Request, alice.User);
        await bob.NextAsync<EndpointEvent.ConsentGranted>();

        var one = await alice.SendAsync(bob, "from alice");
        var two = await bob.SendAsync(alice, "from bob");

        await alice.WaitAsync(one, MessageState.Delivered);
        await bob.WaitAsync(two, MessageState.Delivered);
        Assert.Equal(["from alice"], await bob.InboxAsync(alice));
        Assert.Equal(["from bob"], await alice.InboxAsync(bob));
    }

    [Fact]
    public async Task BothRefreshTheirKeysAtOnce_TheLosingCommitIsDiscardedAndMadeAgain()
    {
        var (alice, bob) = await Person.AcquaintedAsync(gateway, clock);
        await using var first = alice;
        await using var second = bob;
        await alice.WaitAsync(await alice.SendAsync(bob, "before"), MessageState.Delivered);

        // Both commits are made before either is on its way.
        var open = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        alice.Transport.Open = bob.Transport.Open = open.Task;
        Assert.True(await alice.Client.RefreshKeysAsync(bob.User));
        Assert.True(await bob.Client.RefreshKeysAsync(alice.User));
        open.SetResult();

        var after = await alice.SendAsync(bob, "after");
        var back = await bob.SendAsync(alice, "back");
        await alice.WaitAsync(after, MessageState.Delivered);
        await bob.WaitAsync(back, MessageState.Delivered);
        Assert.Equal(3, gateway.AcceptedRequests.Count(r => r.Event is RoomUpdate));
        Assert.Equal(4, gateway.Submitted.Count(f => FrameCodec.TryDecode(f.Bytes, out var frame, out var _) && frame is EndpointFrame.Request { Event: RoomUpdate }));
    }

    private static async Task Until(Func<bool> happened)
    {
        for (var i = 0; i < 1_000 && !happened(); i++)
            await Task.Delay(5);

        Assert.True(happened(), "It did not happen.");
    }
}
