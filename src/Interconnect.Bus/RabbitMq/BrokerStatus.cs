using Interconnect.Federation;

namespace Interconnect.Bus.RabbitMq;

/// <summary>Asks the broker itself: connected, declared, and read.</summary>
internal sealed class BrokerStatus(BrokerLink link) : IBusStatus
{
    public async ValueTask<string?> WhyNotReadyAsync(IReadOnlyList<BusAddress> needed, CancellationToken cancellation)
    {
        if (link.WhyDown is { } down)
        {
            return down;
        }

        foreach (var address in needed)
        {
            if (await link.WhyUnreadAsync(address, cancellation) is { } why)
            {
                return why;
            }
        }

        return null;
    }
}
