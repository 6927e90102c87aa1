using System.Collections.Concurrent;
using System.Net;
using System.Text.Json.Nodes;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.DependencyInjection;

namespace Interconnect.Sandbox.Tests.Matrix;

/// <summary>The application service's side: keeps what is pushed, and refuses as often as told.</summary>
internal sealed class TransactionSink : IAsyncDisposable
{
    private WebApplication app = null!;

    public ConcurrentQueue<(string Path, string? Authorization, string Body)> Received { get; } = [];

    public int Refusals { get; set; }

    public Uri Address { get; private set; } = null!;

    public static async Task<TransactionSink> StartAsync()
    {
        var sink = new TransactionSink();
        var builder = WebApplication.CreateEmptyBuilder(new WebApplicationOptions());
        builder.WebHost.UseKestrelCore().ConfigureKestrel(k => k.Listen(IPAddress.Loopback, 0));
        sink.app = builder.Build();
        sink.app.Run(sink.HandleAsync);
        await sink.app.StartAsync();
        sink.Address = new Uri(sink.app.Urls.First());
        return sink;
    }

    public IEnumerable<JsonNode> Events => Received.Where(r => r.Body.Length > 0).SelectMany(r => JsonNode.Parse(r.Body)!["events"]!.AsArray()).Select(e => e!);

    public async Task WaitAsync(Func<TransactionSink, bool> condition)
    {
        for (var i = 0; i < 400 && !condition(this); i++)
        {
            await Task.Delay(25);
        }

        Assert.True(condition(this), "what was waited for did not come");
    }

    public ValueTask DisposeAsync() => app.DisposeAsync();

    private async Task HandleAsync(HttpContext context)
    {
        using var reader = new StreamReader(context.Request.Body);
        var body = await reader.ReadToEndAsync();
        Received.Enqueue((context.Request.Path, context.Request.Headers.Authorization, body));
        context.Response.StatusCode = context.Request.Method == "PUT" && Refusals-- > 0 ? 500 : 200;
        await context.Response.WriteAsync("{}");
    }
}
