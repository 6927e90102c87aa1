namespace Interconnect.Federation;

/// <summary>What a network can carry, as data; changed features get a new version.</summary>
/// <param name="Version">Changes when anything else does.</param>
/// <param name="Events">Level by event kind (<see cref="FederationEvent.Kind"/>); a kind that is not listed is rejected.</param>
/// <param name="MaxFrameBytes">Largest endpoint frame that fits in one native message.</param>
/// <param name="MaxChunks">Most native messages a frame may be spread over; 1 when the network takes frames whole only.</param>
/// <param name="IdempotentDelivery">True when delivering the same event id again cannot show twice to the recipient's endpoint.</param>
/// <param name="Receipts">True when the network may confirm delivery later.</param>
public sealed record NetworkFeatures(string Version, IReadOnlyDictionary<string, FeatureLevel> Events, int MaxFrameBytes, int MaxChunks, bool IdempotentDelivery, bool Receipts);

/// <summary>How well a network carries something.</summary>
public enum FeatureLevel
{
    /// <summary>Not carried; the sender is told.</summary>
    Rejected,

    /// <summary>Left out silently by design (perishable events).</summary>
    Dropped,

    /// <summary>Carried in another shape.</summary>
    Converted,

    /// <summary>Carried as it is.</summary>
    Full,
}
