using Interconnect.Mls.Crypto;
using Interconnect.Mls.Encoding;
using Interconnect.Mls.Framing;
using Interconnect.Mls.Messages;
using Interconnect.Mls.Tree;

namespace Interconnect.Mls.Groups;

/// <summary>Which key signs for which sender, and what that sender may send (RFC 9420 section 6.1).</summary>
internal static class SenderKeys
{
    public static SignaturePublicKey Find(RatchetTree tree, IReadOnlyList<Extension> groupExtensions, FramedContent content)
    {
        var suite = tree.Suite;
        switch (content.Sender)
        {
            case Sender.Member member:
                var leaf = tree.Leaf(member.LeafIndex);
                Rules.BlankLeaf.Require(leaf is not null);
                return leaf!.SignaturePublicKey(suite);
            case Sender.External external:
                Rules.SenderTypeAllowed.Require(content.Content is Content.OfProposal);
                var data = groupExtensions.Find(ExtensionTypes.ExternalSenders);
                Rules.ExternalSenderKnown.Require(data is not null);
                var senders = ExternalSender.ReadList(data!.Data);
                Rules.ExternalSenderKnown.Require(external.SenderIndex < senders.Count);
                return new SignaturePublicKey(suite, senders[(int)external.SenderIndex].SignatureKey);
            case Sender.NewMemberProposal:
                Rules.SenderTypeAllowed.Require(content.Content is Content.OfProposal { Proposal: Proposal.Add });
                return ((Proposal.Add)((Content.OfProposal)content.Content).Proposal).KeyPackage.Leaf.SignaturePublicKey(suite);
            case Sender.NewMemberCommit:
                Rules.SenderTypeAllowed.Require(content.Content is Content.OfCommit { Commit.Path: not null });
                return ((Content.OfCommit)content.Content).Commit.Path!.Leaf.SignaturePublicKey(suite);
            default:
                throw new InvalidOperationException("The set of senders is closed.");
        }
    }
}
