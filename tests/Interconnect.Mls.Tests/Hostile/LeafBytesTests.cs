using Interconnect.Mls.Encoding;
using Interconnect.Mls.Framing;
using Interconnect.Mls.Messages;
using Interconnect.Mls.Tests.Groups;
using Interconnect.Mls.Tests.Rules;
using Interconnect.Mls.Tree;

namespace Interconnect.Mls.Tests.Hostile;

/// <summary>
/// A leaf that was read is hashed, verified and sent on by its bytes, and judged by its fields. Whatever can be read, both say the same: who made them differ could have one thing
/// signed and another believed.
/// </summary>
public sealed class LeafBytesTests
{
    [Fact]
    public void Read_GenuineLeaves_BytesAndFieldsSayTheSame()
    {
        var person = new Person("leaf");
        var extensions = new Extension[] { new(0xf001, new byte[] { 1, 2 }), new(0x0a0a, Array.Empty<byte>()), new(0xf002, new byte[300]) };
        foreach (var source in (LeafNodeSource[])[Forge.Lifetime, new LeafNodeSource.Update(), new LeafNodeSource.Commit(new byte[32])])
        {
            var made = Forge.Leaf(person, source, place: new LeafPlace("group"u8.ToArray(), 1), extensions: extensions);
            var bytes = Codec.Encode(made);
            var read = Codec.Decode<LeafNode>(bytes);
            AssertSame(read);
            Assert.Equal(bytes, Codec.Encode(read));
            AssertSame(read.Detached());
            AssertSame(made);
        }
    }

    [Fact]
    public void Read_ChangedLeaves_BytesAndFieldsSayTheSame()
    {
        var changes = new Changes();
        var genuine = changes.Genuine;
        var seen = 0;
        foreach (var message in genuine.Commits.Concat(genuine.Proposals).Append(genuine.KeyPackage).Append(genuine.GroupInfo))
        {
            changes.ForEach(message, 200, changed =>
            {
                foreach (var leaf in LeavesOf(Changes.Decoded(changed)))
                {
                    AssertSame(leaf);
                    seen++;
                }
            });
        }

        Assert.True(seen > 500, seen.ToString(System.Globalization.CultureInfo.InvariantCulture));
    }

    private static void AssertSame(LeafNode leaf)
    {
        var rebuilt = new LeafNode(leaf.EncryptionKey, leaf.SignatureKey, leaf.Credential, leaf.Capabilities, leaf.Source, leaf.Extensions, leaf.Signature);
        Assert.Equal(Codec.Encode(rebuilt), Codec.Encode(leaf));
    }

    private static IEnumerable<LeafNode> LeavesOf(MlsMessage? message) => message switch
    {
        MlsMessage.OfKeyPackage given => [given.KeyPackage.Leaf],
        MlsMessage.OfPublicMessage { Message.Content.Content: Content.OfProposal { Proposal: var proposal } } => LeavesOf(proposal),
        MlsMessage.OfPublicMessage { Message.Content.Content: Content.OfCommit { Commit: var commit } } =>
            commit.Proposals.OfType<ProposalOrRef.ByValue>().SelectMany(item => LeavesOf(item.Proposal)).Concat(commit.Path is null ? [] : [commit.Path.Leaf]),
        MlsMessage.OfGroupInfo given => LeavesOf(given.GroupInfo),
        _ => [],
    };

    private static IEnumerable<LeafNode> LeavesOf(Proposal proposal) => proposal switch
    {
        Proposal.Add add => [add.KeyPackage.Leaf],
        Proposal.Update update => [update.Leaf],
        _ => [],
    };

    private static IEnumerable<LeafNode> LeavesOf(GroupInfo info)
    {
        try
        {
            return info.Extensions.Find(ExtensionTypes.RatchetTree) is { } tree
                ? RatchetTreeCodec.Decode(CipherSuite.Get(1), tree.Data).Leaves().Select(item => item.Leaf).ToList()
                : [];
        }
        catch (MlsRefusal)
        {
            return [];
        }
    }
}
