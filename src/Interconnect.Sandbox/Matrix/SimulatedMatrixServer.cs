using System.Globalization;
using System.Net;
using System.Text;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Hosting.Server.Features;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.Extensions.DependencyInjection;

namespace Interconnect.Sandbox;

/// <summary>
/// A small Matrix homeserver in memory on loopback: login, rooms, sending with transaction ids, sync, and application services with pushed transactions. What it
/// does not do it answers with M_UNRECOGNIZED.
/// </summary>
public sealed class SimulatedMatrixServer : IAsyncDisposable
{
    private readonly SimulatedMatrixOptions options;
    private readonly TimeProvider clock;
    private readonly MatrixStore store;
    private readonly List<MatrixRoute> routes;
    private readonly List<ServicePusher> pushers = [];
    private readonly Dictionary<string, ServicePusher> pusherById = [];
    private readonly CancellationTokenSource stopping = new();
    private WebApplication? app;
    private bool disposed;

    private SimulatedMatrixServer(SimulatedMatrixOptions options, TimeProvider clock)
    {
        this.options = options;
        this.clock = clock;
        store = new MatrixStore(options, clock);
        var accounts = new AccountEndpoints(store, (service, id, cancellation) => pusherById[service.Id].PingAsync(id, cancellation));
        routes = [.. accounts.Routes(), .. new RoomEndpoints(store).Routes(), .. new SyncEndpoint(store, clock).Routes()];
    }

    /// <summary>The part of user ids after the colon.</summary>
    public string ServerName => options.ServerName;

    /// <summary>The homeserver's base address.</summary>
    public Uri BaseAddress { get; private set; } = null!;

    /// <summary>Decides what goes wrong with a request (method, path), for tests of the other side; null for nothing.</summary>
    public Func<string, string, MatrixFault?>? Faults { get; set; }

    /// <summary>Starts a homeserver; it answers when this returns.</summary>
    /// <exception cref="SandboxOptionsException">The options are wrong.</exception>
    public static async Task<SimulatedMatrixServer> StartAsync(SimulatedMatrixOptions options, TimeProvider clock)
    {
        var problems = options.Problems().ToList();
        if (problems.Count > 0)
        {
            throw new SandboxOptionsException(string.Join(" ", problems));
        }

        var server = new SimulatedMatrixServer(options, clock);
        await server.ListenAsync();
        return server;
    }

    /// <summary>Makes an account.</summary>
    /// <exception cref="SandboxOptionsException">The name cannot be used, is taken or reserved, or there are too many.</exception>
    public void AddAccount(string localpart, string password)
    {
        if (!MatrixStore.IsLocalpart(localpart) || password.Length == 0 || store.OwnerOf(store.FullId(localpart)) is not null || store.AddAccount(localpart, password) is null)
        {
            throw new SandboxOptionsException("The name cannot be used, is taken or reserved, the password is empty, or there are too many accounts.");
        }
    }

    /// <summary>Registers an application service; pushing begins at once.</summary>
    /// <exception cref="SandboxOptionsException">The registration cannot be used.</exception>
    public void AddApplicationService(ApplicationServiceRegistration registration)
    {
        if (registration.Url is { } url && (!url.IsLoopback || url.Scheme != Uri.UriSchemeHttp))
        {
            throw new SandboxOptionsException("The application service's address is http on loopback.");
        }

        if (registration.AsToken.Length == 0 || registration.HsToken.Length == 0 || !MatrixStore.IsLocalpart(registration.SenderLocalpart) || pusherById.ContainsKey(registration.Id))
        {
            throw new SandboxOptionsException("The registration needs tokens, a valid sender and an id of its own.");
        }

        var pusher = new ServicePusher(registration, store, clock);
        pushers.Add(pusher);
        pusherById.Add(registration.Id, pusher);
        store.AddService(registration, pusher.Push);
    }

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        if (Interlocked.Exchange(ref disposed, true))
        {
            return;
        }

        await stopping.CancelAsync();
        foreach (var pusher in pushers)
        {
            await pusher.DisposeAsync();
        }

        if (app is not null)
        {
            await app.DisposeAsync();
        }

        stopping.Dispose();
    }

    private async Task ListenAsync()
    {
        var builder = WebApplication.CreateEmptyBuilder(new WebApplicationOptions());
        builder.WebHost.UseKestrelCore().ConfigureKestrel(kestrel =>
        {
            kestrel.Listen(IPAddress.Loopback, options.Port);
            kestrel.AddServerHeader = false;
            kestrel.Limits.MaxRequestBodySize = options.MaxBody;
        });
        app = builder.Build();
        app.Run(HandleAsync);
        await app.StartAsync();
        BaseAddress = new Uri(app.Services.GetRequiredService<IServer>().Features.GetRequiredFeature<IServerAddressesFeature>().Addresses.First());
    }

    private async Task HandleAsync(HttpContext context)
    {
        var target = context.Features.GetRequiredFeature<IHttpRequestFeature>().RawTarget;
        var path = target.Split('?', 2)[0];
        var fault = Faults?.Invoke(context.Request.Method, path);
        MatrixAnswer answer;
        if (fault is null || fault.AfterHandling)
        {
            using var cancellation = CancellationTokenSource.CreateLinkedTokenSource(context.RequestAborted, stopping.Token);
            try
            {
                answer = await AnswerAsync(context, path, cancellation.Token);
            }
            catch (OperationCanceledException)
            {
                context.Abort();
                return;
            }
        }
        else
        {
            answer = MatrixAnswer.Ok();
        }

        if (fault is not null)
        {
            if (fault.Status == 0)
            {
                context.Abort();
                return;
            }

            answer = MatrixAnswer.Fail(fault.Status, fault.ErrorCode, "A fault was asked for");
            if (fault.RetryAfterMs is { } wait)
            {
                answer.Body["retry_after_ms"] = wait;
                context.Response.Headers.RetryAfter = ((wait + 999) / 1_000).ToString(CultureInfo.InvariantCulture);
            }
        }

        var bytes = MatrixJson.Bytes(answer.Body);
        options.Observer?.Invoke("matrix response", bytes);
        context.Response.StatusCode = answer.Status;
        context.Response.ContentType = "application/json";
        context.Response.ContentLength = bytes.Length;
        await context.Response.Body.WriteAsync(bytes, context.RequestAborted);
    }

    private async Task<MatrixAnswer> AnswerAsync(HttpContext context, string path, CancellationToken cancellation)
    {
        var segments = path.Split('/');
        MatrixRoute? route = null;
        List<string> parameters = [];
        var pathIsKnown = false;
        foreach (var candidate in routes)
        {
            if (candidate.TryMatch(segments, out var found))
            {
                pathIsKnown = true;
                if (candidate.Method == context.Request.Method)
                {
                    (route, parameters) = (candidate, found);
                    break;
                }
            }
        }

        if (route is null)
        {
            return MatrixAnswer.Fail(pathIsKnown ? 405 : 404, "M_UNRECOGNIZED", "Unrecognized request");
        }

        using var body = new MemoryStream();
        try
        {
            await context.Request.Body.CopyToAsync(body, cancellation);
        }
        catch (Microsoft.AspNetCore.Http.BadHttpRequestException e) when (e.StatusCode == 413)
        {
            return MatrixAnswer.Fail(413, "M_TOO_LARGE", "Request content is too large");
        }

        var authorization = context.Request.Headers.Authorization.ToString();
        var token = authorization.StartsWith("Bearer ", StringComparison.Ordinal) ? authorization[7..] : context.Request.Query["access_token"].FirstOrDefault();
        var place = token is not null && store.IsTokenOfService(token, out _) ? "matrix service request" : "matrix request";
        options.Observer?.Invoke(place, Encoding.UTF8.GetBytes($"{context.Request.Method} {path} {Encoding.UTF8.GetString(body.GetBuffer(), 0, (int)body.Length)}"));
        if (MatrixJson.TryRead(body.GetBuffer().AsSpan(0, (int)body.Length), out var json) is { } malformed)
        {
            return malformed;
        }

        var request = new MatrixRequest(context.Request.Method, path, parameters, context.Request.Query, json, token, cancellation);
        if (!route.NeedsCaller)
        {
            return await route.Handle(request);
        }

        return Identify(request, out var caller) is { } refusal ? refusal : await route.Handle(request with { Caller = caller });
    }

    private MatrixAnswer? Identify(MatrixRequest request, out MatrixCaller caller)
    {
        caller = null!;
        if (string.IsNullOrEmpty(request.Token))
        {
            return MatrixAnswer.Fail(401, "M_MISSING_TOKEN", "Missing access token");
        }

        if (store.IsTokenOfService(request.Token, out var service))
        {
            var userId = request.Query["user_id"].FirstOrDefault() ?? store.FullId(service.SenderLocalpart);
            if (store.OwnerOf(userId) != service)
            {
                return MatrixAnswer.Forbidden("Application service cannot masquerade as this user.");
            }

            lock (store.Gate)
            {
                if (!store.Accounts.TryGetValue(userId, out var account))
                {
                    return MatrixAnswer.Forbidden("Application service has not registered this user");
                }

                caller = new MatrixCaller(account, null, service);
                return null;
            }
        }

        if (store.FindToken(request.Token) is not var (owner, device))
        {
            return MatrixAnswer.Fail(401, "M_UNKNOWN_TOKEN", "Invalid access token passed.");
        }

        caller = new MatrixCaller(owner, device, null);
        return null;
    }
}
