using Interconnect.Mls.Components;
using Interconnect.Mls.Encoding;
using Interconnect.Mls.Framing;
using Interconnect.Mls.Messages;
using Interconnect.Mls.Tree;

namespace Interconnect.Mls.Groups;

/// <summary>
/// Applies a commit's AppEphemeral and AppDataUpdate proposals through the application's logic, after all others (draft-ietf-mls-extensions-10 sections 4.7 and
/// 4.8): ephemeral ones first, then for each component either its one removal or its updates in their order.
/// </summary>
internal sealed class AppDataApplication(IAppComponents? components, RatchetTree treeBefore)
{
    /// <summary>The proposal's component is known (MLS-431), and what it removes is there (MLS-432).</summary>
    public static void VerifyAlone(IAppComponents? components, Proposal proposal, IReadOnlyList<Extension> groupExtensions)
    {
        var component = proposal is Proposal.AppDataUpdate update ? update.ComponentId : ((Proposal.AppEphemeral)proposal).ComponentId;
        Rules.ComponentKnown.Require(components is not null && components.Supported.Contains(component));
        Rules.ComponentRemoval.Require(
            proposal is not Proposal.AppDataUpdate { Change: null } || AppDataDictionary.In(groupExtensions).Find(component) is not null);
    }

    /// <summary>The GroupContext extensions after the commit; the same list when no component's data changes.</summary>
    public IReadOnlyList<Extension> Apply(IReadOnlyList<Extension> extensions, IReadOnlyList<ListedProposal> list)
    {
        foreach (var item in list)
        {
            if (item.Proposal is Proposal.AppEphemeral ephemeral)
            {
                Rules.ComponentAccepts.Require(components!.AcceptsEphemeral(new ComponentChange(ephemeral.ComponentId, ephemeral.Data, Origin(item.Sender))));
            }
        }

        var byComponent = list.Where(item => item.Proposal is Proposal.AppDataUpdate).GroupBy(item => ((Proposal.AppDataUpdate)item.Proposal).ComponentId).ToList();
        if (byComponent.Count == 0)
        {
            return extensions;
        }

        var dictionary = AppDataDictionary.In(extensions);
        foreach (var group in byComponent)
        {
            dictionary = Change(dictionary, group.Key, group.ToList());
        }

        return Replace(extensions, dictionary.ToExtension());
    }

    public ProposalOrigin Origin(Sender sender) => sender switch
    {
        Sender.Member member => new ProposalOrigin.OfMember(treeBefore.Member(member.LeafIndex)),
        Sender.External external => new ProposalOrigin.OfExternalSender(external.SenderIndex),
        _ => new ProposalOrigin.OfJoiner(),
    };

    private static IReadOnlyList<Extension> Replace(IReadOnlyList<Extension> extensions, Extension dictionary) =>
        extensions.Find(ExtensionTypes.AppDataDictionary) is null
            ? [.. extensions, dictionary]
            : extensions.Select(extension => extension.Type == ExtensionTypes.AppDataDictionary ? dictionary : extension).ToList();

    private AppDataDictionary Change(AppDataDictionary dictionary, ushort component, List<ListedProposal> proposals)
    {
        var current = dictionary.Find(component);
        var updates = new List<ComponentChange>(proposals.Count);
        foreach (var item in proposals)
        {
            if (((Proposal.AppDataUpdate)item.Proposal).Change is { } update)
            {
                updates.Add(new ComponentChange(component, update, Origin(item.Sender)));
            }
        }

        Rules.ComponentOnce.Require(updates.Count == proposals.Count || proposals.Count == 1);
        if (updates.Count == 0)
        {
            Rules.ComponentRemoval.Require(current is not null);
            Rules.ComponentAccepts.Require(components!.AcceptsRemoval(component, current!.Value, Origin(proposals[0].Sender)));
            return dictionary.Without(component);
        }

        var next = components!.Update(component, current, updates);
        Rules.ComponentAccepts.Require(next is not null);
        return dictionary.With(component, next!.Value.ToArray());
    }
}
