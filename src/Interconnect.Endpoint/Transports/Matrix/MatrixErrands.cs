using System.Text.Json;
using System.Text.Json.Nodes;

namespace Interconnect.Endpoint;

/// <summary>
/// What a room needs beyond the sync: an invitation to accept, or messages to fetch that the sync left out. Done beside the stream, each again with back-off and given up in the end, so that a room
/// that is broken stops no other. What a room brings meanwhile is held back, so that it keeps its order. What is open is saved with the sync position, because the server tells of it once; after a
/// start it is tried from the beginning.
/// </summary>
/// <param name="api">The homeserver.</param>
/// <param name="options">Its pauses.</param>
/// <param name="clock">Time.</param>
/// <param name="receive">Takes a room's events, oldest first; completes when they are saved.</param>
/// <param name="save">Saves what is open.</param>
/// <param name="givenUp">Told when messages of a room are given up.</param>
internal sealed class MatrixErrands(
    MatrixApi api, MatrixOptions options, TimeProvider clock, Func<IReadOnlyList<JsonNode?>, CancellationToken, Task> receive, Func<byte[], CancellationToken, Task> save, Action givenUp) : IAsyncDisposable
{
    /// <summary>Open errands at a time: an invitation beyond is left to the user, messages that were left out beyond are not fetched.</summary>
    public const int Most = 1_000;

    private const int MostTries = 12;
    private const int MostPages = 100;
    private const int MostHeld = 100;
    private static readonly TimeSpan LongestPause = TimeSpan.FromMinutes(10);
    private readonly Lock gate = new();
    private readonly Dictionary<string, Errand> open = [];
    private readonly SemaphoreSlim slots = new(4);
    private readonly SemaphoreSlim saving = new(1);
    private readonly CancellationTokenSource stopping = new();

    /// <summary>Takes up what an earlier run left open.</summary>
    public void Load(byte[] saved)
    {
        try
        {
            foreach (var (room, to) in JsonSerializer.Deserialize<Dictionary<string, string?>>(saved) ?? [])
                Add(room, new Errand { To = to });
        }
        catch (JsonException)
        {
            // Nothing that can be read: what was open stays open at the server.
        }
    }

    /// <summary>Saves what is open: rooms, with the position up to which their messages were taken, or null for an invitation. One at a time, so that an older list never takes the place of a newer one.</summary>
    public async Task SaveAsync(CancellationToken cancellation)
    {
        await saving.WaitAsync(cancellation).ConfigureAwait(false);
        try
        {
            byte[] list;
            lock (gate)
                list = JsonSerializer.SerializeToUtf8Bytes(open.ToDictionary(errand => errand.Key, errand => errand.Value.To));

            await save(list, cancellation).ConfigureAwait(false);
        }
        finally
        {
            saving.Release();
        }
    }

    /// <summary>Accepts an invitation, by and by.</summary>
    public void Join(string room) => Add(room, new Errand());

    /// <summary>Fetches a room's messages between two positions, by and by, and passes on what follows after them.</summary>
    /// <param name="room">Which.</param>
    /// <param name="from">The position before <paramref name="following"/>.</param>
    /// <param name="to">The position up to which messages were taken.</param>
    /// <param name="following">What the sync brought after the gap.</param>
    /// <returns>False when there are too many errands.</returns>
    public bool Fetch(string room, string from, string to, IReadOnlyList<JsonNode?> following) => Add(room, new Errand { From = from, To = to, Held = [.. following] });

    /// <summary>Holds a room's events back when its earlier ones are being fetched; false when they are not.</summary>
    /// <param name="room">Which.</param>
    /// <param name="events">What the sync brought.</param>
    /// <param name="complete">False when the sync left some out before them.</param>
    public bool Hold(string room, IReadOnlyList<JsonNode?> events, bool complete)
    {
        lock (gate)
        {
            if (!open.TryGetValue(room, out var errand) || errand.To is null)
                return false;

            if (complete && errand.Held.Count + events.Count <= MostHeld)
                errand.Held.AddRange(events);
            else
                (errand.From, errand.Held, errand.Anew) = (null, [], true);

            return true;
        }
    }

    public async ValueTask DisposeAsync()
    {
        List<Task> working;
        lock (gate)
        {
            stopping.Cancel();
            working = [.. open.Values.Select(errand => errand.Work)];
        }

        await Task.WhenAll(working).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
    }

    private bool Add(string room, Errand errand)
    {
        lock (gate)
        {
            // A room that was joined is not invited to any more: what it brings takes the place of the invitation.
            if (stopping.IsCancellationRequested || (open.TryGetValue(room, out var known) ? known.To is not null || errand.To is null : open.Count >= Most))
                return false;

            open[room] = errand;
            errand.Work = Task.Run(() => WorkAsync(room, errand));
            return true;
        }
    }

    private async Task WorkAsync(string room, Errand errand)
    {
        var pause = options.FirstRetryDelay;
        for (var tries = 1; ; tries++)
        {
            if (await TryAsync(room, errand).ConfigureAwait(false) is not { } atLeast)
                break;

            if (tries == MostTries)
            {
                if (errand.To is not null)
                    await GiveUpAsync(room, errand).ConfigureAwait(false);

                break;
            }

            await Task.Delay(atLeast > pause ? atLeast : pause, clock, stopping.Token).ConfigureAwait(false);
            pause = pause * 2 < LongestPause ? pause * 2 : LongestPause;
        }

        Close(room, errand);

        // A crash before this: it is done once more, which changes nothing.
        await SaveAsync(stopping.Token).ConfigureAwait(false);
    }

    /// <summary>What came after the gap is not lost with it.</summary>
    private async Task GiveUpAsync(string room, Errand errand)
    {
        givenUp();
        do
        {
            lock (gate)
                errand.Anew = false;
        }
        while (!await PassOnAsync(room, errand).ConfigureAwait(false));
    }

    private void Close(string room, Errand errand)
    {
        lock (gate)
        {
            if (open.GetValueOrDefault(room) == errand)
                open.Remove(room);
        }
    }

    /// <summary>Null when there is nothing left to do; else how long to wait at least.</summary>
    private async Task<TimeSpan?> TryAsync(string room, Errand errand)
    {
        await slots.WaitAsync(stopping.Token).ConfigureAwait(false);
        try
        {
            if (errand.To is null)
                return Pause(await api.JoinAsync(room, stopping.Token).ConfigureAwait(false));

            do
            {
                if (await FetchAsync(room, errand).ConfigureAwait(false) is { } pause)
                    return pause;
            }
            while (!await PassOnAsync(room, errand).ConfigureAwait(false));

            return null;
        }
        finally
        {
            slots.Release();
        }
    }

    /// <summary>All pages from the newest to the oldest, then passed on from the oldest; a page that fails leaves the whole for the next try.</summary>
    private async Task<TimeSpan?> FetchAsync(string room, Errand errand)
    {
        string? from;
        lock (gate)
            (from, errand.Anew) = (errand.From, false);

        var events = new List<JsonNode?>();
        for (var pages = 0; pages < MostPages; pages++)
        {
            var answer = await api.MessagesAsync(room, from, errand.To, stopping.Token).ConfigureAwait(false);
            if (Pause(answer) is { } pause)
                return pause;

            var older = answer.Value.Array("chunk") ?? [];
            events.InsertRange(0, older.Reverse());
            var next = answer.Value.Text("end");
            if (older.Count == 0 || next is null || next == from)
                break;

            from = next;
        }

        await receive(events, stopping.Token).ConfigureAwait(false);
        return null;
    }

    /// <summary>Passes on what was held back, and ends the errand when nothing more is; false when the room has to be fetched once more.</summary>
    private async Task<bool> PassOnAsync(string room, Errand errand)
    {
        while (true)
        {
            List<JsonNode?> held;
            lock (gate)
            {
                if (errand.Anew)
                    return false;

                (held, errand.Held) = (errand.Held, []);
                if (held.Count == 0)
                {
                    Close(room, errand);
                    return true;
                }
            }

            await receive(held, stopping.Token).ConfigureAwait(false);
        }
    }

    /// <summary>A refusal is an answer: the invitation was taken back, or the room is closed to us. A session that ended is renewed by the sync.</summary>
    private static TimeSpan? Pause(MatrixAnswer<JsonObject> answer) => answer.Failure is { Retry: true } || answer.IsLoggedOut ? answer.RetryAfter ?? TimeSpan.Zero : null;

    private sealed class Errand
    {
        public string? From { get; set; }

        public string? To { get; init; }

        public List<JsonNode?> Held { get; set; } = [];

        /// <summary>What was held back was too much, or had a gap: everything up to now is to be fetched.</summary>
        public bool Anew { get; set; }

        public Task Work { get; set; } = Task.CompletedTask;
    }
}
