namespace Interconnect.Mls;

/// <summary>
/// A member's view of one group at one moment. Immutable: every operation returns a new state and what to erase once that is saved.
/// Instances may be read from several threads; two operations on the same state make two diverging states, of which only one may live.
/// </summary>
public sealed class MlsGroup
{
    internal MlsGroup()
    {
    }

    /// <summary>The group's id.</summary>
    public ReadOnlyMemory<byte> GroupId => throw new NotSupportedException();

    /// <summary>The current epoch, from 0.</summary>
    public ulong Epoch => throw new NotSupportedException();

    /// <summary>The group's suite.</summary>
    public CipherSuite Suite => throw new NotSupportedException();

    /// <summary>A value that is equal at all members of the epoch and known to nobody else (RFC 9420 section 8.7).</summary>
    public ReadOnlyMemory<byte> EpochAuthenticator => throw new NotSupportedException();

    /// <summary>Everybody in the group, by leaf index.</summary>
    public IReadOnlyList<Member> Members => throw new NotSupportedException();

    /// <summary>This client's leaf.</summary>
    public uint OwnLeafIndex => throw new NotSupportedException();

    /// <summary>The GroupContext's extensions.</summary>
    public IReadOnlyList<Extension> Extensions => throw new NotSupportedException();

    /// <summary>False after a commit removed this client or re-initialised the group.</summary>
    public bool IsActive => throw new NotSupportedException();

    /// <summary>How many proposals wait for a commit.</summary>
    public int StoredProposalCount => throw new NotSupportedException();

    /// <summary>Adds clients.</summary>
    public MlsResult<CommitResult> AddMembers(IReadOnlyList<VerifiedKeyPackage> keyPackages) => Commit(new CommitRequest { Add = keyPackages });

    /// <summary>Removes members by leaf index.</summary>
    public MlsResult<CommitResult> RemoveMembers(IReadOnlyList<uint> leafIndices) => Commit(new CommitRequest { Remove = leafIndices });

    /// <summary>Refreshes this client's keys, and commits what is stored.</summary>
    public MlsResult<CommitResult> Update() => Commit(new CommitRequest());

    /// <summary>Makes a commit (RFC 9420 section 12.4).</summary>
    public MlsResult<CommitResult> Commit(CommitRequest request) => throw new NotSupportedException();

    /// <summary>Proposes to add a client.</summary>
    public MlsResult<ProposalResult> ProposeAdd(VerifiedKeyPackage keyPackage) => throw new NotSupportedException();

    /// <summary>Proposes to remove a member, the own leaf included (that is how one leaves).</summary>
    public MlsResult<ProposalResult> ProposeRemove(uint leafIndex) => throw new NotSupportedException();

    /// <summary>Proposes fresh keys for this client.</summary>
    public MlsResult<ProposalResult> ProposeUpdate() => throw new NotSupportedException();

    /// <summary>Encrypts application data. Stored proposals must be committed first (RFC 9420 section 15.2 forbids application data over them only by advice; this does not).</summary>
    /// <param name="applicationData">Any length up to the message bound.</param>
    /// <param name="authenticatedData">Sent in clear, authenticated.</param>
    public MlsResult<EncryptResult> Encrypt(ReadOnlySpan<byte> applicationData, ReadOnlySpan<byte> authenticatedData = default) => throw new NotSupportedException();

    /// <summary>Processes a PublicMessage or PrivateMessage of this group.</summary>
    /// <param name="mlsMessage">MLSMessage; copied, so the caller may reuse the buffer.</param>
    public MlsResult<Processed> Process(ReadOnlyMemory<byte> mlsMessage) => throw new NotSupportedException();

    /// <summary>A signed GroupInfo of the current epoch as MLSMessage, with ratchet_tree and external_pub.</summary>
    public byte[] CreateGroupInfo() => throw new NotSupportedException();

    /// <summary>MLS-Exporter (RFC 9420 section 8.5).</summary>
    /// <param name="label">The exporter's label, without prefix.</param>
    /// <param name="context">Any context.</param>
    /// <param name="length">Bytes wanted, 1 to 255 hash lengths.</param>
    public byte[] ExportSecret(string label, ReadOnlySpan<byte> context, int length) => throw new NotSupportedException();

    /// <summary>The versioned persisted form, secrets included: store it encrypted. <see cref="MlsClient.ImportGroup"/> reads it.</summary>
    public byte[] Export() => throw new NotSupportedException();

    internal void EraseStaged() => throw new NotSupportedException();
}
