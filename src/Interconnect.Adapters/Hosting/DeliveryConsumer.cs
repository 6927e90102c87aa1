using System.Collections.Concurrent;
using System.Data.Common;
using Interconnect.Adapters.Hosting.Records;
using Interconnect.Federation;
using Microsoft.Extensions.Logging;

namespace Interconnect.Adapters.Hosting;

/// <summary>
/// Takes the batches of <see cref="BusAddress.Deliver"/>. Lanes in parallel, each serial and in order. Returning acknowledges the batch, so it returns only
/// when every delivery in it has a recorded outcome or waits in the database; when that cannot be written, or the role has ended, it throws and the bus brings
/// the batch again.
/// </summary>
internal sealed class DeliveryConsumer(
    INetworkAdapter adapter,
    DeliveryStep step,
    AdapterHostOptions options,
    GroupCommit writes,
    DeliveryRecords deliveries,
    WaitingRoom waiting,
    Reporter reporter,
    AdapterMetrics metrics,
    TimeProvider clock,
    ILogger logger,
    CancellationToken ended)
{
    /// <summary>The <see cref="BusHandler"/>.</summary>
    public async ValueTask<IReadOnlyList<Unusable>> HandleAsync(BusBatch batch, CancellationToken cancellation)
    {
        using var both = CancellationTokenSource.CreateLinkedTokenSource(cancellation, ended);
        await waiting.HasRoomAsync(both.Token);
        var unusable = new List<Unusable>();
        var items = Read(batch, unusable);
        var features = await adapter.GetFeaturesAsync(cancellation);
        var closed = waiting.Closed;
        var known = await deliveries.FindAsync(items.Select(i => i.Envelope.Id.Hex), cancellation);
        if (features.IdempotentDelivery)
        {
            // 5.2 for the whole batch at once: an intent for something not attempted costs nothing where repeating is harmless.
            var now = clock.GetUtcNow().ToUnixTimeMilliseconds();
            await writes.WriteAsync([.. items.Where(i => Row(known, i) is null or { Status: 0 }).Select(i => deliveries.Intend(i, now))], cancellation);
        }

        var records = new ConcurrentBag<Task>();
        using var slots = new SemaphoreSlim(options.ParallelConversations);
        await Task.WhenAll(items.GroupBy(DeliveryLane.Of).Select(async lane =>
        {
            await slots.WaitAsync(cancellation);
            try
            {
                await DeliverInOrderAsync(lane.Key, [.. lane], known, closed, features, records, both.Token, cancellation);
            }
            finally
            {
                slots.Release();
            }
        }));
        await Task.WhenAll(records);
        reporter.Wake();
        return unusable;
    }

    private static DeliveryRow? Row(IReadOnlyDictionary<(string, string), DeliveryRow> known, DeliveryItem item) => known.GetValueOrDefault((item.Envelope.Id.Hex, item.Recipient.Value));

    private List<DeliveryItem> Read(BusBatch batch, List<Unusable> unusable)
    {
        var items = new List<DeliveryItem>();
        var provider = adapter.Describe().Provider;
        for (var i = 0; i < batch.Bodies.Count; i++)
        {
            FederationEnvelope? envelope = null;
            var body = batch.Bodies[i].Bytes;
            var reason = batch.Bodies[i].Sender is not BusSender.HubProvider ? "not from the hub"
                : !EnvelopeCodec.TryDecode(body, out envelope, out var error) ? error.ToString()
                : envelope.Recipients.Count == 0 ? "no recipients"
                : envelope.Recipients.Any(r => r.Domain != provider) ? "a recipient is of another provider"
                : null;
            if (reason is not null)
            {
                Log.Unusable(logger, adapter.Describe().Network.Value, reason);
                unusable.Add(new Unusable(i, reason));
                continue;
            }

            items.AddRange(envelope!.Recipients.Distinct().Select(r => new DeliveryItem(envelope, r, body)));
        }

        return [.. items.DistinctBy(i => (i.Envelope.Id, i.Recipient))];
    }

    private async Task DeliverInOrderAsync(
        DeliveryLane lane,
        List<DeliveryItem> items,
        IReadOnlyDictionary<(string, string), DeliveryRow> known,
        long closed,
        NetworkFeatures features,
        ConcurrentBag<Task> records,
        CancellationToken ending,
        CancellationToken cancellation)
    {
        if (waiting.Holds(lane))
        {
            await waiting.AddAsync(lane, items, TimeSpan.Zero, parked: false, [], cancellation);
            return;
        }

        if (waiting.Closed != closed)
        {
            // A first copy that waited when the batch was looked up may have been handed over since.
            known = await deliveries.FindAsync(items.Select(i => i.Envelope.Id.Hex), cancellation);
        }

        for (var i = 0; i < items.Count; i++)
        {
            // Another process may run this network from now on: nothing more is begun, and what is under way is broken off only where repeating it cannot show.
            ending.ThrowIfCancellationRequested();
            StepOutcome outcome;
            try
            {
                outcome = await step.RunAsync(items[i], Row(known, items[i]), features, intended: features.IdempotentDelivery, features.IdempotentDelivery ? ending : cancellation);
            }
            catch (Exception e) when (e is not (DbException or OperationCanceledException))
            {
                // A defect of ours: nothing is acknowledged as delivered; this lane waits, in order, and the others go on.
                Log.Parked(logger, adapter.Describe().Network.Value, items[i].Envelope.Id.Hex, WaitingRoom.Failure(e));
                metrics.Parked();
                await waiting.AddAsync(lane, items[i..], TimeSpan.Zero, parked: true, [], cancellation);
                return;
            }

            if (outcome is StepOutcome.Later later)
            {
                await waiting.AddAsync(lane, items[i..], later.Pause, parked: false, later.Records, cancellation);
                return;
            }

            var written = writes.WriteAsync(outcome.Records, cancellation);
            records.Add(written);
            if (!features.IdempotentDelivery)
            {
                await written;
            }
        }
    }
}
