using System.Collections.Concurrent;
using System.Globalization;

namespace Interconnect.Endpoint.Tests.Adversary;

/// <summary>
/// A gateway that may read, drop, delay, repeat, reorder and forge whatever it can sign for, at random, against honest endpoints over simulated time. <c>tests/adversary</c> runs
/// more seeds, or one again: INTERCONNECT_ADVERSARY_SEEDS is how many (2,000), INTERCONNECT_ADVERSARY_SEED is the one.
/// </summary>
public sealed class AdversaryTests
{
    private const int Steps = 36;

    [Fact]
    public void AGatewayThatIsAnAdversary_ReadsAndImpersonatesNobody()
    {
        var one = Environment.GetEnvironmentVariable("INTERCONNECT_ADVERSARY_SEED");
        var count = int.Parse(Environment.GetEnvironmentVariable("INTERCONNECT_ADVERSARY_SEEDS") ?? "2000", CultureInfo.InvariantCulture);
        var (from, to) = one is null ? (0, count) : (int.Parse(one, CultureInfo.InvariantCulture), int.Parse(one, CultureInfo.InvariantCulture) + 1);
        var found = new ConcurrentBag<string>();
        Parallel.For(from, to, new ParallelOptions { MaxDegreeOfParallelism = Environment.ProcessorCount }, (seed, loop) =>
        {
            try
            {
                World.RunAsync(seed, Steps).GetAwaiter().GetResult();
            }
            catch (Violation violation)
            {
                found.Add(violation.Message);
                if (found.Count >= 20)
                    loop.Stop();
            }
        });
        Assert.True(found.IsEmpty, $"{found.Count} seeds broke a promise, such as {string.Join("\n", found.OrderBy(f => f.Length).Take(3))}");
    }
}
