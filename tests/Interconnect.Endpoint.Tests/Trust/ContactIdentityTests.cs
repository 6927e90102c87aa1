using Interconnect.Endpoint.Tests.Adversary;
using Interconnect.Endpoint.Tests.Fakes;
using Interconnect.Federation;

namespace Interconnect.Endpoint.Tests.Trust;

/// <summary>Whose identity it is: changed, compared, forked and settled; and the dates of what is said about consent.</summary>
public sealed class ContactIdentityTests : IDisposable
{
    private static readonly ClientUri One = ClientUri.Parse("mimi://b.test/d/bob/one");
    private static readonly ClientUri Two = ClientUri.Parse("mimi://b.test/d/bob/two");

    private readonly TrustScene scene = new();
    private readonly Intruder one;
    private readonly Intruder two;

    public ContactIdentityTests()
    {
        one = new Intruder(scene.Clock);
        two = new Intruder(scene.Clock);
    }

    public void Dispose()
    {
        one.Dispose();
        two.Dispose();
    }

    [Fact]
    public async Task OnlyTheDigitsThatWereCompared_AreConfirmed()
    {
        var (alice, bob) = await Person.AcquaintedAsync(scene.Gateway, scene.Clock);
        await using var first = alice;
        await using var second = bob;
        var old = (await alice.Client.SafetyNumbersAsync(bob.User))!.Known!;
        Assert.Equal("END-108", (await alice.Client.ConfirmAsync(UserUri.Parse("mimi://c.test/u/cathy"), old))?.RuleId);

        // One is compared, and another is there when it is confirmed.
        await ShowAsync(one, One);
        var compared = (await alice.Client.SafetyNumbersAsync(bob.User))!.Shown!;
        await ShowAsync(two, Two);
        Assert.Equal("END-114", (await alice.Client.ConfirmAsync(bob.User, compared))?.RuleId);
        Assert.True((await alice.Client.ContactAsync(bob.User)) is { KeyChanged: true, Verified: false });
        Assert.Equal("END-102", Assert.IsType<RequestOutcome.Blocked>(await alice.Client.SendAsync(bob.User, "hi")).RuleId);

        Assert.Null(await alice.Client.ConfirmAsync(bob.User, old));
        Assert.True((await alice.Client.ContactAsync(bob.User)) is { KeyChanged: false, Verified: true });
        await alice.WaitAsync(await alice.SendAsync(bob, "hi"), MessageState.Delivered);
        await bob.SendAsync(alice, "reply");
        await alice.ReceiveAsync("reply");
        Assert.Equal(KeyTrust.Verified, (await alice.Client.MessagesAsync(bob.User)).Single(m => m.Incoming).Trust);

        async Task ShowAsync(Intruder intruder, ClientUri name)
        {
            scene.Inject(alice, intruder, name, new DeviceListUpdate(intruder.ForgeLists(bob.User, name)));
            await alice.NextAsync<EndpointEvent.KeyChanged>();
        }
    }

    [Fact]
    public async Task ListsThatContradictEachOther_BlockTheContact_UntilALaterEra()
    {
        var (alice, bob) = await Person.AcquaintedAsync(scene.Gateway, scene.Clock);
        await using var first = alice;
        await using var second = bob;
        await alice.WaitAsync(await alice.SendAsync(bob, "one"), MessageState.Delivered);
        using var seed = (await bob.Client.SeedAsync())!;
        using var identity = seed.DeriveIdentityKey();
        var evil = new DeviceEntry(One, 1, one.As(One).Key.PublicKey, DeviceKind.Agent, true, scene.Clock.GetUtcNow());
        var fork = DeviceChain.Begin(SignedDeviceList.ByIdentity(
            DeviceList.First(bob.User, identity.PublicKey.ToArray(), [bob.Client.NewDeviceEntry(), evil], scene.Clock.GetUtcNow()), (label, content) => identity.SignWithLabel(label, content)));

        scene.Inject(alice, one, One, new DeviceListUpdate(fork.Encoded));
        await alice.NextAsync<EndpointEvent.KeyChanged>();
        Assert.True((await alice.Client.ContactAsync(bob.User)) is { Forked: true, KeyChanged: true });
        Assert.Equal("END-102", Assert.IsType<RequestOutcome.Blocked>(await alice.Client.SendAsync(bob.User, "two")).RuleId);
        await bob.SendAsync(alice, "in between");
        await alice.NextAsync<EndpointEvent.UnconfirmedMessage>();

        // Under the fork nothing counts, and the digits, which are right, do not settle it.
        await bob.Client.ConsentAsync(ConsentOperation.Request, alice.User);
        Assert.Equal("END-042", (await alice.NextAsync<EndpointEvent.FrameRejected>()).RuleId);
        Assert.Null(await alice.Client.ConfirmAsync(bob.User, (await bob.Client.SafetyNumbersAsync(alice.User))!.Known!));
        Assert.True((await alice.Client.ContactAsync(bob.User)) is { Forked: true, WeAllow: ConsentState.None });
        await alice.RestartAsync();
        Assert.True((await alice.Client.ContactAsync(bob.User))!.Forked);

        Assert.Null(await bob.Client.RecoverAsync(seed, []));
        await scene.SoonAsync(async () => !(await alice.Client.ContactAsync(bob.User))!.Forked);
        Assert.True((await alice.Client.ContactAsync(bob.User)) is { Forked: false, KeyChanged: false, Verified: true });
        await bob.Client.ConsentAsync(ConsentOperation.Request, alice.User);
        await alice.NextAsync<EndpointEvent.ConsentRequested>();
        await alice.WaitAsync(await alice.SendAsync(bob, "two"), MessageState.Delivered);

        // Lists of the era before settle and unsettle nothing any more; what came in between stays marked.
        scene.Inject(alice, one, One, new DeviceListUpdate(fork.Encoded));
        await scene.TakenAsync(alice);
        Assert.False((await alice.Client.ContactAsync(bob.User))!.Forked);
        Assert.Equal(KeyTrust.Unconfirmed, (await alice.Client.MessagesAsync(bob.User, includeUnconfirmed: true)).Single(m => m.Text == "in between").Trust);
    }

    [Fact]
    public async Task AWordOnConsent_ThatIsTooOldOrDatedAhead_ChangesNothing_AndOneOfNowDoes()
    {
        await using var alice = Person.Create(scene.Gateway, scene.Clock, "alice@a.test");
        await alice.StartAsync();
        var grant = new ConsentEntry(ConsentOperation.Grant, alice.User, One.Owner, null) { DeviceLists = one.ForgeLists(One.Owner, One) };
        var now = scene.Clock.GetUtcNow();

        Assert.Equal("END-043", await scene.RejectedAsync(alice, one, One, grant, now - TimeSpan.FromDays(31)));
        Assert.Equal("END-043", await scene.RejectedAsync(alice, one, One, grant, now + TimeSpan.FromHours(2)));
        Assert.NotEqual(ConsentState.Granted, (await alice.Client.ContactAsync(One.Owner))?.TheyAllow);
        scene.Inject(alice, one, One, grant);
        await alice.NextAsync<EndpointEvent.ConsentGranted>();
    }

    [Fact]
    public async Task TheList_IsRenewedByItselfBeforeItRunsOut()
    {
        await using var alice = Person.Create(scene.Gateway, scene.Clock, "alice@a.test");
        await alice.StartAsync();
        scene.Clock.Jump(TimeSpan.FromDays(19));
        await alice.Client.MaintainOnceAsync(CancellationToken.None);
        Assert.Equal(0UL, (await alice.Client.IdentityAsync()).Version);

        scene.Clock.Jump(TimeSpan.FromDays(2));
        await alice.Client.MaintainOnceAsync(CancellationToken.None);
        await scene.SoonAsync(() => Task.FromResult(scene.Gateway.ListsOf(alice.User).Count == 2));
        await alice.Client.MaintainOnceAsync(CancellationToken.None);
        var identity = await alice.Client.IdentityAsync();
        Assert.Equal(1UL, identity.Version);
        Assert.Equal(30, (identity.FreshUntil!.Value - scene.Clock.GetUtcNow()).TotalDays, 0.1);
    }
}
