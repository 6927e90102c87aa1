using Interconnect.Federation;

namespace Interconnect.Adapters.Hosting;

/// <summary>How one hosted adapter is doing; every hosted adapter registers one.</summary>
public interface IAdapterHealth
{
    /// <summary>The network.</summary>
    NetworkId Network { get; }

    /// <summary>The state, with the host's own reason where the adapter does not run.</summary>
    AdapterStatus Status { get; }

    /// <summary>Deliveries that wait for the network in the database.</summary>
    long Waiting { get; }

    /// <summary>Null when events can be carried both ways now; else the reason in plain words.</summary>
    ValueTask<string?> WhyNotReadyAsync(CancellationToken cancellation);
}
