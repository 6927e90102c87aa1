using Xunit.Abstractions;

namespace Interconnect.Mls.Tests.Interop;

/// <summary>
/// Groups shared with code that nobody here wrote: npm ts-mls in all suites, Wire's core-crypto in suite 1. Short by default;
/// INTERCONNECT_INTEROP_SEED sets the first seed, INTERCONNECT_INTEROP_RUNS the number of seeds, INTERCONNECT_INTEROP_STEPS the operations of each.
/// </summary>
public sealed class OtherImplementations(ITestOutputHelper output)
{
    private static readonly int Seed = Setting("SEED", 1);
    private static readonly int Runs = Setting("RUNS", 1);

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(3)]
    [InlineData(4)]
    [InlineData(5)]
    [InlineData(6)]
    [InlineData(7)]
    public Task TsMls_RandomOperationsInASmallGroup_EverybodyAgrees(ushort suite) =>
        RunAsync(suite, new Population(3, 7, 0.5), Setting("STEPS", suite <= 3 ? 14 : 8), "ts-mls");

    [Fact]
    public Task TsMls_RandomOperationsInAGroupOfFifty_EverybodyAgrees() => RunAsync(1, new Population(50, 50, 0.12), Setting("STEPS", 6), "ts-mls");

    [Fact]
    public Task CoreCrypto_RandomOperations_EverybodyAgrees() => RunAsync(1, new Population(3, 8, 0.5), Setting("STEPS", 16), "core-crypto");

    [Fact]
    public Task CoreCrypto_RandomOperationsInAGroupOfFifty_EverybodyAgrees() => RunAsync(1, new Population(50, 50, 0.06), Setting("STEPS", 4), "core-crypto");

    [Fact]
    public Task ThreeImplementations_RandomOperationsInOneGroup_EverybodyAgrees() =>
        RunAsync(1, new Population(6, 12, 0.6), Setting("STEPS", 12), "ts-mls", "core-crypto");

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task TsMls_MemberReturnsAndTheTreeShrinks_EverybodyAgrees(bool theirs)
    {
        await using var peer = await Peer.StartAsync("ts-mls");
        var suite = CipherSuite.Get(1);
        using var first = new OurMember("first", suite, new MlsOptions());
        using var second = new OurMember("second", suite, new MlsOptions());
        using var ours = new OurMember("ours", suite, new MlsOptions());
        var other = await PeerMember.OpenAsync(peer, "other", suite, () => true);
        var group = new MixedGroup(new Random(1), open: true, inOrder: true);
        await group.CreateAsync(first);
        IMember last = theirs ? other : ours;
        await group.CommitAsync(first, new Change(), joining: theirs ? [ours, second, other] : [other, second, ours]);
        await group.CommitAsync(first, new Change(), leaving: [second]);
        Assert.True(KnownDefects.IsShrinkingReturn(last, group));

        await group.JoinExternallyAsync(last, again: true);

        Assert.Equal(2u, group.LeafOf(last));
        await group.CommitAsync(last, new Change());
        Assert.Equal(4ul, group.Epoch);
    }

    private static int Setting(string name, int otherwise) =>
        int.TryParse(Environment.GetEnvironmentVariable("INTERCONNECT_INTEROP_" + name), out var value) ? value : otherwise;

    private async Task RunAsync(ushort suite, Population population, int steps, params string[] kinds)
    {
        var peers = new List<Peer>();
        try
        {
            foreach (var kind in kinds)
            {
                peers.Add(await Peer.StartAsync(kind));
            }

            for (var seed = Seed; seed < Seed + Runs; seed++)
            {
                await RunOnceAsync(CipherSuite.Get(suite), seed, population, steps, peers);
            }
        }
        finally
        {
            foreach (var peer in peers)
            {
                await peer.DisposeAsync();
            }
        }
    }

    private async Task RunOnceAsync(CipherSuite suite, int seed, Population population, int steps, List<Peer> peers)
    {
        using var operations = new RandomOperations(suite, seed, population, peers);
        var group = operations.Group;
        try
        {
            await operations.StartAsync();
            for (var step = 0; step < steps; step++)
            {
                await operations.StepAsync();
            }
        }
        catch (Exception failure)
        {
            Assert.Fail($"suite {suite.Id}, INTERCONNECT_INTEROP_SEED={seed}: {failure.Message}\n{group.Log}\n{failure.StackTrace}");
        }

        Assert.True(group.Epoch > 1);
        var done = string.Join(", ", operations.Done.Select(item => $"{item.Key} {item.Value}"));
        output.WriteLine($"suite {suite.Id}, seed {seed}: epoch {group.Epoch}, {group.Members.Count} members; {done}; known defects met {group.Excused}");
    }
}
