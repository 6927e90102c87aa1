using System.Data.Common;
using Interconnect.Adapters.Hosting.Records;
using Interconnect.Federation;
using Microsoft.Extensions.Logging;
using EventId = Interconnect.Federation.EventId;

namespace Interconnect.Adapters.Hosting;

/// <summary>
/// Step 6: brings recorded outcomes to the hub. Works from the table alone, so that nothing is lost with the process: what is not reported is found again at the
/// next start. 6.1 read what the hub does not have; 6.2 publish, pipelined; 6.3 note what was stored.
/// </summary>
internal sealed class Reporter(NetworkId network, IBusPublisher bus, GroupCommit writes, DeliveryRecords deliveries, AdapterMetrics metrics, TimeProvider clock, ILogger logger)
{
    private const int MostAtOnce = 500;
    private static readonly TimeSpan Pause = TimeSpan.FromSeconds(2);
    private readonly SemaphoreSlim wake = new(1, 1);

    /// <summary>Says that there may be something to report.</summary>
    public void Wake()
    {
        lock (wake)
        {
            if (wake.CurrentCount == 0)
            {
                wake.Release();
            }
        }
    }

    /// <summary>Reports until cancelled.</summary>
    public async Task RunAsync(CancellationToken cancellation)
    {
        while (!cancellation.IsCancellationRequested)
        {
            await wake.WaitAsync(cancellation);
            if (await ReportAllAsync(cancellation) is { } pause)
            {
                await Task.Delay(pause, clock, cancellation);
                Wake();
            }
        }
    }

    /// <summary>Reports until nothing is left; the time to wait when that did not work.</summary>
    private async Task<TimeSpan?> ReportAllAsync(CancellationToken cancellation)
    {
        try
        {
            while (true)
            {
                // 6.1
                var rows = await deliveries.UnreportedAsync(MostAtOnce, cancellation);
                if (rows.Count == 0)
                {
                    return null;
                }

                // 6.2 A crash here leaves reports that the hub has and the table does not know of: they go again, and the hub's ledger only moves forward.
                var published = rows.Select(row => (Row: row, Outcome: PublishAsync(row, cancellation).AsTask())).ToList();
                await Task.WhenAll(published.Select(p => p.Outcome));

                // 6.3
                var stored = published.Where(p => p.Outcome.Result is PublishOutcome.Stored).Select(p => deliveries.Reported(p.Row)).ToList();
                await writes.WriteAsync(stored, cancellation);
                if (published.Select(p => p.Outcome.Result).OfType<PublishOutcome.Unavailable>().FirstOrDefault() is { } away)
                {
                    return away.RetryAfter;
                }
            }
        }
        catch (DbException e)
        {
            Log.ReportsWait(logger, network.Value, e.GetType().Name);
            return Pause;
        }
    }

    private async ValueTask<PublishOutcome> PublishAsync(DeliveryRow row, CancellationToken cancellation)
    {
        var status = (DeliveryStatus)row.Status;
        if (!EventId.TryParse(row.EventId, out var id) || !UserUri.TryParse(row.Recipient, out var recipient) || !ConversationKey.TryParse(row.Conversation, out var conversation))
        {
            throw new InvalidOperationException("The table of deliveries holds an identifier that was never written by this program.");
        }

        var at = DateTimeOffset.FromUnixTimeMilliseconds(row.AtMs);
        var report = new DeliveryReport(id, null, recipient, status, row.RuleId, row.Reason, at);
        var envelope = FederationEnvelope.Create(EventId.Derive(id, $"report {network.Value} {recipient.Value} {status}"), network, null, conversation, new(OuterEncryption.None, InnerEncryption.None), at, report);
        var outcome = await bus.PublishAsync(new BusAddress.Report(), conversation, EnvelopeCodec.Encode(envelope), cancellation);
        metrics.Reported(outcome is PublishOutcome.Stored ? "stored" : "unavailable");
        return outcome;
    }
}
