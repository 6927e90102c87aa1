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
/// Processes somebody else's commit (RFC 9420 section 12.4.2). The steps: 1. all that needs no secret, proposals and the path's public part;
/// 2. stop here when this client is removed; 3. open the path secret; 4. derive the new epoch; 5. check the confirmation tag; 6. make the new state.
/// </summary>
internal sealed class CommitProcessor(MlsClient client, GroupState state)
{
    private readonly CipherSuite suite = state.Suite;

    /// <param name="signed">The commit; its signature, membership tag, group and epoch are verified.</param>
    public Processed Process(AuthenticatedContent signed, ConsumedSecrets consumed)
    {
        var commit = ((Content.OfCommit)signed.Content.Content).Commit;
        var (applied, tree, senderLeaf, committer, removed) =
            new PublicCommit(client.GroupPolicy, state.Tree, state.Context, state.Stored).Apply(commit, signed.Content.Sender); // 1

        if (applied.Removed.Contains(state.OwnLeaf)) // 2
        {
            var ended = new MlsGroup(client, state with { Status = GroupStatus.Removed, Stored = [], OwnUpdates = [] });
            return new Processed.RemovedFromGroup(ended, consumed, committer);
        }

        var provisional = EpochTransition.Provisional(state.Context, tree, applied.Extensions);
        var (path, secrets) = OpenPath(commit.Path, applied, tree, senderLeaf, provisional); // 3
        using var secretsErased = secrets;
        using var init = InitSecret(applied);
        using var psk = PskResolution.Resolve(client, suite, state, applied.Psks);
        var epoch = EpochTransition.Derive(suite, provisional, state.InterimTranscriptHash, signed, init, secrets?.CommitSecret, psk); // 4
        epoch.Joiner.Dispose();
        if (signed.Auth.ConfirmationTag is not { } tag || !CryptographicOperations.FixedTimeEquals(tag.Span, epoch.ConfirmationTag)) // 5
        {
            foreach (var secret in epoch.Secrets.AllSecrets())
            {
                CryptographicOperations.ZeroMemory(secret);
            }

            Rules.ConfirmationTag.Refuse();
        }

        var entered = GroupState.Enter(suite, epoch.Context, tree, epoch.Secrets, epoch.ConfirmationTag, path); // 6
        entered = entered.EndedBy(applied.ReInit);
        var next = state.Next(entered, client.Options, consumed);
        var added = applied.Added.Select(item => tree.Member(item.Leaf)).ToList();
        if (signed.Content.Sender is not Sender.Member)
        {
            added.Add(committer);
        }

        return new Processed.CommitApplied(
            new MlsGroup(After(applied), next), consumed, committer, added, removed, applied.ReInit is not null, signed.Content.AuthenticatedData)
        {
            Ephemeral = applied.Ephemeral,
        };
    }

    // An Update of the own leaf can bring a new signature key: then the client that holds it goes on.
    private MlsClient After(AppliedProposals applied)
    {
        foreach (var (leaf, stored) in applied.Updated)
        {
            if (leaf == state.OwnLeaf
                && stored is { Proposal: Proposal.Update update }
                && !update.Leaf.SignatureKey.Span.SequenceEqual(client.SignatureKey.PublicKey.Span))
            {
                var successor = state.FindOwnUpdate(stored)?.Successor;
                Rules.StateSuccessor.Require(successor is not null);
                return successor!;
            }
        }

        return client;
    }

    private (PrivatePath Path, PathSecrets? Secrets) OpenPath(
        UpdatePath? path, AppliedProposals applied, RatchetTree tree, uint senderLeaf, GroupContext provisional)
    {
        var own = state.Path;
        foreach (var (leaf, stored) in applied.Updated)
        {
            if (leaf == state.OwnLeaf)
            {
                var leafKey = stored is null ? null : state.OwnUpdateKey(stored);
                Rules.UnknownProposalRef.Require(leafKey is not null);
                own = own with { LeafKey = leafKey! };
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
