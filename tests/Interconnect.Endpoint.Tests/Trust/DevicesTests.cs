using Interconnect.Endpoint.Tests.Adversary;
using Interconnect.Endpoint.Tests.Fakes;
using Interconnect.Federation;

namespace Interconnect.Endpoint.Tests.Trust;

/// <summary>Several devices of each user in one room: added, in step with each other, removed.</summary>
public sealed class DevicesTests : IDisposable
{
    private readonly TrustScene scene = new();
    private readonly Intruder intruder;

    public DevicesTests() => intruder = new Intruder(scene.Clock);

    public void Dispose() => intruder.Dispose();

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task ARoomHoldsAllDevicesOfBoth_AndWhatOneSendsTheOthersHave(bool tellsSequence)
    {
        scene.Gateway.TellsSequence = tellsSequence;
        var (alice, bob) = await Person.AcquaintedAsync(scene.Gateway, scene.Clock);
        await using var first = alice;
        await using var second = bob;
        await using var tablet = await alice.AddDeviceAsync("tablet");
        await using var desk = await bob.AddDeviceAsync("desk");

        await alice.SendAsync(bob, "one");
        await bob.ReceiveAsync("one");
        await SeenAsync(desk, alice, "one");
        await SeenAsync(tablet, bob, "one");
        await desk.SendAsync(alice, "two");
        await alice.ReceiveAsync("two");
        await SeenAsync(tablet, bob, "two");
        await SeenAsync(bob, alice, "two");
        await tablet.SendAsync(bob, "three");
        await bob.ReceiveAsync("three");
        await SeenAsync(desk, alice, "three");
        await SeenAsync(alice, bob, "three");

        foreach (var device in (Person[])[alice, tablet])
            Assert.Equal([("one", false), ("two", true), ("three", false)], await TextsAsync(device, bob));

        foreach (var device in (Person[])[bob, desk])
            Assert.Equal([("one", true), ("two", false), ("three", true)], await TextsAsync(device, alice));
    }

    [Fact]
    public async Task WhoIsTakenIntoARoomLater_WaitsForNothingThatWasBefore()
    {
        var (alice, bob) = await Person.AcquaintedAsync(scene.Gateway, scene.Clock);
        await using var first = alice;
        await using var second = bob;
        for (var i = 0; i < 3; i++)
            await alice.WaitAsync(await alice.SendAsync(bob, $"before {i}"), MessageState.Delivered);

        await using var tablet = await alice.AddDeviceAsync("tablet");
        using var happened = tablet.Client.Subscribe();
        await scene.SoonAsync(async () => await tablet.Client.RefreshKeysAsync(bob.User));
        await alice.WaitAsync(await alice.SendAsync(bob, "after"), MessageState.Delivered);
        await SeenAsync(tablet, bob, "after");

        while (happened.Events.TryRead(out var one))
            Assert.IsNotType<EndpointEvent.GapSkipped>(one);
    }

    [Fact]
    public async Task ConsentThatOneDeviceGave_TheOthersKnow_AndARoomThatThePeerMakesHoldsThemAll()
    {
        await using var alice = Person.Create(scene.Gateway, scene.Clock, "alice@a.test");
        await using var bob = Person.Create(scene.Gateway, scene.Clock, "bob@b.test");
        await alice.StartAsync();
        await bob.StartAsync();
        await using var tablet = await alice.AddDeviceAsync("tablet");
        await bob.Client.ConsentAsync(ConsentOperation.Request, alice.User);
        await alice.NextAsync<EndpointEvent.ConsentRequested>();
        await tablet.NextAsync<EndpointEvent.ConsentRequested>();

        // Who is no device of this user's says nothing for it.
        var forger = ClientUri.Parse("mimi://a.test/d/alice/forger");
        Assert.Equal("END-042", await scene.RejectedAsync(tablet, intruder, forger, new ConsentEntry(ConsentOperation.Grant, bob.User, alice.User, null)));
        Assert.Equal("END-012", await scene.RejectedAsync(tablet, intruder, forger, new ConsentEntry(ConsentOperation.Grant, alice.User, alice.User, null)));
        Assert.Equal(ConsentState.Requested, (await tablet.Client.ContactAsync(bob.User))!.WeAllow);

        await alice.Client.ConsentAsync(ConsentOperation.Grant, bob.User);
        await bob.NextAsync<EndpointEvent.ConsentGranted>();
        await scene.SoonAsync(async () => (await tablet.Client.ContactAsync(bob.User))!.WeAllow == ConsentState.Granted);
        await bob.SendAsync(alice, "hello to both");
        await alice.ReceiveAsync("hello to both");
        await tablet.ReceiveAsync("hello to both");

        // A revocation on the one is one on the other, and is newer than what the other said, whatever its clock.
        await tablet.Client.ConsentAsync(ConsentOperation.Revoke, bob.User);
        await bob.NextAsync<EndpointEvent.ConsentRevoked>();
        await scene.SoonAsync(async () => (await alice.Client.ContactAsync(bob.User))!.WeAllow == ConsentState.Revoked);
    }

    [Fact]
    public async Task ChangesOfTheListThatCannotBe_AreRefusedWithTheirRule()
    {
        await using var alice = Person.Create(scene.Gateway, scene.Clock, "alice@a.test");
        await alice.StartAsync();
        var phone = alice.Client.NewDeviceEntry().Client;
        Assert.Equal("END-121", (await alice.Client.RemoveDeviceAsync(phone))?.RuleId);
        await using var tablet = await alice.AddDeviceAsync("tablet");
        var entry = tablet.Client.NewDeviceEntry();

        Assert.Equal("END-119", (await alice.Client.AuthoriseDeviceAsync(EntryOf("mimi://b.test/d/bob/phone")))?.RuleId);
        Assert.Equal("END-119", (await alice.Client.AuthoriseDeviceAsync(EntryOf("mimi://a.test/d/alice/tablet")))?.RuleId);
        Assert.Equal("END-119", (await alice.Client.AuthoriseDeviceAsync(entry))?.RuleId);
        Assert.Equal("END-120", (await alice.Client.RemoveDeviceAsync(ClientUri.Parse("mimi://a.test/d/alice/none")))?.RuleId);
        Assert.Equal("END-125", (await alice.Client.ResetAsync())?.RuleId);
        Assert.Null(await alice.Client.RemoveDeviceAsync(entry.Client));
        await tablet.NextAsync<EndpointEvent.OwnDevicesChanged>(e => !e.ThisDevice);
        Assert.Equal("END-117", (await tablet.Client.AuthoriseDeviceAsync(EntryOf("mimi://a.test/d/alice/other")))?.RuleId);
        Assert.Equal("END-119", (await alice.Client.AuthoriseDeviceAsync(entry))?.RuleId);
        Assert.Null(await alice.Client.AuthoriseDeviceAsync(EntryOf("mimi://a.test/d/alice/other")));
        Assert.Equal(["other", "phone"], (await alice.Client.IdentityAsync()).Devices.Select(d => d.Client.Device).Order());

        // Who has lost all may begin anew.
        Assert.Null(await tablet.Client.ResetAsync());
    }

    [Fact]
    public async Task AFurtherDevice_PublishesNothing_UntilAListNamesExactlyItsKey()
    {
        await using var alice = Person.Create(scene.Gateway, scene.Clock, "alice@a.test");
        await alice.StartAsync();
        await using var tablet = Person.CreateFurther(scene.Gateway, scene.Clock, "alice@a.test", "tablet");
        await using var twin = Person.CreateFurther(scene.Gateway, scene.Clock, "alice@a.test", "tablet");
        await tablet.StartAsync(untilPublished: false);
        await twin.StartAsync(untilPublished: false);
        Assert.Equal(0, await tablet.Client.OutboxCountAsync());
        Assert.Equal("END-123", (await tablet.Client.AdoptAsync(await alice.Client.DeviceListsAsync()))?.RuleId);

        Assert.Null(await alice.Client.AuthoriseDeviceAsync(tablet.Client.NewDeviceEntry()));
        await alice.NextAsync<EndpointEvent.DeviceListPublished>();
        var lists = await alice.Client.DeviceListsAsync();
        Assert.Equal("END-123", (await twin.Client.AdoptAsync(lists))?.RuleId);
        Assert.Null(await tablet.Client.AdoptAsync(lists));
        Assert.Null((await tablet.NextAsync<EndpointEvent.KeysPublished>()).Refusal);
        Assert.True((await tablet.Client.IdentityAsync()).Authorised);
        Assert.False((await twin.Client.IdentityAsync()).Authorised);
    }

    [Fact]
    public async Task TwoDevicesThatChangeTheListAtOnce_MakeNoFork_AndTheSecondIsTold()
    {
        var (alice, bob) = await Person.AcquaintedAsync(scene.Gateway, scene.Clock);
        await using var first = alice;
        await using var second = bob;
        await using var tablet = await alice.AddDeviceAsync("tablet");
        await alice.WaitAsync(await alice.SendAsync(bob, "one"), MessageState.Delivered);
        await SeenAsync(tablet, bob, "one");
        var open = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        alice.Transport.Open = open.Task;
        Assert.Null(await alice.Client.AuthoriseDeviceAsync(EntryOf("mimi://a.test/d/alice/one")));
        Assert.Null(await tablet.Client.AuthoriseDeviceAsync(EntryOf("mimi://a.test/d/alice/two")));
        await alice.Client.ConsentAsync(ConsentOperation.Request, bob.User);

        Assert.Equal("END-129", (await alice.NextAsync<EndpointEvent.DeviceListPublished>(e => e.Refusal is not null)).Refusal!.RuleId);
        open.SetResult();
        Assert.Null((await alice.Client.IdentityAsync()).ConflictAt);
        Assert.Equal(["phone", "tablet", "two"], (await alice.Client.IdentityAsync()).Devices.Select(d => d.Client.Device).Order());

        // What went out meanwhile showed nobody the list that was dropped.
        await alice.WaitAsync(await alice.SendAsync(bob, "two"), MessageState.Delivered);
        Assert.True((await bob.Client.ContactAsync(alice.User)) is { Forked: false, KeyChanged: false });
        Assert.Null(await alice.Client.AuthoriseDeviceAsync(EntryOf("mimi://a.test/d/alice/one")));
        await scene.SoonAsync(async () => (await bob.Client.ContactAsync(alice.User))!.Devices == 4);
        Assert.False((await bob.Client.ContactAsync(alice.User))!.Forked);
    }

    [Fact]
    public async Task AListThatOthersHaveSeen_IsNotDroppedForAnother()
    {
        await using var alice = Person.Create(scene.Gateway, scene.Clock, "alice@a.test");
        await alice.StartAsync();
        await using var tablet = await alice.AddDeviceAsync("tablet");
        var before = await alice.Client.DeviceListsAsync();
        Assert.Null(await alice.Client.AuthoriseDeviceAsync(EntryOf("mimi://a.test/d/alice/one")));
        await alice.NextAsync<EndpointEvent.DeviceListPublished>(e => e.Refusal is null);
        await tablet.NextAsync<EndpointEvent.OwnDevicesChanged>();

        // The tablet's thief signs another list in its place.
        tablet.Transport.Open = new TaskCompletionSource().Task;
        await tablet.StopAsync();
        tablet.Edit(store => Tables.Chains.Put(store, new ChainRecord(alice.User.Value, [.. before.Select(l => l.ToArray())])));
        await tablet.StartAsync(untilPublished: false);
        Assert.Null(await tablet.Client.RemoveDeviceAsync(alice.Client.NewDeviceEntry().Client));
        var forked = await tablet.Client.DeviceListsAsync();
        scene.Inject(alice, intruder, ClientUri.Parse("mimi://a.test/d/alice/tablet"), new DeviceListUpdate(forked));

        await alice.NextAsync<EndpointEvent.IdentityConflict>();
        Assert.Equal(["one", "phone", "tablet"], (await alice.Client.IdentityAsync()).Devices.Select(d => d.Client.Device).Order());
    }

    [Fact]
    public async Task AnEraThatIsFull_TakesThePhrase_AndWhatTravelsWithEventsStaysBounded()
    {
        var (alice, bob) = await Person.AcquaintedAsync(scene.Gateway, scene.Clock);
        await using var first = alice;
        await using var second = bob;
        await using var tablet = await alice.AddDeviceAsync("tablet");
        RequestOutcome.Blocked? full = null;
        for (var i = 0; full is null; i++)
        {
            var guest = EntryOf($"mimi://a.test/d/alice/guest{i}");
            full = await alice.Client.AuthoriseDeviceAsync(guest) ?? await alice.Client.RemoveDeviceAsync(guest.Client);
        }

        Assert.Equal("END-118", full.RuleId);
        Assert.InRange((await alice.Client.DeviceListsAsync()).Count, 50, DeviceChain.MaxLists);
        await alice.WaitAsync(await alice.SendAsync(bob, "still works"), MessageState.Delivered);
        await alice.Client.ConsentAsync(ConsentOperation.Request, bob.User);

        // A thief is thrown out all the same.
        Assert.Null(await alice.Client.RemoveDeviceAsync(tablet.Client.NewDeviceEntry().Client));
        using var seed = (await alice.Client.SeedAsync())!;
        Assert.Null(await alice.Client.RecoverAsync(seed, []));
        Assert.Null(await alice.Client.AuthoriseDeviceAsync(EntryOf("mimi://a.test/d/alice/late")));
    }

    [Fact]
    public async Task WhatARemovedDeviceWrote_AndComesLate_IsSetApart_AndNothingElseOfItCounts()
    {
        var (alice, bob) = await Person.AcquaintedAsync(scene.Gateway, scene.Clock);
        await using var first = alice;
        await using var second = bob;
        await using var tablet = await alice.AddDeviceAsync("tablet");
        await alice.WaitAsync(await alice.SendAsync(bob, "one"), MessageState.Delivered);
        await SeenAsync(tablet, bob, "one");
        var late = new List<Parcel>();
        scene.Gateway.Deliver = (to, parcel) =>
        {
            var held = to == bob.User && parcel.Envelope.Proof?.Client.Device == "tablet" && parcel.Envelope.Event is EncryptedMessage or ConsentEntry;
            if (held)
                late.Add(parcel with { Envelope = parcel.Envelope with { Sequence = null } });

            return held ? [] : [parcel];
        };
        await tablet.SendAsync(bob, "sent before");
        await tablet.Client.ConsentAsync(ConsentOperation.Revoke, bob.User);
        await scene.SoonAsync(() => Task.FromResult(late.Count >= 2));
        Assert.Null(await alice.Client.RemoveDeviceAsync(tablet.Client.NewDeviceEntry().Client));
        await scene.SoonAsync(async () => (await bob.Client.ContactAsync(alice.User))!.Devices == 1);

        foreach (var parcel in late)
            scene.Gateway.Inject(bob.User, parcel);

        await bob.NextAsync<EndpointEvent.UnconfirmedMessage>();
        Assert.Equal("END-042", (await bob.NextAsync<EndpointEvent.FrameRejected>()).RuleId);
        Assert.DoesNotContain("sent before", await bob.InboxAsync(alice));
        Assert.Single(await bob.Client.MessagesAsync(alice.User, includeUnconfirmed: true), m => m is { Text: "sent before", Trust: KeyTrust.Unconfirmed });
        Assert.NotEqual(ConsentState.Revoked, (await bob.Client.ContactAsync(alice.User))!.TheyAllow);
        scene.Gateway.Deliver = static (_, parcel) => [parcel];
        await alice.SendAsync(bob, "two");
        await SeenAsync(bob, alice, "two");
        Assert.Equal(KeyTrust.Pinned, (await bob.Client.MessagesAsync(alice.User)).Single(m => m.Text == "two").Trust);
    }

    [Fact]
    public async Task ALostDevice_IsReplacedWithThePhraseAlone()
    {
        var (alice, bob) = await Person.AcquaintedAsync(scene.Gateway, scene.Clock);
        await using var first = alice;
        await using var second = bob;
        using var seed = (await alice.Client.SeedAsync())!;
        await alice.WaitAsync(await alice.SendAsync(bob, "one"), MessageState.Delivered);
        var number = (await bob.Client.SafetyNumbersAsync(alice.User))!.Known!;
        await alice.StopAsync();

        await using var again = Person.CreateFurther(scene.Gateway, scene.Clock, "alice@a.test", "phone2");
        await again.StartAsync(untilPublished: false);
        await again.Client.AskDeviceListsAsync();
        await again.NextAsync<EndpointEvent.OwnListsShown>();
        using (var wrong = RecoverySeed.Create())
            Assert.Equal("END-122", (await again.Client.RecoverAsync(wrong, []))?.RuleId);

        Assert.Null(await again.Client.RecoverAsync(seed, []));
        await scene.SoonAsync(async () => (await bob.Client.ContactAsync(alice.User))!.Devices == 1 && scene.Gateway.ListsOf(alice.User).Count == 1);
        Assert.Equal(2UL, (await again.Client.IdentityAsync()).Era);
        await again.NextAsync<EndpointEvent.KeysPublished>();
        await again.Client.ConsentAsync(ConsentOperation.Request, bob.User);
        await again.NextAsync<EndpointEvent.ConsentGranted>();
        await again.WaitAsync(await again.SendAsync(bob, "two"), MessageState.Delivered);
        Assert.Equal(KeyTrust.Pinned, (await bob.Client.MessagesAsync(alice.User)).Single(m => m.Text == "two").Trust);
        Assert.True(number.Matches((await again.Client.SafetyNumbersAsync(bob.User))!.Known!));
    }

    [Fact]
    public async Task ARequestThatNoCodeMakesCount_KeepsNoPlaceFromOneThatDoes()
    {
        await using var alice = Person.Create(scene.Gateway, scene.Clock, "alice@a.test");
        await alice.StartAsync();
        var ahead = new Testing.ManualClock(scene.Clock.GetUtcNow() + TimeSpan.FromDays(1000));
        for (var i = 0; i < 10; i++)
        {
            using var forged = NewDeviceLink.Start(alice.User, EntryOf($"mimi://a.test/d/alice/forged{i}").Encode(), ahead);
            scene.Inject(alice, intruder, ClientUri.Parse($"mimi://a.test/d/alice/forged{i}"), new DeviceLinkMessage(forged.Request));
            await alice.NextAsync<EndpointEvent.DeviceLinkReceived>();
            Assert.Equal("END-124", (await alice.Client.AuthoriseLinkAsync(forged.Code, forged.Digits))?.RuleId);
        }

        using var link = NewDeviceLink.Start(alice.User, EntryOf("mimi://a.test/d/alice/tablet").Encode(), scene.Clock);
        scene.Inject(alice, intruder, ClientUri.Parse("mimi://a.test/d/alice/tablet"), new DeviceLinkMessage(link.Request));
        await alice.NextAsync<EndpointEvent.DeviceLinkReceived>();
        Assert.Null(await alice.Client.AuthoriseLinkAsync(link.Code, link.Digits));
    }

    private DeviceEntry EntryOf(string client) =>
        new(ClientUri.Parse(client), 1, intruder.As(ClientUri.Parse(client)).Key.PublicKey, DeviceKind.Agent, true, DateTimeOffset.FromUnixTimeMilliseconds(scene.Clock.GetUtcNow().ToUnixTimeMilliseconds()));

    private Task SeenAsync(Person by, Person with, string text) => scene.SoonAsync(async () => (await by.Client.MessagesAsync(with.User)).Any(m => m.Text == text));

    private static async Task<List<(string?, bool)>> TextsAsync(Person by, Person with) => [.. (await by.Client.MessagesAsync(with.User)).Select(m => (m.Text, m.Incoming))];
}
