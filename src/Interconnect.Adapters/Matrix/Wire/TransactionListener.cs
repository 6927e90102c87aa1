using System.Buffers;
using Interconnect.Adapters.Hosting;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using BadHttpRequestException = Microsoft.AspNetCore.Http.BadHttpRequestException;

namespace Interconnect.Adapters.Matrix.Wire;

/// <summary>What the adapter does with what the homeserver brings.</summary>
internal interface ITransactionHandler
{
    /// <summary>A request came with the homeserver's token.</summary>
    void Heard();

    /// <summary>Takes a transaction's body: everything in it is on stable storage or of no use, or when to bring it again.</summary>
    ValueTask<TransactionOutcome> TakeAsync(string transactionId, ReadOnlySequence<byte> body, CancellationToken cancellation);

    /// <summary>Whether a user of ours by this id exists, or was made to exist.</summary>
    ValueTask<bool> HasUserAsync(string userId, CancellationToken cancellation);
}

/// <summary>What became of a transaction.</summary>
internal abstract record TransactionOutcome
{
    /// <summary>The homeserver may forget it.</summary>
    public sealed record Taken : TransactionOutcome;

    /// <summary>The homeserver shall bring it again.</summary>
    public sealed record NotNow(TimeSpan RetryAfter) : TransactionOutcome;
}

/// <summary>
/// The HTTP side that the homeserver calls (application service interface, version 1). The token is compared, in fixed time, before anything of a request is read.
/// </summary>
internal sealed class TransactionListener(MatrixOptions options, Secret token, ITransactionHandler handler) : IAsyncDisposable
{
    private const string Root = "/_matrix/app/v1/";
    private WebApplication? application;

    /// <summary>Starts to listen.</summary>
    /// <exception cref="IOException">The address is taken.</exception>
    public async Task StartAsync(CancellationToken cancellation)
    {
        options.TryListen(out var endpoint);
        var builder = WebApplication.CreateEmptyBuilder(new WebApplicationOptions());
        builder.WebHost.UseKestrelCore().ConfigureKestrel(kestrel =>
        {
            kestrel.AddServerHeader = false;
            kestrel.Limits.MaxRequestBodySize = options.MaxTransactionBytes;
            kestrel.Limits.MaxConcurrentConnections = 256;
            kestrel.Limits.MaxRequestHeadersTotalSize = 16 << 10;
            kestrel.Limits.RequestHeadersTimeout = TimeSpan.FromSeconds(15);
            kestrel.Listen(endpoint, listen => listen.Protocols = HttpProtocols.Http1);
        });
        application = builder.Build();
        application.Run(AnswerAsync);
        await application.StartAsync(cancellation);
    }

    public async ValueTask DisposeAsync()
    {
        if (application is not null)
        {
            await application.StopAsync();
            await application.DisposeAsync();
        }
    }

    private static Task FailAsync(HttpContext context, int status, string code, string reason)
    {
        context.Response.StatusCode = status;
        return context.Response.WriteAsJsonAsync(new Dictionary<string, string> { ["errcode"] = code, ["error"] = reason }, context.RequestAborted);
    }

    private static Task DoneAsync(HttpContext context)
    {
        context.Response.ContentType = "application/json";
        return context.Response.WriteAsync("{}", context.RequestAborted);
    }

    private async Task AnswerAsync(HttpContext context)
    {
        if (!IsHomeserver(context.Request))
        {
            await FailAsync(context, StatusCodes.Status403Forbidden, "M_FORBIDDEN", "Not this application service's homeserver token");
            return;
        }

        handler.Heard();
        var path = context.Request.Path.Value ?? "";
        var parts = path.StartsWith(Root, StringComparison.Ordinal) ? path[Root.Length..].Split('/') : [];
        var (method, action) = parts switch
        {
            ["transactions", { Length: > 0 and <= 512 } id] => ("PUT", (Func<Task>)(() => TransactionAsync(context, id))),
            ["users", { Length: > 0 } user] => ("GET", () => UserAsync(context, user)),
            ["rooms", { Length: > 0 }] => ("GET", () => FailAsync(context, StatusCodes.Status404NotFound, "M_NOT_FOUND", "No such room")),
            ["ping"] => ("POST", () => DoneAsync(context)),
            _ => ("", () => FailAsync(context, StatusCodes.Status404NotFound, "M_UNRECOGNIZED", "No such endpoint")),
        };
        if (method.Length > 0 && context.Request.Method != method)
        {
            context.Response.Headers.Allow = method;
            await FailAsync(context, StatusCodes.Status405MethodNotAllowed, "M_UNRECOGNIZED", "Not with this method");
            return;
        }

        await action();
    }

    private bool IsHomeserver(HttpRequest request)
    {
        if (request.Headers.Authorization is [{ } header])
        {
            return header.StartsWith("Bearer ", StringComparison.OrdinalIgnoreCase) && token.Matches(header.AsSpan(7));
        }

        return options.AllowTokenInQuery && request.Headers.Authorization.Count == 0 && request.Query["access_token"] is [{ } query] && token.Matches(query);
    }

    private async Task UserAsync(HttpContext context, string user)
    {
        if (await handler.HasUserAsync(user, context.RequestAborted))
        {
            await DoneAsync(context);
            return;
        }

        await FailAsync(context, StatusCodes.Status404NotFound, "M_NOT_FOUND", "No such user");
    }

    private async Task TransactionAsync(HttpContext context, string id)
    {
        if (context.Request.ContentLength > options.MaxTransactionBytes)
        {
            await FailAsync(context, StatusCodes.Status413PayloadTooLarge, "M_TOO_LARGE", "The transaction is too large");
            return;
        }

        using var body = new MemoryStream();
        try
        {
            await context.Request.Body.CopyToAsync(body, context.RequestAborted);
        }
        catch (BadHttpRequestException e)
        {
            await FailAsync(context, e.StatusCode, e.StatusCode == StatusCodes.Status413PayloadTooLarge ? "M_TOO_LARGE" : "M_BAD_JSON", "The request cannot be read");
            return;
        }

        // What was begun is finished even when the homeserver hangs up: it will bring the same transaction again and find it done.
        switch (await handler.TakeAsync(id, new ReadOnlySequence<byte>(body.GetBuffer(), 0, (int)body.Length), CancellationToken.None))
        {
            case TransactionOutcome.Taken:
                await DoneAsync(context);
                break;
            case TransactionOutcome.NotNow later:
                context.Response.Headers.RetryAfter = Math.Max(1, (int)Math.Ceiling(later.RetryAfter.TotalSeconds)).ToString(System.Globalization.CultureInfo.InvariantCulture);
                await FailAsync(context, StatusCodes.Status503ServiceUnavailable, "M_LIMIT_EXCEEDED", "Cannot be stored now");
                break;
        }
    }
}
