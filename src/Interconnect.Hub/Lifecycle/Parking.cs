using System.Security.Cryptography;
using Interconnect.Federation;
using Interconnect.Storage;

namespace Interconnect.Hub;

/// <summary>
/// Which conversations wait because one of their events met a defect, and how they are tried again: by a timer with a growing wait, or at once when an operator releases them.
/// Envelopes leave the table one by one, each in the transaction that handles it, so order holds across a crash.
/// </summary>
internal sealed class Parking(HubParts parts, HubStart start)
{
    private const int MaxPerSweep = 500;
    private readonly Dictionary<ConversationKey, HashSet<(HubStream, EventId)>> waiting =
        start.Waiting.GroupBy(w => w.Conversation).ToDictionary(g => g.Key, g => g.Select(w => (w.Stream, w.Id)).ToHashSet());

    private Dictionary<ConversationKey, ParkedConversation> parked = start.Parked.ToDictionary(p => p.Conversation);

    public int Count => parked.Count;

    public bool Contains(ConversationKey conversation) => parked.Count > 0 && parked.ContainsKey(conversation);

    /// <summary>Whether the event waits already.</summary>
    public bool IsWaiting(PreparedEvent prepared, ConversationKey lane) =>
        waiting.TryGetValue(lane, out var events) && events.Contains((prepared.Stream, prepared.Id));

    /// <summary>How many events wait in a conversation.</summary>
    public int Waiting(ConversationKey conversation) => waiting.TryGetValue(conversation, out var events) ? events.Count : 0;

    public ParkedConversation Make(ConversationKey conversation, Exception reason, DateTimeOffset now) =>
        new(conversation, Convert.ToHexStringLower(RandomNumberGenerator.GetBytes(8)), Describe(reason), 1, now, now + parts.Policy.Options.ParkRetry);

    public void Committed(IReadOnlyList<ParkedConversation> newly, IReadOnlyList<(ConversationKey Lane, HubStream Stream, EventId Id)> added, HubMetrics metrics)
    {
        foreach (var (lane, stream, id) in added)
        {
            (waiting.TryGetValue(lane, out var events) ? events : waiting[lane] = []).Add((stream, id));
        }

        foreach (var conversation in newly)
        {
            parked[conversation.Conversation] = conversation;
            metrics.Parked();
        }
    }

    /// <summary>Tries every conversation whose time has come.</summary>
    public async Task SweepAsync(HubEngine engine)
    {
        if (parked.Count == 0)
        {
            return;
        }

        // Read again: an operator may have released one through the database.
        var fresh = new List<ParkedConversation>();
        await new StatementBatch().Query(ParkedStore.All, [-1], row => fresh.Add(ParkedStore.Read(row))).ExecuteAsync(parts.Lease.Connection, CancellationToken.None);
        parked = fresh.ToDictionary(p => p.Conversation);
        foreach (var due in fresh.Where(p => p.NotBefore <= parts.Clock.GetUtcNow()))
        {
            await ReleaseAsync(engine, due);
        }
    }

    private async Task ReleaseAsync(HubEngine engine, ParkedConversation conversation)
    {
        for (var i = 0; i < MaxPerSweep; i++)
        {
            ParkedEnvelope? first = null;
            await new StatementBatch().Query(ParkedStore.First, [conversation.Conversation], row => first = ParkedStore.ReadEnvelope(row)).ExecuteAsync(parts.Lease.Connection, CancellationToken.None);
            if (first is null)
            {
                await engine.TransactAsync(static _ => { }, batch => batch.Add(ParkedStore.Release, [conversation.Conversation]));
                parked.Remove(conversation.Conversation);
                waiting.Remove(conversation.Conversation);
                return;
            }

            try
            {
                // What waits here was held against its sender before it was parked, and paid for when it came.
                if (!EnvelopeCodec.TryDecode(first.Body, out var envelope, out var error) || envelope.Origin is not { } network)
                {
                    throw new InvalidDataException(error?.RuleId ?? HubRule.OriginAuthentic.Id);
                }

                if (!Preparation.TryPrepare(first.Stream, network, first.Body, parts.Policy, parts.Verifiers, null, parts.Lists, parts.Clock.GetUtcNow(), out var prepared, out error))
                {
                    throw new InvalidDataException(error.RuleId);
                }

                // A crash here leaves the envelope parked and not handled, or handled and not parked: both happen in one transaction.
                await engine.TransactReleasedAsync(prepared, batch => batch.Add(ParkedStore.Delete, [first.No]));
                if (waiting.TryGetValue(conversation.Conversation, out var events))
                {
                    events.Remove((prepared.Stream, prepared.Id));
                }
            }
            catch (Exception e) when (e is not OutOfMemoryException && DatabaseErrors.Classify(e) is null or DatabaseFailure.Defect)
            {
                await AgainLaterAsync(engine, conversation, e);
                return;
            }
        }
    }

    private async Task AgainLaterAsync(HubEngine engine, ParkedConversation conversation, Exception reason)
    {
        var wait = parts.Policy.Options.ParkRetry * Math.Pow(2, Math.Min(conversation.Attempts, 20));
        var options = parts.Policy.Options;
        var again = conversation with
        {
            Reason = Describe(reason),
            Attempts = conversation.Attempts + 1,
            NotBefore = parts.Clock.GetUtcNow() + (wait < options.ParkRetryMax ? wait : options.ParkRetryMax),
        };
        await engine.TransactAsync(static _ => { }, batch => batch.Add(ParkedStore.Upsert, [again]));
        parked[again.Conversation] = again;
    }

    // The type only: a message might hold a value.
    private static string Describe(Exception reason) => DatabaseErrors.Classify(reason) is null ? "a defect: " + reason.GetType().Name : DatabaseErrors.Describe(reason);
}
