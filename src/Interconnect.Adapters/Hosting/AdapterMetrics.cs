using System.Diagnostics.Metrics;
using Interconnect.Federation;

namespace Interconnect.Adapters.Hosting;

/// <summary>The meter <c>Interconnect.Adapters</c>. Labels are network, kind and outcome; never a user or a room.</summary>
internal sealed class AdapterMetrics : IDisposable
{
    public const string MeterName = "Interconnect.Adapters";
    private readonly Meter meter = new(MeterName);
    private readonly KeyValuePair<string, object?> network;
    private readonly Counter<long> submits;
    private readonly Counter<long> deliveries;
    private readonly Counter<long> receipts;
    private readonly Counter<long> reports;
    private readonly Counter<long> parked;
    private readonly Counter<long> defects;
    private readonly Histogram<double> attemptSeconds;
    private readonly Histogram<double> submitSeconds;

    public AdapterMetrics(NetworkId network, Func<long> waiting, Func<AdapterState> state)
    {
        this.network = new("network", network.Value);
        submits = meter.CreateCounter<long>("interconnect_adapter_submits_total", description: "Events received from the network, by outcome.");
        deliveries = meter.CreateCounter<long>("interconnect_adapter_deliveries_total", description: "Attempts to hand an event to the network, by outcome.");
        receipts = meter.CreateCounter<long>("interconnect_adapter_receipts_total", description: "Receipts and bounces from the network, by status.");
        reports = meter.CreateCounter<long>("interconnect_adapter_reports_total", description: "Outcomes reported to the hub, by whether the bus stored them.");
        parked = meter.CreateCounter<long>("interconnect_adapter_parked_total", description: "Conversations parked after a defect of ours.");
        defects = meter.CreateCounter<long>("interconnect_adapter_defects_total", description: "Tries to store an event or a receipt that the database can never take.");
        attemptSeconds = meter.CreateHistogram<double>("interconnect_adapter_attempt_seconds", "s", "Time one attempt to hand over took.");
        submitSeconds = meter.CreateHistogram<double>("interconnect_adapter_submit_seconds", "s", "Time from receiving an event to its being stored.");
        meter.CreateObservableGauge("interconnect_adapter_waiting_deliveries", () => new Measurement<long>(waiting(), this.network), description: "Deliveries that wait for the network.");
        meter.CreateObservableGauge("interconnect_adapter_connected", () => new Measurement<int>(state() == AdapterState.Connected ? 1 : 0, this.network), description: "1 when the network is connected.");
    }

    public void Submitted(string kind, string outcome, TimeSpan took)
    {
        submits.Add(1, network, new("kind", kind), new("outcome", outcome));
        submitSeconds.Record(took.TotalSeconds, network);
    }

    public void Attempted(string kind, string outcome, TimeSpan took)
    {
        deliveries.Add(1, network, new("kind", kind), new("outcome", outcome));
        attemptSeconds.Record(took.TotalSeconds, network);
    }

    public void Skipped(string kind, string outcome) => deliveries.Add(1, network, new("kind", kind), new("outcome", outcome));

    public void Received(DeliveryStatus status) => receipts.Add(1, network, new KeyValuePair<string, object?>("status", status.ToString().ToLowerInvariant()));

    public void Reported(string outcome) => reports.Add(1, network, new KeyValuePair<string, object?>("outcome", outcome));

    public void Defect() => defects.Add(1, network);

    public void Parked() => parked.Add(1, network);

    public void Dispose() => meter.Dispose();
}
