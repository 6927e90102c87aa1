using Interconnect.Mls.Crypto;
using Interconnect.Mls.Encoding;
using Interconnect.Mls.Framing;
using Interconnect.Mls.Groups;
using Interconnect.Mls.Messages;
using Interconnect.Mls.Tree;

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
        ReadOnlyMemory<byte> identity, SignatureKeyPair signatureKey, IAuthenticationService authentication, TimeProvider clock, MlsOptions? options = null)
    {
        Credential = new MemberCredential(MemberCredential.Basic, identity.ToArray());
        SignatureKey = signatureKey;
        Authentication = authentication;
        Clock = clock;
        Options = options ?? new MlsOptions();
        Options.RequireValid();
        LeafPolicy = new LeafPolicy(authentication, clock, Options.ClockTolerance, Options.EnforceLifetimesOnReceipt);
        Capabilities = new Capabilities(
            [ProtocolVersion.Mls10],
            CipherSuite.All.Select(suite => suite.Id).ToList(),
            Options.SupportedExtensions,
            [],
            Options.SupportedCredentials.Contains(MemberCredential.Basic) ? Options.SupportedCredentials : [MemberCredential.Basic, .. Options.SupportedCredentials]);
    }

    /// <summary>The identity of its basic credential.</summary>
    public ReadOnlyMemory<byte> Identity => Credential.Identity;

    /// <summary>The suite of its keys.</summary>
    public CipherSuite Suite => SignatureKey.Suite;

    internal MemberCredential Credential { get; }

    internal SignatureKeyPair SignatureKey { get; }

    internal IAuthenticationService Authentication { get; }

    internal TimeProvider Clock { get; }

    internal MlsOptions Options { get; }

    internal Capabilities Capabilities { get; }

    internal LeafPolicy LeafPolicy { get; }

    internal IMlsRandom Random { get; init; } = SystemRandomness.Instance;

    /// <summary>Makes a KeyPackage for others to add this client with.</summary>
    /// <param name="lifetime">From now; not_before is backdated by the clock tolerance.</param>
    public KeyPackageBundle CreateKeyPackage(TimeSpan lifetime)
    {
        ArgumentOutOfRangeException.ThrowIfLessThanOrEqual(lifetime, TimeSpan.Zero);
        var initKey = Suite.Kem.GenerateKeyPair(Random);
        var (leaf, leafKey) = CreateLeaf(lifetime);
        return new KeyPackageBundle(Suite, Messages.KeyPackage.Sign(SignatureKey, initKey.PublicKey, leaf, []), initKey, leafKey);
    }

    /// <summary>Makes a group of one, at epoch 0.</summary>
    /// <param name="groupId">Unique; opaque to MLS.</param>
    /// <param name="extensions">GroupContext extensions; null = none.</param>
    public MlsResult<MlsGroup> CreateGroup(ReadOnlyMemory<byte> groupId, IReadOnlyList<Extension>? extensions = null) =>
        MlsRefusal.Catch(() => new MlsGroup(this, GroupCreation.Create(this, groupId.ToArray(), extensions ?? [])));

    /// <summary>Joins by a Welcome.</summary>
    /// <param name="welcome">MLSMessage with the Welcome.</param>
    /// <param name="keyPackages">The bundles that the Welcome may be for.</param>
    /// <param name="ratchetTree">The tree (RFC 9420 section 12.4.3.3) when the GroupInfo does not carry it; null or empty otherwise.</param>
    public MlsResult<JoinResult> Join(
        ReadOnlyMemory<byte> welcome, IReadOnlyList<KeyPackageBundle> keyPackages, ReadOnlyMemory<byte>? ratchetTree = null) =>
        MlsRefusal.Catch(() =>
        {
            Rules.Oversize.Require(welcome.Length <= Options.MaxMessageSize && (ratchetTree?.Length ?? 0) <= Options.MaxMessageSize);
            var tree = ratchetTree is { Length: > 0 } given ? (ReadOnlyMemory<byte>?)given.ToArray() : null;
            return new WelcomeJoin(this).Join(MlsMessage.Decode(welcome.ToArray(), Options.MaxMessageSize), keyPackages, tree);
        });

    /// <summary>Joins by an external commit (RFC 9420 section 12.4.3.2), without anybody's invitation; whether that is allowed is the delivery service's to say.</summary>
    /// <param name="groupInfo">MLSMessage with the GroupInfo, external_pub in it.</param>
    /// <param name="ratchetTree">The tree when the GroupInfo does not carry it; null or empty otherwise.</param>
    /// <param name="formerLeaf">Leaf index of this client's own former membership, removed by the same commit; null when there is none.</param>
    public MlsResult<ExternalJoinResult> JoinExternally(
        ReadOnlyMemory<byte> groupInfo, ReadOnlyMemory<byte>? ratchetTree = null, uint? formerLeaf = null) =>
        MlsRefusal.Catch(() =>
        {
            Rules.Oversize.Require(groupInfo.Length <= Options.MaxMessageSize && (ratchetTree?.Length ?? 0) <= Options.MaxMessageSize);
            var tree = ratchetTree is { Length: > 0 } given ? (ReadOnlyMemory<byte>?)given.ToArray() : null;
            return new ExternalJoin(this).Join(MlsMessage.Decode(groupInfo.ToArray(), Options.MaxMessageSize), tree, formerLeaf);
        });

    /// <summary>Reads what <see cref="MlsGroup.Export"/> wrote. Refuses another version (MLS-801), contradictions (MLS-802) and another client's state (MLS-803).</summary>
    public MlsResult<MlsGroup> ImportGroup(ReadOnlyMemory<byte> exported) =>
        MlsRefusal.Catch(() => new MlsGroup(this, GroupStateCodec.Decode(this, exported.ToArray())));

    /// <summary>Redacted: an identity names a person.</summary>
    public override string ToString() => $"MLS client for {Suite.Name}";

    /// <summary>A signed leaf of source key_package and its private key.</summary>
    internal (LeafNode Leaf, IDhPrivateKey Key) CreateLeaf(TimeSpan lifetime)
    {
        var now = Clock.GetUtcNow();
        var source = new LeafNodeSource.KeyPackage(
            (ulong)Math.Max(0, (now - Options.ClockTolerance).ToUnixTimeSeconds()),
            (ulong)Math.Max(0, (now + lifetime).ToUnixTimeSeconds()));
        var key = Suite.Kem.GenerateKeyPair(Random);
        return (LeafNode.Sign(SignatureKey, key.PublicKey, Credential, Capabilities, source, [], null), key);
    }
}
