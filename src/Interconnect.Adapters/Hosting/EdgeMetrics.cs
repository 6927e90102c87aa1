using System.Diagnostics.Metrics;
using Interconnect.Federation;

namespace Interconnect.Adapters.Hosting;

/// <summary>What an adapter could not read and left out, in the meter <c>Interconnect.Adapters</c>. Labels are network and rule; never what was left out.</summary>
internal sealed class EdgeMetrics : IDisposable
{
    private readonly Meter meter = new(AdapterMetrics.MeterName);
    private readonly KeyValuePair<string, object?> network;
    private readonly Counter<long> discarded;

    public EdgeMetrics(NetworkId network)
    {
        this.network = new("network", network.Value);
        discarded = meter.CreateCounter<long>("interconnect_adapter_discarded_total", description: "Stanzas and transactions that could not be read or were refused here, by rule.");
    }

    public void Discarded(string rule) => discarded.Add(1, network, new KeyValuePair<string, object?>("rule", rule));

    public void Dispose() => meter.Dispose();
}
