using System.Buffers;
using System.Data.Common;
using System.Text.Json;
using System.Text.Json.Nodes;
using Interconnect.Adapters.Hosting;
using Interconnect.Adapters.Matrix.Rooms;
using Interconnect.Adapters.Matrix.Wire;
using Interconnect.Federation;
using Interconnect.Storage;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Abstractions;
using EventId = Interconnect.Federation.EventId;

namespace Interconnect.Adapters.Matrix;

/// <summary>
/// The glue of the Matrix adapter. In: a transaction is answered only when everything in it is stored. Out: an event goes into the room that ghost and user share,
/// under a transaction id made from the event's id, so that sending it again is the same event. Longer than most files: the way in and the way out are each one list of steps.
/// </summary>
internal sealed class MatrixAdapter : INetworkAdapter, ITransactionHandler
{
    private const int RememberedTransactions = 256;
    private const int RoomsAtOnce = 16;
    private static readonly TimeSpan InvitationPatience = TimeSpan.FromSeconds(2);
    private static readonly TimeSpan UncertainPause = TimeSpan.FromSeconds(5);
    private readonly MatrixOptions options;
    private readonly Secret asToken;
    private readonly Secret hsToken;
    private readonly TimeProvider clock;
    private readonly MatrixIdentifiers identifiers;
    private readonly MatrixTranslator translator;
    private readonly MatrixConnection connection;
    private readonly RoomDirectory rooms;
    private readonly InvitationRecords openInvitations;
    private readonly InvitationQueue invitations;
    private readonly GhostRegistry ghosts;
    private readonly AwaitedJoins awaited;
    private readonly RoomDelivery deliveries;
    private readonly ReadMarks marks = new();
    private readonly FrameAssembler assembler;
    private readonly TransactionListener listener;
    private readonly Summons summons;
    private readonly NetworkDescription description;
    private readonly NetworkFeatures features;
    private readonly EdgeMetrics metrics;
    private readonly ILogger logger;
    private readonly SemaphoreSlim oneTransaction = new(1);
    private readonly Queue<string> doneOrder = new();
    private readonly Dictionary<string, string> done = [];
    private readonly DefectTries defects = new();
    private readonly Lock gate = new();

    // Our way to the homeserver, and why its way to us is not open; null when it is, or nobody knows.
    private AdapterStatus there = new(AdapterState.Starting);
    private string? notBack;

    private volatile AdapterStatus status = new(AdapterState.Starting);
    private IAdapterSink? sink;

    public MatrixAdapter(NetworkId network, MatrixOptions options, Database database, TimeProvider clock, ILogger? logger = null)
    {
        (this.options, this.clock, this.logger) = (options, clock, logger ?? NullLogger.Instance);
        metrics = new EdgeMetrics(network);
        var provider = ProviderDomain.Parse(options.Provider);
        asToken = Secret.Load(options.AsToken, options.AsTokenFile);
        hsToken = Secret.Load(options.HsToken, options.HsTokenFile);
        identifiers = new MatrixIdentifiers(provider, options.ServiceLocalpart, options.GhostPrefix);
        translator = new MatrixTranslator(identifiers, options);
        connection = new MatrixConnection(options, asToken, clock, Change);
        ghosts = new GhostRegistry(connection, identifiers);
        rooms = new RoomDirectory(connection, identifiers, new RoomRecords(database, network), ghosts, LeaveAsync);
        awaited = new AwaitedJoins(rooms, new AwaitingRecords(database, network, clock), identifiers, clock, async (receipt, cancellation) => PauseOf(await sink!.ReportAsync(receipt, cancellation)));
        deliveries = new RoomDelivery(connection, options, identifiers, rooms, awaited, marks);
        openInvitations = new InvitationRecords(database, network, clock);
        invitations = new InvitationQueue(rooms, openInvitations, clock, () => metrics.Discarded("MTX-018"));
        assembler = new FrameAssembler(new FrameAssemblerOptions(), clock);
        listener = new TransactionListener(options, hsToken, this);
        summons = new Summons(connection.AskForPingAsync, clock, reason => Log.NotSummoned(this.logger, network.Value, reason), Unreached);
        description = new NetworkDescription(network, provider, OuterEncryption.Tls, "in the users' endpoints; ghosts have no Matrix devices and no keys");
        features = MatrixFeatures.Of(options);
    }

    /// <inheritdoc/>
    public AdapterStatus Status => status;

    /// <inheritdoc/>
    public NetworkDescription Describe() => description;

    /// <inheritdoc/>
    public ValueTask<NetworkFeatures> GetFeaturesAsync(CancellationToken cancellation) => new(features);

    /// <inheritdoc/>
    public async Task StartAsync(IAdapterSink sink, CancellationToken cancellation)
    {
        this.sink = sink;
        if (await connection.StartAsync(cancellation) is { } failure)
        {
            Change(failure);
            throw new AdapterStartException(failure.Reason!);
        }

        if (await ghosts.RegisterAsync(identifiers.Service, cancellation) is { } unregistered)
        {
            throw new AdapterStartException("the homeserver does not register the service's own user: " + ReasonOf(unregistered));
        }

        foreach (var invited in await openInvitations.AllAsync(InvitationQueue.Most, cancellation))
        {
            _ = invitations.Add(invited);
        }

        try
        {
            await listener.StartAsync(cancellation);
        }
        catch (IOException)
        {
            throw new AdapterStartException("the address to listen on is taken");
        }

        awaited.Start();

        // The homeserver may have found nobody here before, and wait for minutes yet.
        summons.After(TimeSpan.Zero);
        summons.Start();
    }

    /// <inheritdoc/>
    public async Task StopAsync(CancellationToken cancellation)
    {
        await summons.DisposeAsync();
        await listener.DisposeAsync();
        await awaited.DisposeAsync();
        await invitations.DisposeAsync();
        await connection.StopAsync();
        Change(new AdapterStatus(AdapterState.Stopped));
    }

    /// <inheritdoc/>
    public async ValueTask<ResolveOutcome> ResolveAsync(string address, CancellationToken cancellation)
    {
        if (!identifiers.TryUser(address, out var user))
        {
            return new ResolveOutcome.NotFound();
        }

        return await connection.CallAsync(HttpMethod.Get, $"_matrix/client/v3/profile/{Uri.EscapeDataString(address)}", null, null, cancellation) switch
        {
            MatrixAnswer.Ok => new ResolveOutcome.Found(user),
            MatrixAnswer.No { Status: 404 } => new ResolveOutcome.NotFound(),
            MatrixAnswer.Later later => new ResolveOutcome.RateLimited(later.RetryAfter),
            MatrixAnswer.Unknown => new ResolveOutcome.RateLimited(UncertainPause),
            _ => new ResolveOutcome.NotAllowed(),
        };
    }

    /// <inheritdoc/>
    public async ValueTask<DeliveryOutcome> DeliverAsync(Delivery delivery, CancellationToken cancellation)
    {
        switch (translator.TranslateOut(delivery))
        {
            case MatrixOutbound.Impossible no:
                return new DeliveryOutcome.Rejected(no.RuleId, no.Reason);
            case MatrixOutbound.Notice notice:
                return await deliveries.TellAsync(delivery, notice, cancellation);
            case MatrixOutbound.Events events:
                return await deliveries.DeliverAsync(delivery, events, cancellation);
            default:
                throw new InvalidOperationException("A delivery becomes events, a notice, or is impossible.");
        }
    }

    /// <inheritdoc/>
    public void Heard() => summons.Heard();

    /// <inheritdoc/>
    public async ValueTask<TransactionOutcome> TakeAsync(string transactionId, ReadOnlySequence<byte> body, CancellationToken cancellation)
    {
        summons.Begun();
        TransactionOutcome? outcome = null;
        try
        {
            return outcome = await TakeOnceAsync(transactionId, body, cancellation);
        }
        finally
        {
            // The homeserver's own wait grows with each refusal, however short the pause it is asked for; we are able again long before.
            summons.Ended(outcome switch
            {
                TransactionOutcome.Taken => null,
                TransactionOutcome.NotNow { RetryAfter: var pause } when pause > Summons.Shortest => pause,
                _ => Summons.Shortest,
            });
        }
    }

    /// <summary>
    /// Step 1 and 2 for a whole transaction: 1. was it done before; 2. each room's entries in order, rooms at the same time; 3. remember it; 4. the listener answers.
    /// A crash before 4: the homeserver brings the same transaction again, and what was stored of it is known by its event id. Parts of frames live in memory only
    /// and are acknowledged all the same: a crash forgets them, and the endpoint, which has no answer from the hub, sends the whole frame again under the same id.
    /// </summary>
    private async ValueTask<TransactionOutcome> TakeOnceAsync(string transactionId, ReadOnlySequence<byte> body, CancellationToken cancellation)
    {
        if (translator.TranslateIn(body) is not { } transaction)
        {
            rooms.Doubt();

            // The homeserver would bring the same bytes for ever, and everybody's events behind them.
            metrics.Discarded("MTX-016");
            Log.Discarded(logger, description.Network.Value, "MTX-016", "a transaction that cannot be read");
            return new TransactionOutcome.Taken();
        }

        await oneTransaction.WaitAsync(cancellation);
        try
        {
            // 1. The homeserver repeats a transaction whose answer it did not get, maybe while we still work on it. It may also count from the beginning again (Synapse on SQLite after a restart),
            // so the id alone says nothing.
            if (done.TryGetValue(transactionId, out var before))
            {
                if (before == transaction.Fingerprint)
                {
                    return new TransactionOutcome.Taken();
                }

                rooms.Doubt();
            }

            // 2. The first entry that cannot be stored ends its room, so that nothing passes it.
            using var slots = new SemaphoreSlim(RoomsAtOnce);
            using var enough = CancellationTokenSource.CreateLinkedTokenSource(cancellation);
            var patience = Task.Delay(InvitationPatience, clock, enough.Token);
            var pauses = await Task.WhenAll(transaction.Entries.Where(e => e.OrderedIn is not null).GroupBy(e => e.OrderedIn!).Select(async room =>
            {
                await slots.WaitAsync(cancellation);
                try
                {
                    return await TakeInOrderAsync(transaction.Fingerprint, room, patience, cancellation);
                }
                finally
                {
                    slots.Release();
                }
            }));
            await enough.CancelAsync();
            if (pauses.Max() is { } pause)
            {
                return new TransactionOutcome.NotNow(pause);
            }

            // 3. In memory: after a restart a repeated transaction is stored again under the same event ids, and the hub takes each once.
            if (done.TryAdd(transactionId, transaction.Fingerprint))
            {
                doneOrder.Enqueue(transactionId);
            }

            done[transactionId] = transaction.Fingerprint;
            if (doneOrder.Count > RememberedTransactions)
            {
                done.Remove(doneOrder.Dequeue());
            }

            return new TransactionOutcome.Taken();
        }
        finally
        {
            oneTransaction.Release();
        }
    }

    /// <inheritdoc/>
    public async ValueTask<bool> HasUserAsync(string userId, CancellationToken cancellation) =>
        (userId == identifiers.Service || identifiers.TryGhostUser(userId, out _)) && await ghosts.RegisterAsync(userId, cancellation) is null;

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        await summons.DisposeAsync();
        await listener.DisposeAsync();
        await awaited.DisposeAsync();
        await invitations.DisposeAsync();
        await connection.DisposeAsync();
        metrics.Dispose();
        asToken.Dispose();
        hsToken.Dispose();
    }

    private static string ReasonOf(MatrixAnswer answer) => answer switch
    {
        MatrixAnswer.Later later => later.Reason,
        MatrixAnswer.Unknown unknown => unknown.Reason,
        MatrixAnswer.No no => no.ErrorCode,
        _ => "no reason",
    };

    private void Change(AdapterStatus changed)
    {
        if (changed.State == AdapterState.Connected)
        {
            // Where we did not reach the homeserver, it may not have reached us; and it may be another state of it that is back.
            summons.Back();
            rooms.Doubt();
            awaited.Ask();
        }

        lock (gate)
        {
            there = changed;
            Tell();
        }
    }

    private void Unreached(string? why)
    {
        lock (gate)
        {
            notBack = why;
            Tell();
        }
    }

    private void Tell()
    {
        var now = there.State == AdapterState.Connected && notBack is { } why ? new AdapterStatus(AdapterState.Degraded, why) : there;
        if (now != status)
        {
            status = now;
            sink?.StatusChanged(now);
        }
    }

    /// <summary>Has one of ours leave a room, beside everything else. A crash after it is kept: it leaves after the start.</summary>
    private async Task LeaveAsync(string room, string ghost, CancellationToken cancellation)
    {
        var unwelcome = new MatrixInbound.Invited(room, ghost, ghost, Welcome: false);
        await openInvitations.AddAsync(unwelcome, InvitationQueue.Most, cancellation);
        _ = invitations.Add(unwelcome);
    }

    /// <summary>Null when all was stored; else how long to wait.</summary>
    private async Task<TimeSpan?> TakeInOrderAsync(string transaction, IEnumerable<MatrixInbound> entries, Task patience, CancellationToken cancellation)
    {
        foreach (var entry in entries)
        {
            try
            {
                if (await TakeAsync(entry, patience, cancellation) is { } pause)
                {
                    return pause;
                }
            }
            catch (DbException e)
            {
                // What the database can never take must not come back for ever, and everybody's events behind it.
                if (DatabaseErrors.Classify(e) is not DatabaseFailure.Defect || !defects.Exhausted(transaction + "\n" + entry.OrderedIn))
                {
                    return UncertainPause;
                }

                rooms.Doubt();
                metrics.Discarded("MTX-019");
                Log.Discarded(logger, description.Network.Value, "MTX-019", DatabaseErrors.Describe(e));
            }
        }

        return null;
    }

    private async ValueTask<TimeSpan?> TakeAsync(MatrixInbound entry, Task patience, CancellationToken cancellation)
    {
        switch (entry)
        {
            case MatrixInbound.Submit submit:
                return PauseOf(await sink!.SubmitAsync(submit.Event, cancellation));
            case MatrixInbound.Part part:
                switch (assembler.AddAndKeep(part.Sender.Value, part.Chunk))
                {
                    case AssemblyOutcome.Complete complete:
                        if (PauseOf(await sink!.SubmitAsync(translator.Assembled(complete.Frame, part.Chunk.Id, part.Sender, part.Address), cancellation)) is { } wait)
                        {
                            return wait;
                        }

                        assembler.Forget(part.Sender.Value, part.Chunk.Id);
                        return null;
                    case AssemblyOutcome.Refused no:
                        return PauseOf(await sink!.SubmitAsync(MatrixTranslator.Unreadable(no.Error.RuleId, no.Error.Reason, part.Sender, part.Address), cancellation));
                    default:
                        return null;
                }

            case MatrixInbound.Uncovered uncovered:
                var sender = identifiers.TryId(uncovered.Sender, out var id) ? id : throw new InvalidOperationException("A sender has an id.");
                var ghost = await rooms.GhostInAsync(uncovered.Address.Room, sender, cancellation);
                return PauseOf(await sink!.SubmitAsync(translator.Plain(uncovered.Sender, uncovered.Address with { Ghost = ghost }), cancellation));
            case MatrixInbound.Invited invited:
                await rooms.EnteredAsync(invited.Room, invited.Ghost, joined: false, cancellation);
                await openInvitations.AddAsync(invited, InvitationQueue.Most, cancellation);

                // What follows in the room is better understood when it is joined; but only so long.
                await Task.WhenAny(invitations.Add(invited), patience);
                return null;
            case MatrixInbound.Entered entered:
                await rooms.EnteredAsync(entered.Room, entered.Who, entered.Joined, cancellation);
                return entered.Joined ? await awaited.EndAsync(entered.Room, entered.Who, joined: true, cancellation) : null;
            case MatrixInbound.Left left:
                await rooms.LeftAsync(left.Room, left.Who, cancellation);
                return await awaited.EndAsync(left.Room, left.Who, joined: false, cancellation);
            case MatrixInbound.Changed changed:
                rooms.Changed(changed.Room);
                return null;
            case MatrixInbound.Read read:
                foreach (var eventId in marks.ReadUpTo(read.Room, read.EventId))
                {
                    if (PauseOf(await sink!.ReportAsync(new InboundReceipt(eventId, read.By, DeliveryStatus.Delivered, null, null), cancellation)) is { } pause)
                    {
                        return pause;
                    }
                }

                return null;
            default:
                return null;
        }
    }

    /// <summary>A refusal that trying again cannot change is told to the sender by the hub's own answer or never; the homeserver must not bring it for ever.</summary>
    private static TimeSpan? PauseOf(SubmitOutcome outcome) => outcome is SubmitOutcome.Refused { RetryAfter: { } pause } ? pause : null;
}
