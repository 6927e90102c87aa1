using System.Text;
using Interconnect.Federation;
using Interconnect.Mls;

namespace Interconnect.Benchmarks;

/// <summary>Two devices with real MLS keys in one room: the sender's envelopes as an adapter hands them over.</summary>
internal sealed class Devices
{
    public const string HubDomain = "hub.test";
    public const string FromDomain = "a.test";
    public const string ToDomain = "b.test";

    public static readonly NetworkId From = NetworkId.Parse("net-a");
    public static readonly NetworkId To = NetworkId.Parse("net-b");

    private readonly Device alice;
    private readonly Device bob;

    public Devices(int number)
    {
        alice = new Device(From, FromDomain, $"alice{number}");
        bob = new Device(To, ToDomain, $"bob{number}");
        Room = RoomUri.Parse($"mimi://{HubDomain}/r/{number:x32}");
    }

    public RoomUri Room { get; }

    /// <summary>
    /// Publishes device lists and key packages, asks and grants consent, claims, and makes the room, through the hub. <paramref name="submit"/> gives the hub's answer.
    /// </summary>
    public async Task<EncryptedMessage> MeetAsync(Func<FederationEnvelope, Task<FederationEvent>> submit, int messageBytes)
    {
        var bundle = bob.Mls.CreateKeyPackage(TimeSpan.FromDays(30));
        await submit(alice.Send(alice.List()));
        await submit(bob.Send(bob.List()));
        await submit(alice.Send(new KeyMaterialPublish(alice.Client, [alice.Mls.CreateKeyPackage(TimeSpan.FromDays(30)).KeyPackage])));
        await submit(bob.Send(new KeyMaterialPublish(bob.Client, [bundle.KeyPackage])));
        await submit(alice.Send(new ConsentEntry(ConsentOperation.Request, alice.User, bob.User, null)));
        await submit(bob.Send(new ConsentEntry(ConsentOperation.Grant, alice.User, bob.User, null)));
        await submit(alice.Send(new KeyMaterialRequest(bob.User, Room, [1])));
        var group = alice.Mls.CreateGroup(Encoding.UTF8.GetBytes(Room.Value)).Value;
        var commit = group.AddMembers([KeyPackages.Verify(bundle.KeyPackage, DateTimeOffset.UtcNow).Value]).Value;
        await submit(alice.Send(new RoomUpdate(Room, commit.Commit, commit.Welcome ?? ReadOnlyMemory<byte>.Empty, commit.GroupInfo)));

        // The hub neither opens nor compares ciphertexts, so one serves for all of the room's frames.
        var empty = commit.NewState.Encrypt([]).Value.PrivateMessage.Length;
        return new EncryptedMessage(Room, null, commit.NewState.Encrypt(new byte[messageBytes - empty - 2]).Value.PrivateMessage);
    }

    /// <summary>A message in a frame of its own, signed.</summary>
    public (ConversationKey Conversation, EventId Id, byte[] Body) Message(EncryptedMessage message)
    {
        var envelope = alice.Send(message);
        return (envelope.Conversation, envelope.Id, EnvelopeCodec.Encode(envelope));
    }

    private sealed class Device(NetworkId network, string domain, string user)
    {
        public UserUri User { get; } = UserUri.Parse($"mimi://{domain}/u/{user}");

        public ClientUri Client { get; } = ClientUri.Parse($"mimi://{domain}/d/{user}/phone");

        public SignatureKeyPair Key { get; } = CipherSuite.Get(1).GenerateSignatureKeyPair();

        public MlsClient Mls => mls ??= new MlsClient(Encoding.UTF8.GetBytes(Client.Value), Key, UnsafeAcceptAnyCredential.Instance, TimeProvider.System);

        private MlsClient? mls;

        /// <summary>The only device of a new identity.</summary>
        public DeviceListUpdate List()
        {
            using var identity = CipherSuite.Get(SignedDeviceList.IdentitySuite).GenerateSignatureKeyPair();
            var list = DeviceList.First(User, identity.PublicKey, [new DeviceEntry(Client, 1, Key.PublicKey, DeviceKind.Agent, true, DateTimeOffset.UnixEpoch)], DateTimeOffset.UtcNow);
            return new DeviceListUpdate([SignedDeviceList.ByIdentity(list, (label, content) => identity.SignWithLabel(label, content)).Encoded]);
        }

        public FederationEnvelope Send(FederationEvent @event)
        {
            var encoded = EventCodec.Encode(@event);
            var frame = FrameId.Create();
            var at = DateTimeOffset.FromUnixTimeMilliseconds(DateTimeOffset.UtcNow.ToUnixTimeMilliseconds());
            var signature = Key.SignWithLabel(FrameProof.Label, FrameProof.SignedContent(frame, Client, at, 1, encoded));
            return FederationEnvelope.Create(
                EventId.Derive(network, Convert.ToHexString(frame.ToBytes())), network, User, @event.ConversationFor(User),
                new EncryptionLabels(OuterEncryption.Tls, InnerEncryption.Mls10), at, @event, encoded)
                with { Proof = new FrameProof(frame, Client, at, 1, Key.PublicKey, signature) };
        }
    }
}
