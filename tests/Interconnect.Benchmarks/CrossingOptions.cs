namespace Interconnect.Benchmarks;

internal sealed record CrossingOptions(Uri Broker, string Database, int Messages, int Rooms, int Window, int Partitions, int Seconds)
{
    /// <summary>The folder with the keys of the roles.</summary>
    public string Keys { get; init; } = "";
}
