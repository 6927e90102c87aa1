namespace Interconnect.Mls;

/// <summary>A KeyPackage whose signatures, lifetime and form were checked. Only <see cref="KeyPackages.Verify"/> makes one.</summary>
public sealed class VerifiedKeyPackage
{
    internal VerifiedKeyPackage()
    {
    }

    /// <summary>The suite it is for.</summary>
    public CipherSuite Suite => throw new NotSupportedException();

    /// <summary>Who it claims to be.</summary>
    public MemberCredential Credential => throw new NotSupportedException();

    /// <summary>The client's public signature key.</summary>
    public ReadOnlyMemory<byte> SignatureKey => throw new NotSupportedException();

    /// <summary>KeyPackageRef (RFC 9420 section 5.2).</summary>
    public ReadOnlyMemory<byte> Reference => throw new NotSupportedException();

    /// <summary>Start of its lifetime.</summary>
    public DateTimeOffset NotBefore => throw new NotSupportedException();

    /// <summary>End of its lifetime.</summary>
    public DateTimeOffset NotAfter => throw new NotSupportedException();

    /// <summary>MLSMessage form, byte for byte as verified.</summary>
    public ReadOnlyMemory<byte> Encoded => throw new NotSupportedException();
}
