using System.Collections.Concurrent;
using System.Net.Http.Headers;
using System.Net.Http.Json;
using System.Text.Json;
using System.Text.Json.Nodes;
using System.Threading.Channels;

namespace Interconnect.Scenarios;

/// <summary>An ordinary Matrix client, enough to be a user of a real homeserver: it signs in, syncs, joins what ghosts invite it to, and sends.</summary>
internal sealed class AdapterMatrixClient : IAsyncDisposable
{
    private static readonly TimeSpan Limit = TimeSpan.FromSeconds(30);
    private readonly HttpClient http;
    private readonly CancellationTokenSource ending = new();
    private readonly Channel<JsonElement> messages = Channel.CreateUnbounded<JsonElement>();
    private readonly ConcurrentDictionary<string, string> roomOf = new();
    private readonly bool accepts;
    private Task syncing = Task.CompletedTask;

    private AdapterMatrixClient(Uri homeserver, bool accepts) => (http, this.accepts) = (new HttpClient { BaseAddress = homeserver, Timeout = TimeSpan.FromSeconds(60) }, accepts);

    public string UserId { get; private set; } = "";

    /// <param name="accepts">Whether invitations are accepted.</param>
    public static async Task<AdapterMatrixClient> ConnectAsync(Uri homeserver, string userId, string password, bool accepts = true)
    {
        var client = new AdapterMatrixClient(homeserver, accepts);
        var login = await client.CallAsync(HttpMethod.Post, "_matrix/client/v3/login", new JsonObject
        {
            ["type"] = "m.login.password",
            ["identifier"] = new JsonObject { ["type"] = "m.id.user", ["user"] = userId },
            ["password"] = password,
        });
        client.UserId = login.GetProperty("user_id").GetString()!;
        client.http.DefaultRequestHeaders.Authorization = new AuthenticationHeaderValue("Bearer", login.GetProperty("access_token").GetString());
        client.syncing = client.SyncAsync();
        return client;
    }

    /// <summary>The next message of somebody else: the event, with its room under <c>room_id</c>.</summary>
    public Task<JsonElement> NextMessageAsync(TimeSpan limit) => messages.Reader.ReadAsync().AsTask().WaitAsync(limit);

    /// <summary>The room shared with the other, made with an invitation when there is none, once the other has joined.</summary>
    public async Task<string> RoomWithAsync(string other)
    {
        if (roomOf.TryGetValue(other, out var known))
        {
            return known;
        }

        var made = await CallAsync(HttpMethod.Post, "_matrix/client/v3/createRoom", new JsonObject { ["preset"] = "trusted_private_chat", ["is_direct"] = true, ["invite"] = new JsonArray(other) });
        var room = made.GetProperty("room_id").GetString()!;
        roomOf[other] = room;
        using var limit = new CancellationTokenSource(Limit);
        while (true)
        {
            var members = await CallAsync(HttpMethod.Get, $"_matrix/client/v3/rooms/{Uri.EscapeDataString(room)}/joined_members", null);
            if (members.GetProperty("joined").TryGetProperty(other, out _))
            {
                return room;
            }

            await Task.Delay(50, limit.Token);
        }
    }

    public Task<JsonElement> SendAsync(string room, JsonObject content, string transaction) =>
        CallAsync(HttpMethod.Put, $"_matrix/client/v3/rooms/{Uri.EscapeDataString(room)}/send/m.room.message/{Uri.EscapeDataString(transaction)}", content);

    /// <summary>What the room's state says of somebody: join, invite, leave; null when it was never there.</summary>
    public async Task<string?> MembershipAsync(string room, string user)
    {
        var members = await CallAsync(HttpMethod.Get, $"_matrix/client/v3/rooms/{Uri.EscapeDataString(room)}/members", null);
        return members.GetProperty("chunk").EnumerateArray().Where(e => Name(e, "state_key") == user).Select(e => Name(e.GetProperty("content"), "membership")).LastOrDefault();
    }

    /// <summary>The rooms that this user is invited to and has not entered.</summary>
    public async Task<IReadOnlyList<string>> InvitedToAsync()
    {
        var answer = await CallAsync(HttpMethod.Get, "_matrix/client/v3/sync?timeout=0", null);
        return answer.TryGetProperty("rooms", out var all) && all.TryGetProperty("invite", out var invites) ? [.. invites.EnumerateObject().Select(i => i.Name)] : [];
    }

    public Task ReadAsync(string room, string eventId) =>
        CallAsync(HttpMethod.Post, $"_matrix/client/v3/rooms/{Uri.EscapeDataString(room)}/receipt/m.read/{Uri.EscapeDataString(eventId)}", []);

    public async Task<JsonElement> CallAsync(HttpMethod method, string path, JsonObject? body)
    {
        using var request = new HttpRequestMessage(method, path) { Content = body is null ? null : JsonContent.Create(body) };
        using var response = await http.SendAsync(request, ending.Token);
        var answer = await response.Content.ReadFromJsonAsync<JsonElement>();
        return response.IsSuccessStatusCode ? answer : throw new InvalidOperationException($"{method} {path}: {(int)response.StatusCode} {answer}");
    }

    public async ValueTask DisposeAsync()
    {
        await ending.CancelAsync();
        await syncing;
        http.Dispose();
        ending.Dispose();
    }

    private static string Name(JsonElement element, string key) => element.TryGetProperty(key, out var value) && value.ValueKind == JsonValueKind.String ? value.GetString()! : "";

    private async Task SyncAsync()
    {
        var since = "";
        try
        {
            while (true)
            {
                var path = "_matrix/client/v3/sync?timeout=30000&filter=" + Uri.EscapeDataString("""{"room":{"timeline":{"limit":1000}},"presence":{"not_types":["*"]}}""") + since;
                var answer = await CallAsync(HttpMethod.Get, path, null);
                since = "&since=" + Uri.EscapeDataString(answer.GetProperty("next_batch").GetString()!);
                if (!answer.TryGetProperty("rooms", out var rooms))
                {
                    continue;
                }

                foreach (var room in accepts && rooms.TryGetProperty("invite", out var invites) ? invites.EnumerateObject().ToArray() : [])
                {
                    var by = room.Value.GetProperty("invite_state").GetProperty("events").EnumerateArray().First(e => Name(e, "type") == "m.room.member" && Name(e, "state_key") == UserId);
                    roomOf.TryAdd(Name(by, "sender"), room.Name);
                    await CallAsync(HttpMethod.Post, $"_matrix/client/v3/rooms/{Uri.EscapeDataString(room.Name)}/join", []);
                }

                foreach (var room in rooms.TryGetProperty("join", out var joined) ? joined.EnumerateObject().ToArray() : [])
                {
                    foreach (var entry in room.Value.GetProperty("timeline").GetProperty("events").EnumerateArray().Where(e => Name(e, "type") == "m.room.message" && Name(e, "sender") != UserId))
                    {
                        var copy = JsonNode.Parse(entry.GetRawText())!.AsObject();
                        copy["room_id"] = room.Name;
                        messages.Writer.TryWrite(JsonSerializer.SerializeToElement(copy));
                    }
                }
            }
        }
        catch (Exception e) when (e is OperationCanceledException or HttpRequestException)
        {
            messages.Writer.TryComplete();
        }
    }
}
