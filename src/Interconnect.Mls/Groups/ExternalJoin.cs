using System.Collections.Immutable;
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
    /// <param name="formerLeaf">The joiner's leaf of before, to be removed; null when it had none.</param>
    public ExternalJoinResult Join(MlsMessage message, ReadOnlyMemory<byte>? givenTree, uint? formerLeaf)
    {
        Rules.WrongWireFormat.Require(message is MlsMessage.OfGroupInfo);
        var groupInfo = ((MlsMessage.OfGroupInfo)message).GroupInfo;
        var suite = client.Suite;
        Rules.WelcomeSuite.Require(groupInfo.Context.Suite == suite.Id);
        var context = groupInfo.Context;
        var tree = GroupInfoTree.Verify(suite, groupInfo, givenTree); // 1
        GroupInfoTree.VerifyLeaves(client.LeafPolicy, tree, context);

        var externalPub = ExternalPub(suite, groupInfo); // 2
        var (kemOutput, hpke) = suite.Hpke.SetupSender(externalPub, default, client.Random);
        using var hpkeErased = hpke;
        using var init = new Secret<Kind.Init>(hpke.Export(ExternalInit.Label, suite.Hash.Size));

        var sender = new Sender.NewMemberCommit(); // 3
        var list = new List<ListedProposal> { new(new Proposal.ExternalInit(kemOutput), sender, null) };
        if (formerLeaf is { } former)
        {
            list.Add(new ListedProposal(new Proposal.Remove(former), sender, null));
        }

        var applied = new ProposalList(client.LeafPolicy, tree, context).Apply(list, null, own: true);
        Rules.DuplicateSignatureKey.Require(applied.Tree.FindSignatureKey(client.SignatureKey.PublicKey) is null);

        var (draft, provisional) = Draft(applied, context); // 4
        LeafRules.VerifyCapabilitiesFor(draft.Leaf, context.Extensions);
        LeafRules.VerifyCredentialTypes(draft.Tree);
        var path = TreeKem.Encrypt(draft, ImmutableHashSet<uint>.Empty, Codec.Encode(provisional), client.Random);
        var content = new FramedContent(
            context.GroupId, context.Epoch, sender, ReadOnlyMemory<byte>.Empty,
            new Content.OfCommit(new Commit(list.Select(item => (ProposalOrRef)new ProposalOrRef.ByValue(item.Proposal)).ToList(), path)));
        var signed = AuthenticatedContent.Sign(client.SignatureKey, WireFormat.PublicMessage, content, Codec.Encode(context)); // 5

        using var psk = PskSecret.None(suite); // 6
        var interim = TranscriptHash.Interim(suite, context.ConfirmedTranscriptHash.Span, groupInfo.ConfirmationTag.Span);
        var epoch = EpochTransition.Derive(suite, provisional, interim, signed, init, draft.Secrets.CommitSecret, psk);
        epoch.Joiner.Dispose();
        draft.Secrets.Dispose();
        signed = signed.WithConfirmationTag(epoch.ConfirmationTag);
        var state = GroupState.Enter(suite, epoch.Context, draft.Tree, epoch.Secrets, epoch.ConfirmationTag, draft.Private);
        return new ExternalJoinResult(
            new MlsGroup(client, state),
            Codec.Encode<MlsMessage>(new MlsMessage.OfPublicMessage(new PublicMessage(content, signed.Auth, null))),
            Codec.Encode<MlsMessage>(new MlsMessage.OfGroupInfo(GroupInfos.Make(client, state))));
    }

    private static HpkePublicKey ExternalPub(CipherSuite suite, GroupInfo groupInfo)
    {
        var extension = groupInfo.Extensions.Find(ExtensionTypes.ExternalPub);
        Rules.ExternalPubMissing.Require(extension is not null);
        var reader = new MlsReader(extension!.Data);
        var key = reader.Opaque("external_pub");
        reader.End();
        return new HpkePublicKey(suite.Kem, key);
    }

    // The leaf is placed first, so that the path is planned around it; Draft then replaces it by the signed one.
    private (PathDraft Draft, GroupContext Provisional) Draft(AppliedProposals applied, GroupContext context)
    {
        var (placeholder, placeholderKey) = client.CreateLeaf(TimeSpan.FromDays(1));
        placeholderKey.Dispose();
        var tree = applied.Tree.Add(placeholder, out var leafIndex);
        var template = new LeafTemplate(client.Credential, client.Capabilities, []);
        var draft = TreeKem.Draft(tree, leafIndex, context.GroupId, client.SignatureKey, template, client.Random);
        return (draft, EpochTransition.Provisional(context, draft.Tree, applied.Extensions));
    }
}
