namespace Interconnect.Mls;

/// <summary>A group joined by a Welcome.</summary>
/// <param name="NewState">The group.</param>
/// <param name="Used">The bundle that the Welcome was for: save the group, then <see cref="DiscardUsed"/>.</param>
/// <param name="AddedBy">The member that signed the GroupInfo.</param>
public sealed record JoinResult(MlsGroup NewState, KeyPackageBundle Used, Member AddedBy)
{
    /// <summary>The GroupInfo's extensions, as its signer made them; ratchet_tree and external_pub among them.</summary>
    public IReadOnlyList<Extension> GroupInfoExtensions { get; init; } = [];

    /// <summary>
    /// Erases the used bundle's private keys, once the group is saved, and says so: then delete its persisted form, too. A last-resort bundle is kept, since it may
    /// be asked for again: false.
    /// </summary>
    public bool DiscardUsed()
    {
        if (Used.IsLastResort)
        {
            return false;
        }

        Used.Dispose();
        return true;
    }
}
