using Interconnect.Mls.Messages;
using Interconnect.Mls.Tree;

namespace Interconnect.Mls;

/// <summary>A KeyPackage whose signatures, lifetime and form were checked. Only <see cref="KeyPackages.Verify"/> makes one.</summary>
public sealed class VerifiedKeyPackage
{
    internal VerifiedKeyPackage(CipherSuite suite, KeyPackage keyPackage, ReadOnlyMemory<byte> encoded)
    {
        Suite = suite;
        KeyPackage = keyPackage;
        Encoded = encoded;
        Reference = keyPackage.Reference(suite);
    }

    /// <summary>The suite it is for.</summary>
    public CipherSuite Suite { get; }

    /// <summary>Who it claims to be.</summary>
    public MemberCredential Credential => KeyPackage.Leaf.Credential;

    /// <summary>The client's public signature key.</summary>
    public ReadOnlyMemory<byte> SignatureKey => KeyPackage.Leaf.SignatureKey;

    /// <summary>KeyPackageRef (RFC 9420 section 5.2).</summary>
    public ReadOnlyMemory<byte> Reference { get; }

    /// <summary>Start of its lifetime.</summary>
    public DateTimeOffset NotBefore => UnixTime.ToDate(Lifetime.NotBefore);

    /// <summary>End of its lifetime; the last representable time when it never ends.</summary>
    public DateTimeOffset NotAfter => UnixTime.ToDate(Lifetime.NotAfter);

    /// <summary>The KeyPackage's own extensions, unknown ones included.</summary>
    public IReadOnlyList<Extension> Extensions => KeyPackage.Extensions;

    /// <summary>
    /// Marked as one of last resort (draft-ietf-mls-extensions-10 section 6.4): a directory may hand it out more than once when no other is left.
    /// </summary>
    public bool IsLastResort => KeyPackage.IsLastResort;

    /// <summary>MLSMessage form, byte for byte as verified.</summary>
    public ReadOnlyMemory<byte> Encoded { get; }

    internal KeyPackage KeyPackage { get; }

    private LeafNodeSource.KeyPackage Lifetime => (LeafNodeSource.KeyPackage)KeyPackage.Leaf.Source;

    /// <summary>Redacted: an identity names a person.</summary>
    public override string ToString() => $"verified KeyPackage for {Suite.Name}";
}
