using Interconnect.Mls.Components;
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
    /// <summary>Makes a client with a basic credential.</summary>
    /// <param name="identity">The identity of its basic credential.</param>
    /// <param name="signatureKey">Its signature key pair, whose suite is the client's; stays the caller's to dispose.</param>
    /// <param name="authentication">Judges the credentials of others.</param>
    /// <param name="clock">Where lifetimes are measured.</param>
    /// <param name="options">Bounds; null = defaults.</param>
    public MlsClient(
        ReadOnlyMemory<byte> identity, SignatureKeyPair signatureKey, IAuthenticationService authentication, TimeProvider clock, MlsOptions? options = null)
        : this(new MemberCredential(MemberCredential.Basic, identity.ToArray()), signatureKey, authentication, clock, options)
    {
    }

    /// <summary>Makes a client with a credential of any type; its own type counts as supported.</summary>
    /// <param name="credential">Its credential.</param>
    /// <param name="signatureKey">Its signature key pair, whose suite is the client's; stays the caller's to dispose.</param>
    /// <param name="authentication">Judges the credentials of others.</param>
    /// <param name="clock">Where lifetimes are measured.</param>
    /// <param name="options">Bounds; null = defaults.</param>
    public MlsClient(
        MemberCredential credential, SignatureKeyPair signatureKey, IAuthenticationService authentication, TimeProvider clock, MlsOptions? options = null)
    {
        Credential = credential;
        SignatureKey = signatureKey;
        Authentication = authentication;
        Clock = clock;
        Options = options ?? new MlsOptions();
        Options.RequireValid();
        GroupPolicy = new GroupPolicy(authentication, clock, Options.ClockTolerance, Options.EnforceLifetimesOnReceipt)
        {
            MaxLeafLifetime = Options.MaxLeafLifetime,
            Components = Options.AppComponents,
            Draft = Options.ExtensionsDraftChoices,
        };
        LeafExtensions = OwnLeaf.Extensions(Options);
        Capabilities = OwnLeaf.Capabilities(Options, credential, LeafExtensions, Random);
    }

    /// <summary>The identity in its credential.</summary>
    public ReadOnlyMemory<byte> Identity => Credential.Identity;

    /// <summary>The suite of its keys.</summary>
    public CipherSuite Suite => SignatureKey.Suite;

    internal MemberCredential Credential { get; }

    internal SignatureKeyPair SignatureKey { get; }

    internal IAuthenticationService Authentication { get; }

    internal TimeProvider Clock { get; }

    internal MlsOptions Options { get; }

    internal Capabilities Capabilities { get; }

    internal GroupPolicy GroupPolicy { get; }

    /// <summary>The extensions of its own leaves.</summary>
    internal IReadOnlyList<Extension> LeafExtensions { get; }

    /// <summary>What is left of the longest lifetime behind the backdating.</summary>
    internal TimeSpan LongestFromNow => Options.MaxLeafLifetime == TimeSpan.MaxValue ? TimeSpan.MaxValue : Options.MaxLeafLifetime - Options.ClockTolerance;

    internal IMlsRandom Random { get; init; } = SystemRandomness.Instance;

    /// <summary>Makes a KeyPackage for others to add this client with.</summary>
    /// <param name="lifetime">From now; not_before is backdated by the clock tolerance. Both together are at most <see cref="MlsOptions.MaxLeafLifetime"/>, or it throws.</param>
    /// <param name="lastResort">
    /// Mark it as one that may be used more than once when a directory has no other (draft-ietf-mls-extensions-10 section 6.4). Throws when
    /// <see cref="MlsOptions.MlsExtensionsDraft"/> is off.
    /// </param>
    public KeyPackageBundle CreateKeyPackage(TimeSpan lifetime, bool lastResort = false)
    {
        ArgumentOutOfRangeException.ThrowIfLessThanOrEqual(lifetime, TimeSpan.Zero);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(lifetime, LongestFromNow);
        if (lastResort && !Options.MlsExtensionsDraft)
        {
            throw new ArgumentException("A KeyPackage of last resort needs the draft's app_data_dictionary.", nameof(lastResort));
        }

        var initKey = Suite.Kem.GenerateKeyPair(Random);
        var (leaf, leafKey) = CreateLeaf(lifetime);
        var extensions = lastResort ? OwnLeaf.LastResort(Options) : [];
        return new KeyPackageBundle(Suite, Messages.KeyPackage.Sign(SignatureKey, initKey.PublicKey, leaf, extensions), initKey, leafKey);
    }

    /// <summary>
    /// Makes the group that follows one that a ReInit ended (RFC 9420 section 11.2), with the id, suite and extensions of the proposal. This client is the creator: of
    /// the new suite, and a member of the old group under the same or a successor's credential.
    /// </summary>
    /// <param name="ended">The old group, in which the ReInit was committed.</param>
    /// <param name="others">A KeyPackage of the new suite for every other member of the old group, and nobody else.</param>
    /// <returns>The new group at epoch 1 with the Welcome for the others; the commit itself goes to nobody.</returns>
    public MlsResult<CommitResult> CreateSuccessor(MlsGroup ended, IReadOnlyList<VerifiedKeyPackage> others) => MlsRefusal.Catch(() =>
    {
        Rules.SuccessorSource.Require(ended.State.ReInit is not null);
        var plan = ended.State.ReInit!;
        Rules.AddOwnSuite.Require(plan.Suite == Suite.Id);
        return GroupCreation.CreateRelated(this, ended.State, ResumptionUsage.ReInit, plan.GroupId.ToArray(), plan.Extensions, others);
    });

    /// <summary>Makes a group of some members of another (RFC 9420 section 11.3), linked to it by a resumption PSK; the main group goes on.</summary>
    /// <param name="main">The main group, active.</param>
    /// <param name="groupId">The new group's id.</param>
    /// <param name="others">KeyPackages of members of the main group.</param>
    /// <param name="extensions">The new group's GroupContext extensions; null = none.</param>
    /// <returns>The new group at epoch 1 with the Welcome for the others; the commit itself goes to nobody.</returns>
    public MlsResult<CommitResult> CreateBranch(
        MlsGroup main, ReadOnlyMemory<byte> groupId, IReadOnlyList<VerifiedKeyPackage> others, IReadOnlyList<Extension>? extensions = null) =>
        MlsRefusal.Catch(() =>
        {
            Rules.GroupInactive.Require(main.IsActive);
            Rules.AddOwnSuite.Require(main.Suite == Suite);
            return GroupCreation.CreateRelated(this, main.State, ResumptionUsage.Branch, groupId.ToArray(), extensions ?? [], others);
        });

    /// <summary>Makes a group of one, at epoch 0.</summary>
    /// <param name="groupId">Unique; opaque to MLS.</param>
    /// <param name="extensions">GroupContext extensions; null = none.</param>
    public MlsResult<MlsGroup> CreateGroup(ReadOnlyMemory<byte> groupId, IReadOnlyList<Extension>? extensions = null) =>
        MlsRefusal.Catch(() => new MlsGroup(this, GroupCreation.Create(this, groupId.ToArray(), extensions ?? [])));

    /// <summary>Joins by a Welcome.</summary>
    /// <param name="welcome">MLSMessage with the Welcome.</param>
    /// <param name="keyPackages">The bundles that the Welcome may be for.</param>
    /// <param name="ratchetTree">The tree (RFC 9420 section 12.4.3.3) when the GroupInfo does not carry it; null or empty otherwise.</param>
    /// <param name="related">
    /// The group that the new one follows (after a ReInit) or branches from: needed exactly when the Welcome says that there is one. Null otherwise.
    /// </param>
    public MlsResult<JoinResult> Join(
        ReadOnlyMemory<byte> welcome, IReadOnlyList<KeyPackageBundle> keyPackages, ReadOnlyMemory<byte>? ratchetTree = null, MlsGroup? related = null) =>
        MlsRefusal.Catch(() => new WelcomeJoin(this).Join(Received(welcome), keyPackages, Tree(ratchetTree), related?.State));

    /// <summary>Joins by an external commit (RFC 9420 section 12.4.3.2), without anybody's invitation; whether that is allowed is the delivery service's to say.</summary>
    /// <param name="groupInfo">MLSMessage with the GroupInfo, external_pub in it.</param>
    /// <param name="ratchetTree">The tree when the GroupInfo does not carry it; null or empty otherwise.</param>
    /// <param name="formerLeaf">Leaf index of this client's own former membership, removed by the same commit; null when there is none.</param>
    public MlsResult<ExternalJoinResult> JoinExternally(
        ReadOnlyMemory<byte> groupInfo, ReadOnlyMemory<byte>? ratchetTree = null, uint? formerLeaf = null) =>
        JoinExternally(groupInfo, new ExternalJoinRequest { RatchetTree = ratchetTree, FormerLeaf = formerLeaf });

    /// <summary>Joins by an external commit with more in it: pre-shared keys, SelfRemoves, application data.</summary>
    /// <param name="groupInfo">MLSMessage with the GroupInfo, external_pub in it.</param>
    /// <param name="request">What the commit contains.</param>
    public MlsResult<ExternalJoinResult> JoinExternally(ReadOnlyMemory<byte> groupInfo, ExternalJoinRequest request) =>
        MlsRefusal.Catch(() => new ExternalJoin(this).Join(Received(groupInfo), Tree(request.RatchetTree), request));

    /// <summary>Proposes from outside that this client be added (RFC 9420 section 12.1.8). The Welcome that may follow is for the given bundle.</summary>
    /// <param name="groupId">The group.</param>
    /// <param name="epoch">Its current epoch.</param>
    /// <param name="keyPackage">One of this client's.</param>
    /// <param name="authenticatedData">Sent in clear; in a group that demands SafeAAD, a <see cref="SafeAad.Frame"/>.</param>
    /// <returns>MLSMessage for everybody in the group.</returns>
    public MlsResult<byte[]> ProposeJoin(
        ReadOnlyMemory<byte> groupId, ulong epoch, KeyPackageBundle keyPackage, ReadOnlyMemory<byte> authenticatedData = default) => MlsRefusal.Catch(() =>
    {
        Rules.StateOwner.Require(keyPackage.Leaf.SignatureKey.Span.SequenceEqual(SignatureKey.PublicKey.Span));
        return ExternalProposer.Make(
            SignatureKey, new Sender.NewMemberProposal(), groupId.ToArray(), epoch, authenticatedData.ToArray(), new Proposal.Add(keyPackage.Unverified));
    });

    /// <summary>
    /// Reads what <see cref="MlsGroup.Export"/> wrote, in any version. Refuses unknown versions (MLS-801), contradictions (MLS-802) and another client's state (MLS-803).
    /// </summary>
    /// <param name="exported">The persisted form.</param>
    /// <param name="successor">
    /// The client given to <see cref="MlsGroup.ProposeUpdate(MlsClient?)"/>, when such a proposal may still be uncommitted: its signature key is not in the persisted form.
    /// </param>
    public MlsResult<MlsGroup> ImportGroup(ReadOnlyMemory<byte> exported, MlsClient? successor = null) =>
        MlsRefusal.Catch(() => new MlsGroup(this, GroupStateCodec.Decode(this, exported.ToArray(), null, successor)));

    /// <summary>
    /// Reads what <see cref="MlsGroup.ExportEpoch"/> and <see cref="MlsGroup.ExportRatchets"/> wrote. Refuses parts that do not belong together (MLS-802), and what
    /// <see cref="ImportGroup(ReadOnlyMemory{byte}, MlsClient?)"/> refuses.
    /// </summary>
    /// <param name="epoch">The part that commits and proposals change.</param>
    /// <param name="ratchets">The part that messages change.</param>
    /// <param name="successor">As there.</param>
    public MlsResult<MlsGroup> ImportGroup(ReadOnlyMemory<byte> epoch, ReadOnlyMemory<byte> ratchets, MlsClient? successor = null) =>
        MlsRefusal.Catch(() => new MlsGroup(this, GroupStateCodec.Decode(this, epoch.ToArray(), ratchets.ToArray(), successor)));

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
        return (LeafNode.Sign(SignatureKey, key.PublicKey, Credential, Capabilities, source, LeafExtensions, null), key);
    }

    private ReadOnlyMemory<byte>? Tree(ReadOnlyMemory<byte>? given)
    {
        Rules.Oversize.Require((given?.Length ?? 0) <= Options.MaxMessageSize);
        return given is { Length: > 0 } tree ? (ReadOnlyMemory<byte>?)tree.ToArray() : null;
    }

    // The buffer is the caller's, so it is copied; the bound comes first.
    private MlsMessage Received(ReadOnlyMemory<byte> message)
    {
        Rules.Oversize.Require(message.Length <= Options.MaxMessageSize);
        return MlsMessage.Decode(message.ToArray(), Options.MaxMessageSize);
    }
}
