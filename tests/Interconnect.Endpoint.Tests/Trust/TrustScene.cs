using System.Text;
using Interconnect.Content;
using Interconnect.Endpoint.Tests.Adversary;
using Interconnect.Endpoint.Tests.Fakes;
using Interconnect.Federation;
using Interconnect.Mls;
using Interconnect.Testing;

namespace Interconnect.Endpoint.Tests.Trust;

/// <summary>A gateway that delivers what others signed, and what it takes to sign it.</summary>
internal sealed class TrustScene
{
    private int packagesUsed;

    public TrustScene() => Gateway = new FakeGateway(Clock);

    public ManualClock Clock { get; } = new();

    public FakeGateway Gateway { get; }

    /// <summary>Delivers an event as the gateway would that had it from that client.</summary>
    public void Inject(Person to, Intruder signer, ClientUri name, FederationEvent what, ulong? sequence = null, DateTimeOffset? at = null)
    {
        var encoded = EventCodec.Encode(what);
        Deliver(to, what, encoded, signer.Prove(name, encoded, at), sequence);
    }

    /// <summary>The same, with somebody's own proof.</summary>
    public void Deliver(Person to, FederationEvent what, ReadOnlyMemory<byte> encoded, FrameProof proof, ulong? sequence = null)
    {
        var sender = proof.Client.Owner;
        var id = EventId.Derive(NetworkId.Parse("fake"), FrameId.Create().Hex);
        var envelope = FederationEnvelope.Create(
            id, NetworkId.Parse("fake"), sender, what.ConversationFor(sender), new EncryptionLabels(OuterEncryption.Tls, InnerEncryption.Mls10), Clock.GetUtcNow(), what, encoded)
            with { Proof = proof, Recipients = [to.User], Sequence = sequence, AcceptedAt = Clock.GetUtcNow(), HubDomain = FakeGateway.Domain };
        Gateway.Inject(to.User, new Parcel(sender == to.User ? new TransportAddress.Service() : new TransportAddress.Ghost(sender), envelope));
    }

    /// <summary>Which rule it breaks.</summary>
    public async Task<string> RejectedAsync(Person to, Intruder signer, ClientUri name, FederationEvent what, DateTimeOffset? at = null)
    {
        Inject(to, signer, name, what, at: at);
        return (await to.NextAsync<EndpointEvent.FrameRejected>()).RuleId;
    }

    /// <summary>A room that a client of the intruder's makes, with that user and others in it.</summary>
    public (RoomUpdate Update, MlsGroup Group) Make(Person to, Intruder intruder, ClientUri by, params (Intruder Who, ClientUri Name)[] others)
    {
        Assert.True(RoomUri.TryCreate(FakeGateway.Domain, FrameId.Create().Hex, out var room));
        var own = Gateway.AcceptedRequests.ToList().Where(r => r.Proof.Client.Owner == to.User).Select(r => r.Event).OfType<KeyMaterialPublish>().First().KeyPackages;
        var packages = others.Select(o => (ReadOnlyMemory<byte>)o.Who.MakePackage(o.Name)).Prepend(own[^++packagesUsed]);
        var staged = intruder.As(by).Mls.CreateGroup(Encoding.UTF8.GetBytes(room!.Value)).Value.AddMembers([.. packages.Select(Verified)]).Value;
        return (Update(room, staged), staged.NewState);
    }

    public VerifiedKeyPackage Verified(ReadOnlyMemory<byte> package) => KeyPackages.Verify(package, Clock.GetUtcNow(), CipherSuite.Get(1)).Value;

    public static RoomUpdate Update(RoomUri room, CommitResult staged) => new(room, staged.Commit, staged.Welcome ?? [], staged.GroupInfo);

    public static EncryptedMessage Text(RoomUri room, MlsGroup group, UserUri sender, string text, out MlsGroup after)
    {
        var encrypted = group.Encrypt(Compose.Text(new ContentOrigin(sender.Value, room.Value), text).Encode()).Value;
        after = encrypted.NewState;
        return new EncryptedMessage(room, null, encrypted.PrivateMessage);
    }

    public static EncryptedMessage Delivered(RoomUri room, MlsGroup group, UserUri sender, MessageId about)
    {
        var status = new MessageStatusReport([new MessageStatus(about, MessageStatusKind.Delivered)]).Encode();
        var content = new MimiContent
        {
            Salt = Salt.Generate(),
            Extensions = ContentExtensions.For(new ContentOrigin(sender.Value, room.Value)),
            NestedPart = new SinglePart(Disposition.Unspecified, "", ContentMediaTypes.MessageStatus, Octets.Copy(status)),
        };
        return new EncryptedMessage(room, null, group.Encrypt(content.Encode()).Value.PrivateMessage);
    }

    /// <summary>Until something that nobody tells has come to be; the clients' timers go on meanwhile.</summary>
    public async Task SoonAsync(Func<Task<bool>> isSo)
    {
        for (var i = 0; !await isSo(); i++)
        {
            Assert.True(i < 300, "It did not come to be in time.");
            await Task.Delay(20);
            if (i % 20 == 19)
                Clock.Advance(TimeSpan.FromMilliseconds(600));
        }
    }

    /// <summary>Until a user has taken everything.</summary>
    public Task TakenAsync(Person person) => SoonAsync(() => Task.FromResult(Gateway.MailboxOf(person.User).Count == 0));
}
