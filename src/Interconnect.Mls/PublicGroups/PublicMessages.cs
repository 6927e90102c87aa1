using Interconnect.Mls.Components;
using Interconnect.Mls.Encoding;
using Interconnect.Mls.Framing;
using Interconnect.Mls.Groups;
using Interconnect.Mls.Messages;
using Interconnect.Mls.Schedule;

namespace Interconnect.Mls.PublicGroups;

/// <summary>Moves a public group on by a message (RFC 9420 sections 12.1 and 12.4.2).</summary>
internal static class PublicMessages
{
    public static PublicProposal Proposal(PublicGroup group, ReadOnlyMemory<byte> encoded)
    {
        var state = group.State;
        var message = Signed(group, encoded);
        Rules.SenderTypeAllowed.Require(message.Content.Content is Content.OfProposal);
        var proposal = ((Content.OfProposal)message.Content.Content).Proposal;
        new ProposalRules(group.Options.GroupPolicy, state.Tree, state.Context).VerifyReceived(message.Authenticated, proposal);
        var item = new StoredProposal(message.Authenticated.ProposalRef(state.Suite), proposal, message.Content.Sender);
        var unverifiable = OfMessage(message) | (proposal is Messages.Proposal.PreSharedKey ? Unverifiable.PreSharedKeys : Unverifiable.None);
        if (StoredProposal.Find(state.Pending, item.Reference) is not null)
        {
            return new PublicProposal(group, Describe(item), unverifiable);
        }

        Rules.TooManyPending.Require(state.Pending.Count < group.Options.MaxPendingProposals);
        return new PublicProposal(new PublicGroup(state with { Pending = state.Pending.Add(item) }, group.Options), Describe(item), unverifiable);
    }

    /// <summary>The steps: 1. group, epoch, sender, signature; 2. proposals and path; 3. the next context; 4. the GroupInfo that came along.</summary>
    public static PublicTransition Commit(PublicGroup group, ReadOnlyMemory<byte> encoded, ReadOnlyMemory<byte>? groupInfo)
    {
        var state = group.State;
        var message = Signed(group, encoded); // 1
        Rules.SenderTypeAllowed.Require(message.Content.Content is Content.OfCommit);
        var commit = ((Content.OfCommit)message.Content.Content).Commit;
        var applied = new PublicCommit(group.Options.GroupPolicy, state.Tree, state.Context, state.Pending).Apply(commit, message.Content.Sender); // 2
        var proposals = applied.Proposals;

        var context = EpochTransition.Provisional(state.Context, applied.Tree, proposals.Extensions) with // 3
        {
            ConfirmedTranscriptHash = TranscriptHash.Confirmed(state.Suite, state.InterimTranscriptHash, message.Authenticated),
        };
        var next = PublicGroupState.Enter(state.Suite, context, applied.Tree, message.Auth.ConfirmationTag.GetValueOrDefault().Span) with
        {
            IsActive = proposals.ReInit is null,
            History = state.HistoryAfter(group.Options.RetainedEpochs),
        };
        if (groupInfo is { Length: > 0 } given) // 4
        {
            next = next with { GroupInfo = PublicGroupInfos.Check(next, group.Options, given) };
        }

        var isExternal = message.Content.Sender is not Sender.Member;
        var added = proposals.Added.Select(item => applied.Tree.Member(item.Leaf)).ToList();
        if (isExternal)
        {
            added.Add(applied.Committer);
        }

        return new PublicTransition(
            new PublicGroup(next, group.Options), applied.Committer, isExternal, added, applied.Removed, proposals.Updated.Select(item => item.Leaf).ToList(),
            proposals.ReInit is not null, message.Content.AuthenticatedData, OfMessage(message) | OfCommit(commit, proposals));
    }

    public static PendingProposal Describe(StoredProposal stored)
    {
        var (type, index) = PublicHandshake.Describe(stored.Sender);
        return new PendingProposal(stored.Reference, stored.Proposal.Type, type, index);
    }

    // Demands group, epoch, a sender who may send this, and its signature.
    private static PublicMessage Signed(PublicGroup group, ReadOnlyMemory<byte> encoded)
    {
        var state = group.State;
        Rules.GroupInactive.Require(state.IsActive);
        var message = ServerDecoding.Decode<MlsMessage.OfPublicMessage>(encoded).Message;
        Rules.WrongGroup.Require(message.Content.GroupId.Span.SequenceEqual(state.Context.GroupId.Span));
        Rules.ApplicationEncrypted.Require(message.Content.Content is not Content.Application);
        Rules.WrongEpoch.Require(message.Content.Epoch == state.Context.Epoch);
        var key = SenderKeys.Find(state.Tree, state.Context.Extensions, message.Content);
        Rules.MessageSignature.Require(message.Authenticated.VerifySignature(key, state.EncodedContext));
        SafeAad.Verify(SafeAad.IsDemandedBy(state.Context.Extensions), message.Content.AuthenticatedData, group.Options.GroupPolicy.Draft);
        return message;
    }

    private static Unverifiable OfMessage(PublicMessage message) => message.Content.Sender is Sender.Member ? Unverifiable.MembershipTag : Unverifiable.None;

    private static Unverifiable OfCommit(Commit commit, AppliedProposals proposals) =>
        Unverifiable.ConfirmationTag
        | (commit.Path is null ? Unverifiable.None : Unverifiable.PathSecrets)
        | (proposals.Psks.Count == 0 ? Unverifiable.None : Unverifiable.PreSharedKeys)
        | (proposals.ExternalInit is null ? Unverifiable.None : Unverifiable.ExternalInit);
}
