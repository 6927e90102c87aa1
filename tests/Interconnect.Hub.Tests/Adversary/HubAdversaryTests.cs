using System.Globalization;
using Interconnect.Hub.Tests.Kit;

namespace Interconnect.Hub.Tests.Adversary;

/// <summary>
/// A hostile client and a hostile network, driven at random from a seed. <c>INTERCONNECT_ADVERSARY_SEEDS</c> says how many seeds, <c>INTERCONNECT_ADVERSARY_SEED</c> replays one.
/// </summary>
public sealed class HubAdversaryTests
{
    private const int Steps = 30;
    private const int SeedsAWorld = 20;

    // What the moves are for; a rule that none of them meets would not be tried at all.
    private static readonly HubRule[] Tried =
    [
        HubRule.SenderOfOrigin, HubRule.SignatureValid, HubRule.Signed, HubRule.FrameOnce, HubRule.Consented, HubRule.ClaimQuota, HubRule.Unsolicited, HubRule.WelcomeClaims, HubRule.PackageValid,
        HubRule.PackageNew, HubRule.PublishOwn, HubRule.ConsentAsked, HubRule.ListOwn, HubRule.ResetWaits,
    ];

    [Fact]
    public async Task HostileClientAndNetwork_FromManySeeds_DenyNothingGetNothingFreeAndLearnNothing()
    {
        var (first, count) = Environment.GetEnvironmentVariable("INTERCONNECT_ADVERSARY_SEED") is { } one ? (Number(one), 1) : (1, Number(Environment.GetEnvironmentVariable("INTERCONNECT_ADVERSARY_SEEDS") ?? "200"));
        var tried = new HashSet<string>(StringComparer.Ordinal);
        await Parallel.ForEachAsync(Enumerable.Range(first, count).Chunk(SeedsAWorld), new ParallelOptions { MaxDegreeOfParallelism = 2 }, async (seeds, _) =>
        {
            // Half days pass at once; sweeps every few seconds of them would be most of the work.
            await using var world = await World.StartAsync(o => o with { SweepInterval = TimeSpan.FromDays(1) });
            foreach (var seed in seeds)
            {
                var run = new HostileRun(world, seed);
                try
                {
                    await run.RunAsync(Steps);
                }
                catch (Exception e) when (e is not OutOfMemoryException)
                {
                    throw new InvalidOperationException($"INTERCONNECT_ADVERSARY_SEED={seed}: {e.Message}", e);
                }

                lock (tried)
                {
                    tried.UnionWith(run.Refusals);
                }
            }
        });

        if (count >= 100)
        {
            Assert.Empty(Tried.Select(r => r.Id).Except(tried));
        }
    }

    private static int Number(string text) => int.Parse(text, NumberStyles.None, CultureInfo.InvariantCulture);
}
