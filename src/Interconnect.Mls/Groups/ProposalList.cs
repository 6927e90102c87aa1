using Interconnect.Mls.Components;
using Interconnect.Mls.Encoding;
using Interconnect.Mls.Framing;
using Interconnect.Mls.Messages;
using Interconnect.Mls.Tree;

namespace Interconnect.Mls.Groups;

/// <summary>A proposal of a commit, with who proposed it.</summary>
/// <param name="Stored">Where it was referenced from; null when it came by value.</param>
internal sealed record ListedProposal(Proposal Proposal, Sender Sender, StoredProposal? Stored);

/// <summary>What a proposal list makes of a group (RFC 9420 section 12.3).</summary>
internal sealed record AppliedProposals(
    RatchetTree Tree,
    IReadOnlyList<Extension> Extensions,
    IReadOnlyList<(uint Leaf, KeyPackage KeyPackage)> Added,
    IReadOnlyList<uint> Removed,
    IReadOnlyList<PreSharedKeyId> Psks,
    IReadOnlyList<(uint Leaf, StoredProposal? Stored)> Updated,
    Proposal.ReInit? ReInit,
    Proposal.ExternalInit? ExternalInit,
    bool PathRequired)
{
    /// <summary>What AppEphemeral proposals brought, in order.</summary>
    public IReadOnlyList<ComponentChange> Ephemeral { get; init; } = [];

    /// <summary>The leaf of before that an external committer removes; null when it does not.</summary>
    public uint? FormerSelf { get; init; }
}

/// <summary>Validates the proposals of one commit together (RFC 9420 section 12.2) and applies them (section 12.3).</summary>
/// <param name="founding">The usage of the PSK that the first commit of a successor or branch brings in; null in every other commit.</param>
internal sealed class ProposalList(GroupPolicy policy, RatchetTree tree, GroupContext context, ResumptionUsage? founding = null)
{
    private readonly ProposalRules rules = new(policy, tree, context) { Founding = founding };

    /// <param name="committer">Null for an external commit.</param>
    /// <param name="own">Made by whoever asks, so KeyPackage lifetimes are checked at this moment.</param>
    public AppliedProposals Apply(IReadOnlyList<ListedProposal> list, uint? committer, bool own)
    {
        Rules.SelfRemoveByReference.Require(
            list.All(item => item.Proposal is not Proposal.SelfRemove || item is { Stored: not null, Sender: Sender.Member }));
        if (committer is null)
        {
            VerifyExternalList(list);
        }
        else
        {
            VerifyMemberList(list, committer.Value);
        }

        VerifyCommon(list);
        var leaving = Leaving(list);
        foreach (var item in list)
        {
            rules.VerifyTypeSupported(item.Proposal, leaving);

            // A stored proposal was verified when it was stored, in this same epoch.
            if (item.Stored is null)
            {
                rules.Verify(item.Proposal, item.Sender, own);
            }
        }

        return ApplyInOrder(list, leaving, committer is null);
    }

    private static void VerifyMemberList(IReadOnlyList<ListedProposal> list, uint committer)
    {
        Rules.ExternalInitInMemberCommit.Require(!list.Any(item => item.Proposal is Proposal.ExternalInit));
        Rules.UpdateByCommitter.Require(!list.Any(item =>
            item.Proposal is Proposal.Update && item.Sender is Sender.Member member && member.LeafIndex == committer));
        Rules.RemoveCommitter.Require(!Leaving(list).Contains(committer));
        Rules.ReInitAlone.Require(list.Count == 1 || !list.Any(item => item.Proposal is Proposal.ReInit));
    }

    private static void VerifyExternalList(IReadOnlyList<ListedProposal> list)
    {
        Rules.ExternalCommitProposals.Require(
            list.All(item => item.Stored is null
                ? item.Proposal is Proposal.ExternalInit or Proposal.Remove or Proposal.PreSharedKey or Proposal.AppDataUpdate or Proposal.AppEphemeral
                : item.Proposal is Proposal.SelfRemove)
            && list.Count(item => item.Proposal is Proposal.ExternalInit) == 1);
        Rules.ExternalRemoveOwn.Require(list.Count(item => item.Proposal is Proposal.Remove) <= 1);
    }

    private void VerifyCommon(IReadOnlyList<ListedProposal> list)
    {
        var touched = new HashSet<uint>();
        var addedKeys = new HashSet<string>();
        var psks = new HashSet<string>();
        foreach (var item in list)
        {
            switch (item.Proposal)
            {
                case Proposal.Update when item.Sender is Sender.Member member:
                    Rules.DuplicateUpdateRemove.Require(touched.Add(member.LeafIndex));
                    break;
                case Proposal.Update:
                    Rules.UpdateSource.Refuse();
                    break;
                case Proposal.Remove remove:
                    Rules.DuplicateUpdateRemove.Require(touched.Add(remove.Removed));
                    break;
                case Proposal.SelfRemove:
                    Rules.DuplicateUpdateRemove.Require(touched.Add(((Sender.Member)item.Sender).LeafIndex));
                    break;
                case Proposal.Add add:
                    Rules.DuplicateAdd.Require(addedKeys.Add(Convert.ToHexString(add.KeyPackage.Leaf.SignatureKey.Span)));
                    break;
                case Proposal.PreSharedKey psk:
                    Rules.DuplicatePsk.Require(psks.Add(Convert.ToHexString(Codec.Encode(psk.Id))));
                    break;
            }
        }

        Rules.SingleGroupContextExtensions.Require(list.Count(item => item.Proposal is Proposal.GroupContextExtensions) <= 1);
    }

    // A SelfRemove removes its sender (draft-ietf-mls-extensions-10 section 6.3), before the Removes.
    private static List<uint> Leaving(IReadOnlyList<ListedProposal> list) => list
        .Where(item => item.Proposal is Proposal.SelfRemove)
        .Select(item => ((Sender.Member)item.Sender).LeafIndex)
        .Concat(list.Select(item => item.Proposal).OfType<Proposal.Remove>().Select(remove => remove.Removed))
        .ToList();

    // RFC 9420 section 12.3: GroupContextExtensions, Updates, Removes, Adds, each kind in the order of the list; then the application's proposals.
    private AppliedProposals ApplyInOrder(IReadOnlyList<ListedProposal> list, List<uint> removed, bool external)
    {
        var after = tree;
        var extensions = list.Select(item => item.Proposal).OfType<Proposal.GroupContextExtensions>().FirstOrDefault() is { } proposed
            ? rules.Replacing(proposed.Extensions)
            : null;
        var updated = new List<(uint, StoredProposal?)>();
        foreach (var item in list)
        {
            if (item is { Proposal: Proposal.Update update, Sender: Sender.Member member })
            {
                after = after.Update(member.LeafIndex, update.Leaf.Detached());
                updated.Add((member.LeafIndex, item.Stored));
            }
        }

        foreach (var leaf in removed)
        {
            after = after.Remove(leaf);
        }

        var added = new List<(uint, KeyPackage)>();
        foreach (var add in list.Select(item => item.Proposal).OfType<Proposal.Add>())
        {
            Rules.DuplicateSignatureKey.Require(after.FindSignatureKey(add.KeyPackage.Leaf.SignatureKey) is null);
            Rules.DuplicateEncryptionKey.Require(!after.HasEncryptionKey(add.KeyPackage.Leaf.EncryptionKey));
            after = after.Add(add.KeyPackage.Leaf.Detached(), out var leaf);
            added.Add((leaf, add.KeyPackage));
        }

        var application = new AppDataApplication(policy.Components, tree);
        var before = extensions ?? context.Extensions;
        var withAppData = application.Apply(before, list);
        extensions = ReferenceEquals(withAppData, before) ? extensions : withAppData;
        VerifyResult(after, extensions, updated.Select(item => item.Item1), added.Select(item => item.Item1));
        return new AppliedProposals(
            after,
            extensions ?? context.Extensions,
            added,
            removed,
            list.Select(item => item.Proposal).OfType<Proposal.PreSharedKey>().Select(psk => psk.Id).ToList(),
            updated,
            list.Select(item => item.Proposal).OfType<Proposal.ReInit>().SingleOrDefault(),
            list.Select(item => item.Proposal).OfType<Proposal.ExternalInit>().SingleOrDefault(),
            PathRequired(list))
        {
            Ephemeral = list.Where(item => item.Proposal is Proposal.AppEphemeral)
                .Select(item => (Item: item, Proposal: (Proposal.AppEphemeral)item.Proposal))
                .Select(pair => new ComponentChange(pair.Proposal.ComponentId, pair.Proposal.Data, application.Origin(pair.Item.Sender)))
                .ToList(),
            FormerSelf = external ? list.Select(item => item.Proposal).OfType<Proposal.Remove>().FirstOrDefault()?.Removed : null,
        };
    }

    private void VerifyResult(RatchetTree after, IReadOnlyList<Extension>? extensions, IEnumerable<uint> updated, IEnumerable<uint> added)
    {
        if (extensions is not null)
        {
            ProposalRules.VerifyGroupExtensions(extensions, after, policy.Draft);
        }

        foreach (var leaf in updated)
        {
            var node = after.Leaf(leaf)!;
            LeafRules.VerifyCapabilitiesFor(node, extensions ?? context.Extensions, policy.Draft);
        }

        foreach (var leaf in added)
        {
            LeafRules.VerifyCapabilitiesFor(after.Leaf(leaf)!, extensions ?? context.Extensions, policy.Draft);
        }

        TreeValidation.VerifyDistinctKeys(after);
        LeafRules.VerifyCredentialTypes(after);
    }

    // RFC 9420 section 12.4: a path may be left out only when there are proposals and none of a type that requires it (section 17.4).
    private static bool PathRequired(IReadOnlyList<ListedProposal> list) =>
        list.Count == 0 || list.Any(item => item.Proposal is not (Proposal.Add or Proposal.PreSharedKey or Proposal.ReInit
            or Proposal.AppDataUpdate or Proposal.AppEphemeral));
}
