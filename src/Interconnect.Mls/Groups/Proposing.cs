using Interconnect.Mls.Crypto;
using Interconnect.Mls.Encoding;
using Interconnect.Mls.Framing;
using Interconnect.Mls.Messages;
using Interconnect.Mls.Tree;

namespace Interconnect.Mls.Groups;

/// <summary>Makes a proposal of its own message, checked as a receiver would, and stores it (RFC 9420 section 12.1).</summary>
internal sealed class Proposing(MlsClient client, GroupState state)
{
    public ProposalResult ProposeUpdate()
    {
        var key = state.Suite.Kem.GenerateKeyPair(client.Random);
        var current = state.Tree.Leaf(state.OwnLeaf)!;
        var leaf = LeafNode.Sign(
            client.SignatureKey, key.PublicKey, current.Credential, client.Capabilities, new LeafNodeSource.Update(), current.Extensions,
            new LeafPlace(state.Context.GroupId, state.OwnLeaf));
        return Propose(new Proposal.Update(leaf), key);
    }

    public ProposalResult ProposeExternalPsk(byte[] pskId)
    {
        Rules.PskUnknown.Require(client.Options.FindExternalPsk(pskId) is not null);
        var nonce = new byte[state.Suite.Hash.Size];
        client.Random.Fill(nonce);
        return Propose(new Proposal.PreSharedKey(new PreSharedKeyId.External(pskId, nonce)), null);
    }

    public ProposalResult Propose(Proposal proposal, IDhPrivateKey? leafKey)
    {
        Rules.GroupInactive.Require(state.Status == GroupStatus.Active);
        Rules.TooManyPending.Require(state.Stored.Count < client.Options.MaxPendingProposals);
        var sender = new Sender.Member(state.OwnLeaf);
        new ProposalRules(client.LeafPolicy, state.Tree, state.Context).Verify(proposal, sender, fresh: true);
        var format = client.Options.EncryptHandshake ? WireFormat.PrivateMessage : WireFormat.PublicMessage;
        var content = new FramedContent(
            state.Context.GroupId, state.Context.Epoch, sender, ReadOnlyMemory<byte>.Empty, new Content.OfProposal(proposal));
        var signed = AuthenticatedContent.Sign(client.SignatureKey, format, content, state.EncodedContext);
        var consumed = new ConsumedSecrets();
        var (message, sent) = HandshakeFraming.Frame(client, state, signed, consumed);
        var stored = new StoredProposal(signed.ProposalRef(state.Suite), proposal, sender);
        var next = sent with
        {
            Stored = sent.Stored.Add(stored),
            OwnUpdates = leafKey is null ? sent.OwnUpdates : sent.OwnUpdates.Add(new OwnUpdate(stored.Reference, leafKey)),
        };
        return new ProposalResult(new MlsGroup(client, next), message, consumed);
    }
}
