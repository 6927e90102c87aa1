using Interconnect.Federation;

namespace Interconnect.Bus.Signing;

/// <summary>Who may write where; a reader holds what it gets against the same rule.</summary>
internal static class SenderRights
{
    /// <exception cref="ArgumentException">It may not: a defect of the caller.</exception>
    public static void Demand(BusSender sender, BusAddress address)
    {
        if (!sender.MayWrite(address))
        {
            throw new ArgumentException($"{sender.Name} does not write to {address.Name}.", nameof(address));
        }
    }
}
