using Interconnect.Endpoint.Tests.Adversary;
using Interconnect.Endpoint.Tests.Fakes;
using Interconnect.Federation;
using Interconnect.Testing;

namespace Interconnect.Endpoint.Tests.Client;

/// <summary>Whose key it is: each way in which a name without its key was once enough, and each way in which the right keys are.</summary>
public sealed class IdentityTests : IDisposable
{
    private static readonly ClientUri Tablet = ClientUri.Parse("mimi://a.test/d/alice/tablet");
    private static readonly ClientUri EvilBob = ClientUri.Parse("mimi://b.test/d/bob/evil");

    private readonly ManualClock clock = new();
    private readonly FakeGateway gateway;
    private readonly Intruder intruder;

    public IdentityTests()
    {
        gateway = new FakeGateway(clock);
        intruder = new Intruder(clock);
    }

    public void Dispose() => intruder.Dispose();

    [Fact]
    public async Task AnExternalCommitInOnesOwnName_MakesTheRoomStandStill_AndNothingIsEncryptedToIt()
    {
        var (alice, bob) = await Person.AcquaintedAsync(gateway, clock);
        await using var first = alice;
        await using var second = bob;
        await alice.WaitAsync(await alice.SendAsync(bob, "one"), MessageState.Delivered);

        var update = intruder.JoinExternally(Room(), Tablet, null, gateway.ListsOf(alice.User))!;
        Inject(alice, update, Tablet, new TransportAddress.Service());
        Assert.Equal("END-041", (await alice.NextAsync<EndpointEvent.RoomStandsStill>()).RuleId);
        Assert.Equal("END-116", Assert.IsType<RequestOutcome.Blocked>(await alice.Client.SendAsync(bob.User, "two")).RuleId);
        await alice.RestartAsync();
        Assert.Equal("END-116", Assert.IsType<RequestOutcome.Blocked>(await alice.Client.SendAsync(bob.User, "two")).RuleId);

        // When the person agrees a new room is made, and the intruder is not in it.
        Assert.True(await alice.Client.RenewRoomAsync(bob.User));
        Assert.False(await alice.Client.RenewRoomAsync(bob.User));
        await alice.WaitAsync(await alice.SendAsync(bob, "two"), MessageState.Delivered);
        Assert.Equal(["one", "two"], await bob.InboxAsync(alice));
        Assert.All(gateway.AcceptedRequests, request => Assert.Null(intruder.TryOpen(request.Event)));
    }

    [Fact]
    public async Task OnesOwnUsersEvents_FromAGhost_AreNotTaken()
    {
        var (alice, bob) = await Person.AcquaintedAsync(gateway, clock);
        await using var first = alice;
        await using var second = bob;
        await alice.WaitAsync(await alice.SendAsync(bob, "one"), MessageState.Delivered);

        Inject(alice, intruder.JoinExternally(Room(), Tablet, null, [])!, Tablet, new TransportAddress.Ghost(alice.User));
        Assert.Equal("END-004", (await alice.NextAsync<EndpointEvent.FrameRejected>()).RuleId);
        Inject(alice, new ConsentEntry(ConsentOperation.Grant, bob.User, alice.User, null), Tablet, new TransportAddress.Service());
        Assert.Equal("END-042", (await alice.NextAsync<EndpointEvent.FrameRejected>()).RuleId);
        await alice.WaitAsync(await alice.SendAsync(bob, "two"), MessageState.Delivered);
    }

    [Fact]
    public async Task ARoomMadeInAContactsName_IsNotJoined_AndItsTextIsNotShown()
    {
        var (alice, bob) = await Person.AcquaintedAsync(gateway, clock);
        await using var first = alice;
        await using var second = bob;
        gateway.Grant(bob.User, alice.User);
        await bob.Client.ConsentAsync(ConsentOperation.Request, alice.User);
        await alice.NextAsync<EndpointEvent.ConsentRequested>();
        await alice.Client.ConsentAsync(ConsentOperation.Grant, bob.User);

        var package = gateway.AcceptedRequests.Select(r => r.Event).OfType<KeyMaterialPublish>().First(p => p.Client.Owner == alice.User).KeyPackages[0];
        var uri = RoomUri.Parse("mimi://hub.test/r/made-by-somebody");
        Inject(alice, intruder.MakeRoom(uri, EvilBob, [package], gateway.ListsOf(bob.User))!, EvilBob, new TransportAddress.Ghost(bob.User));
        Assert.Equal("END-041", (await alice.NextAsync<EndpointEvent.FrameRejected>()).RuleId);
        Inject(alice, intruder.Say(0, bob.User, "it is me, Bob")!, EvilBob, new TransportAddress.Ghost(bob.User));
        Assert.Equal("END-030", (await alice.NextAsync<EndpointEvent.FrameRejected>()).RuleId);
        Assert.Empty(await alice.Client.MessagesAsync(bob.User, includeUnconfirmed: true));

        await bob.WaitAsync(await bob.SendAsync(alice, "no, me"), MessageState.Delivered);
        Assert.Equal(KeyTrust.Pinned, Assert.Single(await alice.Client.MessagesAsync(bob.User)).Trust);
    }

    [Fact]
    public async Task WhatComesUnderAnIdentityThatNobodyConfirmed_IsSetApartAndMarked_AndChangesNothing()
    {
        var (alice, bob) = await Person.AcquaintedAsync(gateway, clock);
        await using var first = alice;
        await using var second = bob;
        await alice.WaitAsync(await alice.SendAsync(bob, "one"), MessageState.Delivered);
        await bob.Client.ConsentAsync(ConsentOperation.Request, alice.User);
        await alice.NextAsync<EndpointEvent.ConsentRequested>();
        await alice.Client.ConsentAsync(ConsentOperation.Grant, bob.User);

        var lists = intruder.ForgeLists(bob.User, EvilBob);
        var package = gateway.AcceptedRequests.Select(r => r.Event).OfType<KeyMaterialPublish>().First(p => p.Client.Owner == alice.User).KeyPackages[0];
        Inject(alice, intruder.MakeRoom(RoomUri.Parse("mimi://hub.test/r/of-another"), EvilBob, [package], lists)!, EvilBob, new TransportAddress.Ghost(bob.User));
        Assert.Equal(bob.User, (await alice.NextAsync<EndpointEvent.KeyChanged>()).User);
        Inject(alice, intruder.Say(0, bob.User, "new phone, who is this")!, EvilBob, new TransportAddress.Ghost(bob.User));
        Assert.Equal(bob.User, (await alice.NextAsync<EndpointEvent.UnconfirmedMessage>()).Peer);
        Assert.Empty(await alice.InboxAsync(bob));
        Assert.Empty(await alice.Client.UnshownAsync());
        Assert.Equal(KeyTrust.Unconfirmed, Assert.Single(await alice.Client.MessagesAsync(bob.User, includeUnconfirmed: true), m => m.Incoming).Trust);

        Inject(alice, new ConsentEntry(ConsentOperation.Revoke, alice.User, bob.User, null) { DeviceLists = lists }, EvilBob, new TransportAddress.Ghost(bob.User));
        Assert.Equal("END-042", (await alice.NextAsync<EndpointEvent.FrameRejected>()).RuleId);
        Assert.Equal(ConsentState.Granted, (await alice.Client.ContactAsync(bob.User))!.TheyAllow);

        // Bob is asked over the telephone: the digits are those of the Bob of before, so he stays who he is and the other one is dropped.
        var known = (await bob.Client.SafetyNumbersAsync(alice.User))!.Known!;
        Assert.Null(await alice.Client.ConfirmAsync(bob.User, known));
        Assert.True((await alice.Client.ContactAsync(bob.User)) is { KeyChanged: false, Verified: true });
        await alice.WaitAsync(await alice.SendAsync(bob, "two"), MessageState.Delivered);
        Assert.Equal(["one", "two"], await bob.InboxAsync(alice));
    }

    [Fact]
    public async Task AWordOnConsent_ThatWasHeardBefore_ChangesNothing()
    {
        var (alice, bob) = await Person.AcquaintedAsync(gateway, clock);
        await using var first = alice;
        await using var second = bob;
        var grant = Assert.Single(Grants());
        await bob.Client.ConsentAsync(ConsentOperation.Revoke, alice.User);
        await alice.NextAsync<EndpointEvent.ConsentRevoked>();

        Replay(alice, grant, bob.User);

        // One that was held back counts no more when something newer was heard.
        gateway.Deliver = (to, parcel) => to == alice.User && parcel.Envelope.Event is ConsentEntry { Operation: ConsentOperation.Grant } ? [] : [parcel];
        await bob.Client.ConsentAsync(ConsentOperation.Grant, alice.User);
        await SoonAsync(() => Task.FromResult(Grants().Count == 2));
        await bob.Client.ConsentAsync(ConsentOperation.Revoke, alice.User);
        await alice.NextAsync<EndpointEvent.ConsentRevoked>();
        Replay(alice, Grants()[1], bob.User);
        Assert.Equal("END-043", (await alice.NextAsync<EndpointEvent.FrameRejected>()).RuleId);

        Inject(alice, new DeviceListUpdate(intruder.ForgeLists(bob.User, EvilBob)), EvilBob, new TransportAddress.Ghost(bob.User));
        await alice.NextAsync<EndpointEvent.KeyChanged>();
        Assert.Equal(ConsentState.Revoked, (await alice.Client.ContactAsync(bob.User))!.TheyAllow);
    }

    [Fact]
    public async Task ADeviceIsAddedByACode_ReadsWritesAndIsRemoved_AndContactsSeeTheSamePerson()
    {
        var (alice, bob) = await Person.AcquaintedAsync(gateway, clock);
        await using var first = alice;
        await using var second = bob;
        await alice.WaitAsync(await alice.SendAsync(bob, "one"), MessageState.Delivered);
        var number = (await bob.Client.SafetyNumbersAsync(alice.User))!.Known!;

        await using var tablet = Person.CreateFurther(gateway, clock, "alice@a.test", "tablet");
        await tablet.StartAsync(untilPublished: false);
        Assert.Equal("END-115", Assert.IsType<RequestOutcome.Blocked>(await tablet.Client.SendAsync(bob.User, "not yet")).RuleId);
        await LinkAsync(alice, tablet);
        await tablet.NextAsync<EndpointEvent.KeysPublished>();

        // Asked for too early it had no packages; asked again it is taken into the room, reads, and writes; each sees what the other sent.
        clock.Advance(TimeSpan.FromSeconds(6));
        await tablet.NextAsync<EndpointEvent.RoomReady>();
        await alice.WaitAsync(await alice.SendAsync(bob, "two"), MessageState.Delivered);
        await SoonAsync(async () => (await tablet.Client.MessagesAsync(bob.User)).Any(m => m is { Incoming: false, Text: "two" }));
        await bob.WaitAsync(await bob.SendAsync(alice, "three"), MessageState.Delivered);
        await SoonAsync(async () => (await tablet.InboxAsync(bob)).Contains("three"));
        await tablet.SendAsync(bob, "four");
        await bob.ReceiveAsync("four");
        await SoonAsync(async () => (await alice.Client.MessagesAsync(bob.User)).Any(m => m is { Incoming: false, Text: "four" }));
        Assert.True(number.Matches((await bob.Client.SafetyNumbersAsync(alice.User))!.Known!));
        Assert.Equal(2, (await bob.Client.ContactAsync(alice.User))!.Devices);
        Assert.False((await bob.Client.ContactAsync(alice.User))!.KeyChanged);

        // Removed, it gets nothing more, whoever writes first.
        Assert.Equal("END-120", (await alice.Client.RemoveDeviceAsync(ClientUri.Parse("mimi://a.test/d/alice/none")))?.RuleId);
        Assert.Null(await alice.Client.RemoveDeviceAsync(Tablet));
        Assert.False((await tablet.NextAsync<EndpointEvent.OwnDevicesChanged>(e => !e.ThisDevice)).ThisDevice);
        await SoonAsync(async () => (await bob.Client.ContactAsync(alice.User))!.Devices == 1);
        await bob.WaitAsync(await bob.SendAsync(alice, "five"), MessageState.Delivered);
        Assert.DoesNotContain("five", await tablet.InboxAsync(bob));
        Assert.Equal("END-115", Assert.IsType<RequestOutcome.Blocked>(await tablet.Client.SendAsync(bob.User, "six")).RuleId);
    }

    [Fact]
    public async Task ThePhrase_OpensAnEraThatAThiefDoesNotReach()
    {
        var (alice, bob) = await Person.AcquaintedAsync(gateway, clock);
        await using var first = alice;
        await using var second = bob;
        using var seed = (await alice.Client.SeedAsync())!;
        await using var tablet = Person.CreateFurther(gateway, clock, "alice@a.test", "tablet");
        await tablet.StartAsync(untilPublished: false);
        await LinkAsync(alice, tablet);
        await tablet.NextAsync<EndpointEvent.KeysPublished>();

        // The thief has the tablet and takes the phone out.
        Assert.Null(await tablet.Client.RemoveDeviceAsync(ClientUri.Parse("mimi://a.test/d/alice/phone")));
        await alice.NextAsync<EndpointEvent.OwnDevicesChanged>(e => !e.ThisDevice);
        using (var other = RecoverySeed.Create())
            Assert.Equal("END-122", (await alice.Client.RecoverAsync(other, []))?.RuleId);

        Assert.Null(await alice.Client.RecoverAsync(seed, []));
        await tablet.NextAsync<EndpointEvent.OwnDevicesChanged>(e => !e.ThisDevice);
        Assert.Equal("END-117", (await tablet.Client.RemoveDeviceAsync(ClientUri.Parse("mimi://a.test/d/alice/phone")))?.RuleId);
        Assert.Equal(2UL, (await alice.Client.IdentityAsync()).Era);
        await alice.WaitAsync(await alice.SendAsync(bob, "back again"), MessageState.Delivered);
        Assert.False((await bob.Client.ContactAsync(alice.User))!.KeyChanged);
        Assert.True((await alice.Client.IdentityAsync()).SeedKept);
        await alice.Client.ConfirmSeedAsync();
        Assert.Null(await alice.Client.SeedAsync());
    }

    [Fact]
    public async Task ListsOfOnesOwnUser_UnderAnotherIdentity_AreToldLoudly_AndUsedForNothing()
    {
        var (alice, bob) = await Person.AcquaintedAsync(gateway, clock);
        await using var first = alice;
        await using var second = bob;
        var forged = intruder.ForgeLists(alice.User, Tablet);
        Inject(alice, new DeviceListUpdate(forged), Tablet, new TransportAddress.Service());
        await alice.NextAsync<EndpointEvent.IdentityConflict>();

        var identity = await alice.Client.IdentityAsync();
        Assert.NotNull(identity.ConflictAt);
        Assert.Equal("phone", Assert.Single(identity.Devices).Client.Device);
        await alice.WaitAsync(await alice.SendAsync(bob, "still me"), MessageState.Delivered);
    }

    [Fact]
    public async Task AFirstContact_IsNotMadeOverListsThatHaveRunOut()
    {
        await using var alice = Person.Create(gateway, clock, "alice@a.test");
        await alice.StartAsync();
        var bob = UserUri.Parse("mimi://b.test/u/bob");
        var old = intruder.ForgeLists(bob, EvilBob);
        clock.Jump(TimeSpan.FromDays(31));
        Inject(alice, new ConsentEntry(ConsentOperation.Request, bob, alice.User, null) { DeviceLists = old }, EvilBob, new TransportAddress.Ghost(bob));
        Assert.Equal("END-040", (await alice.NextAsync<EndpointEvent.FrameRejected>()).RuleId);
        Inject(alice, new ConsentEntry(ConsentOperation.Request, bob, alice.User, null) { DeviceLists = intruder.ForgeLists(bob, EvilBob) }, EvilBob, new TransportAddress.Ghost(bob));
        Assert.Equal(bob, (await alice.NextAsync<EndpointEvent.ConsentRequested>()).User);
    }

    private List<EndpointFrame.Request> Grants() => [.. gateway.AcceptedRequests.ToList().Where(r => r.Event is ConsentEntry { Operation: ConsentOperation.Grant })];

    private async Task LinkAsync(Person old, Person fresh)
    {
        using var link = NewDeviceLink.Start(fresh.User, fresh.Client.NewDeviceEntry().Encode(), clock);
        Assert.Equal("END-124", (await old.Client.AuthoriseLinkAsync(link.Code, link.Digits))?.RuleId);
        await fresh.Client.SendLinkAsync(link.Request);
        await old.NextAsync<EndpointEvent.DeviceLinkReceived>();
        using (var wrong = LinkCode.Create())
            Assert.StartsWith("LNK-", (await old.Client.AuthoriseLinkAsync(wrong, link.Digits))?.RuleId, StringComparison.Ordinal);

        Assert.Null(await old.Client.AuthoriseLinkAsync(link.Code, link.Digits));
        while (true)
        {
            var received = await fresh.NextAsync<EndpointEvent.DeviceLinkReceived>();
            if (link.Accept(received.Message.Span) is LinkReply.Added { Lists: var lists })
            {
                Assert.Null(await fresh.Client.AdoptAsync(lists));
                return;
            }
        }
    }

    private HostileRoom Room()
    {
        var update = gateway.AcceptedRequests.Select(r => r.Event).OfType<RoomUpdate>().Last();
        return new HostileRoom(update.Room) { GroupInfo = update.GroupInfo };
    }

    private void Inject(Person to, FederationEvent forged, ClientUri name, TransportAddress from)
    {
        var encoded = EventCodec.Encode(forged);
        Inject(to, forged, encoded, intruder.Prove(name, encoded), name.Owner, from);
    }

    private void Replay(Person to, EndpointFrame.Request request, UserUri sender) =>
        Inject(to, request.Event, request.EncodedEvent, request.Proof, sender, new TransportAddress.Ghost(sender));

    private void Inject(Person to, FederationEvent what, ReadOnlyMemory<byte> encoded, FrameProof proof, UserUri sender, TransportAddress from)
    {
        var id = EventId.Derive(NetworkId.Parse("fake"), FrameId.Create().Hex);
        var labels = new EncryptionLabels(OuterEncryption.Tls, InnerEncryption.Mls10);
        var envelope = FederationEnvelope.Create(id, NetworkId.Parse("fake"), sender, what.ConversationFor(sender), labels, clock.GetUtcNow(), what, encoded)
            with { Proof = proof, Recipients = [to.User], AcceptedAt = clock.GetUtcNow(), HubDomain = FakeGateway.Domain };
        gateway.Inject(to.User, new Parcel(from, envelope));
    }

    private async Task SoonAsync(Func<Task<bool>> isSo)
    {
        for (var i = 0; !await isSo(); i++)
        {
            Assert.True(i < 300, "It did not come to be in time.");
            await Task.Delay(50);
            if (i % 20 == 19)
                clock.Advance(TimeSpan.FromMilliseconds(600));
        }
    }
}
