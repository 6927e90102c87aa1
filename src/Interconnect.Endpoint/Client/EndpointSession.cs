using System.Text;
using Interconnect.Federation;
using Interconnect.Mls;

namespace Interconnect.Endpoint;

/// <summary>What all parts of a running endpoint share: who it is, its keys, its store and its clock.</summary>
internal sealed class EndpointSession : IDisposable
{
    private readonly EndpointStore store;
    private readonly SignatureKeyPair signatureKey;

    public EndpointSession(EndpointStore store, IdentityRecord identity, SignatureKeyPair signatureKey, EndpointOptions options, TimeProvider clock)
    {
        this.store = store;
        this.signatureKey = signatureKey;
        Identity = identity with { SignatureKey = [], Seed = null };
        User = UserUri.Parse(identity.User);
        Client = ClientUri.Parse(identity.Client);
        Options = options;
        Clock = clock;
        Book = new IdentityBook(this);
        Mls = new MlsClient(Encoding.UTF8.GetBytes(identity.Client), signatureKey, CredentialCheck.Instance, clock);
    }

    public IdentityRecord Identity { get; private set; }

    public UserUri User { get; }

    public ClientUri Client { get; }

    public EndpointOptions Options { get; }

    public TimeProvider Clock { get; }

    public MlsClient Mls { get; }

    public IdentityBook Book { get; }

    public CipherSuite Suite => signatureKey.Suite;

    public ReadOnlyMemory<byte> PublicKey => signatureKey.PublicKey;

    /// <summary>The hub provider; null until it is known.</summary>
    public ProviderDomain? Hub => ProviderDomain.TryParse(Identity.HubDomain, out var domain) ? domain : null;

    public Work Begin() => new(store, Clock.GetUtcNow(), Options.AtStep);

    public byte[] Sign(byte[] content) => signatureKey.SignWithLabel(FrameProof.Label, content);

    /// <summary>Signs a device list with this device's key.</summary>
    public byte[] SignList(string label, byte[] content) => signatureKey.SignWithLabel(label, content);

    /// <summary>This device's entry for a list.</summary>
    public DeviceEntry NewEntry(DateTimeOffset now) =>
        new(Client, Suite.Id, PublicKey, DeviceKind.Agent, true, DateTimeOffset.FromUnixTimeMilliseconds(now.ToUnixTimeMilliseconds()));

    /// <summary>Whether the newest list of this user names this device and its key.</summary>
    public bool IsAuthorised(Work work) => Book.ChainOf(work, User) is { } own && own.Names(Client, Suite.Id, PublicKey.Span);

    public void LearnHub(Work work, ProviderDomain hub)
    {
        if (Identity.HubDomain is not null)
            return;

        Save(work, Tables.Identity.Get(work.Store, IdentityRecord.Name)! with { HubDomain = hub.Value });
    }

    /// <summary>Somebody shows an identity of this user that is not this one, or lists that contradict ours: said loudly, and nothing under it is used.</summary>
    public void Conflict(Work work, ReadOnlyMemory<byte>? other)
    {
        var identity = Tables.Identity.Get(work.Store, IdentityRecord.Name)!;
        if (identity.ConflictAt is null || (other is { } key && !key.Span.SequenceEqual(identity.ConflictKey)))
            Save(work, identity with { ConflictAt = work.NowMs, ConflictKey = other?.ToArray() ?? identity.ConflictKey });

        work.Raise(new EndpointEvent.IdentityConflict(work.Now));
    }

    /// <summary>Saves what this endpoint is; memory follows once it is committed, without the private keys that it does not need.</summary>
    public void Save(Work work, IdentityRecord identity)
    {
        Tables.Identity.Put(work.Store, identity);
        work.After(() => Identity = identity with { Seed = null, SignatureKey = [] });
    }

    /// <summary>Reads a group that this endpoint saved.</summary>
    /// <exception cref="StoreDamagedException">It is not one.</exception>
    public MlsGroup Import(byte[] exported) => Mls.ImportGroup(exported).Match(group => group, _ => throw new StoreDamagedException());

    public void Dispose() => signatureKey.Dispose();
}
