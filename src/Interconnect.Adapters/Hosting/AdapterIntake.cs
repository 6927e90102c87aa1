using System.Data.Common;
using Interconnect.Adapters.Hosting.Records;
using Interconnect.Federation;
using Interconnect.Storage;
using Microsoft.Extensions.Logging;
using EventId = Interconnect.Federation.EventId;

namespace Interconnect.Adapters.Hosting;

/// <summary>
/// Steps 1 and 2 of the way of a message, the same for every network:
/// 2.1 the event id; 2.2 note how to answer an ordinary client; 2.3 publish and wait until stored; only then does the adapter acknowledge its network.
/// </summary>
internal sealed class AdapterIntake(
    NetworkId network,
    AdapterHostOptions options,
    IBusPublisher bus,
    GroupCommit writes,
    DeliveryRecords deliveries,
    OriginRecords origins,
    Reporter reporter,
    AdapterMetrics metrics,
    TimeProvider clock,
    ILogger logger) : IAdapterSink
{
    private static readonly TimeSpan BusyPause = TimeSpan.FromSeconds(1);
    private static readonly TimeSpan DatabasePause = TimeSpan.FromSeconds(5);
    private static readonly TimeSpan DefectPause = TimeSpan.FromSeconds(30);
    private readonly DefectTries tries = new();
    private readonly SemaphoreSlim room = new(options.SubmitsInFlight);

    /// <summary>Raised with every changed state.</summary>
    public event Action<AdapterStatus>? Changed;

    /// <inheritdoc/>
    public async ValueTask<SubmitOutcome> SubmitAsync(InboundEvent received, CancellationToken cancellation)
    {
        var started = clock.GetTimestamp();
        var outcome = room.Wait(0, CancellationToken.None) ? await SubmitInOrderAsync(received, cancellation) : new SubmitOutcome.Refused("the gateway is busy", BusyPause);
        metrics.Submitted(received.Event.Kind, outcome is SubmitOutcome.Refused ? "refused" : "accepted", clock.GetElapsedTime(started));
        return outcome;
    }

    /// <inheritdoc/>
    public async ValueTask<SubmitOutcome> ReportAsync(InboundReceipt receipt, CancellationToken cancellation)
    {
        if (receipt.Status is not (DeliveryStatus.Delivered or DeliveryStatus.Bounced))
        {
            throw new ArgumentException("A receipt says delivered or bounced.", nameof(receipt));
        }

        if (!NetworkText.IsReference(receipt.NativeReference))
        {
            return new SubmitOutcome.Refused("the receipt names nothing that was handed over", null);
        }

        try
        {
            // A crash before this commit loses the receipt where the network does not bring it again; the ledger row then ends as expired, never as unknown.
            await writes.WriteAsync(deliveries.Receive(receipt, clock.GetUtcNow().ToUnixTimeMilliseconds()), cancellation);
        }
        catch (DbException e)
        {
            return Failed(e, $"{receipt.NativeReference}\n{receipt.Recipient.Value}");
        }

        metrics.Received(receipt.Status);
        reporter.Wake();
        return new SubmitOutcome.Accepted();
    }

    /// <inheritdoc/>
    public void StatusChanged(AdapterStatus status) => Changed?.Invoke(status);

    /// <summary>An outage passes; a statement that the database can never take is given up after some tries, or the network would bring it for ever and everything behind it.</summary>
    private SubmitOutcome.Refused Failed(DbException e, string key)
    {
        if (DatabaseErrors.Classify(e) is not DatabaseFailure.Defect)
        {
            return new SubmitOutcome.Refused("the database is away", DatabasePause);
        }

        Log.SubmitFailed(logger, network.Value, DatabaseErrors.Describe(e));
        metrics.Defect();
        return new SubmitOutcome.Refused("the gateway cannot store it", tries.Exhausted(key) ? null : DefectPause);
    }

    private async ValueTask<SubmitOutcome> SubmitInOrderAsync(InboundEvent received, CancellationToken cancellation)
    {
        try
        {
            if (received.NativeReference is { } given && !NetworkText.IsOrigin(given))
            {
                return new SubmitOutcome.Refused("its identifiers cannot be kept", null);
            }

            // 2.1 The id comes from the network's own key: whatever crashes from here on, the network brings the event again and it gets the same id.
            var id = EventId.Derive(network, [.. received.DedupeKey]);
            var now = clock.GetUtcNow();
            var conversation = received.Event.ConversationFor(received.Sender);
            var envelope = FederationEnvelope.Create(id, network, received.Sender, conversation, received.Labels, now, received.Event, received.EncodedEvent) with { Proof = received.Proof };

            // 2.2 A crash after this leaves a note without an event, which is forgotten in time. The other order could refuse an event nobody can be told about.
            if (received.NativeReference is { } reference)
            {
                await writes.WriteAsync([origins.Add(id, reference, now.ToUnixTimeMilliseconds())], cancellation);
            }

            // 2.3 A crash before it is stored: the network was not acknowledged and brings it again. After: it comes twice, and the hub knows its id.
            return await bus.PublishAsync(new BusAddress.Submit(), conversation, EnvelopeCodec.Encode(envelope), cancellation) switch
            {
                PublishOutcome.Stored => new SubmitOutcome.Accepted(),
                PublishOutcome.Unavailable away => new SubmitOutcome.Refused(away.Reason, away.RetryAfter),
                _ => throw new InvalidOperationException("The bus stores or is unavailable."),
            };
        }
        catch (DbException e)
        {
            return Failed(e, EventId.Derive(network, [.. received.DedupeKey]).Hex);
        }
        catch (Exception e) when (e is not OperationCanceledException)
        {
            // A defect of ours is not the network's to handle; it is told to bring the event again, because nothing was taken.
            Log.SubmitFailed(logger, network.Value, WaitingRoom.Failure(e));
            return new SubmitOutcome.Refused("the gateway failed", DefectPause);
        }
        finally
        {
            room.Release();
        }
    }
}
