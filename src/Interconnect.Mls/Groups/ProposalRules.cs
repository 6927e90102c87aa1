using Interconnect.Mls.Encoding;
using Interconnect.Mls.Framing;
using Interconnect.Mls.Messages;
using Interconnect.Mls.Tree;

namespace Interconnect.Mls.Groups;

/// <summary>What one proposal must fulfil by itself (RFC 9420 sections 12.1.1 to 12.1.8), against the tree and context it was sent in.</summary>
internal sealed class ProposalRules(LeafPolicy policy, RatchetTree tree, GroupContext context)
{
    private CipherSuite Suite => tree.Suite;

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
                VerifyGroupExtensions(extensions.Extensions, tree);
                break;
        }
    }

    /// <summary>Every leaf of a tree supports these extensions and the capabilities that they require (MLS-414).</summary>
    public static void VerifyGroupExtensions(IReadOnlyList<Extension> extensions, RatchetTree tree)
    {
        var required = RequiredCapabilities.In(extensions);
        if (extensions.Find(ExtensionTypes.ExternalSenders) is { } senders)
        {
            _ = ExternalSender.ReadList(senders.Data);
        }

        if (required is null && extensions.All(extension => ExtensionTypes.IsDefault(extension.Type)))
        {
            return;
        }

        var common = tree.Traits?.Common;
        Rules.GroupExtensionsSupported.Require(
            common is null
            || ((required is null || required.AreMetBy(common)) && extensions.All(extension => common.SupportsExtension(extension.Type))));
    }

    // RFC 9420 section 12.1.8: what each kind of sender may propose.
    private static void VerifySender(Proposal proposal, Sender sender)
    {
        switch (sender)
        {
            case Sender.External:
                Rules.ProposalFromOutside.Require(proposal is Proposal.Add or Proposal.Remove or Proposal.PreSharedKey
                    or Proposal.ReInit or Proposal.GroupContextExtensions);
                break;
            case Sender.NewMemberProposal:
                Rules.ProposalFromOutside.Require(proposal is Proposal.Add);
                break;
            case Sender.Member:
                Rules.ExternalInitInMemberCommit.Require(proposal is not Proposal.ExternalInit);
                break;
            case Sender.NewMemberCommit:
                Rules.ExternalCommitProposals.Require(proposal is Proposal.ExternalInit or Proposal.Remove or Proposal.PreSharedKey);
                break;
        }
    }

    private void VerifyAdd(KeyPackage keyPackage, bool fresh)
    {
        Rules.AddVersionSuite.Require(keyPackage.Version == context.Version && keyPackage.Suite == context.Suite);
        var now = fresh || policy.EnforceLifetimesOnReceipt ? policy.Clock.GetUtcNow() : (DateTimeOffset?)null;
        KeyPackageRules.Verify(keyPackage, Suite, now, policy.ClockTolerance);
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
        Rules.PskUsage.Require(id is not PreSharedKeyId.Resumption resumption || resumption.Usage == ResumptionUsage.Application);
    }
}
