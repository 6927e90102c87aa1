namespace Interconnect.Hub.Tests.Lifecycle;

public sealed class SimulationTests
{
    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(3)]
    [InlineData(4)]
    public async Task AnySeed_FaultsAndCrashes_NothingIsLostDoubledOrReordered(int seed)
    {
        await using var simulation = new Simulation(seed);
        await simulation.RunAsync(400);

        // That it was no walk in the park.
        Assert.True(simulation.Written > 100 && simulation.Crashes > 3 && simulation.FaultsStruck > 3 && simulation.Repeats > 3);
    }
}
