using System.Text.Json.Nodes;
using Interconnect.Mls;
using Interconnect.Mls.Encoding;
using Interconnect.Mls.Framing;
using Interconnect.Mls.PublicGroups;
using Interconnect.Mls.Tree;

namespace Interconnect.Benchmarks.Mls;

/// <summary>How many commits a second a server validates, by group size. The groups are used ones: enough members committed before that a path has one ciphertext a level.</summary>
internal static class PublicGroupRuns
{
    private const int ChainLength = 16;
    private static readonly PublicGroupOptions Options = new() { Authentication = UnsafeAcceptAnyCredential.Instance };

    public static JsonObject Run(IReadOnlyList<int> sizes, int rounds, Bare bare)
    {
        var runs = sizes.Select(size => new Chain(size)).ToList();
        for (var round = -1; round < rounds; round++)
        {
            foreach (var run in runs)
            {
                run.Round(bare, counts: round >= 0);
            }
        }

        return new JsonObject
        {
            ["sizes"] = new JsonArray(runs.Select(run => (JsonNode)run.Report()).ToArray()),
            ["growth_exponent"] = Exponent(runs.Select(run => (run.Size, run.Cost.CpuLeast)).ToList()),
            ["growth_exponent_with_group_info"] = Exponent(runs.Select(run => (run.Size, run.CostWithInfo.CpuLeast)).ToList()),
        };
    }

    // The slope of the least-squares line through (log size, log time): 0 = constant, 1 = linear. Null when there is one size only.
    private static double? Exponent(List<(int Size, double Time)> points)
    {
        if (points.DistinctBy(p => p.Size).Count() < 2)
        {
            return null;
        }

        var (x, y) = (points.Average(p => Math.Log(p.Size)), points.Average(p => Math.Log(p.Time)));
        return Math.Round(points.Sum(p => (Math.Log(p.Size) - x) * (Math.Log(p.Time) - y)) / points.Sum(p => Math.Pow(Math.Log(p.Size) - x, 2)), 3);
    }

    private sealed class Chain
    {
        private readonly PublicGroup start;
        private readonly List<(byte[] Commit, byte[] GroupInfo)> commits = [];
        private readonly CommitSizes sizes;
        private readonly long heldBytes;
        private readonly int exportedBytes;
        private readonly Samples bareCost = new();
        private readonly Samples bareCostWithInfo = new();

        public Chain(int size)
        {
            Size = size;
            var group = new BenchGroup(size);
            var alice = WithUsedTree(group);
            start = PublicGroup.Open(Options, alice.CreateGroupInfo(), alice.EncodeRatchetTree()).Value;
            var exported = start.Export();
            exportedBytes = exported.Length;
            heldBytes = Held(exported);
            for (var i = 0; i < ChainLength; i++)
            {
                var commit = alice.Update().Value;
                commits.Add((commit.Commit, commit.GroupInfo));
                alice = commit.NewState;
                commit.Consumed.Erase();
            }

            var path = ((Content.OfCommit)((MlsMessage.OfPublicMessage)Codec.Decode<MlsMessage>(commits[0].Commit)).Message.Content.Content).Commit.Path!;
            sizes = new CommitSizes(
                commits[0].Commit.Length, commits[0].GroupInfo.Length, HasPath: true, path.Nodes.Count, path.Nodes.Sum(node => node.EncryptedPathSecrets.Count),
                TreeMath.Level(TreeMath.Root(alice.State.Tree.LeafCount)), (int)TreeMath.NodeCount(alice.State.Tree.LeafCount));
        }

        public int Size { get; }

        public Samples Cost { get; } = new();

        public Samples CostWithInfo { get; } = new();

        public void Round(Bare bare, bool counts)
        {
            Measure(Cost, bareCost, bare, withInfo: false, counts);
            Measure(CostWithInfo, bareCostWithInfo, bare, withInfo: true, counts);
        }

        public JsonObject Report() => new()
        {
            ["members"] = Size,
            ["ciphertexts_a_commit"] = sizes.Ciphertexts,
            ["commit_bytes"] = sizes.Bytes,
            ["commits_a_second"] = Math.Round(1e6 / Cost.CpuLeast),
            ["commits_a_second_wall_median"] = Math.Round(1e6 / Cost.WallMedian),
            ["over_bare"] = Math.Round(Cost.CpuLeast / bareCost.CpuLeast, 2),
            ["with_group_info_commits_a_second"] = Math.Round(1e6 / CostWithInfo.CpuLeast),
            ["with_group_info_over_bare"] = Math.Round(CostWithInfo.CpuLeast / bareCostWithInfo.CpuLeast, 2),
            ["managed_bytes_a_member"] = heldBytes / Size,
            ["stored_bytes_a_member"] = exportedBytes / Size,
        };

        private void Measure(Samples cost, Samples bareCosts, Bare bare, bool withInfo, bool counts)
        {
            var at = start;
            var sample = Meter.Run(ChainLength, i => at = at.ReceiveCommit(commits[i].Commit, withInfo ? commits[i].GroupInfo : null).Value.Next);
            var counted = Counts.Server(sizes, withInfo);
            bare.Prepare(counted);
            var bareSample = Meter.Run(ChainLength, _ => bare.Do(counted));
            if (counts)
            {
                cost.Add(sample);
                bareCosts.Add(bareSample);
            }
        }

        // A member in every subtree beside the founder's path commits once, the farthest first; then the founder.
        private static MlsGroup WithUsedTree(BenchGroup group)
        {
            var leaves = new List<uint>();
            for (var leaf = 1u; leaf < group.Size; leaf *= 2)
            {
                leaves.Add(leaf);
            }

            var states = leaves.ToDictionary(leaf => leaf, group.Join);
            states[0] = group.Treeless;
            foreach (var committer in leaves.AsEnumerable().Reverse().Append(0u))
            {
                var commit = states[committer].Update().Value;
                foreach (var other in states.Keys.Where(leaf => leaf != committer).ToList())
                {
                    var processed = states[other].Process(commit.Commit).Value;
                    states[other] = processed.NewState;
                    processed.Consumed.Erase();
                }

                states[committer] = commit.NewState;
                commit.Consumed.Erase();
            }

            return states[0];
        }

        // What a server holds of a group that it read from its store and that has judged a commit, so that hashes and indices are made.
        private static long Held(byte[] exported)
        {
            var before = GC.GetTotalMemory(forceFullCollection: true);
            var group = PublicGroup.Import(Options, exported).Value;
            _ = (group.TreeHash, group.State.Tree.HasDistinctEncryptionKeys, group.State.Tree.Traits);
            var held = GC.GetTotalMemory(forceFullCollection: true) - before;
            GC.KeepAlive(group);
            return held;
        }
    }
}
