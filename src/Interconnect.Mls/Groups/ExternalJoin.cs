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
/// Joins by an external commit (RFC 9420 section 12.4.3.2). The steps: 1. GroupInfo and tree; 2. init secret for external_pub; 3. proposals; 4. own leaf and path;
/// 5. sign; 6. derive the epoch.
/// </summary>
internal sealed class ExternalJoin(MlsClient client)
{
    public ExternalJoinResult Join(MlsMessage message, ReadOnlyMemory<byte>? givenTree, ExternalJoinRequest request)
    {
        Rules.WrongWireFormat.Require(message is MlsMessage.OfGroupInfo);
        var groupInfo = ((MlsMessage.OfGroupInfo)message).GroupInfo;
        var suite = client.Suite;
        Rules.WelcomeSuite.Require(groupInfo.Context.Suite == suite.Id);
        var context = groupInfo.Context;
        var tree = GroupInfoTree.Verify(suite, groupInfo, givenTree); // 1
        GroupInfoTree.VerifyLeaves(client.GroupPolicy, tree, context);

        var externalPub = GroupInfoTree.ExternalPub(suite, groupInfo); // 2
        var (kemOutput, hpke) = suite.Hpke.SetupSender(externalPub, default, client.Random);
        using var hpkeErased = hpke;
        using var init = new Secret<Kind.Init>(hpke.Export(ExternalInit.Label, suite.Hash.Size));

        var sender = new Sender.NewMemberCommit(); // 3
        var list = List(request, groupInfo, tree, kemOutput, sender);
        var applied = new ProposalList(client.GroupPolicy, tree, context).Apply(list, null, own: true);
        Rules.DuplicateSignatureKey.Require(applied.Tree.FindSignatureKey(client.SignatureKey.PublicKey) is null);
        using var psk = PskResolution.Resolve(client, suite, null, applied.Psks);

        var (draft, provisional) = Draft(applied, context); // 4
        Rules.SuccessorCredential.Require(
            applied.FormerSelf is not { } former || client.Authentication.IsValidSuccessor(tree.Leaf(former)!.Credential, client.Credential));
        LeafRules.VerifyCapabilitiesFor(draft.Leaf, applied.Extensions, client.GroupPolicy.Draft);
        LeafRules.VerifyCredentialTypes(draft.Tree);
        var path = TreeKem.Encrypt(draft, ImmutableHashSet<uint>.Empty, Codec.Encode(provisional), client.Random);
        var content = new FramedContent(
            context.GroupId, context.Epoch, sender,
            SafeAad.ForSending(SafeAad.IsDemandedBy(context.Extensions), request.AuthenticatedData.ToArray(), client.GroupPolicy.Draft),
            new Content.OfCommit(new Commit(list.Select(AsListed).ToList(), path)));
        var signed = AuthenticatedContent.Sign(client.SignatureKey, WireFormat.PublicMessage, content, Codec.Encode(context)); // 5

        var interim = TranscriptHash.Interim(suite, context.ConfirmedTranscriptHash.Span, groupInfo.ConfirmationTag.Span); // 6
        var epoch = EpochTransition.Derive(suite, provisional, interim, signed, init, draft.Secrets.CommitSecret, psk);
        epoch.Joiner.Dispose();
        draft.Secrets.Dispose();
        signed = signed.WithConfirmationTag(epoch.ConfirmationTag);
        var state = GroupState.Enter(suite, epoch.Context, draft.Tree, epoch.Secrets, epoch.ConfirmationTag, draft.Private);
        var staged = new ConsumedSecrets();
        staged.AddRange(epoch.Secrets.AllSecrets(), draft.Private.AllKeys());
        return new ExternalJoinResult(
            new MlsGroup(client, state),
            Codec.Encode<MlsMessage>(new MlsMessage.OfPublicMessage(new PublicMessage(content, signed.Auth, null))),
            GroupInfos.Make(client, state))
        {
            Staged = staged,
        };
    }

    private static ProposalOrRef AsListed(ListedProposal item) =>
        item.Stored is { } stored ? new ProposalOrRef.ByReference(stored.Reference) : new ProposalOrRef.ByValue(item.Proposal);

    private List<ListedProposal> List(ExternalJoinRequest request, GroupInfo groupInfo, RatchetTree tree, byte[] kemOutput, Sender sender)
    {
        var proposals = new List<Proposal> { new Proposal.ExternalInit(kemOutput) };
        if (request.FormerLeaf is { } former)
        {
            proposals.Add(new Proposal.Remove(former));
        }

        proposals.AddRange(request.ExternalPsks.Select(id => new Proposal.PreSharedKey(new PreSharedKeyId.External(id.ToArray(), Nonce()))));
        proposals.AddRange(request.ResumptionEpochs.Select(epoch => new Proposal.PreSharedKey(
            new PreSharedKeyId.Resumption(ResumptionUsage.Application, groupInfo.Context.GroupId, epoch, Nonce()))));
        proposals.AddRange(request.AppEphemeral.Select(item => new Proposal.AppEphemeral(item.ComponentId, item.Data.ToArray())));
        proposals.AddRange(request.AppDataUpdates.Select(item =>
            new Proposal.AppDataUpdate(item.ComponentId, item.Update is { } data ? (ReadOnlyMemory<byte>?)data.ToArray() : null)));
        var list = proposals.Select(proposal => new ListedProposal(proposal, sender, null)).ToList();
        list.AddRange(request.SelfRemoves.Select(message => VerifySelfRemove(message, groupInfo, tree)));
        return list;
    }

    private byte[] Nonce()
    {
        var nonce = new byte[client.Suite.Hash.Size];
        client.Random.Fill(nonce);
        return nonce;
    }

    // All but the membership tag, whose key a joiner does not have (draft-ietf-mls-extensions-10 section 6.3.1).
    private ListedProposal VerifySelfRemove(ReadOnlyMemory<byte> encoded, GroupInfo groupInfo, RatchetTree tree)
    {
        var context = groupInfo.Context;
        var message = MlsMessage.Decode(encoded.ToArray(), client.Options.MaxMessageSize) as MlsMessage.OfPublicMessage;
        Rules.SelfRemoveByReference.Require(
            message?.Message.Content is { Sender: Sender.Member, Content: Content.OfProposal { Proposal: Proposal.SelfRemove } });
        var content = message!.Message.Content;
        Rules.WrongGroup.Require(content.GroupId.Span.SequenceEqual(context.GroupId.Span));
        Rules.WrongEpoch.Require(content.Epoch == context.Epoch);
        var signed = message.Message.Authenticated;
        Rules.MessageSignature.Require(signed.VerifySignature(SenderKeys.Find(tree, context.Extensions, content), Codec.Encode(context)));
        SafeAad.Verify(SafeAad.IsDemandedBy(context.Extensions), content.AuthenticatedData, client.GroupPolicy.Draft);
        var proposal = new Proposal.SelfRemove();
        return new ListedProposal(proposal, content.Sender, new StoredProposal(signed.ProposalRef(tree.Suite), proposal, content.Sender));
    }

    // The leaf is placed first, so that the path is planned around it; Draft then replaces it by the signed one.
    private (PathDraft Draft, GroupContext Provisional) Draft(AppliedProposals applied, GroupContext context)
    {
        var (placeholder, placeholderKey) = client.CreateLeaf(TimeSpan.FromDays(1));
        placeholderKey.Dispose();
        var tree = applied.Tree.Add(placeholder, out var leafIndex);
        var template = new LeafTemplate(client.Credential, client.Capabilities, client.LeafExtensions);
        var draft = TreeKem.Draft(tree, leafIndex, context.GroupId, client.SignatureKey, template, client.Random);
        return (draft, EpochTransition.Provisional(context, draft.Tree, applied.Extensions));
    }
}
