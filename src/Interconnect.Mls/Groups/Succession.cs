using Interconnect.Mls.Encoding;
using Interconnect.Mls.Messages;
using Interconnect.Mls.Tree;

namespace Interconnect.Mls.Groups;

/// <summary>The group that a new one follows (ReInit) or branches from, and the PSK that proves it.</summary>
internal sealed record Relation(GroupState Group, PreSharedKeyId.Resumption Psk)
{
    public override string ToString() => $"{Psk.Usage} relation";
}

/// <summary>
/// What holds between a group and its successor (RFC 9420 section 11.2) or branch (section 11.3). The creator and every joiner check the same.
/// </summary>
internal static class Succession
{
    /// <summary>The relation that a Welcome's PSKs claim, held against the group that the joiner gives; null when there is none.</summary>
    public static Relation? Claimed(IReadOnlyList<PreSharedKeyId> ids, GroupState? given)
    {
        var claim = ids.OfType<PreSharedKeyId.Resumption>().SingleOrDefault(id => id.Usage is ResumptionUsage.ReInit or ResumptionUsage.Branch);
        Rules.RelatedGroup.Require(claim is null == given is null);
        if (claim is null)
        {
            return null;
        }

        Rules.RelatedGroup.Require(claim.GroupId.Span.SequenceEqual(given!.Context.GroupId.Span) && given.Resumption.ContainsKey(claim.Epoch));
        return new Relation(given, claim);
    }

    /// <param name="context">The new group at epoch 1.</param>
    public static void Verify(IAuthenticationService authentication, Relation relation, GroupContext context, RatchetTree tree)
    {
        Rules.ReInitPskEpoch.Require(context.Epoch == 1);
        var old = relation.Group;
        if (relation.Psk.Usage == ResumptionUsage.ReInit)
        {
            Rules.SuccessorParameters.Require(
                old.ReInit is { } plan
                && relation.Psk.Epoch == old.Context.Epoch
                && context.Version == plan.Version
                && context.Suite == plan.Suite
                && context.GroupId.Span.SequenceEqual(plan.GroupId.Span)
                && Same(context.Extensions, plan.Extensions));
            Rules.SuccessorMembers.Require(Unmatched(authentication, old.Tree, tree) is { Old: 0, New: 0 });
            return;
        }

        // The branch is of the epoch that its PSK names; when that tree is gone, of the present one.
        var tip = old.Past.Find(past => past.Epoch == relation.Psk.Epoch)?.Tree ?? old.Tree;
        Rules.BranchParameters.Require(context.Version == old.Context.Version && context.Suite == old.Context.Suite);
        Rules.BranchMembers.Require(Unmatched(authentication, tip, tree).New == 0);
    }

    private static bool Same(IReadOnlyList<Extension> left, IReadOnlyList<Extension> right)
    {
        using var first = new MlsWriter();
        using var second = new MlsWriter();
        Codec.WriteVector(first, left);
        Codec.WriteVector(second, right);
        return first.Written.SequenceEqual(second.Written);
    }

    // Every new leaf takes one old leaf whose credential it may go on for; equal credentials are tried first, so that a lenient answer of the application
    // does not give somebody's place away.
    private static (int Old, int New) Unmatched(IAuthenticationService authentication, RatchetTree old, RatchetTree next)
    {
        var open = old.Leaves().Select(item => item.Leaf.Credential).ToList();
        var waiting = new List<MemberCredential>();
        foreach (var (_, leaf) in next.Leaves())
        {
            var equal = open.FindIndex(credential => IsEqual(credential, leaf.Credential) && authentication.IsValidSuccessor(credential, leaf.Credential));
            if (equal < 0)
            {
                waiting.Add(leaf.Credential);
            }
            else
            {
                open.RemoveAt(equal);
            }
        }

        var unmatched = 0;
        foreach (var credential in waiting)
        {
            var match = open.FindIndex(candidate => authentication.IsValidSuccessor(candidate, credential));
            if (match < 0)
            {
                unmatched++;
            }
            else
            {
                open.RemoveAt(match);
            }
        }

        return (open.Count, unmatched);
    }

    private static bool IsEqual(MemberCredential left, MemberCredential right) =>
        left.Type == right.Type && left.Identity.Span.SequenceEqual(right.Identity.Span);
}
