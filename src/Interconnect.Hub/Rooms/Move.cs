using Interconnect.Mls.PublicGroups;

namespace Interconnect.Hub;

/// <summary>A commit that leads from one verified group to the next.</summary>
internal sealed record Move(PublicGroup Before, PublicTransition Step)
{
    /// <summary>Leaves of the members that were in the group before the commit and did not come by it, with the keys they had.</summary>
    public Dictionary<uint, ReadOnlyMemory<byte>> Stayed()
    {
        var added = Step.Added.Select(m => m.LeafIndex).ToHashSet();
        return Before.Members.Where(m => !added.Contains(m.LeafIndex)).ToDictionary(m => m.LeafIndex, m => m.SignatureKey);
    }
}
