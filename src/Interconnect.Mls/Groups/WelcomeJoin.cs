using System.Security.Cryptography;
using Interconnect.Mls.Crypto;
using Interconnect.Mls.Encoding;
using Interconnect.Mls.Framing;
using Interconnect.Mls.Messages;
using Interconnect.Mls.Schedule;
using Interconnect.Mls.Tree;

namespace Interconnect.Mls.Groups;

/// <summary>
/// Joins by a Welcome (RFC 9420 section 12.4.3.1). The steps: 1. the KeyPackage it is for; 2. group secrets; 3. PSKs; 4. GroupInfo; 5. the tree and the
/// signer; 6. the own leaf; 7. path secrets; 8. key schedule and confirmation tag.
/// </summary>
internal sealed class WelcomeJoin(MlsClient client)
{
    /// <param name="related">The group that the new one follows or branches from; null when there is none.</param>
    public JoinResult Join(MlsMessage message, IReadOnlyList<KeyPackageBundle> bundles, ReadOnlyMemory<byte>? givenTree, GroupState? related)
    {
        Rules.WrongWireFormat.Require(message is MlsMessage.OfWelcome);
        var welcome = ((MlsMessage.OfWelcome)message).Welcome;
        var (bundle, entry) = FindBundle(welcome, bundles); // 1
        Rules.WelcomeSuite.Require(welcome.Suite == bundle.Suite.Id && bundle.Suite == client.Suite);
        var suite = bundle.Suite;

        var opened = OpenGroupSecrets(suite, bundle, entry, welcome.EncryptedGroupInfo.Span); // 2
        try
        {
            var groupSecrets = Codec.Decode<GroupSecrets>(opened);
            Rules.GroupSecretsOpen.Require(groupSecrets.JoinerSecret.Length == suite.Hash.Size);
            using var joiner = Secret<Kind.Joiner>.CopyOf(groupSecrets.JoinerSecret.Span);
            VerifyPsks(groupSecrets.Psks);
            var relation = Succession.Claimed(groupSecrets.Psks, related);
            using var psk = PskResolution.Resolve(client, suite, null, groupSecrets.Psks, related); // 3
            var groupInfo = OpenGroupInfo(suite, welcome, joiner, psk); // 4
            var state = Enter(suite, bundle, groupInfo, groupSecrets, joiner, psk, givenTree, relation);
            return new JoinResult(new MlsGroup(client, state), bundle, state.Tree.Member(groupInfo.Signer)) { GroupInfoExtensions = groupInfo.Extensions };
        }
        finally
        {
            CryptographicOperations.ZeroMemory(opened);
        }
    }

    private static (KeyPackageBundle Bundle, EncryptedGroupSecrets Entry) FindBundle(Welcome welcome, IReadOnlyList<KeyPackageBundle> bundles)
    {
        foreach (var entry in welcome.Secrets)
        {
            foreach (var bundle in bundles)
            {
                if (bundle.Reference.Span.SequenceEqual(entry.NewMember.Span))
                {
                    return (bundle, entry);
                }
            }
        }

        Rules.WelcomeForUs.Refuse();
        return default;
    }

    private static byte[] OpenGroupSecrets(CipherSuite suite, KeyPackageBundle bundle, EncryptedGroupSecrets entry, ReadOnlySpan<byte> encryptedInfo)
    {
        try
        {
            return suite.DecryptWithLabel(bundle.InitKey, WelcomeKey.Label, encryptedInfo, entry.Secrets);
        }
        catch (MlsRefusal refusal) when (refusal.Error.Rule == Rules.HpkeOpen.Id)
        {
            throw new MlsRefusal(Rules.GroupSecretsOpen.Error);
        }
    }

    private static void VerifyPsks(IReadOnlyList<PreSharedKeyId> ids)
    {
        Rules.DuplicatePsk.Require(ids.Select(id => Convert.ToHexString(Codec.Encode(id))).Distinct().Count() == ids.Count);
        Rules.PskMultipleResumption.Require(
            ids.Count(id => id is PreSharedKeyId.Resumption { Usage: ResumptionUsage.ReInit or ResumptionUsage.Branch }) <= 1);
    }

    private static GroupInfo OpenGroupInfo(CipherSuite suite, Welcome welcome, Secret<Kind.Joiner> joiner, Secret<Kind.Psk> psk)
    {
        using var intermediate = EpochSecrets.Intermediate(suite, joiner, psk);
        using var welcomeSecret = EpochSecrets.Welcome(suite, intermediate);
        var (key, nonce) = WelcomeKey.Derive(suite, welcomeSecret);
        using (key)
        {
            var opened = suite.Aead.TryOpen(key.Span, nonce, default, welcome.EncryptedGroupInfo.Span);
            Rules.GroupInfoOpens.Require(opened is not null);
            return Codec.Decode<GroupInfo>(opened);
        }
    }

    private GroupState Enter(
        CipherSuite suite, KeyPackageBundle bundle, GroupInfo groupInfo, GroupSecrets groupSecrets, Secret<Kind.Joiner> joiner, Secret<Kind.Psk> psk,
        ReadOnlyMemory<byte>? givenTree, Relation? relation)
    {
        var context = groupInfo.Context;
        Rules.WelcomeSuite.Require(context.Suite == suite.Id);
        var tree = GroupInfoTree.Verify(suite, groupInfo, givenTree); // 5
        GroupInfoTree.VerifyLeaves(client.GroupPolicy, tree, context);
        if (relation is not null)
        {
            Succession.Verify(client.Authentication, relation, context, tree);
        }

        var ownLeaf = FindOwnLeaf(tree, bundle.Leaf); // 6
        var exported = bundle.LeafKey.Export();
        var path = PrivatePath.OfLeaf(ownLeaf, suite.Kem.Group.ImportPrivate(exported));
        CryptographicOperations.ZeroMemory(exported);
        if (groupSecrets.PathSecret is { } secret) // 7
        {
            var ancestor = TreeMath.CommonAncestor(ownLeaf, groupInfo.Signer);
            var nodes = tree.FilteredDirectPath(groupInfo.Signer).Select(step => step.Node)
                .Where(node => TreeMath.Level(node) >= TreeMath.Level(ancestor));
            (path, var secrets) = TreeKem.Follow(tree, path, secret.Span, nodes);
            secrets.Dispose();
        }

        var epochSecrets = EpochSecrets.FromJoiner(suite, joiner, psk, Codec.Encode(context)); // 8
        var tag = epochSecrets.ConfirmationTag(suite, context.ConfirmedTranscriptHash.Span);
        Rules.ConfirmationTag.Require(CryptographicOperations.FixedTimeEquals(tag, groupInfo.ConfirmationTag.Span));
        return GroupState.Enter(suite, context, tree, epochSecrets, tag, path);
    }

    private static uint FindOwnLeaf(RatchetTree tree, LeafNode own)
    {
        var encoded = Codec.Encode(own);
        foreach (var (index, leaf) in tree.Leaves())
        {
            if (leaf.SignatureKey.Span.SequenceEqual(own.SignatureKey.Span) && Codec.Encode(leaf).AsSpan().SequenceEqual(encoded))
            {
                return index;
            }
        }

        Rules.OwnLeafPresent.Refuse();
        return default;
    }
}
