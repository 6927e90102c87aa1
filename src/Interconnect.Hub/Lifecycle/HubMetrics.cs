using System.Diagnostics;
using System.Diagnostics.Metrics;
using Interconnect.Federation;

namespace Interconnect.Hub;

/// <summary>
/// Meter and activity source <c>Interconnect.Hub</c>. Names are an API (a golden file holds them); labels are network, outcome and rule, never a user or a room. Counted after
/// the commit, so a transaction that is tried again counts once.
/// </summary>
internal sealed class HubMetrics : IDisposable
{
    public const string Name = "Interconnect.Hub";

    public static readonly ActivitySource Activities = new(Name);

    private static readonly InstrumentAdvice<double> Crossing = new() { HistogramBucketBoundaries = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 300, 3600, 86400] };
    private static readonly InstrumentAdvice<double> Short = new() { HistogramBucketBoundaries = [0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5] };
    private static readonly InstrumentAdvice<long> Sizes = new() { HistogramBucketBoundaries = [1, 2, 5, 10, 20, 50, 100, 200, 500, 1000, 2000, 5000] };

    private readonly Meter meter;
    private readonly Counter<long> accepted;
    private readonly Counter<long> refused;
    private readonly Counter<long> duplicates;
    private readonly Counter<long> deliveries;
    private readonly Counter<long> reportsIgnored;
    private readonly Counter<long> parkings;
    private readonly Histogram<long> batch;
    private readonly Histogram<double> transaction;
    private readonly Histogram<double> crossing;
    private Func<IEnumerable<(string Network, long Entries)>> depth = () => [];
    private Func<int> parked = () => 0;
    private volatile bool sweepsPaused;

    public HubMetrics(IMeterFactory factory)
    {
        meter = factory.Create(Name);
        accepted = meter.CreateCounter<long>("interconnect_hub_events_accepted_total", null, "Events accepted, by network and kind.");
        refused = meter.CreateCounter<long>("interconnect_hub_events_refused_total", null, "Events refused, by network and rule.");
        duplicates = meter.CreateCounter<long>("interconnect_hub_events_duplicate_total", null, "Events that a network brought again, by network.");
        deliveries = meter.CreateCounter<long>("interconnect_hub_deliveries_total", null, "Deliveries that reached a state, by destination network and outcome.");
        reportsIgnored = meter.CreateCounter<long>("interconnect_hub_reports_ignored_total", null, "Reports of adapters that changed nothing, by rule.");
        parkings = meter.CreateCounter<long>("interconnect_hub_parkings_total", null, "Conversations parked because of a defect.");
        batch = meter.CreateHistogram("interconnect_hub_transaction_events", null, "Events in one transaction.", null, Sizes);
        transaction = meter.CreateHistogram("interconnect_hub_transaction_seconds", "s", "Time from the first read to the commit.", null, Short);
        crossing = meter.CreateHistogram("interconnect_hub_crossing_seconds", "s", "accepted: from received to accepted; handed_over, delivered, bounced, expired: from accepted.", null, Crossing);
        meter.CreateObservableGauge("interconnect_hub_outbox_events", () => depth().Select(d => new Measurement<long>(d.Entries, Tag("network", d.Network))), null, "Envelopes that wait to be published, by destination network.");
        meter.CreateObservableGauge("interconnect_hub_parked_conversations", () => parked(), null, "Conversations that are parked now.");
        meter.CreateObservableGauge("interconnect_hub_sweeps_paused", () => sweepsPaused ? 1 : 0, null, "1 while expiry and retention pause because the clock was set.");
    }

    public bool SweepsPaused
    {
        get => sweepsPaused;
        set => sweepsPaused = value;
    }

    public long OutboxDepth => depth().Sum(d => d.Entries);

    public void Observe(Func<IEnumerable<(string Network, long Entries)>> outbox, Func<int> parkedConversations) => (depth, parked) = (outbox, parkedConversations);

    public void Accepted(FederationEnvelope envelope, DateTimeOffset at)
    {
        accepted.Add(1, Tag("network", envelope.Origin!.Value), Tag("kind", envelope.Event.Kind));
        Crossed("accepted", envelope.Origin.Value, at - envelope.ReceivedAt);
    }

    /// <param name="network">Null when the event came from none that is known: the label must not be whatever somebody wrote.</param>
    /// <param name="rule">The rule.</param>
    public void Refused(NetworkId? network, HubRule rule) => refused.Add(1, Tag("network", network?.Value ?? "unknown"), Tag("rule", rule.Id));

    public void Duplicate(NetworkId? network) => duplicates.Add(1, Tag("network", network?.Value ?? "unknown"));

    public void Delivery(string network, DeliveryStatus status, TimeSpan sinceAccepted)
    {
        var outcome = OutcomeOf(status);
        deliveries.Add(1, Tag("network", network), Tag("outcome", outcome));
        Crossed(outcome, network, sinceAccepted);
    }

    public void ReportIgnored(string rule) => reportsIgnored.Add(1, Tag("rule", rule));

    public void Parked() => parkings.Add(1);

    public void Transaction(int events, TimeSpan duration)
    {
        batch.Record(events);
        transaction.Record(duration.TotalSeconds);
    }

    public static string OutcomeOf(DeliveryStatus status) => status switch
    {
        DeliveryStatus.Accepted => "accepted",
        DeliveryStatus.HandedOver => "handed_over",
        DeliveryStatus.Delivered => "delivered",
        DeliveryStatus.Bounced => "bounced",
        DeliveryStatus.Expired => "expired",
        DeliveryStatus.Refused => "refused",
    };

    public void Dispose() => meter.Dispose();

    private void Crossed(string outcome, string network, TimeSpan time) => crossing.Record(Math.Max(0, time.TotalSeconds), Tag("network", network), Tag("outcome", outcome));

    private static KeyValuePair<string, object?> Tag(string name, object? value) => new(name, value);
}
