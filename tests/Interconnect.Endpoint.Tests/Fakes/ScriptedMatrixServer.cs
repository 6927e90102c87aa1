using System.Net;
using System.Net.Sockets;
using System.Text;
using System.Text.Json.Nodes;
using System.Threading.Channels;

namespace Interconnect.Endpoint.Tests.Fakes;

/// <summary>A homeserver on loopback that keeps requests waiting until the test answers them.</summary>
internal sealed class ScriptedMatrixServer : IDisposable
{
    private readonly HttpListener listener = new();
    private readonly Channel<Request> requests = Channel.CreateUnbounded<Request>();
    private readonly List<Request> passedOver = [];

    public ScriptedMatrixServer()
    {
        using (var probe = new TcpListener(IPAddress.Loopback, 0))
        {
            probe.Start();
            Port = ((IPEndPoint)probe.LocalEndpoint).Port;
        }

        listener.Prefixes.Add($"http://127.0.0.1:{Port}/");
        listener.Start();
        _ = ServeAsync();
    }

    public int Port { get; }

    public MatrixOptions Options => new()
    {
        Address = MatrixAddress.TryParse("@bob:hs.test", out var address) ? address : throw new InvalidOperationException(),
        Password = "pencil",
        Server = new Uri($"http://127.0.0.1:{Port}/"),
        Service = "@gwbot:hs.test",
        InsecureLoopback = true,
        FirstRetryDelay = TimeSpan.FromMilliseconds(10),
    };

    /// <summary>The next request whose path contains this; others stay for later.</summary>
    public async Task<Request> NextAsync(string path)
    {
        var early = passedOver.FirstOrDefault(request => request.Path.Contains(path, StringComparison.Ordinal));
        if (early is not null)
        {
            passedOver.Remove(early);
            return early;
        }

        while (true)
        {
            var request = await requests.Reader.ReadAsync().AsTask().WaitAsync(TimeSpan.FromSeconds(20));
            if (request.Path.Contains(path, StringComparison.Ordinal))
                return request;

            passedOver.Add(request);
        }
    }

    /// <summary>True when such a request has come and was not taken.</summary>
    public bool HasWaiting(string path)
    {
        while (requests.Reader.TryRead(out var request))
            passedOver.Add(request);

        return passedOver.Any(request => request.Path.Contains(path, StringComparison.Ordinal));
    }

    /// <summary>Answers the login and the first sync.</summary>
    public async Task LoginAsync(string sync = """{"next_batch":"s1"}""")
    {
        await (await NextAsync("/login")).AnswerAsync(200, """{"access_token":"token-1","user_id":"@bob:hs.test","device_id":"DEV"}""");
        await (await NextAsync("/sync")).AnswerAsync(200, sync);
    }

    public void Dispose() => listener.Close();

    private async Task ServeAsync()
    {
        while (listener.IsListening)
        {
            try
            {
                var context = await listener.GetContextAsync();
                var body = await new StreamReader(context.Request.InputStream).ReadToEndAsync();
                requests.Writer.TryWrite(new Request(context, Uri.UnescapeDataString(context.Request.RawUrl!), body));
            }
            catch (Exception e) when (e is HttpListenerException or ObjectDisposedException)
            {
                return;
            }
        }
    }

    internal sealed class Request(HttpListenerContext context, string path, string body)
    {
        public string Path => path;

        public string Method => context.Request.HttpMethod;

        public JsonObject Body => JsonNode.Parse(body)!.AsObject();

        public string? Authorization => context.Request.Headers["Authorization"];

        public async Task AnswerAsync(int status, string json)
        {
            var bytes = Encoding.UTF8.GetBytes(json);
            context.Response.StatusCode = status;
            context.Response.ContentType = "application/json";
            await context.Response.OutputStream.WriteAsync(bytes);
            context.Response.Close();
        }
    }
}

/// <summary>A transport's memory that lasts as long as the test.</summary>
internal sealed class KeptMemory : ITransportMemory
{
    private readonly System.Collections.Concurrent.ConcurrentDictionary<string, byte[]> values = new();

    public Task<byte[]?> LoadAsync(string name, CancellationToken cancellation) => Task.FromResult(values.TryGetValue(name, out var value) ? value : null);

    public Task SaveAsync(string name, byte[] value, CancellationToken cancellation)
    {
        values[name] = value;
        return Task.CompletedTask;
    }

    public string? Text(string name) => values.TryGetValue(name, out var value) ? Encoding.UTF8.GetString(value) : null;
}
