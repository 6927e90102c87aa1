using System.Net;
using System.Net.Http.Headers;
using System.Net.Http.Json;
using System.Net.Sockets;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json.Nodes;
using System.Text.RegularExpressions;
using Interconnect.Federation;
using Interconnect.Testing;

namespace Interconnect.Scenarios;

/// <summary>The component's end of an XMPP server (XEP-0114), as bare text.</summary>
internal sealed class XmppComponentPeer : IAsyncDisposable
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(30);
    private static readonly SemaphoreSlim OneAtATime = new(1, 1);
    private readonly TcpClient tcp = new();
    private readonly StringBuilder heard = new();

    private XmppComponentPeer()
    {
    }

    public static async Task<XmppComponentPeer> ConnectAsync(XmppServerAddress server)
    {
        // A server takes one connection a component.
        await OneAtATime.WaitAsync();
        var peer = new XmppComponentPeer();
        await peer.tcp.ConnectAsync(IPAddress.Loopback, server.ComponentPort);
        await peer.SayAsync($"<stream:stream xmlns='jabber:component:accept' xmlns:stream='http://etherx.jabber.org/streams' to='{server.ComponentDomain}'>");
        var id = Regex.Match(await peer.HearAsync("<stream:stream[^>]*>"), "id=['\"]([^'\"]*)").Groups[1].Value;
        var digest = Convert.ToHexStringLower(SHA1.HashData(Encoding.UTF8.GetBytes(id + server.ComponentSecret)));
        await peer.SayAsync($"<handshake>{digest}</handshake>");
        await peer.HearAsync("<handshake ?/>|<handshake>");
        return peer;
    }

    public async Task SayAsync(string xml) => await tcp.GetStream().WriteAsync(Encoding.UTF8.GetBytes(xml));

    /// <summary>The next message that contains this; messages before it are dropped.</summary>
    public async Task<string> NextAsync(string part)
    {
        while (true)
        {
            var message = await HearAsync("<message.*?</message>");
            if (message.Contains(part, StringComparison.Ordinal))
                return message;
        }
    }

    public ValueTask DisposeAsync()
    {
        tcp.Dispose();
        OneAtATime.Release();
        return ValueTask.CompletedTask;
    }

    private async Task<string> HearAsync(string pattern)
    {
        using var patience = new CancellationTokenSource(Patience);
        var buffer = new byte[65_536];
        while (true)
        {
            var match = Regex.Match(heard.ToString(), pattern, RegexOptions.Singleline);
            if (match.Success)
            {
                heard.Remove(0, match.Index + match.Length);
                return match.Value;
            }

            var count = await tcp.GetStream().ReadAsync(buffer, patience.Token);
            if (count == 0)
                throw new EndOfStreamException($"The server left; heard: {heard}");

            heard.Append(Encoding.UTF8.GetString(buffer, 0, count));
        }
    }
}

/// <summary>A TCP wire to a port on loopback that can be cut.</summary>
internal sealed class CuttableWire : IAsyncDisposable
{
    private readonly TcpListener listener = new(IPAddress.Loopback, 0);
    private readonly int target;
    private readonly Lock gate = new();
    private readonly List<TcpClient> open = [];

    public CuttableWire(int target)
    {
        this.target = target;
        listener.Start();
        _ = ServeAsync();
    }

    public int Port => ((IPEndPoint)listener.LocalEndpoint).Port;

    public void Cut()
    {
        lock (gate)
        {
            foreach (var end in open)
                end.Client.Close(0);

            open.Clear();
        }
    }

    public ValueTask DisposeAsync()
    {
        listener.Dispose();
        Cut();
        return ValueTask.CompletedTask;
    }

    private async Task ServeAsync()
    {
        try
        {
            while (true)
            {
                var near = await listener.AcceptTcpClientAsync();
                var far = new TcpClient();
                await far.ConnectAsync(IPAddress.Loopback, target);
                lock (gate)
                    open.AddRange([near, far]);

                _ = PassAsync(near, far);
                _ = PassAsync(far, near);
            }
        }
        catch (Exception e) when (e is SocketException or ObjectDisposedException)
        {
            // The test is over.
        }
    }

    private static async Task PassAsync(TcpClient from, TcpClient to)
    {
        try
        {
            await from.GetStream().CopyToAsync(to.GetStream());
            to.Client.Shutdown(SocketShutdown.Send);
        }
        catch (Exception e) when (e is IOException or SocketException or ObjectDisposedException or InvalidOperationException)
        {
            // Cut.
        }
    }
}

/// <summary>A ghost of the gateway's on a homeserver, driven with the application service's token.</summary>
internal sealed class MatrixGhostPeer : IAsyncDisposable
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(30);
    private readonly HttpClient http;
    private readonly string id;

    private MatrixGhostPeer(HttpClient http, string id)
    {
        this.http = http;
        this.id = id;
    }

    public static async Task<MatrixGhostPeer> RegisterAsync(SynapseAddress server, UserUri user)
    {
        var local = "gw_" + $"{user.User}@{user.Domain.Value}".Replace("@", "=40", StringComparison.Ordinal);
        var http = new HttpClient { BaseAddress = server.Url };
        http.DefaultRequestHeaders.Authorization = new AuthenticationHeaderValue("Bearer", server.ApplicationServiceToken);
        var answer = await http.PostAsJsonAsync("_matrix/client/v3/register", new { type = "m.login.application_service", username = local, inhibit_login = true });
        Assert.True(answer.IsSuccessStatusCode, await answer.Content.ReadAsStringAsync());
        return new MatrixGhostPeer(http, $"@{local}:{server.ServerName}");
    }

    public async Task<string> InviteAsync(string user)
    {
        var answer = await http.PostAsJsonAsync($"_matrix/client/v3/createRoom?user_id={Uri.EscapeDataString(id)}", new { preset = "trusted_private_chat", is_direct = true, invite = new[] { user } });
        return (await ReadAsync(answer))["room_id"]!.GetValue<string>();
    }

    public async Task WaitForJoinAsync(string room, string user)
    {
        using var patience = new CancellationTokenSource(Patience);
        while (true)
        {
            var members = await ReadAsync(await http.GetAsync($"_matrix/client/v3/rooms/{Uri.EscapeDataString(room)}/joined_members?user_id={Uri.EscapeDataString(id)}", patience.Token));
            if (members["joined"]!.AsObject().ContainsKey(user))
                return;

            await Task.Delay(100, patience.Token);
        }
    }

    public async Task SendFrameAsync(string room, string frame)
    {
        var content = new JsonObject { ["msgtype"] = "m.notice", ["body"] = "x", ["org.interconnect.frame"] = frame };
        await ReadAsync(await http.PutAsJsonAsync($"_matrix/client/v3/rooms/{Uri.EscapeDataString(room)}/send/m.room.message/{Guid.NewGuid():N}?user_id={Uri.EscapeDataString(id)}", content));
    }

    /// <summary>The frames in a room that this ghost did not send, oldest first.</summary>
    public async Task<List<string>> FramesAsync(string room)
    {
        var page = await ReadAsync(await http.GetAsync($"_matrix/client/v3/rooms/{Uri.EscapeDataString(room)}/messages?dir=b&limit=100&user_id={Uri.EscapeDataString(id)}"));
        return [.. page["chunk"]!.AsArray().Reverse()
            .Where(e => (string?)e!["sender"] != id && e["content"]!["org.interconnect.frame"] is not null)
            .Select(e => (string)e!["content"]!["org.interconnect.frame"]!)];
    }

    public ValueTask DisposeAsync()
    {
        http.Dispose();
        return ValueTask.CompletedTask;
    }

    private static async Task<JsonObject> ReadAsync(HttpResponseMessage answer)
    {
        var text = await answer.Content.ReadAsStringAsync();
        Assert.True(answer.IsSuccessStatusCode, text);
        return JsonNode.Parse(text)!.AsObject();
    }
}
