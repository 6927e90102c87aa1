using System.Net;
using System.Text.Json.Nodes;

namespace Interconnect.Sandbox.Tests.Matrix;

public sealed class SimulatedMatrixServerTests
{
    public static TheoryData<string, string, string?, string?, int, string> Refusals() => new()
    {
        { "GET", "v3/no/such/thing", null, null, 404, "M_UNRECOGNIZED" },
        { "DELETE", "v3/joined_rooms", null, null, 405, "M_UNRECOGNIZED" },
        { "GET", "v3/joined_rooms", null, null, 401, "M_MISSING_TOKEN" },
        { "GET", "v3/joined_rooms", "wrong", null, 401, "M_UNKNOWN_TOKEN" },
        { "POST", "v3/createRoom", "bob", "{", 400, "M_NOT_JSON" },
        { "POST", "v3/createRoom", "bob", "[]", 400, "M_NOT_JSON" },
        { "POST", "v3/createRoom", "bob", """{"a":1,"a":2}""", 400, "M_NOT_JSON" },
        { "POST", "v3/createRoom", "bob", """{"a":1.5}""", 400, "M_BAD_JSON" },
        { "POST", "v3/createRoom", "bob", """{"invite":["@x:elsewhere.test"]}""", 403, "M_FORBIDDEN" },
        { "POST", "v3/createRoom", "bob", """{"room_alias_name":"x"}""", 400, "M_UNRECOGNIZED" },
        { "POST", "v3/register", null, """{"type":"m.login.password","username":"x"}""", 403, "M_FORBIDDEN" },
        { "POST", "v3/register", null, """{"type":"m.login.application_service","username":"gw_x"}""", 401, "M_MISSING_TOKEN" },
        { "POST", "v3/register", "as", """{"type":"m.login.application_service","username":"carl"}""", 400, "M_EXCLUSIVE" },
        { "POST", "v3/register", "as", """{"type":"m.login.application_service","username":"GW"}""", 400, "M_INVALID_USERNAME" },
        { "GET", "v3/joined_rooms?user_id=@bob:hs.test", "as", null, 403, "M_FORBIDDEN" },
        { "GET", "v3/joined_rooms?user_id=@gw_new:hs.test", "as", null, 403, "M_FORBIDDEN" },
        { "POST", "v3/join/!none:hs.test", "bob", "{}", 404, "M_NOT_FOUND" },
        { "GET", "v3/sync?since=x", "bob", null, 400, "M_INVALID_PARAM" },
        { "GET", "v3/sync?since=s999", "bob", null, 400, "M_INVALID_PARAM" },
        { "GET", "v3/profile/@nobody:hs.test", null, null, 404, "M_NOT_FOUND" },
        { "PUT", "v3/profile/@gwbot:hs.test/displayname", "bob", """{"displayname":"x"}""", 403, "M_FORBIDDEN" },
        { "POST", "v1/appservice/other/ping", "as", "{}", 403, "M_FORBIDDEN" },
        { "POST", "v1/appservice/gw/ping", "as", "{}", 400, "M_URL_NOT_SET" },
    };

    [Theory]
    [MemberData(nameof(Refusals))]
    public async Task Request_ThatCannotBeTaken_HasTheErrorOfARealHomeserver(string method, string path, string? token, string? body, int status, string code)
    {
        await using var server = await MatrixTestServer.StartAsync();
        var (actual, answer) = await server.SendAsync(new HttpMethod(method), path, null, token == "bob" ? await server.SignInAsync() : token, body);

        Assert.Equal(((HttpStatusCode)status, code), (actual, (string?)answer["errcode"]));
    }

    [Fact]
    public async Task Room_OthersAndStrangers_OnlyTheInvitedJoinAndOnlyMembersSend()
    {
        await using var server = await MatrixTestServer.StartAsync();
        server.Server.AddAccount("eve", "pw");
        var (bob, eve) = (await server.SignInAsync(), await server.SignInAsync("eve"));
        var room = await server.CreateRoomAsync(bob);

        Assert.Equal("M_FORBIDDEN", (string?)(await server.SendAsync(HttpMethod.Post, $"v3/join/{room}", new { }, eve)).Body["errcode"]);
        Assert.Equal("M_FORBIDDEN", (string?)(await server.SendAsync(HttpMethod.Put, $"v3/rooms/{room}/send/m.room.message/1", new { body = "x" }, eve)).Body["errcode"]);
        Assert.Equal("M_FORBIDDEN", (string?)(await server.SendAsync(HttpMethod.Get, $"v3/rooms/{room}/messages?dir=b", null, eve)).Body["errcode"]);
        await server.SendAsync(HttpMethod.Post, $"v3/rooms/{room}/invite", new { user_id = "@eve:hs.test" }, bob);
        Assert.Equal(HttpStatusCode.OK, (await server.SendAsync(HttpMethod.Post, $"v3/rooms/{room}/join", new { }, eve)).Status);
        Assert.Equal(HttpStatusCode.OK, (await server.SendAsync(HttpMethod.Put, $"v3/rooms/{room}/send/m.room.message/1", new { body = "x" }, eve)).Status);
        Assert.Equal("M_FORBIDDEN", (string?)(await server.SendAsync(HttpMethod.Put, $"v3/rooms/{room}/state/m.room.name", new { name = "x" }, eve)).Body["errcode"]);
        Assert.Equal(HttpStatusCode.OK, (await server.SendAsync(HttpMethod.Put, $"v3/rooms/{room}/state/m.room.name", new { name = "x" }, bob)).Status);
    }

    [Fact]
    public async Task Ghost_Registered_ActsForItselfAndItsTransactionIdsAreItsOwn()
    {
        await using var server = await MatrixTestServer.StartAsync();
        foreach (var ghost in new[] { "gw_a", "gw_b" })
        {
            var (status, body) = await server.SendAsync(HttpMethod.Post, "v3/register", new { type = "m.login.application_service", username = ghost, inhibit_login = true }, "as");
            Assert.Equal((HttpStatusCode.OK, $"@{ghost}:hs.test", null), (status, (string?)body["user_id"], body["access_token"]));
        }

        Assert.Equal("M_USER_IN_USE", (string?)(await server.SendAsync(HttpMethod.Post, "v3/register", new { type = "m.login.application_service", username = "gw_a" }, "as")).Body["errcode"]);
        var (_, created) = await server.SendAsync(HttpMethod.Post, "v3/createRoom?user_id=%40gw_a%3Ahs.test", new { preset = "trusted_private_chat", invite = new[] { "@gw_b:hs.test" } }, "as");
        var room = (string)created["room_id"]!;
        await server.SendAsync(HttpMethod.Post, $"v3/join/{Uri.EscapeDataString(room)}?user_id=@gw_b:hs.test", new { }, "as");

        async Task<string> SendAs(string ghost, string transaction) =>
            (string)(await server.SendAsync(HttpMethod.Put, $"v3/rooms/{room}/send/m.room.message/{transaction}?user_id=@{ghost}:hs.test", new { body = "x" }, "as")).Body["event_id"]!;
        var first = await SendAs("gw_a", "t%2F1");
        Assert.NotEqual(first, await SendAs("gw_b", "t%2F1"));
        Assert.NotEqual(first, await SendAs("gw_a", "t%2F2"));
        Assert.Equal(first, await SendAs("gw_a", "t%2F1"));
    }

    [Fact]
    public async Task Push_ServiceRefusesTwice_TheSameTransactionComesAgainAndOrderIsKept()
    {
        await using var sink = await TransactionSink.StartAsync();
        sink.Refusals = 2;
        await using var server = await MatrixTestServer.StartAsync(new SimulatedMatrixOptions { ServerName = "hs.test", RetryDelay = TimeSpan.FromMilliseconds(20) }, sink.Address);
        var bob = await server.SignInAsync();
        var other = await server.CreateRoomAsync(bob);
        var room = await server.CreateRoomAsync(bob, "@gw_a:hs.test");
        for (var i = 0; i < 5; i++)
        {
            await server.SendAsync(HttpMethod.Put, $"v3/rooms/{room}/send/m.room.message/{i}", new { body = $"{i}" }, bob);
            await server.SendAsync(HttpMethod.Put, $"v3/rooms/{other}/send/m.room.message/o{i}", new { body = "private" }, bob);
        }

        await server.SendAsync(HttpMethod.Post, "v3/register", new { type = "m.login.application_service", username = "gw_a", inhibit_login = true }, "as");
        await server.SendAsync(HttpMethod.Post, $"v3/join/{room}?user_id=@gw_a:hs.test", new { }, "as");
        await server.SendAsync(HttpMethod.Put, $"v3/rooms/{room}/send/m.room.message/last", new { body = "last" }, bob);

        await sink.WaitAsync(s => s.Events.Any(e => (string?)e["content"]!["body"] == "last"));

        var puts = sink.Received.Where(r => r.Path.Contains("/transactions/", StringComparison.Ordinal)).ToList();
        Assert.All(puts, p => Assert.Equal("Bearer hs", p.Authorization));
        Assert.Equal(puts[0], puts[1]);
        Assert.Equal(puts[0], puts[2]);
        Assert.Contains(sink.Received, r => r.Path == "/_matrix/app/v1/users/@gw_a:hs.test");
        var once = puts.DistinctBy(p => p.Path).SelectMany(p => JsonNode.Parse(p.Body)!["events"]!.AsArray()).ToList();
        Assert.Equal(once.Count, once.DistinctBy(e => (string?)e!["event_id"]).Count());
        Assert.DoesNotContain(once, e => (string?)e!["room_id"] == other);
        Assert.Equal(["invite", "join"], once.Where(e => (string?)e!["state_key"] == "@gw_a:hs.test").Select(e => (string?)e!["content"]!["membership"]));
        Assert.Contains(once, e => (string?)e!["content"]!["body"] == "last");
        Assert.Equal(HttpStatusCode.OK, (await server.SendAsync(HttpMethod.Post, "v1/appservice/gw/ping", new { transaction_id = "p" }, "as")).Status);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task Push_ServiceRefusedAndIsPinged_TheTransactionComesAtOnce(bool pinged)
    {
        await using var sink = await TransactionSink.StartAsync();
        sink.Refusals = 1;
        await using var server = await MatrixTestServer.StartAsync(new SimulatedMatrixOptions { ServerName = "hs.test", RetryDelay = TimeSpan.FromMinutes(10) }, sink.Address);
        await server.CreateRoomAsync(await server.SignInAsync(), "@gw_a:hs.test");
        await sink.WaitAsync(s => Pushes(s) == 1 && s.Refusals == 0);

        if (pinged)
        {
            Assert.Equal(HttpStatusCode.OK, (await server.SendAsync(HttpMethod.Post, "v1/appservice/gw/ping", new { transaction_id = "p" }, "as")).Status);
            await sink.WaitAsync(s => Pushes(s) == 2);
        }

        Assert.Equal(pinged ? 2 : 1, Pushes(sink));

        static int Pushes(TransactionSink sink) => sink.Received.Count(r => r.Path.Contains("/transactions/", StringComparison.Ordinal));
    }

    [Fact]
    public async Task Sync_MoreThanTheLimit_IsLimitedAndMessagesFillTheGap()
    {
        await using var server = await MatrixTestServer.StartAsync();
        var bob = await server.SignInAsync();
        var room = await server.CreateRoomAsync(bob);
        var since = (string)(await server.SendAsync(HttpMethod.Get, "v3/sync", null, bob)).Body["next_batch"]!;
        for (var i = 0; i < 8; i++)
        {
            await server.SendAsync(HttpMethod.Put, $"v3/rooms/{room}/send/m.room.message/{i}", new { body = $"{i}" }, bob);
        }

        var filter = Uri.EscapeDataString("""{"room":{"timeline":{"limit":3,"types":["m.room.message"]}}}""");
        var (_, sync) = await server.SendAsync(HttpMethod.Get, $"v3/sync?since={since}&filter={filter}", null, bob);
        var timeline = sync["rooms"]!["join"]![room]!["timeline"]!;
        Assert.True((bool)timeline["limited"]!);
        Assert.Equal(["5", "6", "7"], timeline["events"]!.AsArray().Select(e => (string?)e!["content"]!["body"]));
        Assert.Equal("7", (string?)timeline["events"]!.AsArray()[2]!["unsigned"]!["transaction_id"]);

        var (_, history) = await server.SendAsync(HttpMethod.Get, $"v3/rooms/{room}/messages?dir=b&limit=5&from={timeline["prev_batch"]}", null, bob);
        Assert.Equal(["4", "3", "2", "1", "0"], history["chunk"]!.AsArray().Select(e => (string?)e!["content"]!["body"]));
        Assert.Empty((await server.SendAsync(HttpMethod.Get, $"v3/sync?since={sync["next_batch"]}", null, bob)).Body["rooms"]!["join"]!.AsObject());
    }

    [Fact]
    public async Task Sync_NothingThere_WaitsUntilSomethingHappens()
    {
        await using var server = await MatrixTestServer.StartAsync();
        var bob = await server.SignInAsync();
        var room = await server.CreateRoomAsync(bob);
        var since = (string)(await server.SendAsync(HttpMethod.Get, "v3/sync", null, bob)).Body["next_batch"]!;

        var waiting = server.SendAsync(HttpMethod.Get, $"v3/sync?since={since}&timeout=30000", null, bob);
        Assert.False(waiting.IsCompleted);
        await server.SendAsync(HttpMethod.Put, $"v3/rooms/{room}/send/m.room.message/1", new { body = "now" }, bob);

        Assert.Equal("now", (string?)(await waiting).Body["rooms"]!["join"]![room]!["timeline"]!["events"]![0]!["content"]!["body"]);
    }

    [Fact]
    public async Task Bounds_Reached_AreRefusedAndWhatIsThereStays()
    {
        await using var server = await MatrixTestServer.StartAsync(new SimulatedMatrixOptions { ServerName = "hs.test", MaxRooms = 1, MaxDevices = 2, MaxEvents = 20, MaxBody = 100_000 });
        var bob = await server.SignInAsync();
        var room = await server.CreateRoomAsync(bob);
        Assert.Equal("M_RESOURCE_LIMIT_EXCEEDED", (string?)(await server.SendAsync(HttpMethod.Post, "v3/createRoom", new { }, bob)).Body["errcode"]);
        await server.SignInAsync();
        Assert.Equal("M_RESOURCE_LIMIT_EXCEEDED", (string?)(await server.SendAsync(HttpMethod.Post, "v3/login", new { type = "m.login.password", identifier = new { type = "m.id.user", user = "bob" }, password = "pw" })).Body["errcode"]);
        Assert.Equal(HttpStatusCode.RequestEntityTooLarge, (await server.SendAsync(HttpMethod.Put, $"v3/rooms/{room}/send/m.room.message/1", new { body = new string('x', 110_000) }, bob)).Status);

        var answers = new List<string?>();
        for (var i = 0; i < 20; i++)
        {
            answers.Add((string?)(await server.SendAsync(HttpMethod.Put, $"v3/rooms/{room}/send/m.room.message/{i}", new { body = "x" }, bob)).Body["errcode"]);
        }

        Assert.Null(answers[0]);
        Assert.Equal("M_RESOURCE_LIMIT_EXCEEDED", answers[^1]);
    }

    [Fact]
    public async Task Faults_AskedFor_HappenBeforeOrAfterTheRequestTakesEffect()
    {
        await using var server = await MatrixTestServer.StartAsync();
        var bob = await server.SignInAsync();
        var room = await server.CreateRoomAsync(bob);
        server.Server.Faults = (_, path) => path.EndsWith("/before", StringComparison.Ordinal) ? new MatrixFault(429, "M_LIMIT_EXCEEDED", 1_500, false)
            : path.EndsWith("/after", StringComparison.Ordinal) ? new MatrixFault(0, string.Empty, null, true) : null;

        var (status, body) = await server.SendAsync(HttpMethod.Put, $"v3/rooms/{room}/send/m.room.message/before", new { body = "before" }, bob);
        Assert.Equal((HttpStatusCode.TooManyRequests, 1_500), (status, (int?)body["retry_after_ms"]));
        await Assert.ThrowsAsync<HttpRequestException>(() => server.SendAsync(HttpMethod.Put, $"v3/rooms/{room}/send/m.room.message/after", new { body = "after" }, bob));

        server.Server.Faults = null;
        var (_, history) = await server.SendAsync(HttpMethod.Get, $"v3/rooms/{room}/messages?dir=b&limit=1", null, bob);
        Assert.Equal("after", (string?)history["chunk"]![0]!["content"]!["body"]);
    }
}
