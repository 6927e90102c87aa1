using System.Data.Common;
using Interconnect.Federation;
using Interconnect.Storage;

namespace Interconnect.Hub;

/// <summary>What the passing of time does: deliveries expire, old rows go, parked conversations are tried again. Runs on the engine, between transactions.</summary>
internal sealed class Sweeps(HubParts parts, HubStart start)
{
    private const string RoomPrefix = "room ";
    private static readonly TimeSpan Budget = TimeSpan.FromMilliseconds(250);
    private long expiryWatermark = start.ExpiryWatermark;
    private long conversationsSeen;

    /// <summary>One round.</summary>
    /// <exception cref="HubUnavailableException">The lease is lost.</exception>
    public async Task RunAsync(HubEngine engine)
    {
        if (!await parts.Lease.IsHeldAsync(CancellationToken.None))
        {
            throw new HubUnavailableException("the lease is lost");
        }

        await engine.Parking.SweepAsync(engine);
        if (parts.Watch.IsSteady())
        {
            await ExpireAsync(engine);
            await ForgetAsync(engine);
            await ForgetUnusedAsync(engine);
        }

        await engine.FlushAsync();
    }

    // The ledger is read in chunks in the order of numbers, from where the last sweep stopped: through the watermark every delivery has ended.
    private async Task ExpireAsync(HubEngine engine)
    {
        for (var started = parts.Clock.GetTimestamp(); parts.Clock.GetElapsedTime(started) < Budget;)
        {
            if (await ChunkEndAsync(expiryWatermark, parts.Clock.GetUtcNow() - parts.Policy.Options.Expiry) is not { } end)
            {
                return;
            }

            var overdue = new List<LedgerTarget>();
            await ReadAsync(LedgerQueries.Open, (expiryWatermark, end), row => overdue.Add(LedgerQueries.Read(row)));

            // A crash here leaves the watermark where it was and nothing expired; both move in one transaction.
            await engine.TransactAsync(work => overdue.ForEach(work.Expire), batch => batch.Add(WatermarkStore.Upsert, [new Watermark(WatermarkStore.Expiry, end)]));
            expiryWatermark = end;
        }
    }

    // In chunks until nothing is over its time, or until others have waited long enough; the next sweep goes on then.
    private async Task ForgetAsync(HubEngine engine)
    {
        var started = parts.Clock.GetTimestamp();
        var now = parts.Clock.GetUtcNow();
        while (Math.Min(await ChunkEndAsync(0, now - parts.Policy.Options.Retention) ?? 0, expiryWatermark) is > 0 and var through)
        {
            await engine.TransactAsync(static _ => { }, batch => batch.Add(LedgerQueries.DeleteDeliveriesThrough, [through]).Add(LedgerQueries.DeleteThrough, [through]));
            if (parts.Clock.GetElapsedTime(started) >= Budget)
            {
                return;
            }
        }

        await ForgetResetsAsync(engine, now);
        if (await AnyAsync(KeyPackageStore.AnyExpired, now))
        {
            await engine.TransactAsync(static _ => { }, batch => batch.Add(KeyPackageStore.DeleteExpired, [now]));
        }

        // A claim outlives its package by the clock tolerance, so that an expired package is refused for its lifetime first.
        var claims = now - TimeSpan.FromDays(1);
        if (await AnyAsync(KeyClaimStore.AnyExpired, claims))
        {
            await engine.TransactAsync(static _ => { }, batch => batch.Add(KeyClaimStore.DeleteExpired, [claims]));
        }
    }

    // A reset that was not taken up is forgotten; decisions pass over it already.
    private async Task ForgetResetsAsync(HubEngine engine, DateTimeOffset now)
    {
        var lapsed = now - parts.Policy.Options.ResetLapse;
        if (await AnyAsync(IdentityStore.AnyLapsed, lapsed))
        {
            await engine.TransactAsync(static _ => { }, batch => batch.Add(IdentityStore.DropLapsed, [lapsed]));
        }
    }

    // Rooms and conversations in chunks, round and round; a room goes with its conversation, so that no number is given twice in one room. A conversation without a room outlives what the
    // ledger says of it.
    private async Task ForgetUnusedAsync(HubEngine engine)
    {
        var (now, options) = (parts.Clock.GetUtcNow(), parts.Policy.Options);
        var idle = new List<IdleConversation>();
        await ReadAsync(ConversationStore.Next, conversationsSeen, row => idle.Add(ConversationStore.ReadIdle(row)));
        conversationsSeen = idle.Count == 0 ? 0 : idle[^1].No;
        var gone = idle.FindAll(c => c.ChangedAt <= now - (!c.HasRoom ? options.Retention + TimeSpan.FromDays(1) : c.Participants < 2 ? options.DesertedRoomRetention : options.RoomRetention) && !engine.Parking.Contains(c.Key));
        if (gone.Count > 0)
        {
            var rooms = gone.Where(c => c.HasRoom).Select(c => RoomUri.Parse(c.Key.Value[RoomPrefix.Length..])).ToList();
            await engine.ForgetAsync(
                batch => batch.Add(RoomStore.DeleteMembers, rooms).Add(RoomStore.Delete, rooms).Add(ConversationStore.Delete, gone.ConvertAll(c => c.No)),
                static caches => caches.Rooms.Clear(), static caches => caches.Conversations.Clear());
        }

        if (await AnyAsync(ConsentStore.AnyUnanswered, now - options.UnansweredRetention))
        {
            await engine.ForgetAsync(batch => batch.Add(ConsentStore.DeleteUnanswered, [now - options.UnansweredRetention]), static caches => caches.Consents.Clear());
        }

        if (await AnyAsync(ClientStore.AnyUnseen, now - options.ClientRetention))
        {
            var before = now - options.ClientRetention;
            await engine.ForgetAsync(batch => batch.Add(ClientStore.DeletePackagesOfUnseen, [before]).Add(ClientStore.DeleteUnseen, [before]), static caches => caches.Clients.Clear());
        }
    }

    private async Task<bool> AnyAsync(RowStatement<DateTimeOffset> query, DateTimeOffset given)
    {
        var any = false;
        await ReadAsync(query, given, _ => any = true);
        return any;
    }

    private async Task<long?> ChunkEndAsync(long after, DateTimeOffset before)
    {
        long? end = null;
        await ReadAsync(LedgerQueries.ChunkEnd, new ChunkQuery(after, before), row => end = row.IsDBNull(0) ? null : row.GetInt64(0));
        return end;
    }

    private Task ReadAsync<TRow>(RowStatement<TRow> query, TRow given, Action<DbDataReader> read) =>
        new StatementBatch().Query(query, [given], read).ExecuteAsync(parts.Lease.Connection, CancellationToken.None);
}
