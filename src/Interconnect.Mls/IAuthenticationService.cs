namespace Interconnect.Mls;

/// <summary>
/// The application's answer to "does this key belong to this identity?" (RFC 9420 section 5.3.1). It is asked for every leaf of a tree that
/// is joined, and for every leaf that an Add, Update or Commit brings. Must be quick and must not throw.
/// </summary>
public interface IAuthenticationService
{
    /// <summary>True when the signature key is acceptable for the credential.</summary>
    /// <param name="credential">The claimed identity.</param>
    /// <param name="signatureKey">The suite's public signature key encoding.</param>
    bool Accepts(MemberCredential credential, ReadOnlyMemory<byte> signatureKey);

    /// <summary>True when a member with the old credential may go on under the new one (RFC 9420 section 5.3.1, last paragraph).</summary>
    bool IsValidSuccessor(MemberCredential current, MemberCredential successor);
}
