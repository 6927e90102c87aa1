using System.Net;
using System.Net.Http.Headers;
using System.Net.Http.Json;
using System.Net.Security;
using System.Net.Sockets;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using System.Text.Json;
using System.Text.Json.Nodes;

namespace Interconnect.Endpoint;

/// <summary>The few calls of the Matrix client-server API (v3) that are needed. Knows nothing of frames. Answers are bounded; failures are values.</summary>
internal sealed class MatrixApi : IDisposable
{
    /// <summary>More levels than 65,536 bytes, the largest event, can nest: what somebody puts into an event must not spoil the answer that it comes in.</summary>
    private const int MaxDepth = 100_000;

    private readonly MatrixOptions options;
    private readonly TimeProvider clock;
    private readonly HttpClient http;
    private string? token;

    private MatrixApi(MatrixOptions options, TimeProvider clock, HttpMessageHandler handler)
    {
        this.options = options;
        this.clock = clock;
        http = new HttpClient(handler) { BaseAddress = options.Server, MaxResponseContentBufferSize = options.MaxResponseBytes, Timeout = Timeout.InfiniteTimeSpan };
    }

    public static MatrixAnswer<MatrixApi> Create(MatrixOptions options, TimeProvider clock)
    {
        if (options.InsecureLoopback ? !options.Server.IsLoopback : options.Server.Scheme != "https")
            return new MatrixAnswer<MatrixApi>(options.InsecureLoopback ? MatrixFailures.NotLoopback : MatrixFailures.NoTls);

        var handler = new SocketsHttpHandler { AllowAutoRedirect = false, UseCookies = false, PooledConnectionLifetime = TimeSpan.FromMinutes(10), UseProxy = !options.Server.IsLoopback };
        if (options.TlsAuthorityFile is { } file)
        {
            var policy = new X509ChainPolicy { TrustMode = X509ChainTrustMode.CustomRootTrust, RevocationMode = X509RevocationMode.NoCheck };
            try
            {
                policy.CustomTrustStore.ImportFromPemFile(file);
            }
            catch (Exception e) when (e is IOException or CryptographicException or UnauthorizedAccessException)
            {
                return new MatrixAnswer<MatrixApi>(MatrixFailures.BadAuthorityFile);
            }

            if (policy.CustomTrustStore.Count == 0)
                return new MatrixAnswer<MatrixApi>(MatrixFailures.BadAuthorityFile);

            handler.SslOptions = new SslClientAuthenticationOptions { CertificateChainPolicy = policy };
        }

        return new MatrixAnswer<MatrixApi>(new MatrixApi(options, clock, handler));
    }

    /// <summary>The token that calls are made with; null before the first login.</summary>
    public string? Token => token;

    public void UseToken(string accessToken) => token = accessToken;

    /// <summary>Logs in with the password; the device stays the same when its id is given.</summary>
    public Task<MatrixAnswer<JsonObject>> LoginAsync(string? device, CancellationToken cancellation)
    {
        var body = new JsonObject
        {
            ["type"] = "m.login.password",
            ["identifier"] = new JsonObject { ["type"] = "m.id.user", ["user"] = options.Address.Id },
            ["password"] = options.Password,
            ["initial_device_display_name"] = "Interconnect endpoint",
        };
        if (device is not null)
            body["device_id"] = device;

        return SendAsync(HttpMethod.Post, "_matrix/client/v3/login", body, options.RequestTimeout, cancellation);
    }

    public Task<MatrixAnswer<JsonObject>> SyncAsync(string? since, string filter, TimeSpan timeout, CancellationToken cancellation)
    {
        var query = FormattableString.Invariant($"_matrix/client/v3/sync?timeout={(long)timeout.TotalMilliseconds}&filter={Uri.EscapeDataString(filter)}");
        return SendAsync(HttpMethod.Get, since is null ? query : $"{query}&since={Uri.EscapeDataString(since)}", null, timeout + options.RequestTimeout, cancellation);
    }

    /// <summary>A page of a room's timeline, newest first, from one token (null: from the newest event) back to another.</summary>
    public Task<MatrixAnswer<JsonObject>> MessagesAsync(string room, string? from, string? to, CancellationToken cancellation)
    {
        var between = (from is null ? "" : $"&from={Uri.EscapeDataString(from)}") + (to is null ? "" : $"&to={Uri.EscapeDataString(to)}");
        return SendAsync(HttpMethod.Get, $"_matrix/client/v3/rooms/{Uri.EscapeDataString(room)}/messages?dir=b&limit=100{between}", null, options.RequestTimeout, cancellation);
    }

    public Task<MatrixAnswer<JsonObject>> JoinAsync(string room, CancellationToken cancellation) =>
        SendAsync(HttpMethod.Post, $"_matrix/client/v3/join/{Uri.EscapeDataString(room)}", [], options.RequestTimeout, cancellation);

    public Task<MatrixAnswer<JsonObject>> CreateDirectRoomAsync(string invitee, CancellationToken cancellation) => SendAsync(
        HttpMethod.Post, "_matrix/client/v3/createRoom",
        new JsonObject { ["preset"] = "trusted_private_chat", ["is_direct"] = true, ["visibility"] = "private", ["invite"] = new JsonArray(invitee) },
        options.RequestTimeout, cancellation);

    /// <summary>Sends an event; the same transaction id gives the same event, whatever happened to the first answer.</summary>
    public Task<MatrixAnswer<JsonObject>> SendEventAsync(string room, string transaction, JsonObject content, CancellationToken cancellation) => SendAsync(
        HttpMethod.Put, $"_matrix/client/v3/rooms/{Uri.EscapeDataString(room)}/send/m.room.message/{Uri.EscapeDataString(transaction)}", content, options.RequestTimeout, cancellation);

    public void Dispose() => http.Dispose();

    private async Task<MatrixAnswer<JsonObject>> SendAsync(HttpMethod method, string path, JsonObject? body, TimeSpan limit, CancellationToken cancellation)
    {
        using var patience = new CancellationTokenSource(limit, clock);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(cancellation, patience.Token);
        using var request = new HttpRequestMessage(method, path);
        if (token is not null)
            request.Headers.Authorization = new AuthenticationHeaderValue("Bearer", token);

        if (body is not null)
            request.Content = JsonContent.Create(body);

        try
        {
            using var response = await http.SendAsync(request, either.Token).ConfigureAwait(false);
            var bytes = await response.Content.ReadAsByteArrayAsync(either.Token).ConfigureAwait(false);
            var json = Parse(bytes);
            return response.IsSuccessStatusCode
                ? json is null ? new MatrixAnswer<JsonObject>(MatrixFailures.Protocol) : new MatrixAnswer<JsonObject>(json)
                : Refuse(response, json);
        }
        catch (HttpRequestException e) when (e.HttpRequestError == HttpRequestError.ConfigurationLimitExceeded)
        {
            return new MatrixAnswer<JsonObject>(MatrixFailures.AnswerTooLarge);
        }
        catch (Exception e) when (e is HttpRequestException or IOException or SocketException || (e is OperationCanceledException && !cancellation.IsCancellationRequested))
        {
            return new MatrixAnswer<JsonObject>(MatrixFailures.Unreachable);
        }
    }

    private static MatrixAnswer<JsonObject> Refuse(HttpResponseMessage response, JsonObject? json)
    {
        var code = json.Text("errcode") is { Length: <= 64 } text && text.All(c => char.IsAsciiLetterOrDigit(c) || c is '_' or '.') ? text : $"HTTP {(int)response.StatusCode}";
        if (response.StatusCode == HttpStatusCode.TooManyRequests || code == "M_LIMIT_EXCEEDED")
        {
            var asked = response.Headers.RetryAfter?.Delta ?? TimeSpan.FromMilliseconds(json.Number("retry_after_ms") ?? 1_000);
            return new MatrixAnswer<JsonObject>(MatrixFailures.RateLimited, code, TimeSpan.FromTicks(Math.Clamp(asked.Ticks, TimeSpan.TicksPerMillisecond * 50, TimeSpan.TicksPerMinute * 10)));
        }

        if (code is "M_TOO_LARGE" || response.StatusCode == HttpStatusCode.RequestEntityTooLarge)
            return new MatrixAnswer<JsonObject>(MatrixFailures.TooLarge, code);

        return new MatrixAnswer<JsonObject>(MatrixFailures.Refused(code, (int)response.StatusCode >= 500), code);
    }

    /// <summary>An answer of the server; null when it is no JSON object.</summary>
    internal static JsonObject? Parse(byte[] bytes)
    {
        try
        {
            return JsonNode.Parse(bytes, documentOptions: new JsonDocumentOptions { MaxDepth = MaxDepth }) as JsonObject;
        }
        catch (JsonException)
        {
            return null;
        }
    }
}

/// <summary>What a call gave.</summary>
internal sealed class MatrixAnswer<T>
    where T : class
{
    public MatrixAnswer(T value) => Value = value;

    public MatrixAnswer(TransportFailure failure, string? code = null, TimeSpan? retryAfter = null) => (Failure, Code, RetryAfter) = (failure, code, retryAfter);

    /// <summary>The answer; null when refused.</summary>
    public T? Value { get; }

    /// <summary>Why there is none.</summary>
    public TransportFailure? Failure { get; }

    /// <summary>Matrix's error code where there was one.</summary>
    public string? Code { get; }

    /// <summary>True when the server no longer knows the session: logging in again helps.</summary>
    public bool IsLoggedOut => Code is "M_UNKNOWN_TOKEN" or "M_MISSING_TOKEN";

    /// <summary>How long the server wants us to wait; null when it did not say.</summary>
    public TimeSpan? RetryAfter { get; }
}

/// <summary>Reads JSON that anybody may have sent: a field of another type is as good as absent.</summary>
internal static class MatrixJson
{
    public static JsonObject? Object(this JsonNode? node, string name) => Field(node, name) as JsonObject;

    public static JsonArray? Array(this JsonNode? node, string name) => Field(node, name) as JsonArray;

    public static string? Text(this JsonNode? node, string name) =>
        Field(node, name) is JsonValue value && value.GetValueKind() == JsonValueKind.String ? Read(value) : null;

    public static long? Number(this JsonNode? node, string name) =>
        Field(node, name) is JsonValue value && value.TryGetValue<long>(out var number) ? number : null;

    public static bool Flag(this JsonNode? node, string name) =>
        Field(node, name) is JsonValue value && value.TryGetValue<bool>(out var flag) && flag;

    /// <summary>Fields are decoded at the first look: an object that names one twice, or with half a surrogate pair, has none.</summary>
    private static JsonNode? Field(JsonNode? node, string name)
    {
        try
        {
            return (node as JsonObject)?[name];
        }
        catch (Exception e) when (e is ArgumentException or InvalidOperationException)
        {
            return null;
        }
    }

    private static string? Read(JsonValue value)
    {
        try
        {
            return value.GetValue<string>();
        }
        catch (InvalidOperationException)
        {
            // Half a surrogate pair.
            return null;
        }
    }
}
