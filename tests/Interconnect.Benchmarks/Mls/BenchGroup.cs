using Interconnect.Mls;
using Interconnect.Mls.Encoding;
using Interconnect.Mls.Framing;
using Interconnect.Mls.Tree;

namespace Interconnect.Benchmarks.Mls;

/// <summary>
/// A group of any size as the benchmark needs it: its founder added everybody in one commit, so that the founder's commits encrypt to each member alone, which is the dearest
/// shape a tree can have. The same is built in ts-mls.
/// </summary>
internal sealed class BenchGroup
{
    /// <summary>An Add whose commit has a path; ts-mls 1.6.4 never makes one.</summary>
    public const string NotInTsMls = "add_path";

    private const ushort SuiteId = 1;
    private static readonly CipherSuite Suite = CipherSuite.Get(SuiteId);
    private readonly byte[] body = new byte[1024];
    private readonly KeyPackageBundle stranger;
    private readonly MlsClient strangerClient;
    private readonly byte[] welcome;
    private MlsGroup sender;
    private MlsGroup talker;
    private MlsGroup listener;

    public BenchGroup(int size)
    {
        Size = size;
        Founder = Client(0);
        var founder = Founder.CreateGroup("bench"u8.ToArray()).Value;
        var joiners = Enumerable.Range(1, size - 1).Select(Client).ToList();
        var bundles = joiners.Select(client => client.CreateKeyPackage(TimeSpan.FromDays(30))).ToList();
        var adding = founder.AddMembers(bundles.Select(Verified).ToList()).Value;
        Alice = adding.NewState;
        Treeless = With(new MlsOptions { RatchetTreeInGroupInfo = false });
        Sparing = With(new MlsOptions { OmitPathWhenAllowed = true });
        adding.Consumed.Erase();
        Joined = joiners.Zip(bundles).ToList();
        AddWelcome = adding.Welcome!;
        Second = Join(1);
        strangerClient = Client(size);
        stranger = strangerClient.CreateKeyPackage(TimeSpan.FromDays(30));
        var empty = Treeless.Update().Value;
        Empty = empty.Commit;
        var add = Sparing.AddMembers([Verified(stranger)]).Value;
        welcome = add.Welcome!;
        (CommitSizes, AddSizes, AddPathSizes) = (SizesOf(empty), SizesOf(add), SizesOf(Alice.AddMembers([Verified(stranger)]).Value));
        RemoveSizes = SizesOf(Treeless.RemoveMembers([(uint)Size - 1]).Value);
        (sender, talker, listener) = (Join(1), Alice, Second);
    }

    public int Size { get; }

    public MlsClient Founder { get; }

    public MlsGroup Alice { get; }

    /// <summary>The same state; its GroupInfos go without the tree, as beside a server that has it. Only an Add's Welcome needs it.</summary>
    public MlsGroup Treeless { get; }

    /// <summary>The same state; its commits go without a path where the RFC allows it, as those of ts-mls always do.</summary>
    public MlsGroup Sparing { get; }

    public MlsGroup Second { get; }

    public IReadOnlyList<(MlsClient Client, KeyPackageBundle Bundle)> Joined { get; }

    public byte[] Empty { get; }

    public CommitSizes CommitSizes { get; }

    public CommitSizes AddSizes { get; }

    public CommitSizes AddPathSizes { get; }

    public CommitSizes RemoveSizes { get; }

    private byte[] AddWelcome { get; }

    public static MlsClient Client(int number) => new(
        System.Text.Encoding.UTF8.GetBytes($"m{number}"), Suite.GenerateSignatureKeyPair(), UnsafeAcceptAnyCredential.Instance, TimeProvider.System);

    public MlsGroup Join(uint leaf) => Joined[(int)leaf - 1].Client.Join(AddWelcome, [Joined[(int)leaf - 1].Bundle]).Value.NewState;

    /// <summary>Each operation by name; the argument is how often it will be called and gives what to call.</summary>
    public Dictionary<string, Func<int, Action<int>>> Operations => new()
    {
        ["create"] = _ => _ => Use(Founder.CreateGroup("bench"u8.ToArray()).Value),
        ["add"] = _ => _ => Use(Sparing.AddMembers([Verified(stranger)]).Value),
        [NotInTsMls] = _ => _ => Use(Alice.AddMembers([Verified(stranger)]).Value),
        ["join"] = _ => _ => Use(strangerClient.Join(welcome, [stranger]).Value),
        ["commit_empty"] = _ => _ => Use(Treeless.Update().Value),
        ["commit_remove"] = _ => _ => Use(Treeless.RemoveMembers([(uint)Size - 1]).Value),
        ["process"] = _ => _ => Use(Second.Process(Empty).Value),
        ["send"] = _ => _ => Send(ref sender),
        ["receive"] = times =>
        {
            var messages = Enumerable.Range(0, times).Select(_ => Send(ref talker)).ToList();
            return i =>
            {
                var heard = listener.Process(messages[i]).Value;
                listener = heard.NewState;
                heard.Consumed.Erase();
            };
        },
    };

    private MlsGroup With(MlsOptions options) => new(
        new MlsClient(Founder.Identity, Founder.SignatureKey, UnsafeAcceptAnyCredential.Instance, TimeProvider.System, options), Alice.State);

    private static VerifiedKeyPackage Verified(KeyPackageBundle bundle) => KeyPackages.Verify(bundle.KeyPackage, DateTimeOffset.UtcNow).Value;

    private static void Use(object result) => GC.KeepAlive(result);

    private byte[] Send(ref MlsGroup from)
    {
        var sent = from.Encrypt(body).Value;
        from = sent.NewState;
        sent.Consumed.Erase();
        return sent.PrivateMessage;
    }

    private static CommitSizes SizesOf(CommitResult result)
    {
        var message = ((MlsMessage.OfPublicMessage)Codec.Decode<MlsMessage>(result.Commit)).Message;
        var path = ((Content.OfCommit)message.Content.Content).Commit.Path;
        var tree = result.NewState.State.Tree;
        return new CommitSizes(
            result.Commit.Length, result.GroupInfo.Length, path is not null, path?.Nodes.Count ?? 0, path?.Nodes.Sum(node => node.EncryptedPathSecrets.Count) ?? 0,
            TreeMath.Level(TreeMath.Root(tree.LeafCount)), (int)TreeMath.NodeCount(tree.LeafCount));
    }
}

/// <summary>What a commit's primitives depend on.</summary>
/// <param name="Bytes">Of the commit.</param>
/// <param name="GroupInfoBytes">Of the GroupInfo beside it.</param>
/// <param name="HasPath">It renews the committer's keys.</param>
/// <param name="PathNodes">On the committer's filtered direct path.</param>
/// <param name="Ciphertexts">Path secrets sealed.</param>
/// <param name="Depth">Of the tree after it.</param>
/// <param name="Nodes">Of the tree after it.</param>
internal sealed record CommitSizes(int Bytes, int GroupInfoBytes, bool HasPath, int PathNodes, int Ciphertexts, int Depth, int Nodes);
