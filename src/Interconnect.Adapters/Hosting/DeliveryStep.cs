using Interconnect.Adapters.Hosting.Records;
using Interconnect.Federation;

namespace Interconnect.Adapters.Hosting;

/// <summary>What one run of <see cref="DeliveryStep"/> leaves to be written.</summary>
internal abstract record StepOutcome(IReadOnlyList<SqlStatement> Records)
{
    /// <summary>The delivery has an outcome.</summary>
    public sealed record Ended(IReadOnlyList<SqlStatement> Records) : StepOutcome(Records);

    /// <summary>To be tried again, the conversation waits.</summary>
    /// <param name="Certain">False when this attempt may have reached the network.</param>
    public sealed record Later(TimeSpan Pause, bool Certain, IReadOnlyList<SqlStatement> Records) : StepOutcome(Records);
}

/// <summary>
/// Step 5, one delivery: 5.1 was it handed over already; 5.2 write the intent; 5.3 hand it over; 5.4 record the outcome. The caller runs it for one delivery of a
/// conversation at a time and writes <see cref="StepOutcome.Records"/>.
/// </summary>
internal sealed class DeliveryStep(
    INetworkAdapter adapter,
    AdapterHostOptions options,
    GroupCommit writes,
    DeliveryRecords deliveries,
    OriginRecords origins,
    AdapterMetrics metrics,
    TimeProvider clock)
{
    /// <summary>Runs the step; throws only for defects of ours, a database that is away, or cancellation.</summary>
    public async ValueTask<StepOutcome> RunAsync(DeliveryItem item, DeliveryRow? known, NetworkFeatures features, bool intended, CancellationToken cancellation)
    {
        var kind = item.Envelope.Event.Kind;

        // 5.1 The bus brings again what was not acknowledged. What has an outcome is only reported again.
        if (known is { Status: not 0 })
        {
            metrics.Skipped(kind, "repeated");
            return new StepOutcome.Ended([deliveries.ReportAgain(item)]);
        }

        if (known is not null && !features.IdempotentDelivery)
        {
            return End(item, new Outcome(DeliveryStatus.Bounced, null, AdapterRules.MayBeDelivered, "It may have been delivered; this network cannot be asked twice."), "uncertain");
        }

        if (features.Events.GetValueOrDefault(kind, FeatureLevel.Rejected) is FeatureLevel.Rejected)
        {
            return End(item, new Outcome(DeliveryStatus.Bounced, null, AdapterRules.KindNotCarried, "The recipient's network does not carry this kind of event."), "rejected");
        }

        var origin = item.Envelope.Event switch
        {
            DeliveryReport report => await origins.FindAsync(report.Event, cancellation),
            Refusal refusal => await origins.FindAsync(refusal.Event, cancellation),
            _ => null,
        };
        if (features.Events[kind] is FeatureLevel.Dropped || (origin is not null && item.Envelope.Event is DeliveryReport { Status: DeliveryStatus.Accepted or DeliveryStatus.HandedOver or DeliveryStatus.Delivered }))
        {
            return End(item, new Outcome(DeliveryStatus.Delivered), "dropped");
        }

        if (item.Envelope.AcceptedAt + options.GiveUpAfter <= clock.GetUtcNow())
        {
            // The hub is about to tell the sender that it expired, or has. An intent means that an earlier attempt may have reached the network.
            return GiveUp(item, certain: known is null);
        }

        // 5.2 A crash after this leaves an intent without an outcome: the next run knows that the network may have it (5.1), or repeats it where that cannot show twice.
        if (!intended)
        {
            await writes.WriteAsync([deliveries.Intend(item, Now)], cancellation);
        }

        // 5.3 A crash during this is the same as one before 5.4.
        // Of the others who get the event a recipient learns nothing: they may be the sender's contacts.
        var started = clock.GetTimestamp();
        var one = item.Envelope with { Recipients = [item.Recipient] };
        var outcome = await AttemptAsync(new Delivery(one, item.Recipient, (known?.Attempts ?? 0) + 1, origin), cancellation);
        metrics.Attempted(kind, outcome.GetType().Name.ToLowerInvariant(), clock.GetElapsedTime(started));

        // 5.4 A crash before the caller has written these leaves the intent: on an idempotent network the delivery is repeated under the same key.
        return outcome switch
        {
            DeliveryOutcome.Delivered done => Ended(item, new Outcome(done.Reached ? DeliveryStatus.Delivered : DeliveryStatus.HandedOver, done.NativeReference)),
            DeliveryOutcome.Rejected no => Ended(item, new Outcome(DeliveryStatus.Bounced, null, no.RuleId, no.Reason)),
            DeliveryOutcome.Deferred later => new StepOutcome.Later(later.NotBefore, Certain: true, features.IdempotentDelivery ? [] : [deliveries.TakeBack(item)]),
            DeliveryOutcome.Uncertain when features.IdempotentDelivery => new StepOutcome.Later(TimeSpan.Zero, Certain: false, []),
            DeliveryOutcome.Uncertain => Ended(item, new Outcome(DeliveryStatus.Bounced, null, AdapterRules.MayBeDelivered, "It may have been delivered; the network did not say.")),
            _ => throw new InvalidOperationException("A delivery is delivered, deferred, rejected or uncertain."),
        };
    }

    /// <summary>The outcome of a delivery that waited as long as it may.</summary>
    public StepOutcome.Ended GiveUp(DeliveryItem item, bool certain) => End(
        item,
        certain
            ? new Outcome(DeliveryStatus.Bounced, null, AdapterRules.WaitedTooLong, "The recipient's network could not take it in time.")
            : new Outcome(DeliveryStatus.Bounced, null, AdapterRules.MayBeDelivered, "It may have been delivered; the network did not say in time."),
        "gave_up");

    private long Now => clock.GetUtcNow().ToUnixTimeMilliseconds();

    private async ValueTask<DeliveryOutcome> AttemptAsync(Delivery delivery, CancellationToken cancellation)
    {
        using var timeout = new CancellationTokenSource(options.AttemptTimeout, clock);
        using var both = CancellationTokenSource.CreateLinkedTokenSource(timeout.Token, cancellation);
        try
        {
            return await adapter.DeliverAsync(delivery, both.Token);
        }
        catch (OperationCanceledException) when (timeout.IsCancellationRequested && !cancellation.IsCancellationRequested)
        {
            return new DeliveryOutcome.Uncertain("The network did not answer in time.");
        }
    }

    private StepOutcome.Ended End(DeliveryItem item, Outcome outcome, string metric)
    {
        metrics.Skipped(item.Envelope.Event.Kind, metric);
        return Ended(item, outcome);
    }

    private StepOutcome.Ended Ended(DeliveryItem item, Outcome outcome) => new([.. deliveries.Record(item, outcome, Now)]);
}
