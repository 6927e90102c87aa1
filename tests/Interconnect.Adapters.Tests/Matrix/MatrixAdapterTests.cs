using System.Net;
using System.Net.Http.Headers;
using System.Text;
using System.Text.Json.Nodes;
using Interconnect.Adapters.Matrix;
using Interconnect.Adapters.Tests.Simulated;
using Interconnect.Federation;
using Interconnect.Sandbox;
using Interconnect.Scenarios;
using Interconnect.Testing.Conformance;

namespace Interconnect.Adapters.Tests.Matrix;

/// <summary>What the homeserver may call, and what the adapter makes of a homeserver that fails.</summary>
public sealed class MatrixAdapterTests : IAsyncLifetime
{
    private static readonly TimeSpan Limit = TimeSpan.FromSeconds(20);
    private readonly RecordingSink sink = new();
    private readonly HttpClient homeserver = new();
    private SimulatedMatrixFarSide far = null!;
    private MatrixAdapter adapter = null!;

    public async Task InitializeAsync()
    {
        far = await SimulatedMatrixFarSide.CreateAsync();
        adapter = (MatrixAdapter)far.CreateAdapter();
        await adapter.StartAsync(sink, default);
        homeserver.BaseAddress = far.ListenAddress;
        homeserver.DefaultRequestHeaders.Authorization = new AuthenticationHeaderValue("Bearer", "hs-token");
    }

    public async Task DisposeAsync()
    {
        homeserver.Dispose();
        await adapter.DisposeAsync();
        await far.DisposeAsync();
    }

    [Theory]
    [InlineData("PUT", "_matrix/app/v1/transactions/1", "{}", 200, "")]
    [InlineData("PUT", "_matrix/app/v1/transactions/1", "not json", 200, "")]
    [InlineData("POST", "_matrix/app/v1/transactions/1", "{}", 405, "M_UNRECOGNIZED")]
    [InlineData("PUT", "_matrix/app/v1/transactions/", "{}", 404, "M_UNRECOGNIZED")]
    [InlineData("GET", "_matrix/app/v1/users/@gw_alice=40a.test:hs.test", null, 200, "")]
    [InlineData("GET", "_matrix/app/v1/users/@gw_nonsense:hs.test", null, 404, "M_NOT_FOUND")]
    [InlineData("GET", "_matrix/app/v1/users/@bob:hs.test", null, 404, "M_NOT_FOUND")]
    [InlineData("GET", "_matrix/app/v1/rooms/%23gw_x:hs.test", null, 404, "M_NOT_FOUND")]
    [InlineData("POST", "_matrix/app/v1/ping", "{\"transaction_id\":\"x\"}", 200, "")]
    [InlineData("GET", "_matrix/app/v1/ping", null, 405, "M_UNRECOGNIZED")]
    [InlineData("GET", "_matrix/app/v1/unheard-of", null, 404, "M_UNRECOGNIZED")]
    [InlineData("PUT", "transactions/1", "{}", 404, "M_UNRECOGNIZED")]
    public async Task Listen_Request_IsAnsweredAsTheSpecificationSays(string method, string path, string? body, int status, string code)
    {
        using var refused = await CallAsync(method, path, body, "wrong");
        Assert.Equal(HttpStatusCode.Forbidden, refused.StatusCode);
        Assert.Contains("M_FORBIDDEN", await refused.Content.ReadAsStringAsync(), StringComparison.Ordinal);

        using var answer = await CallAsync(method, path, body, "hs-token");
        Assert.Equal(status, (int)answer.StatusCode);
        Assert.Contains(code, await answer.Content.ReadAsStringAsync(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Listen_NoTokenOrOneInTheQuery_IsForbidden()
    {
        using var bare = new HttpClient { BaseAddress = far.ListenAddress };

        Assert.Equal(HttpStatusCode.Forbidden, (await bare.PutAsync("_matrix/app/v1/transactions/1", new StringContent("{}"))).StatusCode);
        Assert.Equal(HttpStatusCode.Forbidden, (await bare.PutAsync("_matrix/app/v1/transactions/1?access_token=hs-token", new StringContent("{}"))).StatusCode);
        Assert.Equal(HttpStatusCode.OK, (await homeserver.PutAsync("_matrix/app/v1/transactions/1", new StringContent("{}"))).StatusCode);
    }

    [Fact]
    public async Task Listen_TransactionOverTheBound_IsTooLarge()
    {
        using var request = new HttpRequestMessage(HttpMethod.Put, "_matrix/app/v1/transactions/1") { Content = new ByteArrayContent(new byte[(16 << 20) + 1]) };
        request.Headers.ExpectContinue = true;

        using var answer = await homeserver.SendAsync(request);

        Assert.Equal(HttpStatusCode.RequestEntityTooLarge, answer.StatusCode);
    }

    [Fact]
    public async Task Transaction_Repeated_CausesOneEvent()
    {
        var body = Transaction("$e1");

        Assert.Equal(HttpStatusCode.OK, (await PutAsync("t1", body)).StatusCode);
        Assert.Equal(HttpStatusCode.OK, (await PutAsync("t1", body)).StatusCode);

        await sink.NextEventAsync(Limit);
        Assert.Equal(0, sink.Waiting);
    }

    [Fact]
    public async Task Transaction_RepeatedWhileTheFirstIsWorkedOn_CausesOneEvent()
    {
        var gate = new TaskCompletionSource();
        sink.BeforeSubmit = _ => gate.Task;
        var (first, second) = (PutAsync("t1", Transaction("$e1")), PutAsync("t1", Transaction("$e1")));

        gate.SetResult();

        Assert.All(await Task.WhenAll(first, second), a => Assert.Equal(HttpStatusCode.OK, a.StatusCode));
        await sink.NextEventAsync(Limit);
        Assert.Equal(0, sink.Waiting);
    }

    [Fact]
    public async Task Transaction_SinkRefuses_IsNotAcknowledgedAndNothingPassesTheRefused()
    {
        sink.RefuseNext(1);

        using var refused = await PutAsync("t1", Transaction("$e1", "$e2"));
        Assert.Equal(HttpStatusCode.ServiceUnavailable, refused.StatusCode);
        Assert.NotNull(refused.Headers.RetryAfter);
        Assert.Equal(0, sink.Waiting);

        using var taken = await PutAsync("t1", Transaction("$e1", "$e2"));
        Assert.Equal(HttpStatusCode.OK, taken.StatusCode);
        Assert.Equal(["$e1"], (await sink.NextEventAsync(Limit)).DedupeKey);
        Assert.Equal(["$e2"], (await sink.NextEventAsync(Limit)).DedupeKey);
    }

    [Theory]
    [InlineData(429, "M_LIMIT_EXCEEDED", 7_000, typeof(DeliveryOutcome.Deferred))]
    [InlineData(502, "M_UNKNOWN", null, typeof(DeliveryOutcome.Deferred))]
    [InlineData(403, "M_FORBIDDEN", null, typeof(DeliveryOutcome.Rejected))]
    [InlineData(413, "M_TOO_LARGE", null, typeof(DeliveryOutcome.Rejected))]
    [InlineData(401, "M_UNKNOWN_TOKEN", null, typeof(DeliveryOutcome.Deferred))]
    [InlineData(0, "", null, typeof(DeliveryOutcome.Uncertain))]
    public async Task Deliver_HomeserverFails_IsTheOutcomeOfItsKind(int status, string code, int? retryAfterMs, Type expected)
    {
        await using var alice = await far.SignInAsync("alice");
        Assert.IsType<DeliveryOutcome.Delivered>(await adapter.DeliverAsync(new Delivery(Samples.Envelope(alice.User), alice.User, 1), default));
        far.Server.Faults = (_, path) => path.Contains("/send/", StringComparison.Ordinal) ? new MatrixFault(status, code, retryAfterMs, false) : null;

        var outcome = await adapter.DeliverAsync(new Delivery(Samples.Envelope(alice.User), alice.User, 1), default);

        Assert.IsType(expected, outcome);
        if (outcome is DeliveryOutcome.Deferred deferred && retryAfterMs is { } pause)
        {
            Assert.Equal(TimeSpan.FromMilliseconds(pause), deferred.NotBefore);
        }

        if (code == "M_UNKNOWN_TOKEN")
        {
            Assert.Contains(sink.Statuses, s => s.State == AdapterState.BadCredentials);
        }

        far.Server.Faults = null;
        Assert.IsType<DeliveryOutcome.Delivered>(await adapter.DeliverAsync(new Delivery(Samples.Envelope(alice.User), alice.User, 1), default));
    }

    [Fact]
    public async Task Deliver_AnswerLost_IsOneEventAfterTheRepetition()
    {
        await using var alice = await far.SignInAsync("alice");
        var (first, last) = (Samples.Envelope(alice.User), Samples.Envelope(alice.User));
        Assert.IsType<DeliveryOutcome.Delivered>(await adapter.DeliverAsync(new Delivery(Samples.Envelope(alice.User), alice.User, 1), default));
        await alice.NextFrameAsync(Limit);
        var lost = 0;
        far.Server.Faults = (_, path) => path.Contains("/send/", StringComparison.Ordinal) && Interlocked.Increment(ref lost) == 1 ? new MatrixFault(0, "", null, AfterHandling: true) : null;

        Assert.IsType<DeliveryOutcome.Delivered>(await adapter.DeliverAsync(new Delivery(first, alice.User, 1), default));
        Assert.IsType<DeliveryOutcome.Delivered>(await adapter.DeliverAsync(new Delivery(last, alice.User, 1), default));

        Assert.Equal(FrameCodec.Encode(new EndpointFrame.Delivery(first)), (await alice.NextFrameAsync(Limit)).Frame);
        Assert.Equal(FrameCodec.Encode(new EndpointFrame.Delivery(last)), (await alice.NextFrameAsync(Limit)).Frame);
        Assert.True(lost >= 3);
    }

    [Fact]
    public async Task Transaction_InvitationThatCannotBeAnswered_HoldsNothingUpAndIsTriedAgain()
    {
        var joins = 0;
        var joined = new TaskCompletionSource();
        far.Server.Faults = (_, path) =>
        {
            if (path.Contains("/join", StringComparison.Ordinal) && Interlocked.Increment(ref joins) > 3)
            {
                joined.TrySetResult();
            }

            return path.Contains("/join", StringComparison.Ordinal) ? new MatrixFault(502, "M_UNKNOWN", null, false) : null;
        };

        using var answer = await PutAsync("t1", Invitation("!nowhere:hs.test", "@gw_carol=40far.example:hs.test", "@mallory:hs.test"));

        Assert.Equal(HttpStatusCode.OK, answer.StatusCode);
        await joined.Task.WaitAsync(Limit);
    }

    [Fact]
    public async Task Transaction_InvitationToANameOfNobody_RegistersNobody()
    {
        var calls = new System.Collections.Concurrent.ConcurrentQueue<string>();
        far.Server.Faults = (_, path) =>
        {
            calls.Enqueue(path);
            return null;
        };

        Assert.Equal(HttpStatusCode.OK, (await PutAsync("t1", Invitation("!r:hs.test", "@gw_nonsense:hs.test", "@bob:hs.test"))).StatusCode);
        Assert.DoesNotContain(calls, c => c.Contains("/register", StringComparison.Ordinal));

        Assert.Equal(HttpStatusCode.OK, (await PutAsync("t2", Invitation("!r:hs.test", "@gw_carol=40far.example:hs.test", "@bob:hs.test"))).StatusCode);
        Assert.Contains(calls, c => c.Contains("/register", StringComparison.Ordinal));
    }

    [Fact]
    public async Task Deliver_GhostWasInvitedToAGroupFirst_UsesARoomOfThePairAlone()
    {
        await using var alice = await far.SignInAsync("alice");
        await using var carol = await far.SignInAsync("carol");
        var native = ((AdapterMatrixDevice)alice).Native;
        var made = await native.CallAsync(HttpMethod.Post, "_matrix/client/v3/createRoom", new JsonObject { ["invite"] = new JsonArray("@gw_bob=40far.example:hs.test", "@carol:hs.test") });
        var group = made.GetProperty("room_id").GetString()!;
        Assert.Equal(HttpStatusCode.OK, (await PutAsync("group", Invitation(group, "@gw_bob=40far.example:hs.test", "@alice:hs.test"))).StatusCode);
        var sends = new System.Collections.Concurrent.ConcurrentQueue<string>();
        far.Server.Faults = (_, path) =>
        {
            if (path.Contains("/send/", StringComparison.Ordinal))
            {
                sends.Enqueue(Uri.UnescapeDataString(path));
            }

            return null;
        };

        Assert.IsType<DeliveryOutcome.Delivered>(await adapter.DeliverAsync(new Delivery(Samples.Envelope(alice.User), alice.User, 1), default));

        Assert.DoesNotContain(group, Assert.Single(sends), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Deliver_AThirdOneEntersThePairsRoom_TheNextGoesIntoARoomOfThePairAlone()
    {
        await using var alice = await far.SignInAsync("alice");
        var sends = new System.Collections.Concurrent.ConcurrentQueue<string>();
        far.Server.Faults = (_, path) =>
        {
            if (path.Contains("/send/", StringComparison.Ordinal))
            {
                sends.Enqueue(Uri.UnescapeDataString(path).Split('/')[5]);
            }

            return null;
        };
        async Task<string> DeliverAsync()
        {
            Assert.IsType<DeliveryOutcome.Delivered>(await adapter.DeliverAsync(new Delivery(Samples.Envelope(alice.User), alice.User, 1), default));
            return sends.Last();
        }

        var room = await DeliverAsync();
        Assert.StartsWith("!", room, StringComparison.Ordinal);

        // The pair's own comings change nothing.
        Assert.Equal(HttpStatusCode.OK, (await PutAsync("own", Member(room, "@alice:hs.test", "@alice:hs.test", "join"))).StatusCode);
        Assert.Equal(HttpStatusCode.OK, (await PutAsync("ghost", Member(room, "@gw_bob=40far.example:hs.test", "@gw_bob=40far.example:hs.test", "join"))).StatusCode);
        Assert.Equal(room, await DeliverAsync());

        await using var carol = await far.SignInAsync("carol");
        await ((AdapterMatrixDevice)alice).Native.CallAsync(HttpMethod.Post, $"_matrix/client/v3/join/{Uri.EscapeDataString(room)}", []);
        await ((AdapterMatrixDevice)alice).Native.CallAsync(HttpMethod.Post, $"_matrix/client/v3/rooms/{Uri.EscapeDataString(room)}/invite", new JsonObject { ["user_id"] = "@carol:hs.test" });
        Assert.Equal(HttpStatusCode.OK, (await PutAsync("third", Member(room, "@alice:hs.test", "@carol:hs.test", "invite"))).StatusCode);
        var another = await DeliverAsync();
        Assert.NotEqual(room, another);
        Assert.Equal(another, await DeliverAsync());
    }

    [Fact]
    public async Task Transaction_InvitationOpenWhenTheAdapterStops_IsAnsweredAfterTheNextStart()
    {
        const string Ghost = "@gw_carol=40far.example:hs.test";
        var joins = new System.Collections.Concurrent.ConcurrentQueue<string>();
        var broken = true;
        far.Server.Faults = (_, path) =>
        {
            if (path.Contains("open", StringComparison.Ordinal) && path.EndsWith("/join", StringComparison.Ordinal))
            {
                joins.Enqueue(path);
                return broken ? new MatrixFault(502, "M_UNKNOWN", null, false) : new MatrixFault(403, "M_FORBIDDEN", null, false);
            }

            return null;
        };
        Assert.Equal(HttpStatusCode.OK, (await PutAsync("t1", Invitation("!open:hs.test", Ghost, "@bob:hs.test"))).StatusCode);
        Assert.NotEmpty(joins);
        await adapter.DisposeAsync();
        joins.Clear();
        broken = false;

        adapter = (MatrixAdapter)far.CreateAdapter();
        await adapter.StartAsync(sink, default);
        await UntilAsync(() => !joins.IsEmpty);

        // Answered: nothing is open for the start after that.
        await UntilAsync(far.NothingIsOpenAsync);
        await adapter.DisposeAsync();
        joins.Clear();
        adapter = (MatrixAdapter)far.CreateAdapter();
        await adapter.StartAsync(sink, default);
        await using var alice = await far.SignInAsync("alice");
        Assert.IsType<DeliveryOutcome.Delivered>(await adapter.DeliverAsync(new Delivery(Samples.Envelope(alice.User), alice.User, 1), default));
        Assert.Empty(joins);
    }

    [Fact]
    public async Task Transaction_RoomsThatBreakTheConnectionWhenJoined_DoNotStopDeliveries()
    {
        await using var alice = await far.SignInAsync("alice");
        Assert.IsType<DeliveryOutcome.Delivered>(await adapter.DeliverAsync(new Delivery(Samples.Envelope(alice.User), alice.User, 1), default));
        var joins = 0;
        far.Server.Faults = (_, path) =>
        {
            if (!path.Contains("/join", StringComparison.Ordinal) || path.Contains("joined", StringComparison.Ordinal))
            {
                return null;
            }

            Interlocked.Increment(ref joins);
            return new MatrixFault(0, "", null, false);
        };
        for (var i = 0; i < 30; i++)
        {
            Assert.Equal(HttpStatusCode.OK, (await PutAsync("t" + i, Invitation($"!r{i}:hs.test", "@gw_bob=40far.example:hs.test", "@alice:hs.test"))).StatusCode);
        }

        Assert.True(Volatile.Read(ref joins) >= 30);
        Assert.Equal(AdapterState.Connected, adapter.Status.State);
        Assert.IsType<DeliveryOutcome.Delivered>(await adapter.DeliverAsync(new Delivery(Samples.Envelope(alice.User), alice.User, 1), default));
    }

    private static Task UntilAsync(Func<bool> happened) => UntilAsync(() => Task.FromResult(happened()));

    private static async Task UntilAsync(Func<Task<bool>> happened)
    {
        using var limit = new CancellationTokenSource(Limit);
        while (!await happened())
        {
            await Task.Delay(10, limit.Token);
        }
    }

    private static string Member(string room, string by, string who, string membership) =>
        $"{{\"events\":[{{\"type\":\"m.room.member\",\"room_id\":\"{room}\",\"event_id\":\"$m\",\"sender\":\"{by}\",\"state_key\":\"{who}\",\"content\":{{\"membership\":\"{membership}\"}}}}]}}";

    private static string Invitation(string room, string ghost, string by) =>
        $"{{\"events\":[{{\"type\":\"m.room.member\",\"room_id\":\"{room}\",\"event_id\":\"$m\",\"sender\":\"{by}\",\"state_key\":\"{ghost}\",\"content\":{{\"membership\":\"invite\"}}}}]}}";

    private static string Transaction(params string[] eventIds) => "{\"events\":[" + string.Join(',', eventIds.Select(id =>
        $"{{\"type\":\"m.room.message\",\"room_id\":\"!r:hs.test\",\"event_id\":\"{id}\",\"sender\":\"@bob:hs.test\",\"content\":{{\"org.interconnect.frame\":\"{Convert.ToBase64String(FrameCodec.Encode(Samples.Request(UserUri.Parse("mimi://hs.test/u/bob"))))}\"}}}}")) + "]}";

    private Task<HttpResponseMessage> PutAsync(string id, string body) => homeserver.PutAsync($"_matrix/app/v1/transactions/{id}", new StringContent(body, Encoding.UTF8, "application/json"));

    private async Task<HttpResponseMessage> CallAsync(string method, string path, string? body, string token)
    {
        using var request = new HttpRequestMessage(new HttpMethod(method), path) { Content = body is null ? null : new StringContent(body) };
        request.Headers.Authorization = new AuthenticationHeaderValue("Bearer", token);
        return await homeserver.SendAsync(request);
    }
}
