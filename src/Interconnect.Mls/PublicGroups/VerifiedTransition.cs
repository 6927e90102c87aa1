namespace Interconnect.Mls.PublicGroups;

/// <summary>A commit that leads from one verified GroupInfo to the next.</summary>
/// <param name="Next">The group after the commit.</param>
/// <param name="Committer">Who committed; an external committer is shown at its new leaf.</param>
/// <param name="IsExternal">The committer was not in the group before, or not at this leaf.</param>
/// <param name="Added">Members of the next epoch whose leaf or signature key was not there before.</param>
/// <param name="Removed">Members of the previous epoch whose leaf is gone or another's.</param>
/// <param name="AuthenticatedData">What the commit authenticated in clear.</param>
public sealed record VerifiedTransition(
    VerifiedGroupInfo Next, Member Committer, bool IsExternal, IReadOnlyList<Member> Added, IReadOnlyList<Member> Removed,
    ReadOnlyMemory<byte> AuthenticatedData);
