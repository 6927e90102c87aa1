using System.Text;
using System.Text.Json.Nodes;
using Interconnect.Federation;
using Polly;
using Polly.Retry;

namespace Interconnect.Endpoint;

/// <summary>
/// A Matrix account that carries frames: login, sync, send. The sync position is saved only after everything before it is, so that what a crash catches in between
/// comes again; sends carry the frame's id and attempt as transaction id, so that one whose answer got lost is the same event, and one that the
/// hub did not answer is a new one.
/// </summary>
internal sealed class MatrixTransport : ITransport
{
    private const string SessionKey = "matrix session";
    private const string SinceKey = "matrix since";
    private const string RoomsKey = "matrix rooms with all members";
    private const string ErrandsKey = "matrix errands";

    private readonly MatrixOptions options;
    private readonly ITransportMemory memory;
    private readonly TimeProvider clock;
    private readonly CancellationTokenSource stopping = new();
    private readonly ResiliencePipeline<MatrixAnswer<JsonObject>> retry;
    private readonly TaskCompletionSource caughtUp = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly SemaphoreSlim login = new(1, 1);
    private MatrixApi? api;
    private MatrixErrands? errands;
    private MatrixRooms rooms = MatrixRooms.Empty;
    private ITransportSink? sink;
    private string? since;
    private string filter = MatrixEvents.Filter;
    private Task running = Task.CompletedTask;

    public MatrixTransport(MatrixOptions options, ITransportMemory memory, TimeProvider clock)
    {
        this.options = options;
        this.memory = memory;
        this.clock = clock;
        retry = new ResiliencePipelineBuilder<MatrixAnswer<JsonObject>> { TimeProvider = clock }
            .AddRetry(new RetryStrategyOptions<MatrixAnswer<JsonObject>>
            {
                ShouldHandle = new PredicateBuilder<MatrixAnswer<JsonObject>>().HandleResult(answer => answer.Failure is { Retry: true }),
                MaxRetryAttempts = int.MaxValue,
                BackoffType = DelayBackoffType.Exponential,
                UseJitter = true,
                Delay = options.FirstRetryDelay,
                MaxDelay = options.MaxRetryDelay,
                DelayGenerator = arguments => ValueTask.FromResult(arguments.Outcome.Result?.RetryAfter),
                OnRetry = arguments =>
                {
                    sink?.StatusChanged(new TransportStatus(TransportState.Reconnecting, arguments.Outcome.Result?.Failure));
                    return ValueTask.CompletedTask;
                },
            })
            .Build();
    }

    public UserUri User => options.Address.User;

    public async Task<TransportFailure?> StartAsync(ITransportSink receiver, CancellationToken cancellation)
    {
        sink = receiver;
        var created = MatrixApi.Create(options, clock);
        if (created.Value is null)
            return created.Failure;

        api = created.Value;
        errands = new MatrixErrands(
            api, options, clock, ReceiveAsync, (open, token) => memory.SaveAsync(ErrandsKey, open, token), () => sink.StatusChanged(new TransportStatus(TransportState.Connected, MatrixFailures.RoomGivenUp)));
        if (await LoadAsync(cancellation).ConfigureAwait(false) is false && await LoginAsync(cancellation).ConfigureAwait(false) is { } failure)
            return failure;

        // The first sync returns at once: it shows that the token is good and brings what waited.
        var first = await SyncAsync(TimeSpan.Zero, cancellation).ConfigureAwait(false);
        if (first.IsLoggedOut)
        {
            if (await LoginAsync(cancellation).ConfigureAwait(false) is { } refused)
                return refused;

            first = await SyncAsync(TimeSpan.Zero, cancellation).ConfigureAwait(false);
        }

        if (first.Failure?.RuleId == MatrixFailures.AnswerTooLarge.RuleId)
            first = await SyncAsync(TimeSpan.Zero, cancellation).ConfigureAwait(false);

        if (first.Value is null)
            return first.Failure;

        sink.StatusChanged(new TransportStatus(TransportState.Connected));
        if (await memory.LoadAsync(ErrandsKey, cancellation).ConfigureAwait(false) is { } open)
            errands.Load(open);

        running = Task.Run(() => RunAsync(first.Value), CancellationToken.None);
        return null;
    }

    public Task<TransportSend> SendAsync(TransportAddress to, FrameId id, ReadOnlyMemory<byte> frame, CancellationToken cancellation) =>
        SendAgainAsync(to, id, 1, frame, cancellation);

    public async Task<TransportSend> SendAgainAsync(TransportAddress to, FrameId id, int attempt, ReadOnlyMemory<byte> frame, CancellationToken cancellation)
    {
        if (MatrixEvents.Write(options, id, attempt, frame) is not { } events)
            return new TransportSend.Rejected(MatrixFailures.TooLarge);

        // Until the first batch told which rooms there are, a second one would be made.
        await caughtUp.Task.WaitAsync(cancellation).ConfigureAwait(false);
        var account = MatrixEvents.IdOf(options, to);
        var token = api!.Token;
        var (room, why) = await RoomWithAsync(account, cancellation).ConfigureAwait(false);
        if (room is null)
            return why!.IsLoggedOut ? await LaterAsync(token, why, cancellation).ConfigureAwait(false) : Outcome(why);

        foreach (var (transaction, content) in events)
        {
            var sent = await api.SendEventAsync(room, transaction, content, cancellation).ConfigureAwait(false);
            if (sent.Value is null)
            {
                if (sent.Code is "M_FORBIDDEN" or "M_NOT_FOUND")
                {
                    // The room is no good any more, for example because we left it; the next attempt finds or makes another.
                    rooms.Forget(room);
                    return new TransportSend.Later(TimeSpan.FromSeconds(1), MatrixFailures.Refused(sent.Code, true));
                }

                return sent.IsLoggedOut ? await LaterAsync(token, sent, cancellation).ConfigureAwait(false) : Outcome(sent);
            }
        }

        return new TransportSend.Taken();
    }

    public async Task StopAsync(CancellationToken cancellation)
    {
        await stopping.CancelAsync().ConfigureAwait(false);
        await running.WaitAsync(cancellation).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        if (errands is not null)
            await errands.DisposeAsync().AsTask().WaitAsync(cancellation).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
    }

    public async ValueTask DisposeAsync()
    {
        await stopping.CancelAsync().ConfigureAwait(false);
        await running.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        if (errands is not null)
            await errands.DisposeAsync().ConfigureAwait(false);

        api?.Dispose();
        login.Dispose();
    }

    private static TransportSend Outcome(MatrixAnswer<JsonObject> answer) => answer.Failure!.Retry
        ? new TransportSend.Later(answer.RetryAfter ?? TimeSpan.FromSeconds(2), answer.Failure)
        : new TransportSend.Rejected(answer.Failure);

    private async Task<bool> LoadAsync(CancellationToken cancellation)
    {
        if (await memory.LoadAsync(SinceKey, cancellation).ConfigureAwait(false) is { } position)
            since = Encoding.UTF8.GetString(position);

        if (await memory.LoadAsync(RoomsKey, cancellation).ConfigureAwait(false) is { } saved && MatrixRooms.Load(saved) is { } known)
            rooms = known;
        else
            since = null;

        if (await memory.LoadAsync(SessionKey, cancellation).ConfigureAwait(false) is not { } session || JsonNode.Parse(session).Text("access_token") is not { } token)
            return false;

        api!.UseToken(token);
        return true;
    }

    /// <summary>A session that ended says nothing about the frame: it goes out in the next one.</summary>
    private async Task<TransportSend> LaterAsync(string? stale, MatrixAnswer<JsonObject> why, CancellationToken cancellation) =>
        await RenewAsync(stale, cancellation).ConfigureAwait(false) is { } refused
            ? new TransportSend.Later(options.MaxRetryDelay, refused)
            : new TransportSend.Later(TimeSpan.Zero, MatrixFailures.Refused(why.Code!, true));

    /// <summary>Logs in again, once for all that found the same token stale.</summary>
    private async Task<TransportFailure?> RenewAsync(string? stale, CancellationToken cancellation)
    {
        await login.WaitAsync(cancellation).ConfigureAwait(false);
        try
        {
            return api!.Token == stale ? await LoginAsync(cancellation).ConfigureAwait(false) : null;
        }
        finally
        {
            login.Release();
        }
    }

    private async Task<TransportFailure?> LoginAsync(CancellationToken cancellation)
    {
        var earlier = await memory.LoadAsync(SessionKey, cancellation).ConfigureAwait(false);
        var answer = await api!.LoginAsync(earlier is null ? null : JsonNode.Parse(earlier).Text("device_id"), cancellation).ConfigureAwait(false);
        if (answer.Value is null)
            return answer.Code is "M_FORBIDDEN" or "M_USER_DEACTIVATED" or "M_UNKNOWN" ? MatrixFailures.BadCredentials : answer.Failure;

        if (answer.Value.Text("access_token") is not { } token || answer.Value.Text("user_id") != options.Address.Id)
            return MatrixFailures.Protocol;

        await memory.SaveAsync(SessionKey, Encoding.UTF8.GetBytes(answer.Value.ToJsonString()), cancellation).ConfigureAwait(false);
        api.UseToken(token);
        return null;
    }

    private async Task<MatrixAnswer<JsonObject>> SyncAsync(TimeSpan timeout, CancellationToken cancellation)
    {
        var answer = await api!.SyncAsync(since, filter, timeout, cancellation).ConfigureAwait(false);
        if (answer.Failure?.RuleId == MatrixFailures.AnswerTooLarge.RuleId)
            filter = MatrixEvents.SmallFilter;
        else if (answer.Value is not null)
            filter = MatrixEvents.Filter;

        return answer;
    }

    private async Task RunAsync(JsonObject first)
    {
        var batch = first;
        while (!stopping.IsCancellationRequested)
        {
            await TakeAsync(batch).ConfigureAwait(false);
            caughtUp.TrySetResult();
            var token = api!.Token;
            var answer = await retry.ExecuteAsync(async cancellation => await SyncAsync(options.SyncTimeout, cancellation).ConfigureAwait(false), stopping.Token).ConfigureAwait(false);
            if (answer.IsLoggedOut)
            {
                if (await RenewAsync(token, stopping.Token).ConfigureAwait(false) is { } refused)
                {
                    sink!.StatusChanged(new TransportStatus(refused.Retry ? TransportState.Reconnecting : TransportState.BadCredentials, refused));
                    if (!refused.Retry)
                        return;

                    await Task.Delay(options.MaxRetryDelay, clock, stopping.Token).ConfigureAwait(false);
                }

                batch = [];
                continue;
            }

            if (answer.Value is null)
            {
                sink!.StatusChanged(new TransportStatus(TransportState.Stopped, answer.Failure));
                return;
            }

            sink!.StatusChanged(new TransportStatus(TransportState.Connected));
            batch = answer.Value;
        }
    }

    /// <summary>
    /// One batch, in order: memberships, invitations, then messages room by room; what a single room needs beyond that is an errand beside. The position is saved last: a crash before leaves the batch
    /// to come again, and what was saved of it is known by its event ids.
    /// </summary>
    private async Task TakeAsync(JsonObject batch)
    {
        var joined = batch.Object("rooms").Object("join") ?? [];
        foreach (var (room, content) in joined)
        {
            foreach (var happened in (content.Object("state").Array("events") ?? []).Concat(content.Object("timeline").Array("events") ?? []))
                NoteMember(room, happened);
        }

        foreach (var (room, _) in batch.Object("rooms").Object("leave") ?? [])
            rooms.Forget(room);

        foreach (var (room, content) in batch.Object("rooms").Object("invite") ?? [])
            Accept(room, content);

        foreach (var (room, content) in joined)
            await TakeTimelineAsync(room, content.Object("timeline")).ConfigureAwait(false);

        if (batch.Text("next_batch") is { } next && next != since)
        {
            await errands!.SaveAsync(stopping.Token).ConfigureAwait(false);
            await memory.SaveAsync(RoomsKey, rooms.Save(), stopping.Token).ConfigureAwait(false);
            await memory.SaveAsync(SinceKey, Encoding.UTF8.GetBytes(next), stopping.Token).ConfigureAwait(false);
            since = next;
        }
    }

    private void NoteMember(string room, JsonNode? happened)
    {
        if (happened.Text("type") == "m.room.member" && happened.Text("state_key") is { } account && account != options.Address.Id)
            rooms.Note(room, account, happened.Object("content").Text("membership"), MatrixEvents.Sender(options, account) is not null);
    }

    /// <summary>
    /// Invitations of the gateway's accounts are accepted, others are left to the user's other clients. The state that comes with one is written by the inviter's
    /// server, except for the invitation itself, which our server puts last; who is in the room is told by the room's own state once we are in it.
    /// </summary>
    private void Accept(string room, JsonNode? invitation)
    {
        var inviter = (invitation.Object("invite_state").Array("events") ?? [])
            .LastOrDefault(happened => happened.Text("type") == "m.room.member" && happened.Text("state_key") == options.Address.Id).Text("sender");
        if (MatrixEvents.Sender(options, inviter) is not null)
            errands!.Join(room);
    }

    /// <summary>A batch's messages of a room, oldest first. Where the server left some out, they are fetched back to where the last batch ended, and these wait for them.</summary>
    private async Task TakeTimelineAsync(string room, JsonObject? timeline)
    {
        var events = (timeline.Array("events") ?? []).ToList();
        var from = timeline.Flag("limited") && since is not null ? timeline.Text("prev_batch") : null;
        if (errands!.Hold(room, events, complete: from is null) || (from is not null && errands.Fetch(room, from, since!, events)))
            return;

        await ReceiveAsync(events, stopping.Token).ConfigureAwait(false);
    }

    private async Task ReceiveAsync(IReadOnlyList<JsonNode?> events, CancellationToken cancellation)
    {
        foreach (var happened in events)
        {
            if (MatrixEvents.Read(options, happened) is { } item)
                await sink!.ReceiveAsync(item, cancellation).ConfigureAwait(false);
        }
    }

    /// <summary>The room with an account of the gateway's, made when there is none, once the account is in it.</summary>
    private async Task<(string? Room, MatrixAnswer<JsonObject>? Why)> RoomWithAsync(string account, CancellationToken cancellation)
    {
        if (rooms.Find(account) is null)
        {
            var created = await api!.CreateDirectRoomAsync(account, cancellation).ConfigureAwait(false);
            if (created.Value is null)
                return (null, created);

            if (created.Value.Text("room_id") is not { } made)
                return (null, new MatrixAnswer<JsonObject>(MatrixFailures.Protocol));

            // A crash before the next sync only leaves an empty room; the sync after it finds it again.
            if (rooms.Find(account) is null)
                rooms.Note(made, account, "invite");
        }

        using var patience = new CancellationTokenSource(options.JoinTimeout, clock);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(cancellation, patience.Token);
        while (true)
        {
            var changed = rooms.Changed;
            if (rooms.Find(account) is (var room, true))
                return (room, null);

            try
            {
                await changed.WaitAsync(either.Token).ConfigureAwait(false);
            }
            catch (OperationCanceledException) when (!cancellation.IsCancellationRequested)
            {
                return (null, new MatrixAnswer<JsonObject>(MatrixFailures.NotJoined));
            }
        }
    }
}
