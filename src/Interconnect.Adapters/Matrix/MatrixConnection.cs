using System.Globalization;
using System.Net;
using System.Net.Http.Headers;
using System.Net.Sockets;
using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using Interconnect.Adapters.Hosting;
using Interconnect.Adapters.Matrix.Wire;
using Interconnect.Federation;
using Polly;
using Polly.CircuitBreaker;
using Polly.Retry;
using Polly.Timeout;

namespace Interconnect.Adapters.Matrix;

/// <summary>
/// Requests to the homeserver as the application service, and how it is. Failures are answers with a certainty; short ones are tried again here (back-off with
/// jitter, circuit breaker), longer ones are the host's. Knows the client-server interface, not the federation.
/// </summary>
internal sealed class MatrixConnection : IAsyncDisposable
{
    private const int MaxAnswerBytes = 4 << 20;
    private const int MaxCodeLength = 64;
    private static readonly TimeSpan DefaultPause = TimeSpan.FromSeconds(5);
    private static readonly TimeSpan LostPause = TimeSpan.FromSeconds(2);
    private readonly MatrixOptions options;
    private readonly Secret token;
    private readonly TimeProvider clock;
    private readonly Action<AdapterStatus> changed;
    private readonly HttpClient http;
    private readonly ResiliencePipeline<MatrixAnswer> once;
    private readonly ResiliencePipeline<MatrixAnswer> repeatable;
    private readonly ResiliencePipeline<MatrixAnswer> aside;
    private readonly CancellationTokenSource stopping = new();
    private volatile AdapterStatus status = new(AdapterState.Starting);
    private Task watching = Task.CompletedTask;

    public MatrixConnection(MatrixOptions options, Secret token, TimeProvider clock, Action<AdapterStatus> changed)
    {
        (this.options, this.token, this.clock, this.changed) = (options, token, clock, changed);
        http = new HttpClient(new SocketsHttpHandler
        {
            AllowAutoRedirect = false,
            UseCookies = false,
            UseProxy = options.MayUseProxy,
            PooledConnectionLifetime = TimeSpan.FromMinutes(5),
            MaxConnectionsPerServer = 64,
        })
        {
            BaseAddress = new Uri(options.Homeserver.TrimEnd('/') + "/"),
            Timeout = Timeout.InfiniteTimeSpan,
            MaxResponseContentBufferSize = MaxAnswerBytes,
        };
        var failed = new PredicateBuilder<MatrixAnswer>().HandleResult(a => a is MatrixAnswer.Unknown or MatrixAnswer.Later { Reason: Unreachable }).Handle<TimeoutRejectedException>();
        var breaker = new CircuitBreakerStrategyOptions<MatrixAnswer>
        {
            FailureRatio = 0.9,
            MinimumThroughput = 10,
            SamplingDuration = TimeSpan.FromSeconds(30),
            BreakDuration = TimeSpan.FromSeconds(5),
            ShouldHandle = failed,
        };
        once = new ResiliencePipelineBuilder<MatrixAnswer> { TimeProvider = clock }
            .AddCircuitBreaker(breaker)
            .AddTimeout(new TimeoutStrategyOptions { Timeout = options.RequestTimeout })
            .Build();
        aside = new ResiliencePipelineBuilder<MatrixAnswer> { TimeProvider = clock }
            .AddTimeout(new TimeoutStrategyOptions { Timeout = options.RequestTimeout })
            .Build();
        repeatable = new ResiliencePipelineBuilder<MatrixAnswer> { TimeProvider = clock }
            .AddRetry(new RetryStrategyOptions<MatrixAnswer>
            {
                MaxRetryAttempts = 2,
                BackoffType = DelayBackoffType.Exponential,
                UseJitter = true,
                Delay = TimeSpan.FromMilliseconds(200),
                ShouldHandle = failed,
            })
            .AddPipeline(once)
            .Build();
    }

    private const string Unreachable = "the homeserver cannot be reached";

    /// <summary>Asks the homeserver who we are. Null when all is well, else why not.</summary>
    public async Task<AdapterStatus?> StartAsync(CancellationToken cancellation)
    {
        var found = await ProbeAsync(cancellation);
        if (found.State != AdapterState.Connected)
        {
            return found;
        }

        Change(found);
        watching = WatchAsync();
        return null;
    }

    /// <summary>A request that may be sent again without doing it twice: reading, joining, registering, and sends with a transaction id.</summary>
    public ValueTask<MatrixAnswer> CallAsync(HttpMethod method, string path, JsonObject? body, string? asUser, CancellationToken cancellation) =>
        RunAsync(repeatable, method, path, body, asUser, cancellation);

    /// <summary>A request that would be done twice when sent twice.</summary>
    public ValueTask<MatrixAnswer> CallOnceAsync(HttpMethod method, string path, JsonObject? body, string? asUser, CancellationToken cancellation) =>
        RunAsync(once, method, path, body, asUser, cancellation);

    /// <summary>Whether the homeserver answered when it was asked last.</summary>
    public bool IsWell => status.State == AdapterState.Connected;

    /// <summary>Ends as long after now as one request may take.</summary>
    public CancellationTokenSource StartPatience() => new(options.RequestTimeout, clock);

    /// <summary>
    /// Joins a room. This and what follows may hang or fail because of this one room, whoever made it, so it neither opens the circuit breaker that all share nor counts as the homeserver's state;
    /// the caller tries again.
    /// </summary>
    public ValueTask<MatrixAnswer> JoinAsync(string room, string asUser, CancellationToken cancellation) =>
        RunAsync(aside, HttpMethod.Post, $"_matrix/client/v3/rooms/{Uri.EscapeDataString(room)}/join", [], asUser, cancellation);

    /// <summary>Leaves a room, or declines its invitation.</summary>
    public ValueTask<MatrixAnswer> LeaveAsync(string room, string asUser, CancellationToken cancellation) => RunAsync(
        aside, HttpMethod.Post, $"_matrix/client/v3/rooms/{Uri.EscapeDataString(room)}/leave",
        new JsonObject { ["reason"] = "This gateway speaks with users of its own homeserver only, in private rooms of two that one of the two has made" }, asUser, cancellation);

    /// <summary>All state events of a room: the answer is a list.</summary>
    public ValueTask<MatrixAnswer> ReadStateAsync(string room, string asUser, CancellationToken cancellation) =>
        RunAsync(aside, HttpMethod.Get, $"_matrix/client/v3/rooms/{Uri.EscapeDataString(room)}/state", null, asUser, cancellation, JsonValueKind.Array);

    /// <summary>What a room's state says of one user; 404 when it never was in it.</summary>
    public ValueTask<MatrixAnswer> ReadMemberAsync(string room, string user, string asUser, CancellationToken cancellation) =>
        RunAsync(aside, HttpMethod.Get, $"_matrix/client/v3/rooms/{Uri.EscapeDataString(room)}/state/m.room.member/{Uri.EscapeDataString(user)}", null, asUser, cancellation);

    /// <summary>
    /// Asks the homeserver to ping us (client-server interface, <c>appservice/{id}/ping</c>, since specification 1.7). What fails is the way from it to us, which says nothing about the way
    /// to it.
    /// </summary>
    public ValueTask<MatrixAnswer> AskForPingAsync(CancellationToken cancellation) =>
        RunAsync(aside, HttpMethod.Post, $"_matrix/client/v1/appservice/{Uri.EscapeDataString(options.RegistrationId)}/ping", [], null, cancellation);

    /// <summary>Stops asking.</summary>
    public async Task StopAsync()
    {
        await stopping.CancelAsync();
        await watching;
    }

    public async ValueTask DisposeAsync()
    {
        await StopAsync();
        http.Dispose();
        stopping.Dispose();
    }

    private async ValueTask<MatrixAnswer> RunAsync(
        ResiliencePipeline<MatrixAnswer> pipeline, HttpMethod method, string path, JsonObject? body, string? asUser, CancellationToken cancellation, JsonValueKind wanted = JsonValueKind.Object)
    {
        MatrixAnswer answer;
        try
        {
            answer = await pipeline.ExecuteAsync(async token => await RequestAsync(method, path, body, asUser, wanted, token), cancellation);
        }
        catch (BrokenCircuitException)
        {
            answer = new MatrixAnswer.Later(DefaultPause, Unreachable);
        }
        catch (TimeoutRejectedException)
        {
            answer = new MatrixAnswer.Unknown("the homeserver did not answer in time");
        }

        if (pipeline != aside)
        {
            Notice(answer);
        }

        return answer;
    }

    private async ValueTask<MatrixAnswer> RequestAsync(HttpMethod method, string path, JsonObject? body, string? asUser, JsonValueKind wanted, CancellationToken cancellation)
    {
        var query = asUser is null ? "" : (path.Contains('?', StringComparison.Ordinal) ? "&" : "?") + "user_id=" + Uri.EscapeDataString(asUser);
        using var request = new HttpRequestMessage(method, path + query);
        request.Headers.Authorization = new AuthenticationHeaderValue("Bearer", token.Use(bytes => Encoding.UTF8.GetString(bytes.Span)));
        if (body is not null)
        {
            request.Content = new StringContent(body.ToJsonString(), Encoding.UTF8, "application/json");
        }

        try
        {
            using var response = await http.SendAsync(request, HttpCompletionOption.ResponseContentRead, cancellation);
            var content = await ReadAsync(response, cancellation);
            return response.IsSuccessStatusCode
                ? content is { } ok && ok.ValueKind == wanted ? new MatrixAnswer.Ok(ok) : new MatrixAnswer.Unknown("the homeserver's answer is not JSON, or not of the form that is agreed")
                : Failure(response, content);
        }
        catch (HttpRequestException e) when (e.InnerException is SocketException { SocketErrorCode: SocketError.ConnectionRefused or SocketError.HostNotFound or SocketError.HostUnreachable or SocketError.NetworkUnreachable })
        {
            return new MatrixAnswer.Later(LostPause, Unreachable);
        }
        catch (HttpRequestException)
        {
            return new MatrixAnswer.Unknown("the connection to the homeserver broke");
        }
    }

    private static async ValueTask<JsonElement?> ReadAsync(HttpResponseMessage response, CancellationToken cancellation)
    {
        try
        {
            await using var stream = await response.Content.ReadAsStreamAsync(cancellation);
            using var document = await JsonDocument.ParseAsync(stream, new JsonDocumentOptions { MaxDepth = 64 }, cancellation);
            return document.RootElement.Clone();
        }
        catch (JsonException)
        {
            return null;
        }
    }

    private MatrixAnswer Failure(HttpResponseMessage response, JsonElement? body)
    {
        var (status, code) = ((int)response.StatusCode, CodeOf(body));
        return status switch
        {
            429 => new MatrixAnswer.Later(RetryAfter(response, body) ?? DefaultPause, "the homeserver asks to go slower", status),
            >= 500 => new MatrixAnswer.Later(RetryAfter(response, body) ?? DefaultPause, string.Create(CultureInfo.InvariantCulture, $"the homeserver failed with {status} {code}"), status),
            401 or 403 when code is "M_UNKNOWN_TOKEN" or "M_MISSING_TOKEN" => new MatrixAnswer.Later(TimeSpan.FromSeconds(30), BadToken, status),
            _ => new MatrixAnswer.No(status, code),
        };
    }

    // As it stands in the text: an escape is in no code, and one that makes no character cannot be read.
    private static string CodeOf(JsonElement? body) =>
        body is { ValueKind: JsonValueKind.Object } json && json.TryGetProperty("errcode", out var text) && text.GetRawText() is ['"', .. { Length: > 0 and <= MaxCodeLength } code, '"'] && code.All(c => char.IsAsciiLetterOrDigit(c) || c is '_' or '.')
            ? code
            : "M_UNKNOWN";

    private const string BadToken = "the homeserver refuses the application service's token";

    private TimeSpan? RetryAfter(HttpResponseMessage response, JsonElement? body)
    {
        var header = response.Headers.RetryAfter;
        TimeSpan? pause = header?.Delta ?? header?.Date - clock.GetUtcNow();
        if (pause is null && body is { ValueKind: JsonValueKind.Object } json && json.TryGetProperty("retry_after_ms", out var ms) && ms.ValueKind == JsonValueKind.Number && ms.TryGetInt64(out var value))
        {
            pause = TimeSpan.FromMilliseconds(Math.Clamp(value, 0, TimeSpan.MillisecondsPerDay));
        }

        return pause is { } wait ? TimeSpan.FromTicks(Math.Clamp(wait.Ticks, 0, TimeSpan.TicksPerDay)) : null;
    }

    private void Notice(MatrixAnswer answer)
    {
        switch (answer)
        {
            case MatrixAnswer.Later { Reason: BadToken }:
                Change(new AdapterStatus(AdapterState.BadCredentials, BadToken));
                break;
            case MatrixAnswer.Later { Reason: Unreachable }:
                Change(new AdapterStatus(AdapterState.Degraded, Unreachable));
                break;
            case MatrixAnswer.Unknown unknown:
                Change(new AdapterStatus(AdapterState.Degraded, unknown.Reason));
                break;
        }
    }

    private async ValueTask<AdapterStatus> ProbeAsync(CancellationToken cancellation) => await RunAsync(once, HttpMethod.Get, "_matrix/client/v3/account/whoami", null, null, cancellation) switch
    {
        MatrixAnswer.Ok => new AdapterStatus(AdapterState.Connected),
        MatrixAnswer.Later { Reason: BadToken } => new AdapterStatus(AdapterState.BadCredentials, BadToken),
        MatrixAnswer.Later later => new AdapterStatus(AdapterState.Degraded, later.Reason),
        MatrixAnswer.Unknown unknown => new AdapterStatus(AdapterState.Degraded, unknown.Reason),
        MatrixAnswer.No no => new AdapterStatus(AdapterState.BadCredentials, string.Create(CultureInfo.InvariantCulture, $"the homeserver answers {no.Status} {no.ErrorCode} when asked who we are")),
        _ => throw new InvalidOperationException("A homeserver answers, refuses, asks to wait, or does not answer."),
    };

    private async Task WatchAsync()
    {
        try
        {
            while (true)
            {
                await Task.Delay(status.State == AdapterState.Connected ? Shorter(options.KeepAlive, DefaultPause) : LostPause, clock, stopping.Token);
                Change(await ProbeAsync(stopping.Token));
            }
        }
        catch (OperationCanceledException)
        {
            // Stopped.
        }
    }

    private static TimeSpan Shorter(TimeSpan one, TimeSpan other) => one < other ? one : other;

    private void Change(AdapterStatus now)
    {
        if (now != status)
        {
            status = now;
            changed(now);
        }
    }
}
