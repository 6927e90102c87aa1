using System.Collections.Concurrent;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;

namespace Interconnect.Scenarios.Crossing;

/// <summary>Stands between homeserver and application service; on demand it lets a transaction through and loses the answer, as a network does.</summary>
public sealed class ForgetfulProxy : IAsyncDisposable
{
    private readonly WebApplication app;
    private readonly HttpClient client = new();
    private readonly ConcurrentDictionary<string, int> seen = new();
    private int toLose;

    private ForgetfulProxy(int listen, int target)
    {
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.WebHost.UseUrls($"http://127.0.0.1:{listen}");
        app = builder.Build();
        app.Run(context => ForwardAsync(context, target));
    }

    /// <summary>How many transactions came more than once.</summary>
    public int Repeated => seen.Values.Count(n => n > 1);

    public static ForgetfulProxy Start(int listen, int target)
    {
        var proxy = new ForgetfulProxy(listen, target);
        proxy.app.Start();
        return proxy;
    }

    /// <summary>The next transactions with events reach the application service, and the homeserver hears 502.</summary>
    public void LoseNextAnswers(int count) => Interlocked.Exchange(ref toLose, count);

    public async ValueTask DisposeAsync()
    {
        await app.DisposeAsync();
        client.Dispose();
    }

    private async Task ForwardAsync(HttpContext context, int target)
    {
        using var body = new MemoryStream();
        await context.Request.Body.CopyToAsync(body);
        var path = context.Request.Path + context.Request.QueryString;
        using var request = new HttpRequestMessage(new HttpMethod(context.Request.Method), $"http://127.0.0.1:{target}{path}") { Content = new ByteArrayContent(body.ToArray()) };
        request.Content.Headers.TryAddWithoutValidation("Content-Type", context.Request.ContentType ?? "application/json");
        request.Headers.TryAddWithoutValidation("Authorization", (string?)context.Request.Headers.Authorization);
        using var answer = await client.SendAsync(request);
        var isTransaction = context.Request.Path.Value!.Contains("/transactions/", StringComparison.Ordinal);
        if (isTransaction)
        {
            seen.AddOrUpdate(context.Request.Path.Value, 1, (_, n) => n + 1);
        }

        if (isTransaction && System.Text.Encoding.UTF8.GetString(body.ToArray()).Contains("org.interconnect.frame", StringComparison.Ordinal) && Interlocked.Decrement(ref toLose) >= 0)
        {
            context.Response.StatusCode = 502;
            return;
        }

        context.Response.StatusCode = (int)answer.StatusCode;
        context.Response.ContentType = "application/json";
        await context.Response.Body.WriteAsync(await answer.Content.ReadAsByteArrayAsync());
    }
}
