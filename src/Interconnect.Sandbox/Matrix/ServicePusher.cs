using System.Globalization;
using System.Net;
using System.Net.Http.Headers;
using System.Text.Json.Nodes;
using System.Threading.Channels;

namespace Interconnect.Sandbox;

/// <summary>
/// Pushes events to one application service in transactions of at most 100, one in flight, the same body under the same id until it is taken, with growing
/// pauses (application service API, "Pushing events"). A ping that the service asks for and answers ends the pause, as in Synapse.
/// </summary>
internal sealed class ServicePusher : IAsyncDisposable
{
    private const int MaxEvents = 100;
    private readonly ApplicationServiceRegistration registration;
    private readonly MatrixStore store;
    private readonly TimeProvider clock;
    private readonly CancellationTokenSource stopping = new();
    private readonly Channel<MatrixEvent> queue = Channel.CreateUnbounded<MatrixEvent>(new UnboundedChannelOptions { SingleReader = true });
    private readonly HttpClient http = new(new SocketsHttpHandler { UseProxy = false, AllowAutoRedirect = false, PooledConnectionLifetime = TimeSpan.FromMinutes(5) }) { Timeout = TimeSpan.FromSeconds(60) };
    private readonly Task pushing;
    private long nextTransaction;
    private volatile TaskCompletionSource pinged = NewSignal();

    public ServicePusher(ApplicationServiceRegistration registration, MatrixStore store, TimeProvider clock)
    {
        this.registration = registration;
        this.store = store;
        this.clock = clock;

        // Ids go up across restarts too, as a server with a disk would do it.
        nextTransaction = clock.GetUtcNow().ToUnixTimeMilliseconds() * 1_000;
        pushing = registration.Url is null ? Task.CompletedTask : Task.Run(PushAsync);
    }

    /// <summary>Queues an event; the number of events in the store bounds the queue.</summary>
    public void Push(MatrixEvent e)
    {
        if (registration.Url is not null)
        {
            queue.Writer.TryWrite(e);
        }
    }

    public async Task<MatrixAnswer> PingAsync(string? transactionId, CancellationToken cancellation)
    {
        if (registration.Url is null)
        {
            return MatrixAnswer.Fail(400, "M_URL_NOT_SET", "The application service does not have a URL set");
        }

        var started = clock.GetTimestamp();
        try
        {
            using var answer = await SendAsync(HttpMethod.Post, "ping", MatrixJson.Bytes(transactionId is null ? [] : new JsonObject { ["transaction_id"] = transactionId }), cancellation);
            if (!answer.IsSuccessStatusCode)
            {
                return MatrixAnswer.Fail(502, "M_BAD_STATUS", $"The application service answered {(int)answer.StatusCode}");
            }

            pinged.TrySetResult();
            return MatrixAnswer.Ok(new JsonObject { ["duration_ms"] = (long)clock.GetElapsedTime(started).TotalMilliseconds });
        }
        catch (HttpRequestException)
        {
            return MatrixAnswer.Fail(502, "M_CONNECTION_FAILED", "The application service cannot be reached");
        }
        catch (OperationCanceledException) when (!cancellation.IsCancellationRequested)
        {
            return MatrixAnswer.Fail(504, "M_CONNECTION_TIMEOUT", "The application service does not answer");
        }
    }

    public async ValueTask DisposeAsync()
    {
        await stopping.CancelAsync();
        await pushing;
        http.Dispose();
        stopping.Dispose();
    }

    private async Task PushAsync()
    {
        try
        {
            while (await queue.Reader.WaitToReadAsync(stopping.Token))
            {
                var events = new List<MatrixEvent>();
                while (events.Count < MaxEvents && queue.Reader.TryRead(out var e))
                {
                    events.Add(e);
                }

                await AskForUnknownUsersAsync(events);
                var body = MatrixJson.Bytes(new JsonObject { ["events"] = new JsonArray([.. events.Select(e => (JsonNode)e.ToJson(store.Now, true))]) });
                var path = "transactions/" + (++nextTransaction).ToString(CultureInfo.InvariantCulture);
                store.Options.Observer?.Invoke("matrix transaction", body);
                for (var delay = store.Options.RetryDelay; ; delay = delay * 2 < store.Options.MaxRetryDelay ? delay * 2 : store.Options.MaxRetryDelay)
                {
                    var signal = pinged = NewSignal();
                    if (await TryAsync(HttpMethod.Put, path, body))
                    {
                        break;
                    }

                    await PauseAsync(delay, signal.Task);
                }
            }
        }
        catch (OperationCanceledException) when (stopping.IsCancellationRequested)
        {
            // Stopped.
        }
    }

    private async Task PauseAsync(TimeSpan delay, Task ended)
    {
        using var over = CancellationTokenSource.CreateLinkedTokenSource(stopping.Token);
        await Task.WhenAny(Task.Delay(delay, clock, over.Token), ended);
        await over.CancelAsync();
        stopping.Token.ThrowIfCancellationRequested();
    }

    private static TaskCompletionSource NewSignal() => new(TaskCreationOptions.RunContinuationsAsynchronously);

    /// <summary>An invitation to a user of the service's namespace that nobody registered: the service may make it now.</summary>
    private async Task AskForUnknownUsersAsync(IEnumerable<MatrixEvent> events)
    {
        foreach (var user in events.Where(e => e.Membership == "invite").Select(e => e.StateKey!).Distinct())
        {
            bool known;
            lock (store.Gate)
            {
                known = store.Accounts.ContainsKey(user);
            }

            if (!known && store.OwnerOf(user) == registration)
            {
                await TryAsync(HttpMethod.Get, "users/" + Uri.EscapeDataString(user), null);
            }
        }
    }

    private async Task<bool> TryAsync(HttpMethod method, string path, byte[]? body)
    {
        try
        {
            using var answer = await SendAsync(method, path, body, stopping.Token);
            return answer.StatusCode == HttpStatusCode.OK;
        }
        catch (HttpRequestException)
        {
            return false;
        }
        catch (OperationCanceledException) when (!stopping.IsCancellationRequested)
        {
            return false;
        }
    }

    private async Task<HttpResponseMessage> SendAsync(HttpMethod method, string path, byte[]? body, CancellationToken cancellation)
    {
        using var request = new HttpRequestMessage(method, new Uri(registration.Url!, "/_matrix/app/v1/" + path));
        request.Headers.Authorization = new AuthenticationHeaderValue("Bearer", registration.HsToken);
        if (body is not null)
        {
            request.Content = new ByteArrayContent(body) { Headers = { ContentType = new MediaTypeHeaderValue("application/json") } };
        }

        return await http.SendAsync(request, cancellation);
    }
}
