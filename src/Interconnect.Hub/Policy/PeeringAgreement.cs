using Interconnect.Federation;

namespace Interconnect.Hub;

/// <summary>What two providers agreed to exchange. Without one between them, nothing crosses.</summary>
public sealed record PeeringAgreement
{
    /// <summary>Names the agreement; letters, digits and hyphens, at most 64 characters.</summary>
    public required string Id { get; init; }

    /// <summary>One side.</summary>
    public required ProviderDomain First { get; init; }

    /// <summary>The other side.</summary>
    public required ProviderDomain Second { get; init; }

    /// <summary>Which end-to-end protocols may cross. Default: the room lane, MLS.</summary>
    public IReadOnlyList<InnerEncryption> Lanes { get; init; } = [InnerEncryption.Mls10];

    /// <summary>The MLS suite whose security level is the least allowed; see <see cref="SuiteLevels"/>. Default 1 (128 bits).</summary>
    public ushort MinimumSuite { get; init; } = 1;

    /// <summary>Largest encrypted message in bytes. Default 64 KiB.</summary>
    public int MaxMessageBytes { get; init; } = 64 * 1024;

    internal (string, string) Pair => PairOf(First, Second);

    internal static (string First, string Second) PairOf(ProviderDomain one, ProviderDomain other) =>
        string.CompareOrdinal(one.Value, other.Value) <= 0 ? (one.Value, other.Value) : (other.Value, one.Value);
}
