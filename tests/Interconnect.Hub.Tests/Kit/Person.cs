using Interconnect.Federation;
using Interconnect.Mls;

namespace Interconnect.Hub.Tests.Kit;

/// <summary>Whose devices they are: the identity key, and the device lists as the person has them. A list that was made counts as taken, unless a test puts the chain back.</summary>
internal sealed class Person(UserUri user, TimeProvider clock)
{
    public UserUri User => user;

    public SignatureKeyPair Identity { get; } = CipherSuite.Get(1).GenerateSignatureKeyPair();

    public DeviceChain? Chain { get; set; }

    public bool Has(Device device) => Chain?.Names(device.Uri, device.Key.Suite.Id, device.Key.PublicKey.Span) == true;

    /// <summary>The first list of an identity.</summary>
    public DeviceListUpdate Begins(params Device[] devices) => Began(DeviceList.First(user, Identity.PublicKey, devices.Select(d => d.Entry()), clock.GetUtcNow()));

    /// <summary>What the recovery phrase does: an era with these devices alone.</summary>
    public DeviceListUpdate OpensEra(params Device[] devices) => Began(DeviceList.NextEra(Chain!.Newest, devices.Select(d => d.Entry()), clock.GetUtcNow()));

    public DeviceListUpdate Adds(Device by, params Device[] added) => Goes(by, DeviceList.Next(Chain!.Newest, added.Select(d => d.Entry()), [], clock.GetUtcNow()));

    public DeviceListUpdate Removes(Device by, params Device[] removed) => Goes(by, DeviceList.Next(Chain!.Newest, [], removed.Select(d => d.Uri), clock.GetUtcNow()));

    public DeviceListUpdate Shows() => new(Chain!.Encoded);

    public IdentityObjection Objects(Person to, DateTimeOffset? at = null) =>
        IdentityObjection.Sign(user, Identity.PublicKey, to.Identity.PublicKey.Span, at ?? clock.GetUtcNow(), (label, content) => Identity.SignWithLabel(label, content));

    private DeviceListUpdate Began(DeviceList list)
    {
        Chain = DeviceChain.Begin(SignedDeviceList.ByIdentity(list, (label, content) => Identity.SignWithLabel(label, content)));
        return Shows();
    }

    private DeviceListUpdate Goes(Device by, DeviceList list)
    {
        Chain = Chain!.Append(SignedDeviceList.ByDevice(list, by.Uri, by.Key.Suite.Id, (label, content) => by.Key.SignWithLabel(label, content)), KnownLists.Check);
        return Shows();
    }
}
