namespace Interconnect.Mls.Crypto;

/// <summary>An HPKE public key as received, parsed once, when it is first used.</summary>
internal sealed class HpkePublicKey(HpkeKem kem, ReadOnlyMemory<byte> encoded)
{
    private IDhPublicKey? key;

    public ReadOnlyMemory<byte> Encoded => encoded;

    /// <summary>Refuses what is no public key of the KEM (MLS-111).</summary>
    public IDhPublicKey Key => key ??= kem.Group.ImportPublic(encoded.Span);
}
