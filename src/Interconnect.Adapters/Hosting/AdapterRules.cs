namespace Interconnect.Adapters.Hosting;

/// <summary>Rule ids of the host; each network has its own beside its translator.</summary>
internal static class AdapterRules
{
    /// <summary>The network does not carry this kind of event.</summary>
    public const string KindNotCarried = "ADP-001";

    /// <summary>An attempt may have been delivered, and the network cannot take it twice.</summary>
    public const string MayBeDelivered = "ADP-002";

    /// <summary>The network could not be reached for as long as a delivery may wait.</summary>
    public const string WaitedTooLong = "ADP-003";
}
