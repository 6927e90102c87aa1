using Interconnect.Federation;

namespace Interconnect.Hub;

/// <summary>The only way a delivery goes: Accepted, HandedOver, then one terminal state. Steps may be left out, never taken back.</summary>
internal static class LedgerStatus
{
    public static bool IsTerminal(DeliveryStatus status) => status >= DeliveryStatus.Delivered;

    public static bool MayMove(DeliveryStatus from, DeliveryStatus to) => !IsTerminal(from) && to > from;
}
