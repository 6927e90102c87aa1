namespace Interconnect.Scenarios.Crossing;

/// <summary>Scenarios of one gateway each: the component's and the application service's places on the real servers are there once, so they run one after another.</summary>
[CollectionDefinition(Name, DisableParallelization = true)]
public sealed class RealServers
{
    public const string Name = "A gateway on the real servers";
}
