using System.Diagnostics;
using System.Threading.Channels;
using Interconnect.Federation;
using Interconnect.Storage;
using Microsoft.Extensions.Logging;

namespace Interconnect.Hub;

/// <summary>Commits one transaction on the lease's connection. Tests put failures around it.</summary>
internal delegate Task CommitStep(StatementBatch batch, CancellationToken cancellation);

/// <summary>
/// The only writer. Batches of all partitions queue here; what waits goes together in one transaction, so the cost of a commit is shared by as many events as arrived during the
/// last one, and an idle hub answers at once. The steps, numbered as in the architecture's way of a message:
/// (3.1) look up what was seen before, (3.2) decide on each event in order, (3.3) commit dedupe, ledger, state and outbox at once,
/// (3.4) make the caches what the database is and count, (4.1) hand the outbox pages to the dispatcher, (4.2) let the bus acknowledge.
/// Publishing happens from the outbox, so a slow destination never holds up a partition. Longer than most files, so that these steps stand together.
/// </summary>
internal sealed class HubEngine
{
    private const int MaxAttempts = 5;
    private const int MaxForks = 1_000;
    private static readonly TimeSpan RetryPause = TimeSpan.FromMilliseconds(50);

    private readonly Channel<Work> inbox = Channel.CreateBounded<Work>(new BoundedChannelOptions(1024) { SingleReader = true });
    private readonly HubParts parts;
    private readonly HubCaches caches;
    private readonly GroupLoader loader;
    private readonly HubNumbers numbers;
    private readonly OutboxDispatcher dispatcher;
    private readonly ConfirmedPages confirmed = new();
    private readonly LinkBudgets links;
    private readonly GenerationalCache<string, SignedDeviceList> forks = new(2L * MaxForks, static (_, _) => 1);
    private DateTimeOffset lastNow;

    public HubEngine(HubParts parts, HubStart start, OutboxDispatcher dispatcher)
    {
        this.parts = parts;
        this.dispatcher = dispatcher;
        numbers = start.Numbers;
        lastNow = start.LastDecision;
        if (start.LastDecision - parts.Clock.GetUtcNow() > parts.Policy.Options.ClockStep)
        {
            parts.Log.LogWarning("The ledger's last decision is dated {Ahead} ahead of the clock; it orders the ledger and nothing else", start.LastDecision - parts.Clock.GetUtcNow());
        }

        caches = new HubCaches(parts.Policy.Limits.CacheBytes);
        loader = new GroupLoader(caches, parts.Policy, start.HasOldIds);
        links = new LinkBudgets(parts.Policy.Limits);
        Parking = new Parking(parts, start);
    }

    private abstract record Work
    {
        public sealed record Batch(IReadOnlyList<PreparedEvent> Events, TaskCompletionSource Done) : Work;

        public sealed record Sweep(Func<HubEngine, Task> Run) : Work;
    }

    public Parking Parking { get; }

    /// <summary>Completes when the events are committed; throws when they are not, or when that is not known.</summary>
    public async Task HandleAsync(IReadOnlyList<PreparedEvent> events, CancellationToken cancellation)
    {
        if (events.Count == 0)
        {
            return;
        }

        var done = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        try
        {
            await inbox.Writer.WriteAsync(new Work.Batch(events, done), cancellation);
        }
        catch (ChannelClosedException)
        {
            throw new HubUnavailableException("the hub does not hold the lease any more");
        }

        await done.Task;
    }

    /// <summary>Asks for a sweep when the engine comes to it; dropped when so much waits that the last one has not run.</summary>
    public void Sweep(Func<HubEngine, Task> run) => inbox.Writer.TryWrite(new Work.Sweep(run));

    /// <summary>All of a page is published. The row goes with the next transaction.</summary>
    public void Confirmed(long page) => confirmed.Add(page);

    /// <summary>Takes nothing new; what was taken is finished by <see cref="RunAsync"/>.</summary>
    public void Complete() => inbox.Writer.TryComplete();

    /// <summary>Works until completed. An exception means that the session is over: the lease, the connection or the state cannot be trusted any more.</summary>
    public async Task RunAsync(CancellationToken abort)
    {
        var group = new List<Work.Batch>();
        try
        {
            while (await inbox.Reader.WaitToReadAsync(abort))
            {
                Func<HubEngine, Task>? sweep = null;
                var events = 0;
                while (sweep is null && events < parts.Policy.Limits.MaxGroup && inbox.Reader.TryRead(out var work))
                {
                    if (work is Work.Batch batch)
                    {
                        group.Add(batch);
                        events += batch.Events.Count;
                    }
                    else
                    {
                        sweep = ((Work.Sweep)work).Run;
                    }
                }

                await ProcessAsync(group);
                group.Clear();
                if (sweep is not null)
                {
                    await sweep(this);
                }

                abort.ThrowIfCancellationRequested();
            }

            await FlushAsync();
        }
        finally
        {
            inbox.Writer.TryComplete();
            while (inbox.Reader.TryRead(out var left))
            {
                if (left is Work.Batch batch)
                {
                    group.Add(batch);
                }
            }

            foreach (var batch in group)
            {
                batch.Done.TrySetException(new HubUnavailableException("the hub lost its database or its lease; nothing of this batch is acknowledged"));
            }
        }
    }

    /// <summary>Deletes what is published although no event comes.</summary>
    public Task FlushAsync() => confirmed.IsEmpty ? Task.CompletedTask : TransactAsync([], static (_, _) => { }, static _ => { }, released: false);

    /// <summary>One transaction that a sweep asks for.</summary>
    public Task TransactAsync(Action<GroupWork> stage, Action<StatementBatch> more) => TransactAsync([], (work, _) => stage(work), more, released: false);

    /// <summary>One transaction that deletes rows which the caches may know; they begin anew after it.</summary>
    public async Task ForgetAsync(Action<StatementBatch> delete, params Action<HubCaches>[] forget)
    {
        await TransactAsync(static _ => { }, delete);
        foreach (var one in forget)
        {
            one(caches);
        }
    }

    /// <summary>Handles one envelope of a parked conversation; an exception leaves it parked.</summary>
    public Task TransactReleasedAsync(PreparedEvent prepared, Action<StatementBatch> more) => TransactAsync([prepared], static (_, _) => { }, more, released: true);

    // Ledger times grow with ledger numbers, also when the clock goes back. Nothing else is measured with this.
    private DateTimeOffset LedgerTime(DateTimeOffset now) => lastNow = now > lastNow ? now : lastNow;

    private async Task ProcessAsync(List<Work.Batch> group)
    {
        if (group.Count == 0)
        {
            return;
        }

        await ProcessAsync(group.Count == 1 ? group[0].Events : [.. group.SelectMany(b => b.Events)]);

        // (4.2) A crash here leaves everything committed and nothing acknowledged: the bus brings the batches again and each event is found to be a duplicate.
        foreach (var batch in group)
        {
            batch.Done.TrySetResult();
        }
    }

    private async Task ProcessAsync(IReadOnlyList<PreparedEvent> events)
    {
        try
        {
            await TransactAsync(events, static (_, _) => { }, static _ => { }, released: false);
        }
        catch (Exception e) when (IsDefect(e))
        {
            // Certainly not committed. One by one the rest goes on and the culprit is found; its conversation waits.
            if (events.Count == 1)
            {
                // What lies about its origin must wait nowhere: what waits counts as of the origin that it names.
                await (events[0].IsOfItsOrigin ? ParkAsync(events[0], e) : Task.CompletedTask);
                return;
            }

            foreach (var one in events)
            {
                await ProcessAsync([one]);
            }
        }
    }

    // What the event needs could not be read or written, so only its id is looked up. A conversation that waits already keeps the time of its next try.
    private async Task ParkAsync(PreparedEvent prepared, Exception reason)
    {
        var lane = LaneOf(prepared, null);
        var parked = Parking.Contains(lane) ? null : Parking.Make(lane, reason, parts.Clock.GetUtcNow());
        var answered = prepared.Stream == HubStream.Submit && await loader.IsKnownAsync(parts.Lease.Connection, prepared, CancellationToken.None);
        await TransactAsync([], (work, newly) =>
        {
            if (parked is not null)
            {
                newly.Add(parked);
            }

            Park(prepared, lane, answered, work);
        }, static _ => { }, released: false);
    }

    private async Task TransactAsync(IReadOnlyList<PreparedEvent> events, Action<GroupWork, List<ParkedConversation>> stage, Action<StatementBatch> more, bool released)
    {
        for (var attempt = 1; ; attempt++)
        {
            try
            {
                await TryTransactAsync(events, stage, more, released);
                return;
            }
            catch (Exception e) when (attempt < MaxAttempts && DatabaseErrors.Classify(e) == DatabaseFailure.Retryable)
            {
                await Task.Delay(RetryPause * attempt, parts.Clock);
            }
        }
    }

    private async Task TryTransactAsync(IReadOnlyList<PreparedEvent> events, Action<GroupWork, List<ParkedConversation>> stage, Action<StatementBatch> more, bool released)
    {
        using var activity = HubMetrics.Activities.StartActivity("hub.transaction");
        activity?.SetTag("events", events.Count);
        var started = parts.Clock.GetTimestamp();
        var now = parts.Clock.GetUtcNow();

        // (3.1) A crash here leaves nothing: only reads happened.
        var view = await loader.LoadAsync(parts.Lease.Connection, events, now, CancellationToken.None);

        // (3.2) A crash here leaves nothing: decisions live in memory.
        var work = new GroupWork(view, parts.Policy, numbers, now, LedgerTime(now));
        var parkedNow = new List<ParkedConversation>();
        stage(work, parkedNow);
        foreach (var prepared in events)
        {
            Decide(prepared, view, work, parkedNow, now, released);
        }

        // (3.3) A crash before the commit leaves nothing and the bus brings the batch again; a crash after it leaves ledger, state and outbox together: the next
        // session publishes the outbox, and the batch that comes again is all duplicates. There is no state between.
        var batch = new StatementBatch();
        work.AddTo(batch);
        batch.Add(ParkedStore.Upsert, parkedNow);
        more(batch);
        var gone = confirmed.Take();
        batch.Add(OutboxStore.Delete, gone);
        try
        {
            await parts.Commit(batch, CancellationToken.None);
        }
        catch
        {
            confirmed.PutBack(gone);
            throw;
        }

        // (3.4) A crash here leaves the same as after the commit; caches and counters are memory.
        work.Committed(caches, parts.Lists, parts.Metrics);
        Parking.Committed(parkedNow, work.NewlyWaiting, parts.Metrics);
        if (events.Count > 0)
        {
            parts.Metrics.Transaction(events.Count, parts.Clock.GetElapsedTime(started));
        }

        // (4.1) A crash here leaves pages that nobody published; the next session publishes them first.
        foreach (var page in work.Pages)
        {
            dispatcher.Enqueue(page);
        }
    }

    private void Decide(PreparedEvent prepared, HubView view, GroupWork work, List<ParkedConversation> parkedNow, DateTimeOffset now, bool released)
    {
        // Before anything that is somebody's: a lie about the origin waits in nobody's conversation and meets nobody's events.
        if (!prepared.IsOfItsOrigin)
        {
            work.StageForged(prepared);
            return;
        }

        var lane = LaneOf(prepared, view);
        if (!released && (Parking.Contains(lane) || parkedNow.Exists(p => p.Conversation == lane)))
        {
            Park(prepared, lane, view.Events.Contains(prepared.Id), work);
            return;
        }

        try
        {
            if (prepared.Defect is { } defect)
            {
                throw defect;
            }

            if (prepared.Stream == HubStream.Report)
            {
                work.Stage(ReportDecision.Decide(prepared.Envelope, view, parts.Policy));
            }
            else
            {
                var decision = Unhurried(SubmitDecision.Decide(prepared, view, parts.Policy, now));
                Note(decision);
                work.Stage(prepared, Linking(Sayable(Yielding(decision), prepared.Envelope, view, now), prepared.Envelope, now));
            }
        }
        catch (Exception e) when (!released && e is not OutOfMemoryException)
        {
            parts.Log.LogError("Handling an event failed with {Exception} at {Place}; its conversation is parked", e.GetType().Name, PlaceOf(e));
            parkedNow.Add(Parking.Make(lane, e, now));
            Park(prepared, lane, view.Events.Contains(prepared.Id), work);
        }
    }

    // A report is the adapter's and belongs where its delivery was.
    private static ConversationKey LaneOf(PreparedEvent prepared, HubView? view) =>
        prepared.Stream == HubStream.Report ? prepared.Envelope.Conversation : SubmitDecision.LaneOf(prepared.Envelope, view);

    // Each event waits once, however often it is brought, and a conversation takes a bounded number of them. Reports are not refused: nobody would bring them again, and there are only
    // as many as what was delivered asks for.
    private void Park(PreparedEvent prepared, ConversationKey lane, bool answered, GroupWork work)
    {
        if (Parking.IsWaiting(prepared, lane) || work.IsNewlyWaiting(prepared))
        {
            work.WaitsAlready(prepared);
        }
        else if (prepared.Stream == HubStream.Report || Parking.Waiting(lane) + work.NewlyWaiting.Count(p => p.Lane == lane) < parts.Policy.Limits.MaxParked)
        {
            work.Park(prepared, lane);
        }
        else
        {
            work.Stage(prepared, answered ? new Decision.Duplicate() : new Decision.Refused(HubRule.ParkedBound, RetryAfter: parts.Policy.Limits.BacklogRetryAfter));
        }
    }

    // What waits for a network is bounded; past the bound senders are told to wait.
    private Decision Yielding(Decision decision) =>
        decision is Decision.Accepted { IsUrgent: false } accepted && accepted.Toward.Any(r => parts.Policy.TryNetworkOf(r.Domain, out var network) && dispatcher.Depth(network) >= parts.Policy.Limits.MaxBacklog)
            ? new Decision.Refused(HubRule.Backlog, RetryAfter: parts.Policy.Limits.BacklogRetryAfter)
            : decision;

    // What is said on consent counts alike whether it crosses or not, and whether it is known or not. A revocation is never refused.
    private Decision Sayable(Decision decision, FederationEnvelope envelope, HubView view, DateTimeOffset now) =>
        decision is Decision.Accepted && envelope is { Event: ConsentEntry { Operation: not ConsentOperation.Revoke } entry, Sender: { } sender }
        && !parts.Budgets.TrySay(sender, sender == entry.Requester ? entry.Target : entry.Requester, ConsentEntries.IsUnasked(entry, sender, view), now)
            ? new Decision.Refused(HubRule.Unsolicited, RetryAfter: parts.Policy.Limits.QuotaRetryAfter)
            : decision;

    private Decision Linking(Decision decision, FederationEnvelope envelope, DateTimeOffset now) =>
        decision is Decision.Accepted && envelope.Event is DeviceLinkMessage && links.TakeOrWait(envelope.Sender!, now) is { } wait ? new Decision.Refused(HubRule.LinkRate, RetryAfter: wait) : decision;

    // A clock that was set forward ends no waiting time: whose identity it is cannot be taken back.
    private Decision Unhurried(Decision decision) =>
        decision is Decision.Accepted { Identity.TakesOver: true } && !parts.Watch.IsSteady() ? new Decision.Refused(HubRule.ResetWaits, RetryAfter: parts.Policy.Options.ClockSettle) : decision;

    // Evidence, without a name; once for each list that is contradicted, so that nobody fills the log with it.
    private void Note(Decision decision)
    {
        if (decision is Decision.Refused { Fork: var (known, shown) } && !forks.TryGet(Convert.ToHexString(known.Hash.Span), out _))
        {
            forks.Set(Convert.ToHexString(known.Hash.Span), shown);
            parts.Log.LogWarning("Two device lists of one user contradict each other: {Known} is known, {Shown} was refused", Convert.ToHexStringLower(known.Hash.Span), Convert.ToHexStringLower(shown.Hash.Span));
        }
    }

    private static bool IsDefect(Exception e) => e is not OperationCanceledException && DatabaseErrors.Classify(e) is null or DatabaseFailure.Defect;

    // Where, without the message: a message might hold a value.
    private static string PlaceOf(Exception e) => new StackTrace(e).GetFrame(0)?.GetMethod() is { } method ? $"{method.DeclaringType?.Name}.{method.Name}" : "unknown";
}
