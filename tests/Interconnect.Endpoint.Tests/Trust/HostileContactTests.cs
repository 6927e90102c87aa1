using Interconnect.Content;
using Interconnect.Endpoint.Tests.Adversary;
using Interconnect.Endpoint.Tests.Fakes;
using Interconnect.Federation;
using Interconnect.Mls;

namespace Interconnect.Endpoint.Tests.Trust;

/// <summary>A contact with an identity of its own, which signs whatever it likes: it may bring into a room its own listed devices and nobody else.</summary>
public sealed class HostileContactTests : IDisposable
{
    private static readonly UserUri User = UserUri.Parse("mimi://b.test/u/bob");
    private static readonly ClientUri Phone = ClientUri.Parse("mimi://b.test/d/bob/phone");
    private static readonly ClientUri Tablet = ClientUri.Parse("mimi://b.test/d/bob/tablet");
    private static readonly ClientUri Unlisted = ClientUri.Parse("mimi://b.test/d/bob/unlisted");

    private readonly TrustScene scene = new();
    private readonly Intruder bob;
    private readonly Intruder other;

    public HostileContactTests()
    {
        bob = new Intruder(scene.Clock);
        other = new Intruder(scene.Clock);
    }

    public void Dispose()
    {
        bob.Dispose();
        other.Dispose();
    }

    [Fact]
    public async Task AWelcomeWithALeafThatNoListNames_IsRefused_AndOneWithoutIsJoined()
    {
        await using var alice = await AliceAsync();
        var (cathy, twin) = (ClientUri.Parse("mimi://c.test/d/cathy/phone"), ClientUri.Parse("mimi://a.test/d/alice/tablet"));

        Assert.Equal("END-041", await scene.RejectedAsync(alice, bob, Phone, scene.Make(alice, bob, Phone, (bob, Unlisted)).Update));
        Assert.Equal("END-041", await scene.RejectedAsync(alice, bob, Phone, scene.Make(alice, bob, Phone, (other, twin)).Update));
        Assert.Equal("END-041", await scene.RejectedAsync(alice, bob, Unlisted, scene.Make(alice, bob, Unlisted, (bob, Phone)).Update));
        Assert.Equal("END-023", await scene.RejectedAsync(alice, bob, Phone, scene.Make(alice, bob, Phone, (other, cathy)).Update));
        Assert.Equal("END-022", await scene.RejectedAsync(alice, bob, Phone, scene.Make(alice, bob, Tablet, (bob, Phone)).Update));

        scene.Inject(alice, bob, Phone, scene.Make(alice, bob, Phone, (bob, Tablet)).Update);
        await alice.NextAsync<EndpointEvent.RoomReady>();
    }

    [Theory]
    [InlineData("mimi://b.test/d/bob/unlisted", "END-041")]
    [InlineData("mimi://a.test/d/alice/tablet", "END-041")]
    [InlineData("mimi://c.test/d/cathy/phone", "END-023")]
    public async Task ACommitThatBringsInADeviceThatNoListNames_MakesTheRoomStandStill(string device, string rule)
    {
        await using var alice = await AliceAsync();
        var (update, group) = await RoomAsync(alice);
        var fresh = group.Update().Value;
        scene.Inject(alice, bob, Phone, TrustScene.Update(update.Room, fresh));
        var package = scene.Verified(other.MakePackage(ClientUri.Parse(device)));
        var bad = fresh.NewState.AddMembers([package]).Value;

        scene.Inject(alice, bob, Phone, TrustScene.Update(update.Room, bad));
        var still = await alice.NextAsync<EndpointEvent.RoomStandsStill>();
        Assert.Equal((User, rule), (still.Peer, still.RuleId));
        Assert.Equal("END-116", Assert.IsType<RequestOutcome.Blocked>(await alice.Client.SendAsync(User, "hi")).RuleId);

        // What the group's members were already still say is read: the state did not move.
        scene.Inject(alice, bob, Phone, TrustScene.Text(update.Room, fresh.NewState, User, "hello", out _));
        await alice.ReceiveAsync("hello");
        Assert.Equal(KeyTrust.Pinned, (await alice.Client.MessagesAsync(User)).Single(m => m.Incoming).Trust);
    }

    [Fact]
    public async Task AnExternalCommitOfAListedDevice_IsFollowed()
    {
        await using var alice = await AliceAsync();
        var (update, _) = await RoomAsync(alice);
        var joined = bob.As(Tablet).Mls.JoinExternally(update.GroupInfo).Value;

        scene.Inject(alice, bob, Tablet, new RoomUpdate(update.Room, joined.Commit, ReadOnlyMemory<byte>.Empty, joined.GroupInfo));
        scene.Inject(alice, bob, Tablet, TrustScene.Text(update.Room, joined.NewState, User, "from the tablet", out _));

        await alice.ReceiveAsync("from the tablet");
        Assert.IsType<RequestOutcome.Queued>(await alice.Client.SendAsync(User, "hi"));
    }

    [Fact]
    public async Task AnUpdateFromOutsideTheRoom_IsDropped_AndTheRoomGoesOn()
    {
        await using var alice = await AliceAsync();
        var (update, group) = await RoomAsync(alice);
        var cathy = ClientUri.Parse("mimi://c.test/d/cathy/phone");
        var joined = other.As(cathy).Mls.JoinExternally(update.GroupInfo).Value;

        Assert.Equal("END-027", await scene.RejectedAsync(alice, other, cathy, new RoomUpdate(update.Room, joined.Commit, ReadOnlyMemory<byte>.Empty, joined.GroupInfo)));
        scene.Inject(alice, bob, Phone, TrustScene.Text(update.Room, group, User, "still here", out _));
        await alice.ReceiveAsync("still here");
        Assert.IsType<RequestOutcome.Queued>(await alice.Client.SendAsync(User, "hi"));
    }

    [Fact]
    public async Task AStatusUnderAnUnconfirmedKey_MovesNothing_AndUnderTheKnownOneItDoes()
    {
        await using var alice = await AliceAsync();
        var (update, group) = await RoomAsync(alice);
        var id = Assert.IsType<RequestOutcome.Queued>(await alice.Client.SendAsync(User, "did you get it?")).Id;
        var sent = await alice.WaitAsync(id, MessageState.Queued);
        Assert.True(MessageId.TryParse(sent.MessageId!, out var about));
        var (apart, theirs) = await UnconfirmedRoomAsync(alice);

        Assert.Equal("END-042", await scene.RejectedAsync(alice, other, Unlisted, TrustScene.Delivered(apart.Room, theirs, User, about)));
        Assert.NotEqual(MessageState.Delivered, (await alice.Client.MessageAsync(id))!.State);
        scene.Inject(alice, bob, Phone, TrustScene.Delivered(update.Room, group, User, about));
        Assert.Equal(id, (await alice.NextAsync<EndpointEvent.MessageChanged>(e => e.Message.State == MessageState.Delivered)).Message.Id);
    }

    [Fact]
    public async Task ADeviceOfAnUnconfirmedIdentity_ComesIntoARoomOfThatIdentity_AndIntoNoOther()
    {
        await using var alice = await AliceAsync();
        var (update, group) = await RoomAsync(alice);
        var second = ClientUri.Parse("mimi://b.test/d/bob/second");
        scene.Inject(alice, other, Unlisted, new DeviceListUpdate(other.ForgeLists(User, Unlisted, second)));
        await alice.NextAsync<EndpointEvent.KeyChanged>();

        // Of the room of the identity that was there before, the other one's device is kept out.
        var added = group.AddMembers([scene.Verified(other.MakePackage(second))]).Value;
        scene.Inject(alice, bob, Phone, TrustScene.Update(update.Room, added));
        Assert.Equal("END-045", (await alice.NextAsync<EndpointEvent.RoomStandsStill>()).RuleId);

        var (apart, theirs) = scene.Make(alice, other, Unlisted);
        scene.Inject(alice, other, Unlisted, apart);
        var grown = theirs.AddMembers([scene.Verified(other.MakePackage(second))]).Value;
        scene.Inject(alice, other, Unlisted, TrustScene.Update(apart.Room, grown));
        scene.Inject(alice, other, Unlisted, TrustScene.Text(apart.Room, grown.NewState, User, "two of us", out _));
        await alice.NextAsync<EndpointEvent.UnconfirmedMessage>();
        Assert.Single(await alice.Client.MessagesAsync(User, includeUnconfirmed: true), m => m is { Text: "two of us", Trust: KeyTrust.Unconfirmed });
    }

    [Fact]
    public async Task WhatUnconfirmedKeysBring_HasABound_AndWhatTheKnownOnesBringHasNone()
    {
        await using var alice = await AliceAsync();
        var (update, group) = await RoomAsync(alice);
        var (apart, theirs) = await UnconfirmedRoomAsync(alice);
        for (var i = 1; i < 4; i++)
            scene.Inject(alice, other, Unlisted, scene.Make(alice, other, Unlisted).Update);

        Assert.Equal("END-044", await scene.RejectedAsync(alice, other, Unlisted, scene.Make(alice, other, Unlisted).Update));
        for (var i = 0; i < MessageFlow.MaxUnconfirmed; i++)
            scene.Inject(alice, other, Unlisted, TrustScene.Text(apart.Room, theirs, User, $"spam {i}", out theirs));

        Assert.Equal("END-044", await scene.RejectedAsync(alice, other, Unlisted, TrustScene.Text(apart.Room, theirs, User, "one too many", out theirs)));
        Assert.Equal(MessageFlow.MaxUnconfirmed, (await alice.Client.MessagesAsync(User, includeUnconfirmed: true)).Count(m => m.Incoming));

        scene.Inject(alice, bob, Phone, scene.Make(alice, bob, Phone).Update);
        scene.Inject(alice, bob, Phone, TrustScene.Text(update.Room, group, User, "it is me", out _));
        await alice.ReceiveAsync("it is me");
    }

    [Fact]
    public async Task StrangersThatNobodyAnswered_AreKeptUpToABound_AndWhoIsKnownIsHeard()
    {
        await using var alice = await AliceAsync();
        await alice.StopAsync();
        alice.Edit(store =>
        {
            for (var i = 0; i < ConsentFlow.MaxStrangers; i++)
                Tables.Contacts.Put(store, new ContactRecord($"mimi://s.test/u/stranger{i}") { Ours = ConsentState.Requested });
        });
        await alice.StartAsync(untilPublished: false);
        var cathy = ClientUri.Parse("mimi://c.test/d/cathy/phone");
        var request = new ConsentEntry(ConsentOperation.Request, cathy.Owner, alice.User, null) { DeviceLists = other.ForgeLists(cathy.Owner, cathy) };

        Assert.Equal("END-047", await scene.RejectedAsync(alice, other, cathy, request));
        Assert.Null(await alice.Client.ContactAsync(cathy.Owner));
        scene.Clock.Advance(TimeSpan.FromSeconds(1));
        scene.Inject(alice, bob, Phone, new ConsentEntry(ConsentOperation.Revoke, alice.User, User, null));
        await alice.NextAsync<EndpointEvent.ConsentRevoked>();

        // Who is written to first is no stranger.
        await alice.Client.ConsentAsync(ConsentOperation.Request, cathy.Owner);
        scene.Inject(alice, other, cathy, request);
        await alice.NextAsync<EndpointEvent.ConsentRequested>(e => e.User == cathy.Owner);
    }

    private async Task<Person> AliceAsync()
    {
        var alice = Person.Create(scene.Gateway, scene.Clock, "alice@a.test");
        alice.Options = alice.Options with { AutoConsent = true };
        await alice.StartAsync();
        var lists = bob.ForgeLists(User, Phone, Tablet);
        scene.Inject(alice, bob, Phone, new ConsentEntry(ConsentOperation.Request, User, alice.User, null) { DeviceLists = lists });
        await alice.NextAsync<EndpointEvent.ConsentRequested>();
        scene.Clock.Advance(TimeSpan.FromMilliseconds(1));
        scene.Inject(alice, bob, Phone, new ConsentEntry(ConsentOperation.Grant, alice.User, User, null));
        await alice.NextAsync<EndpointEvent.ConsentGranted>();
        return alice;
    }

    private async Task<(RoomUpdate Update, MlsGroup Group)> RoomAsync(Person alice)
    {
        var made = scene.Make(alice, bob, Phone);
        scene.Inject(alice, bob, Phone, made.Update);
        await alice.NextAsync<EndpointEvent.RoomReady>();
        return made;
    }

    private async Task<(RoomUpdate Update, MlsGroup Group)> UnconfirmedRoomAsync(Person alice)
    {
        var made = scene.Make(alice, other, Unlisted);
        scene.Inject(alice, other, Unlisted, made.Update with { DeviceLists = other.ForgeLists(User, Unlisted) });
        await alice.NextAsync<EndpointEvent.KeyChanged>();
        return made;
    }
}
