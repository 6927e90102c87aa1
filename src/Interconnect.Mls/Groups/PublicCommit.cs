using Interconnect.Mls.Encoding;
using Interconnect.Mls.Framing;
using Interconnect.Mls.Messages;
using Interconnect.Mls.Tree;

namespace Interconnect.Mls.Groups;

/// <summary>What the public part of a commit makes of a group.</summary>
/// <param name="Proposals">The proposals, validated and applied.</param>
/// <param name="Tree">The tree with the path in it.</param>
/// <param name="CommitterLeaf">The committer's leaf in <paramref name="Tree"/>.</param>
/// <param name="Committer">The committer: a member as it was before, an external joiner as it is now.</param>
/// <param name="Removed">Who is gone, as they were before.</param>
internal sealed record AppliedCommit(AppliedProposals Proposals, RatchetTree Tree, uint CommitterLeaf, Member Committer, IReadOnlyList<Member> Removed);

/// <summary>
/// The part of processing a commit that needs no secret (RFC 9420 section 12.4.2), the same for a member and a server. The steps: 1. resolve references;
/// 2. validate and apply the proposals; 3. validate the path and put it into the tree. That the message is signed and for this epoch is the caller's to check.
/// </summary>
internal sealed class PublicCommit(GroupPolicy policy, RatchetTree tree, GroupContext context, IReadOnlyList<StoredProposal> stored)
{
    public AppliedCommit Apply(Commit commit, Sender sender)
    {
        var committer = (sender as Sender.Member)?.LeafIndex;
        var list = Resolve(commit, sender); // 1
        var applied = new ProposalList(policy, tree, context).Apply(list, committer, own: false); // 2
        Rules.PathRequired.Require(commit.Path is not null || !applied.PathRequired);
        var (after, leaf) = ApplyPath(commit.Path, applied, committer); // 3
        return new AppliedCommit(
            applied, after, leaf, committer is { } index ? tree.Member(index) : after.Member(leaf), applied.Removed.Select(tree.Member).ToList());
    }

    private List<ListedProposal> Resolve(Commit commit, Sender sender)
    {
        var list = new List<ListedProposal>(commit.Proposals.Count);
        foreach (var item in commit.Proposals)
        {
            switch (item)
            {
                case ProposalOrRef.ByValue value:
                    list.Add(new ListedProposal(value.Proposal, sender, null));
                    break;
                case ProposalOrRef.ByReference reference:
                    var found = StoredProposal.Find(stored, reference.Reference.Span);
                    Rules.UnknownProposalRef.Require(found is not null);
                    list.Add(new ListedProposal(found!.Proposal, found.Sender, found));
                    break;
            }
        }

        return list;
    }

    private (RatchetTree Tree, uint SenderLeaf) ApplyPath(UpdatePath? path, AppliedProposals applied, uint? committer)
    {
        if (path is null)
        {
            Rules.PathRequired.Require(committer is not null);
            return (applied.Tree, committer!.Value);
        }

        Rules.PathLeafSource.Require(path.Leaf.Source is LeafNodeSource.Commit);
        foreach (var key in path.Nodes.Select(node => node.EncryptionKey).Prepend(path.Leaf.EncryptionKey))
        {
            Rules.PathNewKeys.Require(!tree.HasEncryptionKey(key) && !applied.Tree.HasEncryptionKey(key));
        }

        var rules = new ProposalRules(policy, applied.Tree, context);
        var before = applied.Tree;
        uint senderLeaf;
        if (committer is { } leaf)
        {
            senderLeaf = leaf;
            rules.VerifySuccessor(before.Leaf(leaf)!, path.Leaf, leaf);
        }
        else
        {
            Rules.DuplicateSignatureKey.Require(before.FindSignatureKey(path.Leaf.SignatureKey) is null);
            before = before.Add(path.Leaf, out senderLeaf);
            rules.VerifySuccessor(FormerSelf(applied) ?? path.Leaf, path.Leaf, senderLeaf);
        }

        LeafRules.VerifyCapabilitiesFor(path.Leaf, applied.Extensions, policy.Draft);
        var after = TreeKem.Apply(before, senderLeaf, path);
        TreeKem.VerifyCiphertextCounts(after, senderLeaf, path, applied.Added.Select(item => item.Leaf).ToHashSet());
        TreeValidation.VerifyDistinctKeys(after);
        LeafRules.VerifyCredentialTypes(after);
        return (after, senderLeaf);
    }

    // An external joiner may remove the leaf it had before (a resync): the new leaf must then be that identity's valid successor.
    private LeafNode? FormerSelf(AppliedProposals applied) => applied.FormerSelf is { } former ? tree.Leaf(former) : null;
}
