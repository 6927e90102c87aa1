namespace Interconnect.Mls;

/// <summary>One MLS client: an identity, a suite, a signature key, and how it judges others. Immutable and thread-safe; owns nothing but refers to the key pair.</summary>
public sealed class MlsClient
{
    /// <summary>Makes a client.</summary>
    /// <param name="identity">The identity of its basic credential.</param>
    /// <param name="signatureKey">Its signature key pair, whose suite is the client's; stays the caller's to dispose.</param>
    /// <param name="authentication">Judges the credentials of others.</param>
    /// <param name="clock">Where lifetimes are measured.</param>
    /// <param name="options">Bounds; null = defaults.</param>
    public MlsClient(
        ReadOnlyMemory<byte> identity, SignatureKeyPair signatureKey, IAuthenticationService authentication, TimeProvider clock, MlsOptions? options = null) =>
        throw new NotSupportedException();

    /// <summary>The identity of its basic credential.</summary>
    public ReadOnlyMemory<byte> Identity => throw new NotSupportedException();

    /// <summary>The suite of its keys.</summary>
    public CipherSuite Suite => throw new NotSupportedException();

    /// <summary>Makes a KeyPackage for others to add this client with.</summary>
    /// <param name="lifetime">From now; not_before is backdated by the clock tolerance.</param>
    public KeyPackageBundle CreateKeyPackage(TimeSpan lifetime) => throw new NotSupportedException();

    /// <summary>Makes a group of one, at epoch 0.</summary>
    /// <param name="groupId">Unique; opaque to MLS.</param>
    /// <param name="extensions">GroupContext extensions; null = none.</param>
    public MlsResult<MlsGroup> CreateGroup(ReadOnlyMemory<byte> groupId, IReadOnlyList<Extension>? extensions = null) => throw new NotSupportedException();

    /// <summary>Joins by a Welcome.</summary>
    /// <param name="welcome">MLSMessage with the Welcome.</param>
    /// <param name="keyPackages">The bundles that the Welcome may be for.</param>
    /// <param name="ratchetTree">The tree (RFC 9420 section 12.4.3.3) when the GroupInfo does not carry it; null otherwise.</param>
    public MlsResult<JoinResult> Join(
        ReadOnlyMemory<byte> welcome, IReadOnlyList<KeyPackageBundle> keyPackages, ReadOnlyMemory<byte>? ratchetTree = null) => throw new NotSupportedException();

    /// <summary>Reads what <see cref="MlsGroup.Export"/> wrote.</summary>
    public MlsResult<MlsGroup> ImportGroup(ReadOnlyMemory<byte> exported) => throw new NotSupportedException();
}
