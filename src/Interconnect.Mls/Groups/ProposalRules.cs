using Interconnect.Mls.Components;
using Interconnect.Mls.Encoding;
using Interconnect.Mls.Framing;
using Interconnect.Mls.Messages;
using Interconnect.Mls.Tree;

namespace Interconnect.Mls.Groups;

/// <summary>What one proposal must fulfil by itself (RFC 9420 sections 12.1.1 to 12.1.8), against the tree and context it was sent in.</summary>
internal sealed class ProposalRules(GroupPolicy policy, RatchetTree tree, GroupContext context)
{
    /// <summary>The usage of the PSK that the first commit of a successor or branch brings in; null in every other commit.</summary>
    public ResumptionUsage? Founding { get; init; }

    private CipherSuite Suite => tree.Suite;

    /// <summary>A proposal in a message of its own, whose signature is verified: what it must fulfil to be stored.</summary>
    public void VerifyReceived(AuthenticatedContent signed, Proposal proposal)
    {
        Rules.SelfRemoveByReference.Require(
            proposal is not Proposal.SelfRemove || (signed.WireFormat == WireFormat.PublicMessage && signed.Content.Sender is Sender.Member));
        VerifyTypeSupported(proposal, []);
        Verify(proposal, signed.Content.Sender, fresh: true);
    }

    public void Verify(Proposal proposal, Sender sender, bool fresh)
    {
        VerifySender(proposal, sender);
        switch (proposal)
        {
            case Proposal.Add add:
                VerifyAdd(add.KeyPackage, fresh);
                break;
            case Proposal.Update update:
                VerifyUpdate(update.Leaf, ((Sender.Member)sender).LeafIndex);
                break;
            case Proposal.Remove remove:
                Rules.RemoveTarget.Require(tree.Leaf(remove.Removed) is not null);
                break;
            case Proposal.PreSharedKey psk:
                VerifyPsk(psk.Id);
                break;
            case Proposal.ReInit reinit:
                Rules.ReInitVersion.Require(reinit.Version >= context.Version);
                Rules.ReInitGroup.Require(reinit.GroupId.Length > 0 && CipherSuite.TryGet(reinit.Suite, out _));
                break;
            case Proposal.ExternalInit:
                break;
            case Proposal.GroupContextExtensions extensions:
                VerifyExternalSenders(extensions.Extensions);
                VerifyDictionaryUntouched(extensions.Extensions);
                break;
            case Proposal.AppDataUpdate or Proposal.AppEphemeral:
                AppDataApplication.VerifyAlone(policy.Components, proposal, context.Extensions);
                break;
            case Proposal.SelfRemove:
                Rules.BlankLeaf.Require(tree.Leaf(((Sender.Member)sender).LeafIndex) is not null);
                break;
        }
    }

    /// <summary>Every member but those who leave supports a type that is not of RFC 9420 (MLS-430).</summary>
    public void VerifyTypeSupported(Proposal proposal, IReadOnlyCollection<uint> leaving)
    {
        if (!ProposalTypes.IsDefault(proposal.Type))
        {
            Rules.ProposalTypeSupported.Require(
                tree.Traits is not { } traits
                || traits.Common.SupportsProposal(proposal.Type)
                || tree.Leaves().All(item => leaving.Contains(item.Index) || item.Leaf.Capabilities.SupportsProposal(proposal.Type)));
        }
    }

    /// <summary>
    /// Every leaf of a tree supports these extensions and the capabilities that they require (MLS-414). Asked of the tree after the commit: who is added counts, who
    /// is removed does not (RFC 9420 section 12.1.7).
    /// </summary>
    public static void VerifyGroupExtensions(IReadOnlyList<Extension> extensions, RatchetTree tree, ExtensionsDraftChoices draft)
    {
        Rules.ExtensionPlace.Require(!extensions.Any(extension => ExtensionTypes.IsNeverOfAGroup(extension.Type)));
        _ = ExternalSender.In(extensions);
        Rules.GroupExtensionsSupported.Require(GroupRequirements.Of(extensions, draft).AreMetBy(tree));
    }

    // RFC 9420 section 12.1.8: what each kind of sender may propose.
    private static void VerifySender(Proposal proposal, Sender sender)
    {
        switch (sender)
        {
            case Sender.External:
                Rules.ProposalFromOutside.Require(proposal is Proposal.Add or Proposal.Remove or Proposal.PreSharedKey
                    or Proposal.ReInit or Proposal.GroupContextExtensions or Proposal.AppDataUpdate or Proposal.AppEphemeral);
                break;
            case Sender.NewMemberProposal:
                Rules.ProposalFromOutside.Require(proposal is Proposal.Add);
                break;
            case Sender.Member:
                Rules.ExternalInitInMemberCommit.Require(proposal is not Proposal.ExternalInit);
                break;
            case Sender.NewMemberCommit:
                Rules.ExternalCommitProposals.Require(proposal is Proposal.ExternalInit or Proposal.Remove or Proposal.PreSharedKey
                    or Proposal.AppDataUpdate or Proposal.AppEphemeral);
                break;
        }
    }

    private void VerifyAdd(KeyPackage keyPackage, bool fresh)
    {
        Rules.AddVersionSuite.Require(keyPackage.Version == context.Version && keyPackage.Suite == context.Suite);
        var now = fresh || policy.EnforceLifetimesOnReceipt ? policy.Clock.GetUtcNow() : (DateTimeOffset?)null;
        KeyPackageRules.Verify(keyPackage, Suite, now, policy.ClockTolerance, policy.MaxLeafLifetime);
        Rules.LeafCredentialAccepted.Require(policy.Authentication.Accepts(keyPackage.Leaf.Credential, keyPackage.Leaf.SignatureKey));
    }

    private void VerifyUpdate(LeafNode leaf, uint sender)
    {
        Rules.UpdateSource.Require(leaf.Source is LeafNodeSource.Update);
        var current = tree.Leaf(sender);
        Rules.BlankLeaf.Require(current is not null);
        VerifySuccessor(current!, leaf, sender);
        Rules.UpdateNewKey.Require(!tree.HasEncryptionKey(leaf.EncryptionKey));
    }

    /// <summary>A leaf that takes the place of a member's current one, in an Update or a path.</summary>
    public void VerifySuccessor(LeafNode current, LeafNode leaf, uint leafIndex)
    {
        LeafRules.VerifyAlone(leaf, Suite);
        Rules.LeafSignature.Require(leaf.VerifySignature(Suite, new LeafPlace(context.GroupId, leafIndex)));
        Rules.LeafCredentialAccepted.Require(policy.Authentication.Accepts(leaf.Credential, leaf.SignatureKey));
        Rules.SuccessorCredential.Require(policy.Authentication.IsValidSuccessor(current.Credential, leaf.Credential));
    }

    private void VerifyPsk(PreSharedKeyId id)
    {
        Rules.PskNonce.Require(id.Nonce.Length == Suite.Hash.Size);
        Rules.PskUsage.Require(
            id is not PreSharedKeyId.Resumption resumption || resumption.Usage == ResumptionUsage.Application || resumption.Usage == Founding);
    }

    // RFC 9420 section 5.3.1: the application judges the credentials of external senders that are added or changed.
    private void VerifyExternalSenders(IReadOnlyList<Extension> proposed)
    {
        var known = ExternalSender.In(context.Extensions).Select(sender => Convert.ToHexString(Codec.Encode(sender))).ToHashSet();
        foreach (var sender in ExternalSender.In(proposed))
        {
            Rules.ExternalSenderAccepted.Require(
                known.Contains(Convert.ToHexString(Codec.Encode(sender))) || policy.Authentication.Accepts(sender.Credential, sender.SignatureKey));
        }
    }

    /// <summary>
    /// The context's extensions once these were proposed: they replace all (RFC 9420 section 12.1.7), but for a protected app_data_dictionary where the group has
    /// proposals leave it out.
    /// </summary>
    public IReadOnlyList<Extension> Replacing(IReadOnlyList<Extension> proposed) =>
        IsDictionaryProtected && !policy.Draft.RepeatProtectedDictionary && context.Extensions.Find(ExtensionTypes.AppDataDictionary) is { } kept
            ? [.. proposed, kept]
            : proposed;

    // draft-ietf-mls-extensions-10 section 4.7.
    private bool IsDictionaryProtected =>
        policy.Draft.AlwaysProtectDictionary || (RequiredCapabilities.In(context.Extensions)?.Proposals.Contains(ProposalTypes.AppDataUpdate) ?? false);

    private void VerifyDictionaryUntouched(IReadOnlyList<Extension> proposed)
    {
        if (IsDictionaryProtected)
        {
            var before = policy.Draft.RepeatProtectedDictionary ? context.Extensions.Find(ExtensionTypes.AppDataDictionary) : null;
            var after = proposed.Find(ExtensionTypes.AppDataDictionary);
            Rules.DictionaryUntouched.Require(before is null ? after is null : after is not null && after.Data.Span.SequenceEqual(before.Data.Span));
        }
    }
}
