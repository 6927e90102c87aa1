using Interconnect.Mls.Encoding;
using Interconnect.Mls.Framing;
using Interconnect.Mls.Messages;

namespace Interconnect.Mls.Groups;

/// <summary>
/// Chooses what a commit contains: what the caller asks for by value, and the stored proposals that go together with it (RFC 9420 section 12.4: a committer
/// includes all valid ones; section 12.2: Remove before Update for the same leaf).
/// </summary>
internal sealed class CommitProposals(MlsClient client, GroupState state)
{
    public IReadOnlyList<ListedProposal> List(CommitRequest request)
    {
        var stored = request.IncludeStoredProposals ? state.Stored : [];
        var leavers = stored.Where(item => item is { Proposal: Proposal.SelfRemove, Sender: Sender.Member })
            .Select(item => ((Sender.Member)item.Sender).LeafIndex).ToHashSet();
        var byValue = ByValue(request, leavers);
        if (byValue.Count == 0 && stored.FirstOrDefault(item => item.Proposal is Proposal.ReInit) is { } reinit)
        {
            return [new ListedProposal(reinit.Proposal, reinit.Sender, reinit)];
        }

        var list = new List<ListedProposal>();
        var removed = Removals(byValue.Select(item => item.Proposal)).Concat(leavers).ToHashSet();
        var leaving = new HashSet<uint>();
        var takenLeaves = removed.Concat(Removals(stored.Select(item => item.Proposal))).ToHashSet();
        var addedKeys = byValue.Select(item => item.Proposal).OfType<Proposal.Add>().Select(KeyOf).ToHashSet();
        var extensionsTaken = byValue.Any(item => item.Proposal is Proposal.GroupContextExtensions);
        foreach (var item in stored)
        {
            var take = item.Proposal switch
            {
                Proposal.Remove remove => remove.Removed != state.OwnLeaf && removed.Add(remove.Removed),
                Proposal.Update => item.Sender is Sender.Member member && member.LeafIndex != state.OwnLeaf && takenLeaves.Add(member.LeafIndex),
                Proposal.Add add => addedKeys.Add(KeyOf(add)) && state.Tree.FindSignatureKey(add.KeyPackage.Leaf.SignatureKey) is null,
                Proposal.PreSharedKey psk => IsKnown(psk.Id),
                Proposal.GroupContextExtensions => !extensionsTaken && (extensionsTaken = true),
                Proposal.SelfRemove => item.Sender is Sender.Member leaver && leaver.LeafIndex != state.OwnLeaf && leaving.Add(leaver.LeafIndex),
                Proposal.AppDataUpdate or Proposal.AppEphemeral => true,
                Proposal.ReInit or Proposal.ExternalInit => false,
                _ => throw new InvalidOperationException("The set of proposals is closed."),
            };
            if (take)
            {
                list.Add(new ListedProposal(item.Proposal, item.Sender, item));
            }
        }

        list.AddRange(byValue);
        return list;
    }

    private static string KeyOf(Proposal.Add add) => Convert.ToHexString(add.KeyPackage.Leaf.SignatureKey.Span);

    private static IEnumerable<uint> Removals(IEnumerable<Proposal> proposals) => proposals.OfType<Proposal.Remove>().Select(remove => remove.Removed);

    // Whoever leaves by a SelfRemove is not removed once more: the draft calls that Remove invalid.
    private List<ListedProposal> ByValue(CommitRequest request, HashSet<uint> leavers)
    {
        var own = new Sender.Member(state.OwnLeaf);
        var proposals = new List<Proposal>();
        foreach (var keyPackage in request.Add)
        {
            Rules.AddOwnSuite.Require(keyPackage.Suite == state.Suite);
            proposals.Add(new Proposal.Add(keyPackage.KeyPackage));
        }

        foreach (var leaf in request.Remove)
        {
            Rules.RemoveSelf.Require(leaf != state.OwnLeaf);
            if (!leavers.Contains(leaf))
            {
                proposals.Add(new Proposal.Remove(leaf));
            }
        }

        foreach (var id in request.ExternalPsks)
        {
            proposals.Add(new Proposal.PreSharedKey(new PreSharedKeyId.External(id.ToArray(), Nonce())));
        }

        foreach (var epoch in request.ResumptionEpochs)
        {
            Rules.ResumptionUnknown.Require(state.Resumption.ContainsKey(epoch));
            proposals.Add(new Proposal.PreSharedKey(
                new PreSharedKeyId.Resumption(ResumptionUsage.Application, state.Context.GroupId, epoch, Nonce())));
        }

        if (request.GroupContextExtensions is { } extensions)
        {
            proposals.Add(new Proposal.GroupContextExtensions(extensions));
        }

        proposals.AddRange(request.AppEphemeral.Select(item => new Proposal.AppEphemeral(item.ComponentId, item.Data.ToArray())));
        proposals.AddRange(request.AppDataUpdates.Select(item => new Proposal.AppDataUpdate(item.ComponentId, Copy(item.Update))));
        return proposals.Select(proposal => new ListedProposal(proposal, own, null)).ToList();
    }

    // Written out: a conditional of null and an array would become empty memory, not null.
    private static ReadOnlyMemory<byte>? Copy(ReadOnlyMemory<byte>? data) => data is { } bytes ? (ReadOnlyMemory<byte>?)bytes.ToArray() : null;

    private byte[] Nonce()
    {
        var nonce = new byte[state.Suite.Hash.Size];
        client.Random.Fill(nonce);
        return nonce;
    }

    private bool IsKnown(PreSharedKeyId id) => id switch
    {
        PreSharedKeyId.External external => client.Options.FindExternalPsk(external.Id) is not null,
        PreSharedKeyId.Resumption resumption =>
            (resumption.GroupId.Span.SequenceEqual(state.Context.GroupId.Span) && state.Resumption.ContainsKey(resumption.Epoch))
            || client.Options.FindResumptionPsk(resumption.GroupId, resumption.Epoch) is not null,
        _ => throw new InvalidOperationException("The set of PSK ids is closed."),
    };
}
