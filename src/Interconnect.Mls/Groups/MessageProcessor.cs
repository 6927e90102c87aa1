using System.Runtime.InteropServices;
using System.Security.Cryptography;
using Interconnect.Mls.Components;
using Interconnect.Mls.Crypto;
using Interconnect.Mls.Encoding;
using Interconnect.Mls.Framing;
using Interconnect.Mls.Messages;
using Interconnect.Mls.Schedule;
using Interconnect.Mls.Tree;

namespace Interconnect.Mls.Groups;

/// <summary>
/// Takes a received message apart (RFC 9420 section 6): unprotect, authenticate the sender, then hand on by content. Nothing is stored and nothing of the
/// old state changes when a check refuses.
/// </summary>
internal sealed class MessageProcessor(MlsClient client, GroupState state)
{
    private readonly CipherSuite suite = state.Suite;

    public Processed Process(MlsMessage message)
    {
        switch (message)
        {
            case MlsMessage.OfPublicMessage received:
                return ProcessPublic(received.Message);
            case MlsMessage.OfPrivateMessage received:
                return ProcessPrivate(received.Message);
            default:
                Rules.WrongWireFormat.Refuse();
                throw new InvalidOperationException();
        }
    }

    private Processed ProcessPublic(PublicMessage message)
    {
        var signed = message.Authenticated;
        Rules.WrongGroup.Require(message.Content.GroupId.Span.SequenceEqual(state.Context.GroupId.Span));
        Rules.ApplicationEncrypted.Require(message.Content.Content is not Content.Application);
        RequireHandshakeEpoch(message.Content.Epoch);
        Rules.OwnMessage.Require(message.Content.Sender is not Sender.Member sender || sender.LeafIndex != state.OwnLeaf);
        var key = SenderKeys.Find(state.Tree, state.Context.Extensions, message.Content);
        if (message.Content.Sender is Sender.Member)
        {
            var expected = signed.MembershipTag(suite, state.Secrets.Membership, state.EncodedContext);
            Rules.MembershipTag.Require(CryptographicOperations.FixedTimeEquals(message.MembershipTag.GetValueOrDefault().Span, expected));
        }

        Rules.MessageSignature.Require(signed.VerifySignature(key, state.EncodedContext));
        SafeAad.Verify(state.DemandsSafeAad, message.Content.AuthenticatedData, client.GroupPolicy.Draft);
        return Handshake(signed, state, new ConsumedSecrets());
    }

    private Processed ProcessPrivate(PrivateMessage message)
    {
        Rules.WrongGroup.Require(message.GroupId.Span.SequenceEqual(state.Context.GroupId.Span));
        if (message.ContentType != ContentType.Application)
        {
            RequireHandshakeEpoch(message.Epoch);
        }

        // Nobody may send in the epoch that a ReInit made (RFC 9420 section 11.2).
        Rules.GroupInactive.Require(state.Status != GroupStatus.ReInitialised || message.Epoch != state.Context.Epoch);

        var past = message.Epoch == state.Context.Epoch ? null : state.Past.Find(epoch => epoch.Epoch == message.Epoch);
        Rules.EpochNotRetained.Require(past is not null || message.Epoch == state.Context.Epoch);
        var tree = past?.Tree ?? state.Tree;
        var consumed = new ConsumedSecrets();

        var sender = MessageProtection.OpenSenderData(suite, message, past?.SenderData ?? state.Secrets.SenderData);
        var leaf = tree.Leaf(sender.LeafIndex);
        Rules.BlankLeaf.Require(leaf is not null);
        Rules.OwnMessage.Require(sender.LeafIndex != state.OwnLeaf);
        var window = new RatchetWindow(client.Options.MaxForwardGenerations, client.Options.MaxSkippedKeys);
        var (secretTree, key) = (past?.SecretTree ?? state.SecretTree)
            .KeyFor(suite, sender.LeafIndex, MessageProtection.KindOf(message.ContentType), sender.Generation, window, consumed);
        var signed = MessageProtection.OpenContent(suite, message, sender, key);
        consumed.Add(key.Key);
        consumed.Add(key.Nonce);
        Rules.MessageSignature.Require(signed.VerifySignature(leaf!.SignaturePublicKey(suite), past?.Context ?? state.EncodedContext));
        SafeAad.Verify(past is null ? state.DemandsSafeAad : past.DemandsSafeAad, message.AuthenticatedData, client.GroupPolicy.Draft);

        var advanced = past is null
            ? state with { SecretTree = secretTree }
            : state with { Past = state.Past.Replace(past, past with { SecretTree = secretTree }) };
        if (signed.Content.Content is not Content.Application application)
        {
            return Handshake(signed, advanced, consumed);
        }

        var data = application.Data.ToArray();
        CryptographicOperations.ZeroMemory(MemoryMarshal.AsMemory(application.Data).Span);
        return new Processed.ApplicationMessage(
            new MlsGroup(client, advanced), consumed, tree.Member(sender.LeafIndex), data, message.AuthenticatedData, message.Epoch, sender.Generation);
    }

    private void RequireHandshakeEpoch(ulong epoch)
    {
        Rules.GroupInactive.Require(state.Status == GroupStatus.Active);
        Rules.WrongEpoch.Require(epoch == state.Context.Epoch);
    }

    private Processed Handshake(AuthenticatedContent signed, GroupState advanced, ConsumedSecrets consumed) => signed.Content.Content switch
    {
        Content.OfProposal proposal => Store(signed, proposal.Proposal, advanced, consumed),
        Content.OfCommit => new CommitProcessor(client, advanced).Process(signed, consumed),
        _ => throw new InvalidOperationException("Application data is handled before."),
    };

    private Processed.ProposalStored Store(AuthenticatedContent signed, Proposal proposal, GroupState advanced, ConsumedSecrets consumed)
    {
        new ProposalRules(client.GroupPolicy, state.Tree, state.Context).VerifyReceived(signed, proposal);
        var reference = signed.ProposalRef(suite);
        var next = advanced;
        if (advanced.FindStored(reference) is null)
        {
            Rules.TooManyPending.Require(advanced.Stored.Count < client.Options.MaxPendingProposals);
            next = advanced with { Stored = advanced.Stored.Add(new StoredProposal(reference, proposal, signed.Content.Sender)) };
        }

        var proposer = signed.Content.Sender is Sender.Member member ? state.Tree.Member(member.LeafIndex) : null;
        return new Processed.ProposalStored(new MlsGroup(client, next), consumed, proposer, proposal.Type);
    }
}
