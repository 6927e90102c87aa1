using Interconnect.Endpoint.Tests.Adversary;
using Interconnect.Endpoint.Tests.Fakes;
using Interconnect.Federation;
using Interconnect.Mls;
using Interconnect.Testing;

namespace Interconnect.Endpoint.Tests.Trust;

/// <summary>Stores from before identities: both ends get one at the first start, meet again by the device keys they knew, and make their room again.</summary>
public sealed class MigrationTests : IDisposable
{
    private static readonly ClientUri Evil = ClientUri.Parse("mimi://b.test/d/bob/evil");

    private readonly TrustScene scene = new();
    private readonly Intruder intruder;

    public MigrationTests() => intruder = new Intruder(scene.Clock);

    public void Dispose() => intruder.Dispose();

    [Fact]
    public async Task AGoldenStoreOfVersion1_GetsAnIdentity_ReadsItsRoomsOnly_AndTellsItsContactsOnce()
    {
        using var folder = new TemporaryFolder();
        Directory.CreateDirectory(folder.Path);
        File.Copy(Path.Combine(SharedFiles.RepositoryRoot, "tests", "Interconnect.Endpoint.Tests", "Golden", "store-v1.bin"), folder.File(EndpointStore.FileName));
        using var key = StoreKey.FromKeyFile([.. Enumerable.Range(0, 32).Select(i => (byte)(255 - i))]);
        using var store = Assert.IsType<StoreOpening.Opened>(EndpointStore.Open(folder.Path, key)).Store;

        // The file's keys are numbers from one on; everything else in it is as it was written.
        using (var pair = CipherSuite.Get(1).GenerateSignatureKeyPair())
        using (var write = store.Begin())
        {
            Tables.Identity.Put(write, Assert.Single(Tables.Identity.All(write)) with { SignatureKey = pair.ExportPrivateKey() });
            write.Commit();
        }

        string? fingerprint = null;
        var waiting = 0;
        for (var start = 0; start < 2; start++)
        {
            scene.Gateway.Silent = true;
            await using var client = EndpointClient.Load(store, new EndpointOptions(), scene.Clock)!;
            Assert.Null(await client.ConnectAsync(new FakeTransport(client.Account.User!, scene.Gateway), CancellationToken.None));
            var identity = await client.IdentityAsync();
            Assert.True(identity is { Authorised: true, SeedKept: true, Era: 1, Version: 0 });
            Assert.Equal(fingerprint ??= identity.Fingerprint, identity.Fingerprint);
            using var read = store.Begin();
            Assert.Equal(fingerprint, Convert.ToHexStringLower(System.Security.Cryptography.SHA256.HashData(Assert.Single(Tables.Identity.All(read)).IdentityKey!)));
            Assert.True(Assert.Single(Tables.Rooms.All(read)) is { ReadOnly: true, Pending: null, Active: true });
            Assert.Equal("Grüße", Assert.Single(Tables.Messages.All(read)).Text);
            Assert.Single(Tables.Outbox.All(read), row => row.Purpose == FramePurpose.Consent);
            waiting = waiting == 0 ? Tables.Outbox.All(read).Count : waiting;
            Assert.Equal(waiting, Tables.Outbox.All(read).Count);
        }
    }

    [Fact]
    public async Task TwoOldStores_MeetAgainSilently_ReadTheOldRoomAndMakeANewOne()
    {
        var (alice, bob) = await Person.AcquaintedAsync(scene.Gateway, scene.Clock);
        await using var first = alice;
        await using var second = bob;
        await alice.WaitAsync(await alice.SendAsync(bob, "one"), MessageState.Delivered);
        await AgeAsync(alice, bob);
        await AgeAsync(bob, alice);

        await alice.StartAsync(untilPublished: false);
        await bob.StartAsync(untilPublished: false);
        using var heard = alice.Client.Subscribe();
        await scene.SoonAsync(async () => await IsKnownAsync(alice, bob) && await IsKnownAsync(bob, alice));
        Assert.False((await alice.Client.ContactAsync(bob.User))!.KeyChanged);
        Assert.False((await bob.Client.ContactAsync(alice.User))!.KeyChanged);
        Assert.True((await alice.Client.IdentityAsync()).SeedKept);

        await alice.WaitAsync(await alice.SendAsync(bob, "two"), MessageState.Delivered);
        Assert.Equal(["one", "two"], await bob.InboxAsync(alice));
        Assert.Equal(2, scene.Gateway.AcceptedRequests.ToList().Select(r => r.Event).OfType<RoomUpdate>().Select(u => u.Room).Distinct().Count());
        Assert.True((await bob.Client.SafetyNumbersAsync(alice.User))!.Known!.Matches((await alice.Client.SafetyNumbersAsync(bob.User))!.Known!));
        while (heard.Events.TryRead(out var one))
            Assert.IsNotType<EndpointEvent.KeyChanged>(one);
    }

    [Fact]
    public async Task AnIdentityThatTheKnownDeviceDoesNotSignFor_IsACandidate_EvenWhenItNamesThatDevice()
    {
        var (alice, bob) = await Person.AcquaintedAsync(scene.Gateway, scene.Clock);
        await using var first = alice;
        await using var second = bob;
        await AgeAsync(alice, bob);
        await alice.StartAsync(untilPublished: false);
        using var seed = RecoverySeed.Create();
        using var identity = seed.DeriveIdentityKey();
        var now = scene.Clock.GetUtcNow();
        var evil = new DeviceEntry(Evil, 1, intruder.As(Evil).Key.PublicKey, DeviceKind.Agent, true, now);
        var list = DeviceList.First(bob.User, identity.PublicKey.ToArray(), [bob.Client.NewDeviceEntry(), evil], now);
        var forged = SignedDeviceList.ByIdentity(list, (label, content) => identity.SignWithLabel(label, content));

        scene.Inject(alice, intruder, Evil, new ConsentEntry(ConsentOperation.Revoke, alice.User, bob.User, null) { DeviceLists = [forged.Encoded] });
        await alice.NextAsync<EndpointEvent.KeyChanged>();
        Assert.Equal("END-042", (await alice.NextAsync<EndpointEvent.FrameRejected>()).RuleId);
        Assert.True((await alice.Client.ContactAsync(bob.User)) is { KeyChanged: true, TheyAllow: ConsentState.Granted or ConsentState.Requested });
        Assert.Equal("END-102", Assert.IsType<RequestOutcome.Blocked>(await alice.Client.SendAsync(bob.User, "hi")).RuleId);

        // Bob's own device brings Bob's.
        await bob.Client.ConsentAsync(ConsentOperation.Request, alice.User);
        await scene.SoonAsync(() => IsKnownAsync(alice, bob));
        Assert.False((await alice.Client.ContactAsync(bob.User))!.KeyChanged);
    }

    [Fact]
    public async Task AKnownDeviceUnderAnotherKey_IsACandidate()
    {
        var (alice, bob) = await Person.AcquaintedAsync(scene.Gateway, scene.Clock);
        await using var first = alice;
        await using var second = bob;
        await AgeAsync(alice, bob, key: new byte[32]);
        await alice.StartAsync(untilPublished: false);

        await bob.Client.ConsentAsync(ConsentOperation.Request, alice.User);
        await alice.NextAsync<EndpointEvent.KeyChanged>();
        Assert.Null((await alice.Client.SafetyNumbersAsync(bob.User))!.Known);
        Assert.Null(await alice.Client.ConfirmAsync(bob.User, (await alice.Client.SafetyNumbersAsync(bob.User))!.Shown!));
        Assert.True((await alice.Client.ContactAsync(bob.User)) is { Verified: true, KeyChanged: false });
    }

    [Fact]
    public async Task AContactWhoseIdentityNobodyShows_IsNotWrittenTo()
    {
        var (alice, bob) = await Person.AcquaintedAsync(scene.Gateway, scene.Clock);
        await using var first = alice;
        await using var second = bob;
        await AgeAsync(alice, bob);
        scene.Gateway.ForgetLists(bob.User);
        scene.Gateway.Deliver = (to, parcel) => parcel.Envelope.Event is ConsentEntry ? [] : [parcel];
        await alice.StartAsync(untilPublished: false);
        Assert.Equal("END-041", (await alice.WaitAsync(await alice.SendAsync(bob, "hi"), MessageState.Refused)).RuleId);

        scene.Gateway.Deliver = static (_, parcel) => [parcel];
        await bob.Client.ConsentAsync(ConsentOperation.Request, alice.User);
        await scene.SoonAsync(() => IsKnownAsync(alice, bob));
    }

    private static async Task<bool> IsKnownAsync(Person one, Person other) => (await one.Client.SafetyNumbersAsync(other.User))?.Known is not null;

    /// <summary>Takes out of a store what came with identities.</summary>
    private async Task AgeAsync(Person person, Person contact, byte[]? key = null)
    {
        await person.StopAsync();
        scene.Gateway.ForgetLists(person.User);
        var entry = contact.Client.NewDeviceEntry();
        person.Edit(store =>
        {
            Tables.Identity.Put(store, Tables.Identity.Get(store, IdentityRecord.Name)! with { IdentityKey = null, Seed = null });
            foreach (var chain in Tables.Chains.All(store))
                Tables.Chains.Delete(store, chain);

            foreach (var publication in Tables.ListPublication.All(store))
                Tables.ListPublication.Delete(store, publication);

            foreach (var message in Tables.Messages.All(store))
                Tables.Messages.Put(store, message with { Trust = null });

            var known = Tables.Contacts.Get(store, contact.User.Value)!;
            Tables.Contacts.Put(store, new ContactRecord(known.User)
            {
                Theirs = known.Theirs,
                Ours = known.Ours,
                AddedAt = known.AddedAt,
                Clients = [new PinnedClient(entry.Client.Value, entry.Suite, key ?? entry.SignatureKey.ToArray(), null, 1)],
            });
        });
    }
}
