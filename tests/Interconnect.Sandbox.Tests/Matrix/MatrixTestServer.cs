using System.Net;
using System.Net.Http.Headers;
using System.Text;
using System.Text.Json.Nodes;

namespace Interconnect.Sandbox.Tests.Matrix;

/// <summary>A simulated homeserver with an application service, and requests to it.</summary>
internal sealed class MatrixTestServer : IAsyncDisposable
{
    private readonly HttpClient http = new();

    private MatrixTestServer(SimulatedMatrixServer server) => Server = server;

    public SimulatedMatrixServer Server { get; }

    public static async Task<MatrixTestServer> StartAsync(SimulatedMatrixOptions? options = null, Uri? service = null)
    {
        var server = await SimulatedMatrixServer.StartAsync(options ?? new SimulatedMatrixOptions { ServerName = "hs.test" }, TimeProvider.System);
        server.AddApplicationService(new ApplicationServiceRegistration { Id = "gw", Url = service, AsToken = "as", HsToken = "hs", SenderLocalpart = "gwbot", UserNamespace = @"@gw_.*:hs\.test" });
        server.AddAccount("bob", "pw");
        return new MatrixTestServer(server);
    }

    public async Task<(HttpStatusCode Status, JsonObject Body)> SendAsync(HttpMethod method, string path, object? body = null, string? token = null, string? raw = null)
    {
        using var request = new HttpRequestMessage(method, new Uri(Server.BaseAddress, "/_matrix/client/" + path));
        request.Headers.Authorization = token is null ? null : new AuthenticationHeaderValue("Bearer", token);
        if (body is not null || raw is not null)
        {
            request.Content = new StringContent(raw ?? System.Text.Json.JsonSerializer.Serialize(body), Encoding.UTF8, "application/json");
        }

        using var answer = await http.SendAsync(request);
        return (answer.StatusCode, JsonNode.Parse(await answer.Content.ReadAsStringAsync()) as JsonObject ?? []);
    }

    public async Task<string> SignInAsync(string user = "bob")
    {
        var (_, body) = await SendAsync(HttpMethod.Post, "v3/login", new { type = "m.login.password", identifier = new { type = "m.id.user", user }, password = "pw" });
        return (string)body["access_token"]!;
    }

    public async Task<string> CreateRoomAsync(string token, params string[] invite)
    {
        var (_, body) = await SendAsync(HttpMethod.Post, "v3/createRoom", new { preset = "private_chat", is_direct = true, invite }, token);
        return (string)body["room_id"]!;
    }

    public async ValueTask DisposeAsync()
    {
        http.Dispose();
        await Server.DisposeAsync();
    }
}
