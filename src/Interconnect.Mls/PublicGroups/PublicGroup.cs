using Interconnect.Mls.Encoding;
using Interconnect.Mls.Framing;
using Interconnect.Mls.Tree;

namespace Interconnect.Mls.PublicGroups;

/// <summary>
/// A group as a server follows it, from a GroupInfo on, by the proposals and commits that travel as PublicMessage: tree, GroupContext, transcript hash, pending
/// proposals. Immutable: every message accepted returns the next state. Holds no secret, so it cannot check what <see cref="Unverifiable"/> names; all else is
/// checked by the same code, under the same rule ids, as a member does.
/// </summary>
public sealed class PublicGroup
{
    private readonly Lazy<IReadOnlyList<Member>> members;

    internal PublicGroup(PublicGroupState state, PublicGroupOptions options)
    {
        State = state;
        Options = options;
        members = new Lazy<IReadOnlyList<Member>>(state.Tree.Members);
    }

    /// <summary>The group's id.</summary>
    public ReadOnlyMemory<byte> GroupId => State.Context.GroupId;

    /// <summary>The current epoch.</summary>
    public ulong Epoch => State.Context.Epoch;

    /// <summary>The group's suite.</summary>
    public CipherSuite Suite => State.Suite;

    /// <summary>The ratchet tree's hash.</summary>
    public ReadOnlyMemory<byte> TreeHash => State.Context.TreeHash;

    /// <summary>The history of commits; see <see cref="Compare"/>.</summary>
    public ReadOnlyMemory<byte> ConfirmedTranscriptHash => State.Context.ConfirmedTranscriptHash;

    /// <summary>The GroupContext's extensions.</summary>
    public IReadOnlyList<Extension> Extensions => State.Context.Extensions;

    /// <summary>Everybody in the group, by leaf index.</summary>
    public IReadOnlyList<Member> Members => members.Value;

    /// <summary>How many members there are.</summary>
    public int MemberCount => (int)State.Tree.MemberCount;

    /// <summary>How wide its tree is, blank leaves included: a power of two. What the tree costs to hash depends on it.</summary>
    public int LeafCount => (int)State.Tree.LeafCount;

    /// <summary>False after a ReInit was committed.</summary>
    public bool IsActive => State.IsActive;

    /// <summary>The proposals that a commit may name, in the order they came.</summary>
    public IReadOnlyList<PendingProposal> PendingProposals => State.Pending.ConvertAll(PublicMessages.Describe);

    /// <summary>MLSMessage with a checked GroupInfo of this epoch, for who joins by an external commit; null when none came with the last commit.</summary>
    public ReadOnlyMemory<byte>? GroupInfo => State.GroupInfo is { } bytes ? bytes : default(ReadOnlyMemory<byte>?);

    internal PublicGroupState State { get; }

    internal PublicGroupOptions Options { get; }

    /// <summary>
    /// Begins to follow a group. Checks the signer's signature, the tree hash, parent hashes, every leaf's signature and form, key uniqueness and capabilities: what
    /// a joiner checks (RFC 9420 section 12.4.3.1).
    /// </summary>
    /// <param name="groupInfo">MLSMessage with the GroupInfo.</param>
    /// <param name="ratchetTree">The tree when the GroupInfo has no ratchet_tree extension; null or empty otherwise.</param>
    public static MlsResult<PublicGroup> Open(PublicGroupOptions options, ReadOnlyMemory<byte> groupInfo, ReadOnlyMemory<byte>? ratchetTree = null)
    {
        options.RequireValid();
        return MlsRefusal.Catch(() => PublicGroupInfos.Open(options, groupInfo, ratchetTree));
    }

    /// <summary>
    /// Begins from a GroupInfo that was accepted before, by <see cref="Open"/>, <see cref="ReceiveCommit"/> or <see cref="WithGroupInfo"/>, and that the caller kept: no
    /// signature is checked again, only that GroupInfo and tree belong together (MLS-203); external_pub may be missing whatever the options say. Who can write to the
    /// caller's store is trusted. For a GroupInfo from anywhere else use <see cref="Open"/>.
    /// </summary>
    public static MlsResult<PublicGroup> Reopen(PublicGroupOptions options, ReadOnlyMemory<byte> groupInfo, ReadOnlyMemory<byte>? ratchetTree = null)
    {
        options.RequireValid();
        return MlsRefusal.Catch(() => PublicGroupInfos.Reopen(options, groupInfo, ratchetTree));
    }

    /// <summary>
    /// Takes in a proposal: checks group, epoch, sender, signature, and that the proposal is legal by itself (RFC 9420 section 12.1). One that is pending already
    /// changes nothing.
    /// </summary>
    /// <param name="message">MLSMessage with the PublicMessage.</param>
    public MlsResult<PublicProposal> ReceiveProposal(ReadOnlyMemory<byte> message) => MlsRefusal.Catch(() => PublicMessages.Proposal(this, message));

    /// <summary>
    /// Takes in a commit: checks group, epoch, sender, signature, that its proposals are known and legal together (section 12.2), and that its path fits the tree
    /// (section 12.4.2). With a GroupInfo of the next epoch: that it says of that epoch what the commit makes of it.
    /// </summary>
    /// <param name="message">MLSMessage with the PublicMessage.</param>
    /// <param name="groupInfo">MLSMessage with the GroupInfo that came along; null or empty when none did.</param>
    public MlsResult<PublicTransition> ReceiveCommit(ReadOnlyMemory<byte> message, ReadOnlyMemory<byte>? groupInfo = null) =>
        MlsRefusal.Catch(() => PublicMessages.Commit(this, message, groupInfo));

    /// <summary>
    /// Takes in a GroupInfo of the current epoch that came later: context, confirmation tag, signer, external_pub, and its tree when it has one, must be this
    /// group's (MLS-611, MLS-605, MLS-608, MLS-203).
    /// </summary>
    public MlsResult<PublicGroup> WithGroupInfo(ReadOnlyMemory<byte> groupInfo) => MlsRefusal.Catch(
        () => new PublicGroup(State with { GroupInfo = PublicGroupInfos.Check(State, Options, groupInfo) }, Options));

    /// <summary>The ratchet tree (RFC 9420 section 12.4.3.3), for joiners whose Welcome or GroupInfo does not carry it.</summary>
    public byte[] EncodeRatchetTree() => RatchetTreeCodec.Encode(State.Tree);

    /// <summary>Tells whether a member's view of an epoch, by its confirmed transcript hash, is of this group's history or of a fork.</summary>
    public GroupHistory Compare(ulong epoch, ReadOnlySpan<byte> confirmedTranscriptHash)
    {
        if (epoch > Epoch)
        {
            return GroupHistory.Ahead;
        }

        if (epoch == Epoch)
        {
            return confirmedTranscriptHash.SequenceEqual(ConfirmedTranscriptHash.Span) ? GroupHistory.Current : GroupHistory.Forked;
        }

        var known = State.History.Find(past => past.Epoch == epoch);
        return known is null ? GroupHistory.Forgotten
            : confirmedTranscriptHash.SequenceEqual(known.ConfirmedTranscriptHash) ? GroupHistory.Past
            : GroupHistory.Forked;
    }

    /// <summary>The versioned persisted form; nothing in it is secret. <see cref="Import"/> reads it.</summary>
    public byte[] Export() => PublicGroupCodec.Encode(State);

    /// <summary>
    /// Reads what <see cref="Export"/> wrote. Refuses another version (MLS-801) and contradictions (MLS-802). Signatures were checked before the state was stored and are
    /// not checked again: who can write to the store is trusted.
    /// </summary>
    public static MlsResult<PublicGroup> Import(PublicGroupOptions options, ReadOnlyMemory<byte> exported)
    {
        options.RequireValid();
        return MlsRefusal.Catch(() => new PublicGroup(PublicGroupCodec.Decode(exported.ToArray()), options));
    }

    /// <summary>Redacted: members have names.</summary>
    public override string ToString() => $"public group at epoch {Epoch} with {MemberCount} members";
}
