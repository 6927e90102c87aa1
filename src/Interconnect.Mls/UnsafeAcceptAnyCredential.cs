namespace Interconnect.Mls;

/// <summary>Accepts every credential and only unchanged identities as successors. For tests and for callers that check every <see cref="Member"/> themselves before showing anything.</summary>
public sealed class UnsafeAcceptAnyCredential : IAuthenticationService
{
    /// <summary>The only instance; it has no state.</summary>
    public static UnsafeAcceptAnyCredential Instance { get; } = new();

    private UnsafeAcceptAnyCredential()
    {
    }

    /// <inheritdoc/>
    public bool Accepts(MemberCredential credential, ReadOnlyMemory<byte> signatureKey) => true;

    /// <inheritdoc/>
    public bool IsValidSuccessor(MemberCredential current, MemberCredential successor) =>
        current.Type == successor.Type && current.Identity.Span.SequenceEqual(successor.Identity.Span);
}
