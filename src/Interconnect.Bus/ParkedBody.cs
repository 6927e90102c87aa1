using Interconnect.Federation;

namespace Interconnect.Bus;

/// <summary>A body that its reader could not use.</summary>
/// <param name="Address">The stream it was on.</param>
/// <param name="Partition">From 0.</param>
/// <param name="Body">The bytes, untouched.</param>
/// <param name="Reason">Plain words, no content.</param>
/// <param name="ParkedAt">When.</param>
public sealed record ParkedBody(BusAddress Address, int Partition, ReadOnlyMemory<byte> Body, string Reason, DateTimeOffset ParkedAt)
{
    /// <summary>Redacted: the size and the reason.</summary>
    public override string ToString() => $"ParkedBody({Address.Name}, {Body.Length} bytes, {Reason})";
}
