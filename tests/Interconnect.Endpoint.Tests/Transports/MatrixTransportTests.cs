using Interconnect.Endpoint.Tests.Fakes;
using Interconnect.Federation;
using Interconnect.Testing;

namespace Interconnect.Endpoint.Tests.Transports;

public sealed class MatrixTransportTests : IDisposable
{
    private const string Alice = "@gw_alice=40a.test:hs.test";
    private const string AliceJoined = """{"next_batch":"s1","rooms":{"join":{"!r:hs.test":{"state":{"events":[{"type":"m.room.member","state_key":"@gw_alice=40a.test:hs.test","sender":"@gw_alice=40a.test:hs.test","content":{"membership":"join"}}]}}}}}""";
    private static readonly TransportAddress AliceGhost = new TransportAddress.Ghost(UserUri.Parse("mimi://a.test/u/alice"));
    private readonly ScriptedMatrixServer server = new();
    private readonly RecordingSink sink = new();
    private readonly KeptMemory memory = new();

    public void Dispose() => server.Dispose();

    [Fact]
    public async Task StartAsync_WithTheWrongPassword_SaysSo()
    {
        await using var transport = new MatrixTransport(server.Options, memory, TimeProvider.System);
        var starting = transport.StartAsync(sink, CancellationToken.None);
        await (await server.NextAsync("/login")).AnswerAsync(403, """{"errcode":"M_FORBIDDEN","error":"no"}""");

        Assert.Equal("MXC-007", (await starting)!.RuleId);
    }

    [Theory]
    [InlineData("http://example.test/", false, "MXC-002")]
    [InlineData("http://example.test/", true, "MXC-003")]
    public async Task StartAsync_WithoutTls_IsForLoopbackOnly(string url, bool insecure, string rule)
    {
        await using var transport = new MatrixTransport(server.Options with { Server = new Uri(url), InsecureLoopback = insecure }, memory, TimeProvider.System);

        Assert.Equal(rule, (await transport.StartAsync(sink, CancellationToken.None))!.RuleId);
    }

    [Theory]
    [InlineData(200, "[]", "MXC-012")]
    [InlineData(200, "not json", "MXC-012")]
    [InlineData(200, """{"access_token":"t","user_id":"@mallory:hs.test"}""", "MXC-012")]
    [InlineData(500, "{}", "MXC-020")]
    public async Task StartAsync_WithAnAnswerThatIsNone_IsRefused(int status, string json, string rule)
    {
        await using var transport = new MatrixTransport(server.Options, memory, TimeProvider.System);
        var starting = transport.StartAsync(sink, CancellationToken.None);
        await (await server.NextAsync("/login")).AnswerAsync(status, json);

        Assert.Equal(rule, (await starting)!.RuleId);
    }

    [Fact]
    public async Task SendAsync_UsesTheSharedRoomAndTheFramesId()
    {
        await using var transport = await StartAsync(AliceJoined);
        var id = FrameId.Create();

        var sending = transport.SendAsync(AliceGhost, id, new byte[] { 1, 2, 3 }, CancellationToken.None);
        var request = await server.NextAsync("/send/");
        Assert.Equal("PUT", request.Method);
        Assert.Equal("Bearer token-1", request.Authorization);
        Assert.EndsWith($"/rooms/!r:hs.test/send/m.room.message/{id.Hex}", request.Path, StringComparison.Ordinal);
        Assert.Equal("AQID", (string?)request.Body["org.interconnect.frame"]);
        Assert.Equal("m.notice", (string?)request.Body["msgtype"]);
        await request.AnswerAsync(200, """{"event_id":"$1"}""");

        Assert.IsType<TransportSend.Taken>(await sending);
    }

    [Fact]
    public async Task SendAsync_WithoutARoom_MakesOneAndWaitsForTheGhost()
    {
        await using var transport = await StartAsync("""{"next_batch":"s1"}""");

        var sending = transport.SendAsync(AliceGhost, FrameId.Create(), new byte[] { 1 }, CancellationToken.None);
        var create = await server.NextAsync("/createRoom");
        Assert.Equal(Alice, (string?)create.Body["invite"]![0]);
        Assert.True((bool)create.Body["is_direct"]!);
        await create.AnswerAsync(200, """{"room_id":"!r:hs.test"}""");
        await (await server.NextAsync("since=s1")).AnswerAsync(200, AliceJoined.Replace("\"s1\"", "\"s2\"", StringComparison.Ordinal));
        await (await server.NextAsync("/send/")).AnswerAsync(200, """{"event_id":"$1"}""");

        Assert.IsType<TransportSend.Taken>(await sending);
    }

    [Fact]
    public async Task SendAsync_AskedToSlowDown_SaysHowLong_AndTooLarge_IsFinal()
    {
        await using var transport = await StartAsync(AliceJoined);

        var limited = transport.SendAsync(AliceGhost, FrameId.Create(), new byte[] { 1 }, CancellationToken.None);
        await (await server.NextAsync("/send/")).AnswerAsync(429, """{"errcode":"M_LIMIT_EXCEEDED","retry_after_ms":2500}""");
        var large = transport.SendAsync(AliceGhost, FrameId.Create(), new byte[] { 1 }, CancellationToken.None);
        await (await server.NextAsync("/send/")).AnswerAsync(413, """{"errcode":"M_TOO_LARGE"}""");

        Assert.Equal(TimeSpan.FromSeconds(2.5), Assert.IsType<TransportSend.Later>(await limited).After);
        Assert.Equal("MXC-014", Assert.IsType<TransportSend.Rejected>(await large).Why.RuleId);
    }

    [Theory]
    [InlineData(AliceJoined, "/send/", "M_UNKNOWN_TOKEN")]
    [InlineData(AliceJoined, "/send/", "M_MISSING_TOKEN")]
    [InlineData("""{"next_batch":"s1"}""", "/createRoom", "M_UNKNOWN_TOKEN")]
    public async Task SendAsync_WithATokenThatEnded_LogsInAgainAndIsForLater(string sync, string call, string code)
    {
        await using var transport = await StartAsync(sync);

        var sending = transport.SendAsync(AliceGhost, FrameId.Create(), new byte[] { 1 }, CancellationToken.None);
        await (await server.NextAsync(call)).AnswerAsync(401, $$"""{"errcode":"{{code}}"}""");
        await (await server.NextAsync("/login")).AnswerAsync(200, """{"access_token":"token-2","user_id":"@bob:hs.test","device_id":"DEV"}""");
        Assert.IsType<TransportSend.Later>(await sending);

        var again = transport.SendAsync(AliceGhost, FrameId.Create(), new byte[] { 1 }, CancellationToken.None);
        Assert.Equal("Bearer token-2", (await server.NextAsync(call)).Authorization);
        Assert.False(again.IsCompleted);
    }

    [Fact]
    public async Task SendAgainAsync_MakesANewEventOfTheSameFrame()
    {
        await using var transport = await StartAsync(AliceJoined);
        var id = FrameId.Create();

        var sending = transport.SendAgainAsync(AliceGhost, id, 2, new byte[] { 1, 2, 3 }, CancellationToken.None);
        var request = await server.NextAsync("/send/");
        Assert.EndsWith($"/{id.Hex}.2", request.Path, StringComparison.Ordinal);
        Assert.Equal("AQID", (string?)request.Body["org.interconnect.frame"]);
        await request.AnswerAsync(200, """{"event_id":"$1"}""");

        Assert.IsType<TransportSend.Taken>(await sending);
    }

    [Fact]
    public async Task SendAsync_OfALargeFrame_GoesOutInChunks()
    {
        await using var transport = await StartAsync(AliceJoined, server.Options with { MaxFrameBytes = 100, MaxChunkCharacters = 300 });
        var id = FrameId.Create();

        var sending = transport.SendAsync(AliceGhost, id, new byte[300], CancellationToken.None);
        for (var i = 1; i <= 2; i++)
        {
            var request = await server.NextAsync("/send/");
            Assert.EndsWith($"{id.Hex}-{i}", request.Path, StringComparison.Ordinal);
            Assert.StartsWith("IC1.", (string?)request.Body["org.interconnect.chunk"], StringComparison.Ordinal);
            await request.AnswerAsync(200, """{"event_id":"$1"}""");
        }

        Assert.IsType<TransportSend.Taken>(await sending);
    }

    [Fact]
    public async Task FramesOfTheGateway_AreTaken_OthersAreNot_AndThePositionIsSavedAfterwards()
    {
        await using var transport = await StartAsync(AliceJoined);
        var saved = new TaskCompletionSource();
        sink.Saved = saved.Task;

        await (await server.NextAsync("since=s1")).AnswerAsync(200, """
            {"next_batch":"s2","rooms":{"join":{"!r:hs.test":{"timeline":{"events":[
              {"type":"m.room.message","sender":"@mallory:hs.test","event_id":"$0","content":{"org.interconnect.frame":"AA=="}},
              {"type":"m.room.message","sender":"@bob:hs.test","event_id":"$1","content":{"org.interconnect.frame":"AA=="}},
              {"type":"m.room.message","sender":"@gw_alice=40a.test:other.test","event_id":"$2","content":{"org.interconnect.frame":"AA=="}},
              {"type":"m.room.message","sender":"@gw_alice=40a.test:hs.test","event_id":"$3","content":{"org.interconnect.frame":7}},
              {"type":"m.room.message","sender":"@gw_alice=40a.test:hs.test","event_id":"$4","content":{"org.interconnect.frame":"AQID"}},
              {"type":"m.room.message","sender":"@gwbot:hs.test","event_id":"$5","content":{"org.interconnect.chunk":"IC1.x"}}]}}}}}
            """);
        var frame = Assert.IsType<InboundItem.Frame>(await sink.NextAsync());
        Assert.Equal(AliceGhost, frame.From);
        Assert.Equal([1, 2, 3], frame.Bytes.ToArray());
        Assert.Equal("s1", memory.Text("matrix since"));
        saved.SetResult();

        Assert.IsType<TransportAddress.Service>(Assert.IsType<InboundItem.Chunk>(await sink.NextAsync()).From);
        await server.NextAsync("since=s2");
        Assert.Equal("s2", memory.Text("matrix since"));
        Assert.False(sink.HasMore);
    }

    [Fact]
    public async Task WhereTheServerLeftEventsOut_TheyAreFetchedInOrder()
    {
        await using var transport = await StartAsync(AliceJoined);

        await (await server.NextAsync("since=s1")).AnswerAsync(200, """
            {"next_batch":"s2","rooms":{"join":{"!r:hs.test":{"timeline":{"limited":true,"prev_batch":"p1","events":[
              {"type":"m.room.message","sender":"@gwbot:hs.test","content":{"org.interconnect.frame":"Aw=="}}]}}}}}
            """);
        var page = await server.NextAsync("/messages");
        Assert.Contains("from=p1", page.Path, StringComparison.Ordinal);
        Assert.Contains("to=s1", page.Path, StringComparison.Ordinal);
        await page.AnswerAsync(200, """
            {"start":"p1","chunk":[
              {"type":"m.room.message","sender":"@gwbot:hs.test","content":{"org.interconnect.frame":"Ag=="}},
              {"type":"m.room.message","sender":"@gwbot:hs.test","content":{"org.interconnect.frame":"AQ=="}}]}
            """);

        for (byte expected = 1; expected <= 3; expected++)
            Assert.Equal([expected], Assert.IsType<InboundItem.Frame>(await sink.NextAsync()).Bytes.ToArray());
    }

    [SharedFact("cases/agent-join-5xx-stops-everything")]
    public async Task AJoinThatFailsEveryTime_StopsNothing_AndIsGivenUp()
    {
        var sync = await File.ReadAllTextAsync(SharedFiles.PathOf("cases/agent-join-5xx-stops-everything/sync.json"));
        await using var transport = await StartAsync(sync, server.Options with { FirstRetryDelay = TimeSpan.FromMilliseconds(1) });

        var join = await server.NextAsync("/join/");
        Assert.EndsWith("/join/!broken:hs.test", join.Path, StringComparison.Ordinal);
        Assert.Equal([1, 2, 3], Assert.IsType<InboundItem.Frame>(await sink.NextAsync()).Bytes.ToArray());
        await (await server.NextAsync("since=s1")).AnswerAsync(200, """{"next_batch":"s2"}""");
        await server.NextAsync("since=s2");

        for (var tries = 1; tries < 12; tries++)
        {
            await join.AnswerAsync(500, """{"errcode":"M_UNKNOWN"}""");
            join = await server.NextAsync("/join/");
        }

        Assert.Contains("!broken:hs.test", memory.Text("matrix errands"), StringComparison.Ordinal);
        await join.AnswerAsync(500, """{"errcode":"M_UNKNOWN"}""");
        await UntilAsync(() => memory.Text("matrix errands") == "{}");
        Assert.False(server.HasWaiting("/join/"));
    }

    [Fact]
    public async Task AnInvitationNotAcceptedYet_IsAcceptedAfterTheNextStart()
    {
        await using (var first = await StartAsync("""{"next_batch":"s1"}"""))
        {
            await (await server.NextAsync("since=s1")).AnswerAsync(200, Invitation("s2", "!r:hs.test"));
            await server.NextAsync("/join/");
            await server.NextAsync("since=s2");
        }

        await using var second = new MatrixTransport(server.Options, memory, TimeProvider.System);
        var starting = second.StartAsync(sink, CancellationToken.None);
        await (await server.NextAsync("since=s2")).AnswerAsync(200, """{"next_batch":"s3"}""");
        Assert.Null(await starting);

        await (await server.NextAsync("/join/!r:hs.test")).AnswerAsync(200, """{"room_id":"!r:hs.test"}""");
        await UntilAsync(() => memory.Text("matrix errands") == "{}");
    }

    [Fact]
    public async Task MessagesOfOneRoomThatCannotBeFetched_HoldUpThatRoomAlone_AndKeepTheirOrder()
    {
        await using var transport = await StartAsync(AliceJoined, server.Options with { FirstRetryDelay = TimeSpan.FromMilliseconds(1) });

        await (await server.NextAsync("since=s1")).AnswerAsync(200, """
            {"next_batch":"s2","rooms":{"join":{
              "!r:hs.test":{"timeline":{"limited":true,"prev_batch":"p1","events":[{"type":"m.room.message","sender":"@gwbot:hs.test","content":{"org.interconnect.frame":"Ag=="}}]}},
              "!other:hs.test":{"timeline":{"events":[{"type":"m.room.message","sender":"@gwbot:hs.test","content":{"org.interconnect.frame":"CQ=="}}]}}}}}
            """);
        var page = await server.NextAsync("/messages");
        Assert.Equal([9], Assert.IsType<InboundItem.Frame>(await sink.NextAsync()).Bytes.ToArray());
        await (await server.NextAsync("since=s2")).AnswerAsync(200, """
            {"next_batch":"s3","rooms":{"join":{"!r:hs.test":{"timeline":{"events":[{"type":"m.room.message","sender":"@gwbot:hs.test","content":{"org.interconnect.frame":"Aw=="}}]}}}}}
            """);
        await server.NextAsync("since=s3");
        Assert.Equal("""{"!r:hs.test":"s1"}""", memory.Text("matrix errands"));
        await page.AnswerAsync(500, "{}");
        await (await server.NextAsync("/messages")).AnswerAsync(200, """{"chunk":[{"type":"m.room.message","sender":"@gwbot:hs.test","content":{"org.interconnect.frame":"AQ=="}}]}""");

        for (byte expected = 1; expected <= 3; expected++)
            Assert.Equal([expected], Assert.IsType<InboundItem.Frame>(await sink.NextAsync()).Bytes.ToArray());

        await UntilAsync(() => memory.Text("matrix errands") == "{}");
    }

    [Fact]
    public async Task MessagesOfOneRoomThatAreNeverGiven_AreGivenUpAndTold_AndWhatFollowsArrives()
    {
        await using var transport = await StartAsync(AliceJoined, server.Options with { FirstRetryDelay = TimeSpan.FromMilliseconds(1) });
        const string Gap = """{"next_batch":"NEXT","rooms":{"join":{"!r:hs.test":{"timeline":{"limited":true,"prev_batch":"p1","events":[{"type":"m.room.message","sender":"@gwbot:hs.test","content":{"org.interconnect.frame":"Ag=="}}]}}}}}""";
        await (await server.NextAsync("since=s1")).AnswerAsync(200, Gap.Replace("NEXT", "s2", StringComparison.Ordinal));
        await server.NextAsync("since=s2");

        for (var tries = 1; tries <= 12; tries++)
            await (await server.NextAsync("/messages")).AnswerAsync(500, "{}");

        Assert.Equal([2], Assert.IsType<InboundItem.Frame>(await sink.NextAsync()).Bytes.ToArray());
        while (await sink.WaitForAsync(TransportState.Connected) is not { RuleId: "MXC-021" })
        {
            // Told between the states of the connection.
        }

        await UntilAsync(() => memory.Text("matrix errands") == "{}");
    }

    [Fact]
    public async Task ASecondGapWhileTheFirstIsFetched_IsFetchedFromTheNewestMessage()
    {
        await using var transport = await StartAsync(AliceJoined);
        await (await server.NextAsync("since=s1")).AnswerAsync(200, """{"next_batch":"s2","rooms":{"join":{"!r:hs.test":{"timeline":{"limited":true,"prev_batch":"p1","events":[]}}}}}""");
        var page = await server.NextAsync("/messages");
        await (await server.NextAsync("since=s2")).AnswerAsync(200, """{"next_batch":"s3","rooms":{"join":{"!r:hs.test":{"timeline":{"limited":true,"prev_batch":"p2","events":[]}}}}}""");
        await server.NextAsync("since=s3");
        await page.AnswerAsync(200, """{"chunk":[{"type":"m.room.message","sender":"@gwbot:hs.test","content":{"org.interconnect.frame":"AQ=="}}]}""");

        var again = await server.NextAsync("/messages");
        Assert.DoesNotContain("from=", again.Path, StringComparison.Ordinal);
        Assert.Contains("to=s1", again.Path, StringComparison.Ordinal);
        await again.AnswerAsync(200, """{"chunk":[{"type":"m.room.message","sender":"@gwbot:hs.test","content":{"org.interconnect.frame":"Ag=="}}]}""");

        Assert.Equal([1], Assert.IsType<InboundItem.Frame>(await sink.NextAsync()).Bytes.ToArray());
        Assert.Equal([2], Assert.IsType<InboundItem.Frame>(await sink.NextAsync()).Bytes.ToArray());
    }

    [Fact]
    public async Task InvitationsOfTheGateway_AreAccepted_OthersAreNot()
    {
        await using var transport = await StartAsync("""{"next_batch":"s1"}""");

        await (await server.NextAsync("since=s1")).AnswerAsync(200, """
            {"next_batch":"s2","rooms":{"invite":{
              "!evil:hs.test":{"invite_state":{"events":[{"type":"m.room.member","state_key":"@bob:hs.test","sender":"@mallory:hs.test","content":{"membership":"invite"}}]}},
              "!good:hs.test":{"invite_state":{"events":[{"type":"m.room.member","state_key":"@bob:hs.test","sender":"@gw_alice=40a.test:hs.test","content":{"membership":"invite"}}]}}}}}
            """);
        var join = await server.NextAsync("/join/");
        Assert.EndsWith("/join/!good:hs.test", join.Path, StringComparison.Ordinal);
        await join.AnswerAsync(200, """{"room_id":"!good:hs.test"}""");
        await (await server.NextAsync("since=s2")).AnswerAsync(200, Joined("s3", "!good:hs.test", Alice));
        await server.NextAsync("since=s3");
        var sending = transport.SendAsync(AliceGhost, FrameId.Create(), new byte[] { 1 }, CancellationToken.None);
        var sent = await server.NextAsync("/send/");
        Assert.Contains("!good:hs.test", sent.Path, StringComparison.Ordinal);
        await sent.AnswerAsync(200, """{"event_id":"$1"}""");
        Assert.IsType<TransportSend.Taken>(await sending);
    }

    [Fact]
    public async Task AfterARestart_TheTokenAndThePositionAreUsedAgain_AndALostTokenIsRenewed()
    {
        await using (var first = await StartAsync(AliceJoined))
            await server.NextAsync("since=s1");

        await using var second = new MatrixTransport(server.Options, memory, TimeProvider.System);
        var starting = second.StartAsync(sink, CancellationToken.None);
        var sync = await server.NextAsync("since=s1");
        Assert.Equal("Bearer token-1", sync.Authorization);
        await sync.AnswerAsync(401, """{"errcode":"M_UNKNOWN_TOKEN"}""");
        var login = await server.NextAsync("/login");
        Assert.Equal("DEV", (string?)login.Body["device_id"]);
        await login.AnswerAsync(200, """{"access_token":"token-2","user_id":"@bob:hs.test","device_id":"DEV"}""");
        var again = await server.NextAsync("since=s1");
        Assert.Equal("Bearer token-2", again.Authorization);
        await again.AnswerAsync(200, """{"next_batch":"s2"}""");

        Assert.Null(await starting);
    }

    [Fact]
    public async Task AnInvitationWithForgedState_IsNotAccepted_AndMakesNoRoomTheGhosts()
    {
        await using var transport = await StartAsync("""{"next_batch":"s1"}""");

        await (await server.NextAsync("since=s1")).AnswerAsync(200, """
            {"next_batch":"s2","rooms":{"invite":{"!evil:hs.test":{"invite_state":{"events":[
              {"type":"m.room.member","state_key":"@bob:hs.test","sender":"@gw_alice=40a.test:hs.test","content":{"membership":"invite"}},
              {"type":"m.room.member","state_key":"@gw_alice=40a.test:hs.test","sender":"@gw_alice=40a.test:hs.test","content":{"membership":"join"}},
              {"type":"m.room.member","state_key":"@bob:hs.test","sender":"@mallory:evil.test","content":{"membership":"invite"}}]}}}}}
            """);
        await server.NextAsync("since=s2");
        var sending = transport.SendAsync(AliceGhost, FrameId.Create(), new byte[] { 1 }, CancellationToken.None);

        await (await server.NextAsync("/createRoom")).AnswerAsync(403, """{"errcode":"M_FORBIDDEN"}""");
        Assert.IsType<TransportSend.Rejected>(await sending);
        Assert.False(server.HasWaiting("/join/"));
    }

    [Fact]
    public async Task AfterJoining_OnlyTheRoomsOwnStateTellsWhoIsInIt()
    {
        await using var transport = await StartAsync("""{"next_batch":"s1"}""");

        await (await server.NextAsync("since=s1")).AnswerAsync(200, """
            {"next_batch":"s2","rooms":{"invite":{"!r:hs.test":{"invite_state":{"events":[{"type":"m.room.member","state_key":"@bob:hs.test","sender":"@gw_alice=40a.test:hs.test","content":{"membership":"invite"}}]}}}}}
            """);
        await (await server.NextAsync("/join/")).AnswerAsync(200, """{"room_id":"!r:hs.test"}""");
        await (await server.NextAsync("since=s2")).AnswerAsync(200, Joined("s3", "!r:hs.test", "@mallory:evil.test"));
        await server.NextAsync("since=s3");
        var sending = transport.SendAsync(AliceGhost, FrameId.Create(), new byte[] { 1 }, CancellationToken.None);

        await (await server.NextAsync("/createRoom")).AnswerAsync(403, """{"errcode":"M_FORBIDDEN"}""");
        Assert.IsType<TransportSend.Rejected>(await sending);
    }

    [Theory]
    [InlineData(1)]
    [InlineData(20)]
    public async Task SendAsync_DoesNotUseARoomWithOthersInIt_AndUsesTheOneWithoutThem(int others)
    {
        await using var transport = await StartAsync(Joined("s1", "!group:hs.test", [Alice, .. Enumerable.Range(0, others).Select(i => $"@other{i}:hs.test")]));
        await (await server.NextAsync("since=s1")).AnswerAsync(200, Joined("s2", "!pair:hs.test", Alice, "@bob:hs.test"));
        await server.NextAsync("since=s2");

        var sending = transport.SendAsync(AliceGhost, FrameId.Create(), new byte[] { 1 }, CancellationToken.None);
        var sent = await server.NextAsync("/");
        Assert.Contains("/rooms/!pair:hs.test/send/", sent.Path, StringComparison.Ordinal);
        await sent.AnswerAsync(200, """{"event_id":"$1"}""");

        Assert.IsType<TransportSend.Taken>(await sending);
    }

    [Theory]
    [InlineData("@mallory:hs.test", "/createRoom")]
    [InlineData("@gwbot:hs.test", "/rooms/!r:hs.test/send/")]
    public async Task SendAsync_DoesNotUseARoomThatSomebodyElseWasIn_ThoughTheyLeft(string who, string expected)
    {
        await using var transport = await StartAsync(Joined("s1", "!r:hs.test", Alice, who));
        await (await server.NextAsync("since=s1")).AnswerAsync(200, Joined("s2", "!r:hs.test", who).Replace("\"join\"}", "\"leave\"}", StringComparison.Ordinal));
        await server.NextAsync("since=s2");

        _ = transport.SendAsync(AliceGhost, FrameId.Create(), new byte[] { 1 }, CancellationToken.None);

        Assert.Contains(expected, (await server.NextAsync("/")).Path, StringComparison.Ordinal);
    }

    public static TheoryData<string> OddEvents() =>
    [
        $$$"""{"type":"m.room.message","sender":"@mallory:hs.test","content":{"x":{{{Nested(32_000)}}} }}""",
        $$"""{"type":"m.room.message","sender":"@gwbot:hs.test","content":{{Nested(100)}} }""",
        """{"type":"m.room.message","sender":"@gwbot:hs.test","sender":"@gwbot:hs.test","content":{}}""",
        """{"type":"m.room.message","sender":"@gwbot:hs.test","content":{"a":1,"a":2}}""",
        """{"type":"m.room.member","state_key":"\ud800","sender":"\ud800","content":{"membership":"join"}}""",
        """{"\ud800":1,"type":"m.room.message","sender":"@gwbot:hs.test"}""",
        "[]", "null", "7", "\"x\"",
    ];

    [Theory]
    [MemberData(nameof(OddEvents))]
    public async Task AnEventThatIsNotWhatItShouldBe_IsPassedOver_AndTheSyncGoesOn(string odd)
    {
        await using var transport = await StartAsync(AliceJoined);

        await (await server.NextAsync("since=s1")).AnswerAsync(200,
            $$$$$$"""{"next_batch":"s2","rooms":{"join":{"!x:hs.test":{"timeline":{"events":[{{{{{{odd}}}}}}]}},"!r:hs.test":{"timeline":{"events":[{{{{{{odd}}}}}},{"type":"m.room.message","sender":"@gwbot:hs.test","content":{"org.interconnect.frame":"AQID"}}]}}}}}""");

        Assert.Equal([1, 2, 3], Assert.IsType<InboundItem.Frame>(await sink.NextAsync()).Bytes.ToArray());
        await server.NextAsync("since=s2");
        Assert.False(sink.HasMore);
    }

    [Fact]
    public async Task AnAnswerOverTheBound_IsToldAndAskedForInSmallerParts()
    {
        await using var transport = await StartAsync(AliceJoined, server.Options with { MaxResponseBytes = 10_000 });

        var large = await server.NextAsync("since=s1");
        Assert.Contains("\"limit\":10}", large.Path, StringComparison.Ordinal);
        await large.AnswerAsync(200, $$"""{"next_batch":"s2","x":"{{new string('x', 20_000)}}"}""");

        var small = await server.NextAsync("since=s1");
        Assert.Contains("\"limit\":1}", small.Path, StringComparison.Ordinal);
        Assert.Equal("MXC-013", (await sink.WaitForAsync(TransportState.Reconnecting))?.RuleId);
        await small.AnswerAsync(200, """{"next_batch":"s2"}""");
        Assert.Contains("\"limit\":10}", (await server.NextAsync("since=s2")).Path, StringComparison.Ordinal);
    }

    private static string Invitation(string next, string room) =>
        """{"next_batch":"NEXT","rooms":{"invite":{"ROOM":{"invite_state":{"events":[{"type":"m.room.member","state_key":"@bob:hs.test","sender":"@gw_alice=40a.test:hs.test","content":{"membership":"invite"}}]}}}}}"""
            .Replace("NEXT", next, StringComparison.Ordinal).Replace("ROOM", room, StringComparison.Ordinal);

    private static async Task UntilAsync(Func<bool> happened)
    {
        using var limit = new CancellationTokenSource(TimeSpan.FromSeconds(20));
        while (!happened())
            await Task.Delay(5, limit.Token);
    }

    private static string Nested(int depth) => new string('[', depth) + new string(']', depth);

    private static string Joined(string next, string room, params string[] members) =>
        """{"next_batch":"NEXT","rooms":{"join":{"ROOM":{"state":{"events":[MEMBERS]}}}}}""".Replace("NEXT", next, StringComparison.Ordinal).Replace("ROOM", room, StringComparison.Ordinal).Replace("MEMBERS", string.Join(',', members.Select(Member)), StringComparison.Ordinal);

    private static string Member(string id) => """{"type":"m.room.member","state_key":"ID","sender":"ID","content":{"membership":"join"}}""".Replace("ID", id, StringComparison.Ordinal);

    private async Task<MatrixTransport> StartAsync(string sync, MatrixOptions? options = null)
    {
        var transport = new MatrixTransport(options ?? server.Options, memory, TimeProvider.System);
        var starting = transport.StartAsync(sink, CancellationToken.None);
        await server.LoginAsync(sync);
        Assert.Null(await starting);
        return transport;
    }
}
