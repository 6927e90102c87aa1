using System.Collections.Immutable;
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
internal sealed class CommitBuilder(MlsClient client, GroupState state)
{
    private readonly CipherSuite suite = state.Suite;

    public CommitResult Build(CommitRequest request)
    {
        Rules.GroupInactive.Require(state.Status == GroupStatus.Active);
        var random = client.Random;
        var consumed = new ConsumedSecrets();
        var staged = new ConsumedSecrets();

        var (list, applied) = Propose(request); // 1
        var withPath = applied.PathRequired || !client.Options.OmitPathWhenAllowed;
        var draft = withPath ? Draft(applied) : null; // 2
        var tree = draft?.Tree ?? applied.Tree;
        var provisional = EpochTransition.Provisional(state.Context, tree, applied.Extensions);
        var added = applied.Added.Select(item => item.Leaf).ToImmutableHashSet();
        var path = draft is null ? null : TreeKem.Encrypt(draft, added, Codec.Encode(provisional), random); // 3

        var format = client.Options.EncryptHandshake ? WireFormat.PrivateMessage : WireFormat.PublicMessage;
        var content = new FramedContent(
            state.Context.GroupId, state.Context.Epoch, new Sender.Member(state.OwnLeaf), request.AuthenticatedData.ToArray(),
            new Content.OfCommit(new Commit(list.Select(AsListed).ToList(), path)));
        var signed = AuthenticatedContent.Sign(client.SignatureKey, format, content, state.EncodedContext); // 4

        using var psk = PskResolution.Resolve(client, suite, state, applied.Psks);
        var epoch = EpochTransition.Derive(
            suite, provisional, state.InterimTranscriptHash, signed, state.Secrets.Init, draft?.Secrets.CommitSecret, psk); // 5
        signed = signed.WithConfirmationTag(epoch.ConfirmationTag);
        var (message, sent) = HandshakeFraming.Frame(client, state, signed, consumed); // 6

        var privatePath = (draft?.Private ?? state.Path).PrunedTo(tree);
        var entered = GroupState.Enter(suite, epoch.Context, tree, epoch.Secrets, epoch.ConfirmationTag, privatePath);
        entered = entered with { Status = applied.ReInit is null ? GroupStatus.Active : GroupStatus.ReInitialised };
        var groupInfo = GroupInfos.Make(client, entered); // 7
        var welcome = applied.Added.Count == 0 ? null : WelcomeBuilder.Build(client, suite, applied, draft?.Secrets, epoch, psk, groupInfo);
        epoch.Joiner.Dispose();
        draft?.Secrets.Dispose();

        foreach (var secret in epoch.Secrets.AllSecrets())
        {
            staged.Add(secret);
        }

        foreach (var key in draft?.Private.AllKeys() ?? [])
        {
            staged.Add(key);
        }

        var next = sent.Next(entered, client.Options, consumed); // 8
        return new CommitResult(
            new MlsGroup(client, next), message, welcome, Codec.Encode<MlsMessage>(new MlsMessage.OfGroupInfo(groupInfo)), consumed)
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
        var rules = new ProposalList(client.LeafPolicy, state.Tree, state.Context);
        var list = new CommitProposals(client, state).List(request);
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

    private PathDraft Draft(AppliedProposals applied)
    {
        var current = state.Tree.Leaf(state.OwnLeaf)!;
        var template = new LeafTemplate(current.Credential, client.Capabilities, current.Extensions);
        return TreeKem.Draft(applied.Tree, state.OwnLeaf, state.Context.GroupId, client.SignatureKey, template, client.Random);
    }
}
