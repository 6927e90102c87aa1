namespace Interconnect.Mls.Tree;

/// <summary>What the leaves of a subtree have in common, kept with the subtree so that a commit need not ask every leaf.</summary>
/// <param name="CredentialTypes">Every credential type in use, sorted.</param>
/// <param name="Common">What all the leaves support; the lists are sorted. Versions and suites are left empty.</param>
internal sealed record LeafTraits(ushort[] CredentialTypes, Capabilities Common)
{
    public static LeafTraits Of(LeafNode leaf) => new(
        [leaf.Credential.Type],
        new Capabilities(
            [], [], Sorted(leaf.Capabilities.Extensions), Sorted(leaf.Capabilities.Proposals), Sorted(leaf.Capabilities.Credentials)));

    public static LeafTraits? Combine(LeafTraits? left, LeafTraits? right)
    {
        if (left is null || right is null || ReferenceEquals(left, right) || AreSame(left, right))
        {
            return left ?? right;
        }

        return new LeafTraits(
            left.CredentialTypes.Union(right.CredentialTypes).Order().ToArray(),
            new Capabilities(
                [], [],
                left.Common.Extensions.Intersect(right.Common.Extensions).ToArray(),
                left.Common.Proposals.Intersect(right.Common.Proposals).ToArray(),
                left.Common.Credentials.Intersect(right.Common.Credentials).ToArray()));
    }

    /// <summary>Every leaf supports every credential type that one of them uses.</summary>
    public bool CredentialsAreMutual => CredentialTypes.All(Common.Credentials.Contains);

    public static bool AreSame(LeafTraits one, LeafTraits other) =>
        one.CredentialTypes.AsSpan().SequenceEqual(other.CredentialTypes)
        && one.Common.Extensions.SequenceEqual(other.Common.Extensions)
        && one.Common.Proposals.SequenceEqual(other.Common.Proposals)
        && one.Common.Credentials.SequenceEqual(other.Common.Credentials);

    private static ushort[] Sorted(IReadOnlyList<ushort> numbers) => numbers.Distinct().Order().ToArray();
}
