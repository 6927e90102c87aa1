using Interconnect.Mls.Crypto;
using Interconnect.Mls.Encoding;
using Interconnect.Mls.Messages;
using Interconnect.Mls.Schedule;
using Interconnect.Mls.Tree;

namespace Interconnect.Mls.Groups;

/// <summary>Makes a group of one (RFC 9420 section 11).</summary>
internal static class GroupCreation
{
    // Lifetimes matter for KeyPackages waiting in a directory; a creator's own leaf is replaced by its first commit with a path.
    private static readonly TimeSpan CreatorLeafLifetime = TimeSpan.FromDays(90);

    /// <summary>A successor or branch: a group of one, and the first commit that adds the others and mixes in the old group's resumption PSK.</summary>
    public static CommitResult CreateRelated(
        MlsClient client, GroupState old, ResumptionUsage usage, byte[] groupId, IReadOnlyList<Extension> extensions, IReadOnlyList<VerifiedKeyPackage> others)
    {
        var nonce = new byte[client.Suite.Hash.Size];
        client.Random.Fill(nonce);
        var relation = new Relation(old, new PreSharedKeyId.Resumption(usage, old.Context.GroupId, old.Context.Epoch, nonce));
        var result = new CommitBuilder(client, Create(client, groupId, extensions), relation).Build(new CommitRequest { Add = others });
        try
        {
            Succession.Verify(client.Authentication, relation, result.NewState.State.Context, result.NewState.State.Tree);
            return result;
        }
        catch (MlsRefusal)
        {
            result.Discard();
            throw;
        }
    }

    public static GroupState Create(MlsClient client, byte[] groupId, IReadOnlyList<Extension> extensions)
    {
        var suite = client.Suite;
        var (leaf, key) = client.CreateLeaf(client.LongestFromNow < CreatorLeafLifetime ? client.LongestFromNow : CreatorLeafLifetime);
        var tree = RatchetTree.OfOne(suite, leaf);
        ProposalRules.VerifyGroupExtensions(extensions, tree, client.GroupPolicy.Draft);
        var context = new GroupContext(ProtocolVersion.Mls10, suite.Id, groupId, 0, tree.TreeHash, Array.Empty<byte>(), extensions);
        using var epoch = Secret<Kind.Epoch>.Random(suite.Hash.Size, client.Random);
        var secrets = EpochSecrets.FromEpochSecret(suite, epoch);
        var tag = secrets.ConfirmationTag(suite, default);
        return GroupState.Enter(suite, context, tree, secrets, tag, PrivatePath.OfLeaf(0, key));
    }
}
