using Interconnect.Mls.Components;
using Interconnect.Mls.Crypto;
using Interconnect.Mls.Encoding;
using Interconnect.Mls.Framing;
using Interconnect.Mls.Messages;
using Interconnect.Mls.Tree;

namespace Interconnect.Mls.Groups;

/// <summary>Makes a proposal of its own message, checked as a receiver would, and stores it (RFC 9420 section 12.1).</summary>
internal sealed class Proposing(MlsClient client, GroupState state)
{
    /// <param name="successor">The client with the member's new credential and signature key; null = the present one goes on.</param>
    public ProposalResult ProposeUpdate(MlsClient? successor = null)
    {
        Rules.AddOwnSuite.Require(successor is null || successor.Suite == state.Suite);
        var key = state.Suite.Kem.GenerateKeyPair(client.Random);
        var current = state.Tree.Leaf(state.OwnLeaf)!;
        var after = successor ?? client;
        var leaf = LeafNode.Sign(
            after.SignatureKey, key.PublicKey, successor?.Credential ?? current.Credential, after.Capabilities, new LeafNodeSource.Update(),
            successor?.LeafExtensions ?? current.Extensions, new LeafPlace(state.Context.GroupId, state.OwnLeaf));
        return Propose(new Proposal.Update(leaf), key, successor);
    }

    public ProposalResult ProposeExternalPsk(byte[] pskId)
    {
        Rules.PskUnknown.Require(client.Options.FindExternalPsk(pskId) is not null);
        return Propose(new Proposal.PreSharedKey(new PreSharedKeyId.External(pskId, Nonce())));
    }

    public ProposalResult ProposeResumptionPsk(ulong epoch)
    {
        Rules.ResumptionUnknown.Require(state.Resumption.ContainsKey(epoch));
        return Propose(new Proposal.PreSharedKey(
            new PreSharedKeyId.Resumption(ResumptionUsage.Application, state.Context.GroupId, epoch, Nonce())));
    }

    public ProposalResult ProposeSelfRemove()
    {
        Rules.SelfRemoveOnce.Require(!state.Stored.Exists(item =>
            item is { Proposal: Proposal.SelfRemove, Sender: Sender.Member member } && member.LeafIndex == state.OwnLeaf));
        return Propose(new Proposal.SelfRemove());
    }

    public ProposalResult Propose(Proposal proposal, IDhPrivateKey? leafKey = null, MlsClient? successor = null)
    {
        Rules.GroupInactive.Require(state.Status == GroupStatus.Active);
        Rules.TooManyPending.Require(state.Stored.Count < client.Options.MaxPendingProposals);
        var sender = new Sender.Member(state.OwnLeaf);
        var rules = new ProposalRules(client.GroupPolicy, state.Tree, state.Context);
        rules.VerifyTypeSupported(proposal, []);
        rules.Verify(proposal, sender, fresh: true);

        // External joiners, too, have to read a SelfRemove.
        var format = client.Options.EncryptHandshake && proposal is not Proposal.SelfRemove ? WireFormat.PrivateMessage : WireFormat.PublicMessage;
        var content = new FramedContent(
            state.Context.GroupId, state.Context.Epoch, sender, SafeAad.ForSending(state.DemandsSafeAad, ReadOnlyMemory<byte>.Empty, client.GroupPolicy.Draft),
            new Content.OfProposal(proposal));
        var signed = AuthenticatedContent.Sign(client.SignatureKey, format, content, state.EncodedContext);
        var consumed = new ConsumedSecrets();
        var (message, sent) = HandshakeFraming.Frame(client, state, signed, consumed);
        var stored = new StoredProposal(signed.ProposalRef(state.Suite), proposal, sender);
        var next = sent with
        {
            Stored = sent.Stored.Add(stored),
            OwnUpdates = leafKey is null ? sent.OwnUpdates : sent.OwnUpdates.Add(new OwnUpdate(stored.Reference, leafKey) { Successor = successor }),
        };
        return new ProposalResult(new MlsGroup(client, next), message, consumed);
    }

    private byte[] Nonce()
    {
        var nonce = new byte[state.Suite.Hash.Size];
        client.Random.Fill(nonce);
        return nonce;
    }
}
