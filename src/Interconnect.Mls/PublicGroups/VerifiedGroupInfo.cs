using Interconnect.Mls.Messages;
using Interconnect.Mls.Tree;

namespace Interconnect.Mls.PublicGroups;

/// <summary>A GroupInfo whose signature and tree hold together. Only <see cref="PublicGroupCheck"/> makes one.</summary>
public sealed class VerifiedGroupInfo
{
    internal VerifiedGroupInfo(GroupInfo groupInfo, RatchetTree tree)
    {
        GroupInfo = groupInfo;
        Tree = tree;
        Header = GroupInfoHeader.Of(groupInfo);
        Members = tree.Leaves().Select(item => tree.Member(item.Index)).ToList();
    }

    /// <summary>Group, epoch, suite and hashes.</summary>
    public GroupInfoHeader Header { get; }

    /// <summary>Everybody in the group, by leaf index. Who they claim to be is theirs to say; the keys are verified.</summary>
    public IReadOnlyList<Member> Members { get; }

    /// <summary>The member that signed the GroupInfo.</summary>
    public Member Signer => Tree.Member(GroupInfo.Signer);

    /// <summary>The GroupContext's extensions.</summary>
    public IReadOnlyList<Extension> Extensions => GroupInfo.Context.Extensions;

    internal GroupInfo GroupInfo { get; }

    internal RatchetTree Tree { get; }
}
