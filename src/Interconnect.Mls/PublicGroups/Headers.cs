using System.Diagnostics.CodeAnalysis;

namespace Interconnect.Mls.PublicGroups;

/// <summary>What anybody can read from a PublicMessage that holds a proposal or a commit. Nothing in it is verified.</summary>
/// <param name="GroupId">The group.</param>
/// <param name="Epoch">The epoch it is meant for.</param>
/// <param name="ContentType">2 proposal, 3 commit.</param>
/// <param name="SenderType">1 member, 2 external, 3 new_member_proposal, 4 new_member_commit.</param>
/// <param name="SenderIndex">Leaf index of a member, index in external_senders of an external sender, null for new members.</param>
/// <param name="AuthenticatedData">What the sender authenticated in clear.</param>
public sealed record PublicHandshake(
    ReadOnlyMemory<byte> GroupId, ulong Epoch, byte ContentType, byte SenderType, uint? SenderIndex, ReadOnlyMemory<byte> AuthenticatedData)
{
    /// <summary>Reads an MLSMessage; false with the decode error when it is anything but a well-formed PublicMessage with a proposal or commit.</summary>
    public static bool TryRead(ReadOnlyMemory<byte> mlsMessage, [NotNullWhen(true)] out PublicHandshake? header, [NotNullWhen(false)] out MlsError? error) =>
        throw new NotSupportedException();
}

/// <summary>What anybody can read from a PrivateMessage.</summary>
public sealed record PrivateMessageHeader(ReadOnlyMemory<byte> GroupId, ulong Epoch, byte ContentType, int AuthenticatedDataLength)
{
    /// <summary>Reads an MLSMessage; false with the decode error when it is anything but a well-formed PrivateMessage.</summary>
    public static bool TryRead(ReadOnlyMemory<byte> mlsMessage, [NotNullWhen(true)] out PrivateMessageHeader? header, [NotNullWhen(false)] out MlsError? error) =>
        throw new NotSupportedException();
}

/// <summary>What anybody can read from a Welcome: whom it is for.</summary>
public sealed record WelcomeHeader(ushort CipherSuite, IReadOnlyList<ReadOnlyMemory<byte>> KeyPackageRefs)
{
    /// <summary>Reads an MLSMessage; false with the decode error when it is anything but a well-formed Welcome.</summary>
    public static bool TryRead(ReadOnlyMemory<byte> mlsMessage, [NotNullWhen(true)] out WelcomeHeader? header, [NotNullWhen(false)] out MlsError? error) =>
        throw new NotSupportedException();
}

/// <summary>What anybody can read from a GroupInfo. Nothing in it is verified; <see cref="PublicGroupCheck"/> does that.</summary>
public sealed record GroupInfoHeader(
    ReadOnlyMemory<byte> GroupId, ulong Epoch, ushort CipherSuite, ReadOnlyMemory<byte> TreeHash, ReadOnlyMemory<byte> ConfirmedTranscriptHash,
    uint Signer, ReadOnlyMemory<byte> Signature, ReadOnlyMemory<byte>? RatchetTree)
{
    /// <summary>Reads an MLSMessage; false with the decode error when it is anything but a well-formed GroupInfo.</summary>
    public static bool TryRead(ReadOnlyMemory<byte> mlsMessage, [NotNullWhen(true)] out GroupInfoHeader? header, [NotNullWhen(false)] out MlsError? error) =>
        throw new NotSupportedException();
}

/// <summary>Verifies a GroupInfo with its tree, as a server without any secret can.</summary>
public static class PublicGroupCheck
{
    /// <summary>Checks the signer's signature, the tree hash, parent hashes, leaf signatures and key uniqueness.</summary>
    /// <param name="groupInfo">MLSMessage with the GroupInfo.</param>
    /// <param name="ratchetTree">The tree when the GroupInfo has no ratchet_tree extension; null otherwise.</param>
    public static MlsResult<VerifiedGroupInfo> Verify(ReadOnlyMemory<byte> groupInfo, ReadOnlyMemory<byte>? ratchetTree = null) => throw new NotSupportedException();
}

/// <summary>A GroupInfo whose signature and tree hold together.</summary>
public sealed record VerifiedGroupInfo(GroupInfoHeader Header, IReadOnlyList<Member> Members, Member Signer, IReadOnlyList<Extension> Extensions);
