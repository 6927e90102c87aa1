using System.Text;
using Interconnect.Federation;
using Interconnect.Mls;

namespace Interconnect.Hub.Tests.Kit;

/// <summary>A person's device with real MLS keys, and the adapter in front of it: makes the envelopes that the hub would get.</summary>
internal sealed class Device
{
    public Device(string network, string domain, string user, TimeProvider clock, string device = "phone", ushort suite = 1)
    {
        Network = NetworkId.Parse(network);
        Clock = clock;
        User = UserUri.Parse($"mimi://{domain}/u/{user}");
        Uri = ClientUri.Parse($"mimi://{domain}/d/{user}/{device}");
        Key = CipherSuite.Get(suite).GenerateSignatureKeyPair();
        Mls = new MlsClient(Encoding.UTF8.GetBytes(Uri.Value), Key, UnsafeAcceptAnyCredential.Instance, clock);
    }

    public NetworkId Network { get; }

    public TimeProvider Clock { get; }

    public UserUri User { get; }

    public ClientUri Uri { get; }

    public SignatureKeyPair Key { get; }

    public MlsClient Mls { get; }

    public List<KeyPackageBundle> Bundles { get; } = [];

    public MlsGroup? Group { get; set; }

    /// <summary>This device as it stands in a list.</summary>
    public DeviceEntry Entry() => new(Uri, Key.Suite.Id, Key.PublicKey, DeviceKind.Agent, true, DateTimeOffset.FromUnixTimeMilliseconds(Clock.GetUtcNow().ToUnixTimeMilliseconds()));

    /// <summary>A signed event as the adapter hands it over. Every argument replaces what would be right.</summary>
    public FederationEnvelope Send(
        FederationEvent @event, string? eventKey = null, FrameId? frame = null, DateTimeOffset? createdAt = null, SignatureKeyPair? key = null, ClientUri? client = null,
        ushort? suite = null, EncryptionLabels? labels = null, UserUri? sender = null, NetworkId? network = null, ConversationKey? conversation = null, bool signed = true, bool broken = false)
    {
        var encoded = EventCodec.Encode(@event);
        var id = frame ?? FrameId.Create();
        var at = DateTimeOffset.FromUnixTimeMilliseconds((createdAt ?? Clock.GetUtcNow()).ToUnixTimeMilliseconds());
        var number = suite ?? Key.Suite.Id;
        var signer = key ?? Key;
        var signature = signer.SignWithLabel(FrameProof.Label, FrameProof.SignedContent(id, client ?? Uri, at, number, encoded));
        if (broken)
        {
            signature[0] ^= 1;
        }

        var from = sender ?? User;
        return FederationEnvelope.Create(
            EventId.Derive(network ?? Network, eventKey ?? Guid.NewGuid().ToString()), network ?? Network, from, conversation ?? @event.ConversationFor(from),
            labels ?? new EncryptionLabels(OuterEncryption.Tls, InnerEncryption.Mls10), Clock.GetUtcNow(), @event, encoded)
            with { Proof = signed ? new FrameProof(id, client ?? Uri, at, number, signer.PublicKey, signature) : null };
    }

    public KeyMaterialPublish Publication(int packages = 2)
    {
        var made = Enumerable.Range(0, packages).Select(_ => Mls.CreateKeyPackage(TimeSpan.FromDays(30))).ToList();
        Bundles.AddRange(made);
        return new KeyMaterialPublish(Uri, [.. made.Select(b => b.KeyPackage)]);
    }

    /// <summary>One of last resort, besides those that are given out once.</summary>
    public KeyMaterialPublish LastResort(int packages = 0)
    {
        var once = Publication(packages).KeyPackages;
        var made = Mls.CreateKeyPackage(TimeSpan.FromDays(30), lastResort: true);
        Bundles.Add(made);
        return new KeyMaterialPublish(Uri, [.. once, made.KeyPackage]);
    }

    public ConsentEntry Says(ConsentOperation operation, UserUri other, RoomUri? room = null) =>
        operation is ConsentOperation.Request or ConsentOperation.Cancel ? new(operation, User, other, room) : new(operation, other, User, room);

    public KeyMaterialRequest Asks(UserUri target, RoomUri? room = null, params ushort[] suites) => new(target, room, suites.Length == 0 ? [Key.Suite.Id] : suites);

    /// <summary>Makes the room's group with the claimed packages; the staged group is adopted.</summary>
    public RoomUpdate Creates(RoomUri room, IEnumerable<ReadOnlyMemory<byte>> packages)
    {
        Group = Mls.CreateGroup(Encoding.UTF8.GetBytes(room.Value)).Value;
        return Adds(room, packages);
    }

    public RoomUpdate Adds(RoomUri room, IEnumerable<ReadOnlyMemory<byte>> packages) =>
        Commits(room, Group!.AddMembers([.. packages.Select(p => KeyPackages.Verify(p, Clock.GetUtcNow()).Value)]).Value);

    public RoomUpdate Refreshes(RoomUri room) => Commits(room, Group!.Update().Value);

    public RoomUpdate Commits(RoomUri room, CommitResult commit)
    {
        Group = commit.NewState;
        return new RoomUpdate(room, commit.Commit, commit.Welcome ?? ReadOnlyMemory<byte>.Empty, commit.GroupInfo);
    }

    public EncryptedMessage Writes(RoomUri room, string text)
    {
        var sent = Group!.Encrypt(Encoding.UTF8.GetBytes(text)).Value;
        Group = sent.NewState;
        return new EncryptedMessage(room, null, sent.PrivateMessage);
    }

    /// <summary>An external commit; <paramref name="former"/> is this device's own leaf, which it takes out.</summary>
    public RoomUpdate JoinsByItself(RoomUri room, ReadOnlyMemory<byte> groupInfo, uint? former = null)
    {
        var joined = Mls.JoinExternally(groupInfo, formerLeaf: former).Value;
        Group = joined.NewState;
        return new RoomUpdate(room, joined.Commit, default, joined.GroupInfo);
    }

    public void Joins(RoomUpdate update) => Group = Mls.Join(update.Welcome, Bundles).Value.NewState;

    public string Reads(EncryptedMessage message)
    {
        var read = Assert.IsType<Processed.ApplicationMessage>(Group!.Process(message.Message).Value);
        Group = read.NewState;
        return Encoding.UTF8.GetString(read.Data);
    }

    public void Follows(RoomUpdate update) => Group = Assert.IsType<Processed.CommitApplied>(Group!.Process(update.Commit).Value).NewState;

    /// <summary>What this device's adapter reports on a delivery to its user.</summary>
    public FederationEnvelope Reports(FederationEnvelope delivered, DeliveryStatus status, string? rule = null, string? reason = null, NetworkId? network = null) =>
        FederationEnvelope.Create(
            EventId.Derive(delivered.Id, $"report {status} {User.Value}"), network ?? Network, null, delivered.Conversation, default, Clock.GetUtcNow(),
            new DeliveryReport(delivered.Id, null, User, status, rule, reason, Clock.GetUtcNow()));
}
