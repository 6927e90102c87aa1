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
        Identity = identity;
        User = UserUri.Parse(identity.User);
        Client = ClientUri.Parse(identity.Client);
        Options = options;
        Clock = clock;
        Mls = new MlsClient(Encoding.UTF8.GetBytes(identity.Client), signatureKey, CredentialCheck.Instance, clock);
    }

    public IdentityRecord Identity { get; private set; }

    public UserUri User { get; }

    public ClientUri Client { get; }

    public EndpointOptions Options { get; }

    public TimeProvider Clock { get; }

    public MlsClient Mls { get; }

    public CipherSuite Suite => signatureKey.Suite;

    public ReadOnlyMemory<byte> PublicKey => signatureKey.PublicKey;

    /// <summary>The hub provider; null until it is known.</summary>
    public ProviderDomain? Hub => ProviderDomain.TryParse(Identity.HubDomain, out var domain) ? domain : null;

    public Work Begin() => new(store, Clock.GetUtcNow(), Options.AtStep);

    public byte[] Sign(byte[] content) => signatureKey.SignWithLabel(FrameProof.Label, content);

    public void LearnHub(Work work, ProviderDomain hub)
    {
        if (Identity.HubDomain is not null)
            return;

        var updated = Identity with { HubDomain = hub.Value };
        Tables.Identity.Put(work.Store, updated);
        work.After(() => Identity = updated);
    }

    /// <summary>Reads a group that this endpoint saved.</summary>
    /// <exception cref="StoreDamagedException">It is not one.</exception>
    public MlsGroup Import(byte[] exported) => Mls.ImportGroup(exported).Match(group => group, _ => throw new StoreDamagedException());

    public void Dispose() => signatureKey.Dispose();
}
