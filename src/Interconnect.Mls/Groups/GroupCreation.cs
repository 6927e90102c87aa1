using Interconnect.Mls.Crypto;
using Interconnect.Mls.Messages;
using Interconnect.Mls.Schedule;
using Interconnect.Mls.Tree;

namespace Interconnect.Mls.Groups;

/// <summary>Makes a group of one (RFC 9420 section 11).</summary>
internal static class GroupCreation
{
    // Lifetimes matter for KeyPackages waiting in a directory; a creator's own leaf is replaced by its first commit with a path.
    private static readonly TimeSpan CreatorLeafLifetime = TimeSpan.FromDays(90);

    public static GroupState Create(MlsClient client, byte[] groupId, IReadOnlyList<Extension> extensions)
    {
        var suite = client.Suite;
        var (leaf, key) = client.CreateLeaf(CreatorLeafLifetime);
        var tree = RatchetTree.OfOne(suite, leaf);
        ProposalRules.VerifyGroupExtensions(extensions, tree);
        var context = new GroupContext(ProtocolVersion.Mls10, suite.Id, groupId, 0, tree.TreeHash, Array.Empty<byte>(), extensions);
        using var epoch = Secret<Kind.Epoch>.Random(suite.Hash.Size, client.Random);
        var secrets = EpochSecrets.FromEpochSecret(suite, epoch);
        var tag = secrets.ConfirmationTag(suite, default);
        return GroupState.Enter(suite, context, tree, secrets, tag, PrivatePath.OfLeaf(0, key));
    }
}
