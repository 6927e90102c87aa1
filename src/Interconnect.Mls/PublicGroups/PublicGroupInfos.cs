using Interconnect.Mls.Crypto;
using Interconnect.Mls.Encoding;
using Interconnect.Mls.Framing;
using Interconnect.Mls.Groups;
using Interconnect.Mls.Messages;
using Interconnect.Mls.Tree;

namespace Interconnect.Mls.PublicGroups;

/// <summary>GroupInfos as a server takes them in: the first of a group, and those of epochs it has followed to.</summary>
internal static class PublicGroupInfos
{
    /// <summary>A group from its first GroupInfo, everything in it checked as a joiner would.</summary>
    public static PublicGroup Open(PublicGroupOptions options, ReadOnlyMemory<byte> encoded, ReadOnlyMemory<byte>? ratchetTree)
    {
        var (info, suite, given) = Decode(encoded, ratchetTree);
        var tree = GroupInfoTree.Verify(suite, info, given);
        GroupInfoTree.VerifyLeaves(options.GroupPolicy, tree, info.Context);
        RequireExternalPub(suite, options, info);
        return Enter(options, encoded, info, tree);
    }

    /// <summary>The same from a GroupInfo that was accepted before and kept: only that it holds together. Options may have become stricter since.</summary>
    public static PublicGroup Reopen(PublicGroupOptions options, ReadOnlyMemory<byte> encoded, ReadOnlyMemory<byte>? ratchetTree)
    {
        var (info, suite, given) = Decode(encoded, ratchetTree);
        return Enter(options, encoded, info, GroupInfoTree.Find(suite, info, given));
    }

    /// <summary>A GroupInfo of the state's epoch: the same context and tag, a member's signature, and the same tree when it brings one. The tree itself is known and not verified again.</summary>
    public static byte[] Check(PublicGroupState state, PublicGroupOptions options, ReadOnlyMemory<byte> encoded)
    {
        var info = ServerDecoding.Decode<MlsMessage.OfGroupInfo>(encoded).GroupInfo;
        Rules.GroupInfoFollows.Require(
            Codec.Encode(info.Context).AsSpan().SequenceEqual(state.EncodedContext) && info.ConfirmationTag.Span.SequenceEqual(state.ConfirmationTag));
        var signer = state.Tree.Leaf(info.Signer);
        Rules.BlankLeaf.Require(signer is not null);
        Rules.GroupInfoSignature.Require(info.VerifySignature(signer!.SignaturePublicKey(state.Suite)));
        if (info.Extensions.Find(ExtensionTypes.RatchetTree) is { } tree)
        {
            Rules.TreeHashMatches.Require(tree.Data.Span.SequenceEqual(RatchetTreeCodec.Encode(state.Tree)));
        }

        RequireExternalPub(state.Suite, options, info);
        return encoded.ToArray();
    }

    private static PublicGroup Enter(PublicGroupOptions options, ReadOnlyMemory<byte> encoded, GroupInfo info, RatchetTree tree)
    {
        var state = PublicGroupState.Enter(tree.Suite, info.Context, tree, info.ConfirmationTag.Span);
        return new PublicGroup(state with { GroupInfo = encoded.ToArray() }, options);
    }

    private static (GroupInfo Info, CipherSuite Suite, ReadOnlyMemory<byte>? Tree) Decode(ReadOnlyMemory<byte> encoded, ReadOnlyMemory<byte>? ratchetTree)
    {
        var info = ServerDecoding.Decode<MlsMessage.OfGroupInfo>(encoded).GroupInfo;
        Rules.GroupContextValid.Require(CipherSuite.TryGet(info.Context.Suite, out var suite));
        Rules.Oversize.Require((ratchetTree?.Length ?? 0) <= ServerDecoding.MaxSize);
        return (info, suite!, ratchetTree is { Length: > 0 } bytes ? bytes.ToArray() : default(ReadOnlyMemory<byte>?));
    }

    private static void RequireExternalPub(CipherSuite suite, PublicGroupOptions options, GroupInfo info)
    {
        if (info.Extensions.Find(ExtensionTypes.ExternalPub) is null)
        {
            Rules.ExternalPubMissing.Require(!options.RequireExternalPub);
            return;
        }

        _ = GroupInfoTree.ExternalPub(suite, info).Key;
    }
}
