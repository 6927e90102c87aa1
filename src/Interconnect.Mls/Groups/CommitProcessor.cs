using System.Collections.Immutable;
using System.Security.Cryptography;
using Interconnect.Mls.Crypto;
using Interconnect.Mls.Encoding;
using Interconnect.Mls.Framing;
using Interconnect.Mls.Messages;
using Interconnect.Mls.Schedule;
using Interconnect.Mls.Tree;

namespace Interconnect.Mls.Groups;

/// <summary>
/// Processes somebody else's commit (RFC 9420 section 12.4.2). The steps:
/// 1. resolve references; 2. validate and apply the proposals; 3. validate the path and put it into the tree; 4. stop here when this client is removed;
/// 5. open the path secret; 6. derive the new epoch; 7. check the confirmation tag; 8. make the new state.
/// </summary>
internal sealed class CommitProcessor(MlsClient client, GroupState state)
{
    private readonly CipherSuite suite = state.Suite;

    /// <param name="signed">The commit; its signature, membership tag, group and epoch are verified.</param>
    public Processed Process(AuthenticatedContent signed, ConsumedSecrets consumed)
    {
        var commit = ((Content.OfCommit)signed.Content.Content).Commit;
        var committer = (signed.Content.Sender as Sender.Member)?.LeafIndex;

        var list = Resolve(commit, signed.Content.Sender); // 1
        var applied = new ProposalList(client, state.Tree, state.Context).Apply(list, committer, own: false); // 2
        Rules.PathRequired.Require(commit.Path is not null || !applied.PathRequired);
        var (tree, senderLeaf) = ApplyPath(commit.Path, applied, committer); // 3
        var committerMember = committer is { } index ? state.Tree.Member(index) : tree.Member(senderLeaf);
        var removed = applied.Removed.Select(state.Tree.Member).ToList();

        if (applied.Removed.Contains(state.OwnLeaf)) // 4
        {
            var ended = new MlsGroup(client, state with { Status = GroupStatus.Removed, Stored = [] });
            return new Processed.RemovedFromGroup(ended, consumed, committerMember);
        }

        var provisional = EpochTransition.Provisional(state.Context, tree, applied.Extensions);
        var (path, secrets) = OpenPath(commit.Path, applied, tree, senderLeaf, provisional); // 5
        using var secretsErased = secrets;
        using var init = InitSecret(applied);
        using var psk = PskResolution.Resolve(client, suite, state, applied.Psks);
        var epoch = EpochTransition.Derive(suite, provisional, state.InterimTranscriptHash, signed, init, secrets?.CommitSecret, psk); // 6
        epoch.Joiner.Dispose();
        Rules.ConfirmationTag.Require(
            signed.Auth.ConfirmationTag is { } tag && CryptographicOperations.FixedTimeEquals(tag.Span, epoch.ConfirmationTag)); // 7

        var entered = GroupState.Enter(suite, epoch.Context, tree, epoch.Secrets, epoch.ConfirmationTag, path); // 8
        entered = entered with { Status = applied.ReInit is null ? GroupStatus.Active : GroupStatus.ReInitialised };
        var next = state.Next(entered, client.Options, consumed);
        var added = applied.Added.Select(item => tree.Member(item.Leaf)).ToList();
        if (committer is null)
        {
            added.Add(committerMember);
        }

        return new Processed.CommitApplied(
            new MlsGroup(client, next), consumed, committerMember, added, removed, applied.ReInit is not null, signed.Content.AuthenticatedData);
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
                    Rules.ExternalCommitProposals.Require(sender is Sender.Member);
                    var stored = state.FindStored(reference.Reference.Span);
                    Rules.UnknownProposalRef.Require(stored is not null);
                    list.Add(new ListedProposal(stored!.Proposal, stored.Sender, stored));
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
            Rules.PathNewKeys.Require(!state.Tree.HasEncryptionKey(key) && !applied.Tree.HasEncryptionKey(key));
        }

        var rules = new ProposalRules(client, applied.Tree, state.Context);
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

        LeafRules.VerifyCapabilitiesFor(path.Leaf, applied.Extensions);
        var tree = TreeKem.Apply(before, senderLeaf, path);
        ProposalList.VerifyUniqueLeaf(tree, senderLeaf, path.Leaf);
        LeafRules.VerifyCredentialTypes(tree);
        return (tree, senderLeaf);
    }

    // An external joiner may remove the leaf it had before (a resync): the new leaf must then be that identity's valid successor.
    private LeafNode? FormerSelf(AppliedProposals applied) => applied.Removed.Count == 0 ? null : state.Tree.Leaf(applied.Removed[0]);

    private (PrivatePath Path, PathSecrets? Secrets) OpenPath(
        UpdatePath? path, AppliedProposals applied, RatchetTree tree, uint senderLeaf, GroupContext provisional)
    {
        var own = state.Path;
        foreach (var (leaf, stored) in applied.Updated)
        {
            if (leaf == state.OwnLeaf)
            {
                Rules.UnknownProposalRef.Require(stored?.LeafKey is not null);
                own = own with { LeafKey = stored!.LeafKey! };
            }
        }

        if (path is null)
        {
            return (own.PrunedTo(tree), null);
        }

        var addedLeaves = applied.Added.Select(item => item.Leaf).ToImmutableHashSet();
        var (opened, secrets) = TreeKem.Decrypt(tree, senderLeaf, path, own, addedLeaves, Codec.Encode(provisional));
        return (opened.PrunedTo(tree), secrets);
    }

    private Secret<Kind.Init> InitSecret(AppliedProposals applied)
    {
        if (applied.ExternalInit is not { } external)
        {
            return Secret<Kind.Init>.CopyOf(state.Secrets.Init.Span);
        }

        using var key = state.Secrets.ExternalKeyPair(suite);
        using var context = suite.Hpke.SetupReceiver(external.KemOutput.Span, key, default);
        return new Secret<Kind.Init>(context.Export(ExternalInit.Label, suite.Hash.Size));
    }
}
