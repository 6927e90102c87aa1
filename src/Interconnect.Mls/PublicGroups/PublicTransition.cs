namespace Interconnect.Mls.PublicGroups;

/// <summary>What a server could not check of a message, for lack of a secret; each member does.</summary>
[Flags]
public enum Unverifiable
{
    /// <summary>Everything was checked.</summary>
    None = 0,

    /// <summary>The confirmation tag: whether the committer really is in the epoch it made. A GroupInfo that repeats the tag only says that its signer claims the same.</summary>
    ConfirmationTag = 1,

    /// <summary>The membership tag of a member's message; its signature was checked.</summary>
    MembershipTag = 2,

    /// <summary>Whether the path's ciphertexts open, for whom, and to the secrets behind the path's public keys.</summary>
    PathSecrets = 4,

    /// <summary>Whether members know the pre-shared keys that are mixed in.</summary>
    PreSharedKeys = 8,

    /// <summary>Whether the init secret that an external joiner made for external_pub opens.</summary>
    ExternalInit = 16,
}

/// <summary>A commit that was checked and took the group to its next epoch.</summary>
/// <param name="Next">The group after the commit.</param>
/// <param name="Committer">A member as it was before the commit, an external joiner at its new leaf.</param>
/// <param name="IsExternal">The committer joined by this commit.</param>
/// <param name="Added">Who joined, an external joiner included.</param>
/// <param name="Removed">Who is gone, as they were before.</param>
/// <param name="Updated">Leaf indices of the members whose stored Updates were committed; the committer's own new leaf is not listed.</param>
/// <param name="ReInit">The group is to be made anew and accepts nothing more.</param>
/// <param name="AuthenticatedData">What the commit authenticated in clear.</param>
/// <param name="Unchecked">What only members can check.</param>
public sealed record PublicTransition(
    PublicGroup Next, Member Committer, bool IsExternal, IReadOnlyList<Member> Added, IReadOnlyList<Member> Removed, IReadOnlyList<uint> Updated, bool ReInit,
    ReadOnlyMemory<byte> AuthenticatedData, Unverifiable Unchecked);

/// <summary>A proposal that was checked and waits for a commit.</summary>
/// <param name="Next">The group with the proposal pending; the same as before when the proposal was pending already.</param>
/// <param name="Proposal">The proposal.</param>
/// <param name="Unchecked">What only members can check.</param>
public sealed record PublicProposal(PublicGroup Next, PendingProposal Proposal, Unverifiable Unchecked);

/// <summary>A proposal that waits for a commit.</summary>
/// <param name="Reference">ProposalRef (RFC 9420 section 5.2), by which commits name it.</param>
/// <param name="ProposalType">IANA number: 1 add, 2 update, 3 remove, 4 psk, 5 reinit, 7 group_context_extensions.</param>
/// <param name="SenderType">1 member, 2 external, 3 new_member_proposal.</param>
/// <param name="SenderIndex">Leaf index of a member, index in external_senders of an external sender, null for a new member.</param>
public sealed record PendingProposal(ReadOnlyMemory<byte> Reference, ushort ProposalType, byte SenderType, uint? SenderIndex);

/// <summary>How somebody's view of a group relates to the server's.</summary>
public enum GroupHistory
{
    /// <summary>The present epoch with the same history.</summary>
    Current,

    /// <summary>An earlier epoch of the same history.</summary>
    Past,

    /// <summary>The same epoch number with another history: the group has split, and that view cannot go on here.</summary>
    Forked,

    /// <summary>An epoch that the server has not seen.</summary>
    Ahead,

    /// <summary>An epoch so old that its hash is not kept.</summary>
    Forgotten,
}
