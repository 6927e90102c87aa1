namespace Interconnect.Mls;

/// <summary>One occupied leaf of a group.</summary>
/// <param name="LeafIndex">Position in the tree, from 0.</param>
/// <param name="Credential">Who the member claims to be.</param>
/// <param name="SignatureKey">The suite's public signature key encoding.</param>
public sealed record Member(uint LeafIndex, MemberCredential Credential, ReadOnlyMemory<byte> SignatureKey)
{
    /// <summary>The leaf's extensions, unknown ones included.</summary>
    public IReadOnlyList<Extension> Extensions { get; init; } = [];

    /// <summary>Redacted: an identity names a person.</summary>
    public override string ToString() => $"member at leaf {LeafIndex}";
}
