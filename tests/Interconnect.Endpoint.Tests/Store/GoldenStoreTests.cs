using System.Text.Json;
using Interconnect.Endpoint.Tests.Fakes;
using Interconnect.Testing;

namespace Interconnect.Endpoint.Tests.Store;

/// <summary>
/// Stores from before identities (v1) and since (v2) are read for ever. The newest file was made by this test with INTERCONNECT_WRITE_GOLDEN=1; it is written again only when
/// shapes change, and under a new name.
/// </summary>
public sealed class GoldenStoreTests : IDisposable
{
    private static readonly byte[] Key = [.. Enumerable.Range(0, 32).Select(i => (byte)(255 - i))];
    private static readonly string Golden = Path.Combine(SharedFiles.RepositoryRoot, "tests", "Interconnect.Endpoint.Tests", "Golden");
    private readonly TemporaryFolder folder = new();

    public void Dispose() => folder.Dispose();

    [Fact]
    public void AStoreOfVersion1_IsReadWithAllItHolds()
    {
        using var key = StoreKey.FromKeyFile(Key);
        Directory.CreateDirectory(folder.Path);
        File.Copy(Path.Combine(Golden, "store-v1.bin"), folder.File(EndpointStore.FileName));
        using var store = Assert.IsType<StoreOpening.Opened>(EndpointStore.Open(folder.Path, key)).Store;
        using var read = store.Begin();

        Same(Identity, Tables.Identity.All(read));
        Same(KeyPackage, Tables.KeyPackages.All(read));
        Same(Contact, Tables.Contacts.All(read));
        Same(Room, Tables.Rooms.All(read));
        Same(Setup, Tables.Setups.All(read));
        Same(Message, Tables.Messages.All(read));
        Same(Outbox, Tables.Outbox.All(read));
        Same(Sent, Tables.Sent.All(read));
        Same(Held, Tables.Held.All(read));
        Same(Chunk, Tables.Chunks.All(read));
        Same(Order, Tables.Orders.All(read));
        Assert.True(read.Has(EntryKind.Seen, "00ff"));
        Assert.Equal("state"u8.ToArray(), read.Get(EntryKind.Transport, "matrix since"));
        Assert.Equal("message"u8.ToArray(), read.Get(EntryKind.ContentIndex, "0101"));
    }

    [Fact]
    public void AStoreOfVersion2_IsReadWithAllThatCameWithIdentities()
    {
        using var key = StoreKey.FromKeyFile(Key);
        if (Environment.GetEnvironmentVariable("INTERCONNECT_WRITE_GOLDEN") == "1")
            WriteGolden(key);

        Directory.CreateDirectory(folder.Path);
        File.Copy(Path.Combine(Golden, "store-v2.bin"), folder.File(EndpointStore.FileName));
        using var store = Assert.IsType<StoreOpening.Opened>(EndpointStore.Open(folder.Path, key)).Store;
        using var read = store.Begin();

        Same(IdentityWithKeys, Tables.Identity.All(read));
        Same(Chain, Tables.Chains.All(read));
        Same(ListPublication, Tables.ListPublication.All(read));
        Same(Publication, Tables.Publication.All(read));
        Same(ContactInDoubt, Tables.Contacts.All(read));
        Same(StandingRoom, Tables.Rooms.All(read));
        Same(Message with { Trust = KeyTrust.Unconfirmed }, Tables.Messages.All(read));
        Same(Sent with { Unplaced = true }, Tables.Sent.All(read));
        Assert.True(read.Has(EntryKind.SeenFrame, "00ff mimi://b.test/d/bob/x"));
        Assert.Equal("mine"u8.ToArray(), read.Get(EntryKind.DeviceLabel, "mimi://a.test/d/alice/phone"));
        Assert.Equal([52], read.Get(EntryKind.LinkRequest, "AA"));
        Assert.Equal([53], read.Get(EntryKind.LinkMemory, "self"));
    }

    private static IdentityRecord IdentityWithKeys => Identity with { IdentityKey = [31], Seed = [32], Joining = true, Further = true, ConflictAt = 33 };

    private static ChainRecord Chain { get; } = new("mimi://b.test/u/bob", [[34], [35]]);

    private static ListPublicationRecord ListPublication { get; } = new([36], "f4", [37], 38, 39);

    private static PublicationRecord Publication { get; } = new(40, 41);

    private static ContactRecord ContactInDoubt => Contact with
    {
        Clients = [],
        Identity = [42],
        Verified = true,
        Candidate = [43],
        CandidateLists = [[44]],
        Fork = new ForkRecord(1, [45], [46], 47),
        HeardAt = 48,
        SaidAt = 49,
    };

    private static RoomRecord StandingRoom => Room with
    {
        Pending = new PendingCommit("f1", [9], true),
        Still = new StillRecord("END-041", "mimi://b.test/d/bob/evil", 50, [51]),
        ReadOnly = true,
        AddingFrame = "f5",
        AddingUntil = 54,
        AddingTries = 55,
    };

    private static IdentityRecord Identity { get; } = new()
    {
        User = "mimi://a.test/u/alice",
        Client = "mimi://a.test/d/alice/phone",
        Suite = 1,
        SignatureKey = [1, 2, 3],
        CreatedAt = 1_700_000_000_000,
        HubDomain = "hub.test",
        Account = new TransportAccount { Kind = TransportKind.Xmpp, Address = "alice@a.test", Password = "secret", Server = "127.0.0.1:5222", Gateway = "gw.a.test", TlsAuthorityFile = "/ca.pem", InsecureLoopback = true },
    };

    private static KeyPackageRecord KeyPackage { get; } = new("aa", [4], 1_800_000_000_000, "f0");

    private static ContactRecord Contact { get; } = new("mimi://b.test/u/bob")
    {
        Theirs = ConsentState.Granted,
        Ours = ConsentState.Requested,
        AddedAt = 5,
        Clients = [new PinnedClient("mimi://b.test/d/bob/x", 1, [5], [6], 7)],
    };

    private static RoomRecord Room { get; } = new("mimi://hub.test/r/r", "mimi://b.test/u/bob", true, [8], new PendingCommit("f1", [9]), 10, true);

    private static SetupRecord Setup { get; } = new("mimi://b.test/u/bob", "mimi://hub.test/r/r", "f2", 2, 11);

    private static MessageRecord Message { get; } = new("m1", false, "mimi://b.test/u/bob")
    {
        Text = "Grüße",
        State = MessageState.HandedOver,
        CreatedAt = 12,
        Room = "mimi://hub.test/r/r",
        ContentId = "0101",
        Content = [13],
        Frame = "f3",
        SenderClient = "mimi://b.test/d/bob/x",
        ContentType = "text/plain",
        InReplyTo = "0102",
        Sequence = 14,
        AcceptedAt = 15,
        HandedOverAt = 16,
        DeliveredAt = 17,
        RuleId = "HUB-033",
        Reason = "no",
        Attempts = 1,
        NotBefore = 18,
        Shown = true,
    };

    private static OutboxRecord Outbox { get; } = new("f3", "mimi://b.test/u/bob", [19], FramePurpose.Message, "mimi://hub.test/r/r", 20, 3, 21);

    private static SentRecord Sent { get; } = new("f3", FramePurpose.Message, "m1", "mimi://hub.test/r/r", "mimi://b.test/u/bob");

    private static HeldRecord Held { get; } = new("room mimi://hub.test/r/r", 22, [23], "mimi://b.test/u/bob", 24);

    private static ChunkRecord Chunk { get; } = new("service", "IC1.x", 25);

    private static OrderRecord Order { get; } = new("room mimi://hub.test/r/r", 26, [27, 28], -1);

    private static void Same<T>(T expected, IReadOnlyList<T> read) =>
        Assert.Equal(JsonSerializer.Serialize(expected, Tables.Json), JsonSerializer.Serialize(Assert.Single(read), Tables.Json));

    private static void WriteGolden(StoreKey key)
    {
        using var made = new TemporaryFolder();
        using (var store = Assert.IsType<StoreOpening.Opened>(EndpointStore.Create(made.Path, key)).Store)
        using (var write = store.Begin())
        {
            Tables.Identity.Put(write, IdentityWithKeys);
            Tables.Chains.Put(write, Chain);
            Tables.ListPublication.Put(write, ListPublication);
            Tables.Publication.Put(write, Publication);
            Tables.Contacts.Put(write, ContactInDoubt);
            Tables.Rooms.Put(write, StandingRoom);
            Tables.Messages.Put(write, Message with { Trust = KeyTrust.Unconfirmed });
            Tables.Sent.Put(write, Sent with { Unplaced = true }, 29);
            write.Put(EntryKind.SeenFrame, "00ff mimi://b.test/d/bob/x", [1], 56);
            write.Put(EntryKind.DeviceLabel, "mimi://a.test/d/alice/phone", "mine"u8.ToArray());
            write.Put(EntryKind.LinkRequest, "AA", [52], 57);
            write.Put(EntryKind.LinkMemory, "self", [53]);
            write.Commit();
        }

        File.Copy(made.File(EndpointStore.FileName), Path.Combine(Golden, "store-v2.bin"), true);
    }
}
