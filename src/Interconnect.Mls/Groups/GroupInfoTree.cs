using Interconnect.Mls.Crypto;
using Interconnect.Mls.Encoding;
using Interconnect.Mls.Messages;
using Interconnect.Mls.Tree;

namespace Interconnect.Mls.Groups;

/// <summary>The tree that belongs to a GroupInfo, verified as a joiner or a server must (RFC 9420 section 12.4.3.1).</summary>
internal static class GroupInfoTree
{
    /// <summary>Finds the tree and checks hash, structure, leaf signatures and the GroupInfo's own signature.</summary>
    public static RatchetTree Verify(CipherSuite suite, GroupInfo groupInfo, ReadOnlyMemory<byte>? givenTree)
    {
        var tree = Find(suite, groupInfo, givenTree);
        var signer = tree.Leaf(groupInfo.Signer);
        Rules.BlankLeaf.Require(signer is not null);
        Rules.GroupInfoSignature.Require(groupInfo.VerifySignature(signer!.SignaturePublicKey(suite)));
        TreeValidation.VerifyStructure(tree);
        TreeValidation.VerifyLeafSignatures(tree, groupInfo.Context.GroupId);
        return tree;
    }

    /// <summary>Finds the tree and checks its hash (MLS-606, MLS-203), nothing else.</summary>
    public static RatchetTree Find(CipherSuite suite, GroupInfo groupInfo, ReadOnlyMemory<byte>? givenTree)
    {
        var context = groupInfo.Context;
        Rules.GroupContextValid.Require(context.Version == ProtocolVersion.Mls10 && context.Suite == suite.Id);
        var encoded = groupInfo.Extensions.Find(ExtensionTypes.RatchetTree)?.Data ?? givenTree;
        Rules.TreeMissing.Require(encoded is not null);
        var tree = RatchetTreeCodec.Decode(suite, encoded!.Value);
        Rules.TreeHashMatches.Require(tree.TreeHash.AsSpan().SequenceEqual(context.TreeHash.Span));
        return tree;
    }

    /// <summary>Checks every leaf as RFC 9420 section 7.3 demands of a joiner.</summary>
    public static void VerifyLeaves(GroupPolicy policy, RatchetTree tree, GroupContext context)
    {
        var requirements = GroupRequirements.Of(context.Extensions, policy.Draft);
        foreach (var (_, leaf) in tree.Leaves())
        {
            LeafRules.Verify(leaf, tree.Suite, requirements, policy.Authentication);
            if (leaf.Source is LeafNodeSource.KeyPackage lifetime)
            {
                Rules.LeafLifetimeBound.Require(lifetime.Fits(policy.MaxLeafLifetime));
                Rules.LeafLifetime.Require(!policy.EnforceLifetimesOnReceipt || lifetime.Covers(policy.Clock.GetUtcNow(), policy.ClockTolerance));
            }
        }

        LeafRules.VerifyCredentialTypes(tree);
    }

    /// <summary>The key of external_pub (MLS-608), not parsed yet.</summary>
    public static HpkePublicKey ExternalPub(CipherSuite suite, GroupInfo groupInfo)
    {
        var extension = groupInfo.Extensions.Find(ExtensionTypes.ExternalPub);
        Rules.ExternalPubMissing.Require(extension is not null);
        var reader = new MlsReader(extension!.Data);
        var key = reader.Opaque("external_pub");
        reader.End();
        return new HpkePublicKey(suite.Kem, key);
    }
}
