using Interconnect.Mls.Crypto;
using Interconnect.Mls.Encoding;
using Interconnect.Mls.Framing;
using Interconnect.Mls.Groups;
using Interconnect.Mls.Messages;
using Interconnect.Mls.Schedule;

namespace Interconnect.Mls.PublicGroups;

/// <summary>
/// Verifies single GroupInfos and commits as a server without any secret can, each with the whole tree; <see cref="PublicGroup"/> follows a group from epoch to epoch. What it cannot check: membership tags and confirmation tags (their keys are the members'), whether
/// path secrets were encrypted rightly, and whether the proposals of a commit alone explain the new tree.
/// </summary>
public static class PublicGroupCheck
{
    private static readonly GroupPolicy AnyCredential = new(UnsafeAcceptAnyCredential.Instance, TimeProvider.System, TimeSpan.Zero, EnforceLifetimesOnReceipt: false);

    /// <summary>Checks the signer's signature, the tree hash, parent hashes, leaf signatures, key uniqueness and capabilities.</summary>
    /// <param name="groupInfo">MLSMessage with the GroupInfo.</param>
    /// <param name="ratchetTree">The tree when the GroupInfo has no ratchet_tree extension; null or empty otherwise.</param>
    public static MlsResult<VerifiedGroupInfo> Verify(ReadOnlyMemory<byte> groupInfo, ReadOnlyMemory<byte>? ratchetTree = null) =>
        MlsRefusal.Catch(() => VerifyInfo(groupInfo, ratchetTree));

    /// <summary>Checks a proposal or commit of a member or external sender for the current epoch: group, epoch, sender, signature.</summary>
    /// <param name="current">The group as it is.</param>
    /// <param name="handshake">MLSMessage with the PublicMessage.</param>
    /// <returns>What was read, now known to be signed by the sender it names.</returns>
    public static MlsResult<PublicHandshake> VerifyHandshake(VerifiedGroupInfo current, ReadOnlyMemory<byte> handshake) => MlsRefusal.Catch(() =>
    {
        VerifySigned(current, ServerDecoding.Decode<MlsMessage.OfPublicMessage>(handshake).Message);
        return PublicHandshake.TryRead(handshake, out var header, out var error) ? header : throw new MlsRefusal(error);
    });

    /// <summary>
    /// Checks that a commit leads from the current group to the next: the commit is signed and for the current epoch, and the next GroupInfo has the
    /// following epoch, the transcript hash that the commit makes, and the commit's confirmation tag.
    /// </summary>
    /// <param name="current">The group as it is.</param>
    /// <param name="commit">MLSMessage with the PublicMessage.</param>
    /// <param name="nextGroupInfo">MLSMessage with the GroupInfo that the committer sent along.</param>
    /// <param name="ratchetTree">Its tree when it has no ratchet_tree extension; null or empty otherwise.</param>
    public static MlsResult<VerifiedTransition> VerifyCommit(
        VerifiedGroupInfo current, ReadOnlyMemory<byte> commit, ReadOnlyMemory<byte> nextGroupInfo, ReadOnlyMemory<byte>? ratchetTree = null) =>
        MlsRefusal.Catch(() =>
        {
            var message = ServerDecoding.Decode<MlsMessage.OfPublicMessage>(commit).Message;
            Rules.SenderTypeAllowed.Require(message.Content.Content is Content.OfCommit);
            VerifySigned(current, message);
            var next = VerifyInfo(nextGroupInfo, ratchetTree);
            VerifyFollows(current.GroupInfo, message.Authenticated, next.GroupInfo);
            return Transition(current, message, next);
        });

    private static VerifiedGroupInfo VerifyInfo(ReadOnlyMemory<byte> encoded, ReadOnlyMemory<byte>? ratchetTree)
    {
        var (info, tree) = PublicGroupInfos.Verify(encoded, ratchetTree, AnyCredential);
        return new VerifiedGroupInfo(info, tree);
    }

    private static void VerifySigned(VerifiedGroupInfo current, PublicMessage message) =>
        PublicMessages.VerifySigned(current.Tree, current.GroupInfo.Context, Codec.Encode(current.GroupInfo.Context), message);

    private static void VerifyFollows(GroupInfo current, AuthenticatedContent commit, GroupInfo next)
    {
        var suite = CipherSuite.Get(current.Context.Suite);
        Rules.WrongGroup.Require(next.Context.GroupId.Span.SequenceEqual(current.Context.GroupId.Span) && next.Context.Suite == suite.Id);
        Rules.GroupInfoFollows.Require(current.Context.Epoch < ulong.MaxValue && next.Context.Epoch == current.Context.Epoch + 1);
        var interim = TranscriptHash.Interim(suite, current.Context.ConfirmedTranscriptHash.Span, current.ConfirmationTag.Span);
        var confirmed = TranscriptHash.Confirmed(suite, interim, commit);
        Rules.GroupInfoFollows.Require(
            next.Context.ConfirmedTranscriptHash.Span.SequenceEqual(confirmed)
            && commit.Auth.ConfirmationTag is { } tag
            && tag.Span.SequenceEqual(next.ConfirmationTag.Span));
    }

    private static VerifiedTransition Transition(VerifiedGroupInfo current, PublicMessage message, VerifiedGroupInfo next)
    {
        var before = current.Members.ToDictionary(member => member.LeafIndex);
        var after = next.Members.ToDictionary(member => member.LeafIndex);
        var committer = message.Content.Sender is Sender.Member sender
            ? current.Tree.Member(sender.LeafIndex)
            : next.Tree.Member(ExternalCommitter(next, message));
        return new VerifiedTransition(
            next,
            committer,
            message.Content.Sender is not Sender.Member,
            next.Members.Where(member => !IsSame(before, member)).ToList(),
            current.Members.Where(member => !IsSame(after, member)).ToList(),
            message.Content.AuthenticatedData);
    }

    private static bool IsSame(Dictionary<uint, Member> others, Member member) =>
        others.TryGetValue(member.LeafIndex, out var other)
        && other.Credential.Type == member.Credential.Type
        && other.Credential.Identity.Span.SequenceEqual(member.Credential.Identity.Span)
        && other.SignatureKey.Span.SequenceEqual(member.SignatureKey.Span);

    private static uint ExternalCommitter(VerifiedGroupInfo next, PublicMessage message)
    {
        var key = ((Content.OfCommit)message.Content.Content).Commit.Path!.Leaf.SignatureKey;
        var leaf = next.Tree.FindSignatureKey(key);
        Rules.GroupInfoFollows.Require(leaf is not null);
        return leaf!.Value;
    }
}
