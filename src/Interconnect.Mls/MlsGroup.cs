using Interconnect.Mls.Components;
using Interconnect.Mls.Encoding;
using Interconnect.Mls.Framing;
using Interconnect.Mls.Groups;
using Interconnect.Mls.Messages;
using Interconnect.Mls.Tree;

namespace Interconnect.Mls;

/// <summary>
/// A member's view of one group at one moment. Immutable: every operation returns a new state and what to erase once that is saved.
/// Instances may be read from several threads; two operations on the same state make two diverging states, of which only one may live.
/// </summary>
public sealed class MlsGroup
{
    private readonly MlsClient client;
    private readonly Lazy<IReadOnlyList<Member>> members;

    internal MlsGroup(MlsClient client, GroupState state)
    {
        this.client = client;
        State = state;
        members = new Lazy<IReadOnlyList<Member>>(state.Tree.Members);
    }

    /// <summary>The group's id.</summary>
    public ReadOnlyMemory<byte> GroupId => State.Context.GroupId;

    /// <summary>The current epoch, from 0.</summary>
    public ulong Epoch => State.Context.Epoch;

    /// <summary>The group's suite.</summary>
    public CipherSuite Suite => State.Suite;

    /// <summary>A value that is equal at all members of the epoch and known to nobody else (RFC 9420 section 8.7).</summary>
    public ReadOnlyMemory<byte> EpochAuthenticator => State.Secrets.Authenticator;

    /// <summary>Everybody in the group, by leaf index.</summary>
    public IReadOnlyList<Member> Members => members.Value;

    /// <summary>This client's leaf.</summary>
    public uint OwnLeafIndex => State.OwnLeaf;

    /// <summary>The GroupContext's extensions.</summary>
    public IReadOnlyList<Extension> Extensions => State.Context.Extensions;

    /// <summary>False after a commit removed this client or re-initialised the group.</summary>
    public bool IsActive => State.Status == GroupStatus.Active;

    /// <summary>What the group that follows this one is to be; null unless a ReInit was committed. <see cref="MlsClient.CreateSuccessor"/> makes it.</summary>
    public ReInitPlan? ReInit =>
        State.ReInit is { } plan && CipherSuite.TryGet(plan.Suite, out var suite) ? new ReInitPlan(plan.GroupId, suite, plan.Extensions) : null;

    /// <summary>The application's data in the GroupContext, the same at all members.</summary>
    public AppDataDictionary AppData => AppDataDictionary.In(State.Context.Extensions);

    /// <summary>How many proposals wait for a commit.</summary>
    public int StoredProposalCount => State.Stored.Count;

    internal GroupState State { get; }

    /// <summary>Adds clients.</summary>
    public MlsResult<CommitResult> AddMembers(IReadOnlyList<VerifiedKeyPackage> keyPackages) => Commit(new CommitRequest { Add = keyPackages });

    /// <summary>Removes members by leaf index.</summary>
    public MlsResult<CommitResult> RemoveMembers(IReadOnlyList<uint> leafIndices) => Commit(new CommitRequest { Remove = leafIndices });

    /// <summary>Refreshes this client's keys, and commits what is stored.</summary>
    public MlsResult<CommitResult> Update() => Commit(new CommitRequest());

    /// <summary>Makes a commit (RFC 9420 section 12.4).</summary>
    public MlsResult<CommitResult> Commit(CommitRequest request) => MlsRefusal.Catch(() => new CommitBuilder(client, State).Build(request));

    /// <summary>Proposes to add a client.</summary>
    public MlsResult<ProposalResult> ProposeAdd(VerifiedKeyPackage keyPackage) =>
        MlsRefusal.Catch(() => new Proposing(client, State).Propose(new Proposal.Add(keyPackage.KeyPackage), null));

    /// <summary>Proposes to remove a member, the own leaf included (that is how one leaves).</summary>
    public MlsResult<ProposalResult> ProposeRemove(uint leafIndex) =>
        MlsRefusal.Catch(() => new Proposing(client, State).Propose(new Proposal.Remove(leafIndex), null));

    /// <summary>Proposes fresh keys for this client.</summary>
    /// <param name="successor">
    /// The client that this member goes on as when the proposal is committed: another credential, signature key, or both, in the same suite. Null = unchanged.
    /// </param>
    public MlsResult<ProposalResult> ProposeUpdate(MlsClient? successor = null) =>
        MlsRefusal.Catch(() => new Proposing(client, State).ProposeUpdate(successor));

    /// <summary>Proposes to leave, in a message that external joiners can take in, too; needs every member's support (draft-ietf-mls-extensions-10 section 6.3).</summary>
    public MlsResult<ProposalResult> ProposeSelfRemove() => MlsRefusal.Catch(() => new Proposing(client, State).ProposeSelfRemove());

    /// <summary>Proposes a change of the group's app_data_dictionary; <see cref="MlsOptions.AppComponents"/> must know the component.</summary>
    public MlsResult<ProposalResult> ProposeAppDataUpdate(AppDataChange change) => MlsRefusal.Catch(() => new Proposing(client, State)
        .Propose(new Proposal.AppDataUpdate(change.ComponentId, change.Update is { } data ? (ReadOnlyMemory<byte>?)data.ToArray() : null)));

    /// <summary>Proposes data to be bound to the commit that takes it in, and kept nowhere.</summary>
    public MlsResult<ProposalResult> ProposeAppEphemeral(ComponentData data) =>
        MlsRefusal.Catch(() => new Proposing(client, State).Propose(new Proposal.AppEphemeral(data.ComponentId, data.Data.ToArray())));

    /// <summary>Proposes to mix in an external pre-shared key.</summary>
    public MlsResult<ProposalResult> ProposeExternalPsk(ReadOnlyMemory<byte> pskId) =>
        MlsRefusal.Catch(() => new Proposing(client, State).ProposeExternalPsk(pskId.ToArray()));

    /// <summary>Proposes to mix in the resumption PSK of a retained epoch of this group.</summary>
    public MlsResult<ProposalResult> ProposeResumptionPsk(ulong epoch) => MlsRefusal.Catch(() => new Proposing(client, State).ProposeResumptionPsk(epoch));

    /// <summary>Proposes new GroupContext extensions, all of them.</summary>
    public MlsResult<ProposalResult> ProposeGroupContextExtensions(IReadOnlyList<Extension> extensions) =>
        MlsRefusal.Catch(() => new Proposing(client, State).Propose(new Proposal.GroupContextExtensions(extensions), null));

    /// <summary>Proposes to re-create the group under another id, suite or extensions (RFC 9420 section 11.2). A commit of it ends this group.</summary>
    public MlsResult<ProposalResult> ProposeReInit(ReadOnlyMemory<byte> newGroupId, CipherSuite newSuite, IReadOnlyList<Extension> extensions) =>
        MlsRefusal.Catch(() => new Proposing(client, State)
            .Propose(new Proposal.ReInit(newGroupId.ToArray(), ProtocolVersion.Mls10, newSuite.Id, extensions), null));

    /// <summary>Encrypts application data.</summary>
    /// <param name="applicationData">Any length up to the message bound.</param>
    /// <param name="authenticatedData">Sent in clear, authenticated.</param>
    public MlsResult<EncryptResult> Encrypt(ReadOnlySpan<byte> applicationData, ReadOnlySpan<byte> authenticatedData = default)
    {
        if (!IsActive)
        {
            return Rules.GroupInactive.Error;
        }

        if (applicationData.Length + authenticatedData.Length > client.Options.MaxMessageSize)
        {
            return Rules.Oversize.Error;
        }

        using var data = new MlsWriter(applicationData.Length);
        data.Raw(applicationData);
        var content = data.WrittenMemory;
        var authenticated = authenticatedData.ToArray();
        return MlsRefusal.Catch(() => Encrypt(content, authenticated));
    }

    /// <summary>Processes a PublicMessage or PrivateMessage of this group.</summary>
    /// <param name="mlsMessage">MLSMessage; copied, so the caller may reuse the buffer.</param>
    public MlsResult<Processed> Process(ReadOnlyMemory<byte> mlsMessage) => MlsRefusal.Catch(() =>
    {
        Rules.Oversize.Require(mlsMessage.Length <= client.Options.MaxMessageSize);
        var message = MlsMessage.Decode(mlsMessage.ToArray(), client.Options.MaxMessageSize);
        return new MessageProcessor(client, State).Process(message);
    });

    /// <summary>
    /// A signed GroupInfo of the current epoch as MLSMessage, with external_pub, and with ratchet_tree unless <see cref="MlsOptions.RatchetTreeInGroupInfo"/> is off.
    /// </summary>
    /// <param name="extensions">Further GroupInfo extensions; one of those two among them is a defect of the caller and throws. Null = none.</param>
    public byte[] CreateGroupInfo(IReadOnlyList<Extension>? extensions = null) =>
        MlsRefusal.Catch(() => GroupInfos.Make(client, State, extensions)).Value;

    /// <summary>The public tree of the current epoch (RFC 9420 section 12.4.3.3), for joiners whose GroupInfo does not carry it.</summary>
    public byte[] EncodeRatchetTree() => RatchetTreeCodec.Encode(State.Tree);

    /// <summary>MLS-Exporter (RFC 9420 section 8.5).</summary>
    /// <param name="label">The exporter's label, without prefix.</param>
    /// <param name="context">Any context.</param>
    /// <param name="length">Bytes wanted, 1 to 255 hash lengths.</param>
    public byte[] ExportSecret(string label, ReadOnlySpan<byte> context, int length)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(length, 1);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(length, 255 * Suite.Hash.Size);
        return State.Secrets.Export(Suite, System.Text.Encoding.UTF8.GetBytes(label), context, length);
    }

    /// <summary>
    /// SafeExportSecret of draft-ietf-mls-extensions-10 section 4.4: a component's secret of this epoch, once. Unlike <see cref="ExportSecret"/>, whoever takes the
    /// state later cannot derive it again. Refuses a second time (MLS-911).
    /// </summary>
    public MlsResult<SafeExportResult> SafeExportSecret(ushort componentId) => MlsRefusal.Catch(() =>
    {
        var consumed = new ConsumedSecrets();
        var (exporter, secret) = State.Exporter.Export(Suite, componentId, consumed);
        return new SafeExportResult(new MlsGroup(client, State with { Exporter = exporter }), secret, consumed);
    });

    /// <summary>
    /// The resumption PSK of an epoch (RFC 9420 section 8.6), for <see cref="MlsOptions.FindResumptionPsk"/> of a group that follows this one. Refuses epochs that are not
    /// retained (MLS-904). The caller's to erase.
    /// </summary>
    public MlsResult<byte[]> ResumptionPsk(ulong epoch) =>
        State.Resumption.TryGetValue(epoch, out var psk) ? psk.Span.ToArray() : Rules.ResumptionUnknown.Error;

    /// <summary>The versioned persisted form, secrets included: store it encrypted. <see cref="MlsClient.ImportGroup(ReadOnlyMemory{byte}, MlsClient?)"/> reads it.</summary>
    public byte[] Export() => GroupStateCodec.Encode(State);

    /// <summary>
    /// The persisted form without what every message changes; <see cref="ExportRatchets"/> is the rest. A message to or from the group leaves this part byte for byte as it is, so
    /// it need be saved only when a proposal or commit was made or processed, a component's secret was exported, or the client changed; then both, in one transaction.
    /// </summary>
    public byte[] ExportEpoch() => GroupStateCodec.EncodeEpoch(State);

    /// <summary>
    /// What every message changes, short even in a large group: save it before a message is sent or shown. Holds all keys of messages, <see cref="ExportEpoch"/> none.
    /// Secrets: store it encrypted, over the previous one.
    /// </summary>
    public byte[] ExportRatchets() => RatchetsCodec.Encode(State);

    /// <summary>Redacted.</summary>
    public override string ToString() => $"group at epoch {Epoch} with {State.Tree.MemberCount} members";

    private EncryptResult Encrypt(ReadOnlyMemory<byte> data, byte[] authenticated)
    {
        var consumed = new ConsumedSecrets();
        var content = new FramedContent(
            State.Context.GroupId, State.Context.Epoch, new Sender.Member(State.OwnLeaf), SafeAad.ForSending(State.DemandsSafeAad, authenticated, client.GroupPolicy.Draft),
            new Content.Application(data));
        var signed = AuthenticatedContent.Sign(client.SignatureKey, WireFormat.PrivateMessage, content, State.EncodedContext);
        var (message, tree, generation) = MessageProtection.Protect(
            Suite, signed, State.SecretTree, State.Secrets.SenderData, client.Options.PaddingBlock, client.Random, consumed);
        var next = new MlsGroup(client, State with { SecretTree = tree });
        return new EncryptResult(next, message, generation, consumed);
    }
}
