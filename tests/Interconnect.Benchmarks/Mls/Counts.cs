namespace Interconnect.Benchmarks.Mls;

/// <summary>Which primitives each operation needs by RFC 9420, for suite 1 and the groups of <see cref="BenchGroup"/>.</summary>
internal static class Counts
{
    // joiner (2), intermediate, epoch, and the nine secrets of section 8.
    private const int KeySchedule = 13;

    // key, nonce and next secret of the ratchet (section 9.1); key and nonce of the sender data (section 6.3.2).
    private const int MessageKdfs = 5;
    private const int SignedMessage = 1024 + 200;
    private const int PaddedMessage = 1152;
    private const int SenderData = 12;

    public static Counted Of(string operation, BenchGroup group) => operation switch
    {
        "create" => new Counted { Signs = [Counted.LeafBytes], KeyPairs = 1, Kdfs = KeySchedule - 4, Hashes = [64, 64], NodeHashes = 1 },
        "add" => Add(group.AddSizes),
        BenchGroup.NotInTsMls => Add(group.AddPathSizes),
        "join" => Join(group.Size + 1, group.AddSizes),
        "commit_empty" => Commit(group.CommitSizes),
        "commit_remove" => Commit(group.RemoveSizes),
        "process" => Process(group.CommitSizes),
        "send" => new Counted { Signs = [SignedMessage], Kdfs = MessageKdfs, AeadSeals = [PaddedMessage, SenderData] },
        "receive" => new Counted { Verifies = [SignedMessage], Kdfs = MessageKdfs, AeadOpens = [PaddedMessage, SenderData] },
        _ => throw new ArgumentOutOfRangeException(nameof(operation)),
    };

    /// <summary>What a server must do: two signatures, the transcript, the hashes of the changed nodes.</summary>
    public static Counted Server(CommitSizes sizes, bool withGroupInfo) => new()
    {
        Verifies = withGroupInfo ? [sizes.Bytes, Counted.LeafBytes, sizes.GroupInfoBytes] : [sizes.Bytes, Counted.LeafBytes],
        Hashes = [sizes.Bytes, 64],
        NodeHashes = sizes.PathNodes + sizes.Depth + 1,
    };

    // Signatures: leaf (with a path), commit, GroupInfo. Key pairs: leaf (with a path), path, external_pub. Hashes: transcript, interim, membership tag, confirmation tag.
    private static Counted Commit(CommitSizes sizes) => new()
    {
        Signs = sizes.HasPath ? [Counted.LeafBytes, sizes.Bytes, sizes.GroupInfoBytes] : [sizes.Bytes, sizes.GroupInfoBytes],
        KeyPairs = (sizes.HasPath ? 1 : 0) + sizes.PathNodes + 1,
        Seals = sizes.Ciphertexts,
        Kdfs = (2 * sizes.PathNodes) + KeySchedule,
        Hashes = [sizes.Bytes, 64, sizes.Bytes, 64],
        NodeHashes = sizes.PathNodes + sizes.Depth + 1,
    };

    // Besides: the KeyPackage's two signatures, its reference, the Welcome's key and nonce, its GroupInfo under the AEAD, and one seal.
    private static Counted Add(CommitSizes sizes)
    {
        var commit = Commit(sizes);
        return commit with
        {
            Verifies = [Counted.LeafBytes, Counted.LeafBytes + 100],
            Seals = commit.Seals + 1,
            Kdfs = commit.Kdfs + 3,
            AeadSeals = [sizes.GroupInfoBytes],
            Hashes = [.. commit.Hashes, Counted.LeafBytes + 100, sizes.GroupInfoBytes],
        };
    }

    private static Counted Process(CommitSizes sizes) => new()
    {
        Verifies = [sizes.Bytes, Counted.LeafBytes],
        KeyPairs = sizes.PathNodes,
        Opens = 1,
        Kdfs = (2 * sizes.PathNodes) + KeySchedule,
        Hashes = [sizes.Bytes, 64, sizes.Bytes, 64],
        NodeHashes = sizes.PathNodes + sizes.Depth + 1,
    };

    private static Counted Join(int members, CommitSizes sizes) => new()
    {
        Verifies = [sizes.GroupInfoBytes],
        LeafVerifies = members,
        KeyPairs = 1,
        Opens = 1,
        Kdfs = KeySchedule + 3,
        AeadOpens = [sizes.GroupInfoBytes],
        Hashes = [sizes.GroupInfoBytes, 64],
        NodeHashes = sizes.Nodes + sizes.PathNodes,
    };
}
