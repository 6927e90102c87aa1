namespace Interconnect.Benchmarks;

internal sealed record CrossingOptions(Uri Broker, string Database, int Messages, int Rooms, int Window, int Partitions, int Seconds);
