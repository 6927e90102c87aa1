using System.Collections.Immutable;
using Interconnect.Mls.Components;
using Interconnect.Mls.Crypto;
using Interconnect.Mls.Encoding;
using Interconnect.Mls.Framing;
using Interconnect.Mls.Messages;
using Interconnect.Mls.Schedule;
using Interconnect.Mls.Tree;

namespace Interconnect.Mls.Groups;

/// <summary>
/// Makes a commit (RFC 9420 section 12.4.1). The steps: 1. list and apply the proposals; 2. new keys on the path; 3. encrypt the path; 4. sign; 5. derive
/// the new epoch; 6. confirmation tag and framing; 7. Welcome and GroupInfo; 8. the staged state.
/// </summary>
/// <param name="relation">The group that this first commit links the new group to; null in every other commit.</param>
internal sealed class CommitBuilder(MlsClient client, GroupState state, Relation? relation = null)
{
    private readonly CipherSuite suite = state.Suite;

    public CommitResult Build(CommitRequest request)
    {
        Rules.GroupInactive.Require(state.Status == GroupStatus.Active);
        var random = client.Random;
        var after = request.Successor ?? client;
        Rules.AddOwnSuite.Require(after.Suite == suite);
        var consumed = new ConsumedSecrets();
        var staged = new ConsumedSecrets();

        var (list, applied) = Propose(request); // 1
        var withPath = applied.PathRequired || !client.Options.OmitPathWhenAllowed || request.Successor is not null;
        var draft = withPath ? Draft(applied, after) : null; // 2
        var tree = draft?.Tree ?? applied.Tree;
        var provisional = EpochTransition.Provisional(state.Context, tree, applied.Extensions);
        var added = applied.Added.Select(item => item.Leaf).ToImmutableHashSet();
        var path = draft is null ? null : TreeKem.Encrypt(draft, added, Codec.Encode(provisional), random); // 3

        var format = client.Options.EncryptHandshake ? WireFormat.PrivateMessage : WireFormat.PublicMessage;
        var content = new FramedContent(
            state.Context.GroupId, state.Context.Epoch, new Sender.Member(state.OwnLeaf),
            SafeAad.ForSending(state.DemandsSafeAad, request.AuthenticatedData.ToArray(), client.GroupPolicy.Draft),
            new Content.OfCommit(new Commit(list.Select(AsListed).ToList(), path)));
        var signed = AuthenticatedContent.Sign(client.SignatureKey, format, content, state.EncodedContext); // 4

        using var psk = PskResolution.Resolve(client, suite, state, applied.Psks, relation?.Group);
        var epoch = EpochTransition.Derive(
            suite, provisional, state.InterimTranscriptHash, signed, state.Secrets.Init, draft?.Secrets.CommitSecret, psk); // 5
        signed = signed.WithConfirmationTag(epoch.ConfirmationTag);
        var (message, sent) = HandshakeFraming.Frame(client, state, signed, consumed); // 6

        var privatePath = (draft?.Private ?? state.Path).PrunedTo(tree);
        var entered = GroupState.Enter(suite, epoch.Context, tree, epoch.Secrets, epoch.ConfirmationTag, privatePath);
        entered = entered.EndedBy(applied.ReInit);
        var groupInfo = GroupInfos.Make(after, entered, request.GroupInfoExtensions); // 7
        var welcome = applied.Added.Count == 0 ? null : WelcomeBuilder.Build(client, suite, applied, draft?.Secrets, epoch, psk, groupInfo.AsSpan(MlsMessage.HeaderSize));
        epoch.Joiner.Dispose();
        draft?.Secrets.Dispose();

        staged.AddRange(epoch.Secrets.AllSecrets(), draft?.Private.AllKeys() ?? []);

        var next = sent.Next(entered, client.Options, consumed); // 8
        return new CommitResult(
            new MlsGroup(after, next), message, welcome, groupInfo, consumed)
        {
            RejectedState = new MlsGroup(client, sent),
            Staged = staged,
        };
    }

    private static ProposalOrRef AsListed(ListedProposal item) =>
        item.Stored is { } stored ? new ProposalOrRef.ByReference(stored.Reference) : new ProposalOrRef.ByValue(item.Proposal);

    // A stored proposal can be valid by itself and still not go with the others or the tree; no proposer may block every commit by that. So when the
    // list is refused, the stored ones are taken one by one, and those that do not fit are left out.
    private (IReadOnlyList<ListedProposal> List, AppliedProposals Applied) Propose(CommitRequest request)
    {
        var rules = new ProposalList(client.GroupPolicy, state.Tree, state.Context, relation?.Psk.Usage);
        var list = new CommitProposals(client, state).List(request);
        if (relation is not null)
        {
            list = [new ListedProposal(new Proposal.PreSharedKey(relation.Psk), new Sender.Member(state.OwnLeaf), null), .. list];
        }

        try
        {
            return (list, rules.Apply(list, state.OwnLeaf, own: true));
        }
        catch (MlsRefusal) when (list.Any(item => item.Stored is not null))
        {
            var kept = list.Where(item => item.Stored is null).ToList();
            var applied = rules.Apply(kept, state.OwnLeaf, own: true);
            foreach (var item in list.Where(item => item.Stored is not null))
            {
                try
                {
                    applied = rules.Apply([.. kept, item], state.OwnLeaf, own: true);
                    kept.Add(item);
                }
                catch (MlsRefusal)
                {
                    // Left out: the commit goes without it.
                }
            }

            return (kept, applied);
        }
    }

    private PathDraft Draft(AppliedProposals applied, MlsClient after)
    {
        var current = state.Tree.Leaf(state.OwnLeaf)!;
        var changed = after != client;
        var template = changed
            ? new LeafTemplate(after.Credential, after.Capabilities, after.LeafExtensions)
            : new LeafTemplate(current.Credential, client.Capabilities, current.Extensions);
        var draft = TreeKem.Draft(applied.Tree, state.OwnLeaf, state.Context.GroupId, after.SignatureKey, template, client.Random);
        if (changed)
        {
            new ProposalRules(client.GroupPolicy, applied.Tree, state.Context).VerifySuccessor(current, draft.Leaf, state.OwnLeaf);
            LeafRules.VerifyCapabilitiesFor(draft.Leaf, applied.Extensions, client.GroupPolicy.Draft);
            TreeValidation.VerifyDistinctKeys(draft.Tree);
            LeafRules.VerifyCredentialTypes(draft.Tree);
        }

        return draft;
    }
}
