using Interconnect.Federation;

namespace Interconnect.Hub;

/// <summary>What is to become of one report of an adapter.</summary>
internal abstract record ReportOutcome
{
    private ReportOutcome()
    {
    }

    /// <summary>The delivery moves forward.</summary>
    public sealed record Moved(LedgerTarget Target, DeliveryReport Report) : ReportOutcome;

    /// <summary>Nothing new: the delivery stands there already, or further on.</summary>
    public sealed record Stale : ReportOutcome;

    /// <summary>Not a report that this hub takes; counted, there is nobody to tell.</summary>
    public sealed record Rejected(HubRule Rule) : ReportOutcome;
}

/// <summary>Decides on one report. Pure.</summary>
internal static class ReportDecision
{
    public static ReportOutcome Decide(FederationEnvelope envelope, HubView view, HubPolicy policy)
    {
        if (!IsReport(envelope, out var report))
        {
            return new ReportOutcome.Rejected(HubRule.ReportKind);
        }

        if (!policy.TryDomainOf(envelope.Origin!, out var domain) || report.Recipient!.Domain != domain)
        {
            return new ReportOutcome.Rejected(HubRule.ReportOfOwn);
        }

        if (!view.Targets.TryGetValue((report.Event, report.Recipient), out var target))
        {
            return new ReportOutcome.Rejected(HubRule.ReportKnown);
        }

        return LedgerStatus.MayMove(target.Status, report.Status) ? new ReportOutcome.Moved(target, report) : new ReportOutcome.Stale();
    }

    public static bool IsReport(FederationEnvelope envelope, out DeliveryReport report)
    {
        report = (envelope.Event as DeliveryReport)!;
        return envelope is { Origin: not null, Sender: null, Event: DeliveryReport { Recipient: not null, Status: DeliveryStatus.HandedOver or DeliveryStatus.Delivered or DeliveryStatus.Bounced } };
    }
}
