using System.Collections.Concurrent;
using System.Net;
using System.Text.Json.Nodes;
using Interconnect.Adapters.Matrix;
using Interconnect.Adapters.Tests.Simulated;
using Interconnect.Federation;
using Interconnect.Sandbox;
using Interconnect.Scenarios;
using Interconnect.Testing.Conformance;

namespace Interconnect.Adapters.Tests.Matrix.Rooms;

/// <summary>Which room carries a pair's events, whoever made rooms before, and when what lies in one counts as reached. Bob writes from elsewhere; Alice, Carol and Mallory are users of the homeserver.</summary>
public sealed class MatrixRoomTests : IAsyncLifetime
{
    private const string Ghost = "@gw_bob=40far.example:hs.test";
    private static readonly TimeSpan Limit = TimeSpan.FromSeconds(20);
    private static readonly UserUri Alice = UserUri.Parse("mimi://hs.test/u/alice");
    private readonly RecordingSink sink = new();
    private readonly ConcurrentQueue<string> sends = new();
    private readonly ConcurrentQueue<string> asked = new();
    private Func<string, MatrixFault?> fault = _ => null;
    private SimulatedMatrixFarSide far = null!;
    private MatrixAdapter adapter = null!;

    public async Task InitializeAsync()
    {
        far = await SimulatedMatrixFarSide.CreateAsync();
        far.Server.Faults = (_, encoded) =>
        {
            var path = Uri.UnescapeDataString(encoded);
            if (path.Contains("/send/m.room.message/ic", StringComparison.Ordinal))
            {
                sends.Enqueue(path.Split('/')[5]);
            }
            else if (path.EndsWith("/state", StringComparison.Ordinal))
            {
                asked.Enqueue(path.Split('/')[5]);
            }

            return fault(path);
        };
        await StartAsync();
    }

    public async Task DisposeAsync()
    {
        await adapter.DisposeAsync();
        await far.DisposeAsync();
    }

    [Fact]
    public async Task Deliver_MalloryMadeARoomOfTheTwoFirstAndLeft_IsNotUsedAndTheGhostLeavesIt()
    {
        await using var alice = await far.SignInReservedAsync("alice");
        await using var mallory = await far.SignInReservedAsync("mallory");
        var hers = await MakeAsync(mallory, "@alice:hs.test", Ghost);
        await JoinAsync(alice, hers);
        await LeaveAsync(mallory, hers);
        await UntilAsync(async () => await alice.MembershipAsync(hers, Ghost) == "leave");

        Assert.Equal(new DeliveryOutcome.Delivered(false, null), await DeliverAsync() with { NativeReference = null });

        Assert.NotEqual(hers, Assert.Single(sends));
    }

    [Theory]
    [InlineData("m.room.join_rules", "{\"join_rule\":\"public\"}")]
    [InlineData("m.room.history_visibility", "{\"history_visibility\":\"world_readable\"}")]
    [InlineData("m.room.power_levels", "{\"events_default\":50,\"users\":{\"@alice:hs.test\":100}}")]
    public async Task Deliver_AlicesRoomIsOpenOrMutesTheGhost_IsLeftAndAnotherOneMade(string type, string content)
    {
        await using var alice = await far.SignInReservedAsync("alice");
        var state = new JsonArray(new JsonObject { ["type"] = type, ["state_key"] = "", ["content"] = JsonNode.Parse(content) });
        var bad = await MakeAsync(alice, state, Ghost);
        await UntilAsync(async () => await alice.MembershipAsync(bad, Ghost) == "leave");
        await DeliverAsync();
        Assert.NotEqual(bad, sends.Last());

        // A sound one of hers is taken, and stays so until it is not sound any more.
        var good = await MakeAsync(alice, Ghost);
        await UntilAsync(async () => await alice.MembershipAsync(good, Ghost) == "join" && await far.Rooms.FindPairAsync(good, default) is not null);
        await UntilAsync(async () => await DeliverAsync() is { Reached: true } && sends.Last() == good);
        await SetAsync(alice, good, type, content);
        await UntilAsync(async () => await DeliverAsync() is not null && sends.Last() != good);
        await UntilAsync(async () => await alice.MembershipAsync(good, Ghost) == "leave");
    }

    [Fact]
    public async Task Deliver_ThirdOneInvitedToThePairsRoom_GhostLeavesAndTheNextGoesElsewhere()
    {
        await using var alice = await far.SignInAsync("alice");
        await using var mallory = await far.SignInReservedAsync("mallory");
        var native = ((AdapterMatrixDevice)alice).Native;
        await DeliverAsync();
        var room = sends.Last();
        await UntilAsync(async () => await DeliverAsync() is { Reached: true });
        Assert.Equal(room, sends.Last());

        await native.CallAsync(HttpMethod.Post, $"_matrix/client/v3/rooms/{Uri.EscapeDataString(room)}/invite", new JsonObject { ["user_id"] = "@mallory:hs.test" });
        await UntilAsync(async () => await native.MembershipAsync(room, Ghost) == "leave");
        await DeliverAsync();

        Assert.NotEqual(room, sends.Last());
    }

    [Fact]
    public async Task Deliver_ARoomWhoseStateCannotBeHad_DisturbsNoFirstContact()
    {
        await using var alice = await far.SignInReservedAsync("alice");
        await using var carol = await far.SignInReservedAsync("carol");
        fault = path => path.EndsWith("/state", StringComparison.Ordinal) ? new MatrixFault(0, "", null, false) : null;
        var broken = await MakeAsync(carol, "@alice:hs.test", Ghost);
        await UntilAsync(async () => await carol.MembershipAsync(broken, Ghost) == "join" && asked.Contains(broken));
        fault = path => path.Contains(broken, StringComparison.Ordinal) && path.EndsWith("/state", StringComparison.Ordinal) ? new MatrixFault(0, "", null, false) : null;
        for (var i = 0; i < 3; i++)
        {
            Assert.IsType<DeliveryOutcome.Delivered>(await DeliverAsync());
        }

        Assert.Equal(AdapterState.Connected, adapter.Status.State);
        Assert.DoesNotContain(broken, sends);
    }

    [Fact]
    public async Task Deliver_NotedRoomWhoseStateIsNeverHad_IsGivenUpAfterSomeTries()
    {
        await using var alice = await far.SignInAsync("alice");
        await DeliverAsync();
        var room = sends.Last();
        await RestartAsync(() => Task.CompletedTask);
        fault = path => path.Contains(room, StringComparison.Ordinal) && path.EndsWith("/state", StringComparison.Ordinal) ? new MatrixFault(500, "M_UNKNOWN", null, false) : null;

        for (var tries = 1; tries < 5; tries++)
        {
            Assert.IsType<DeliveryOutcome.Deferred>(await adapter.DeliverAsync(new Delivery(Samples.Envelope(Alice), Alice, 1), default));
        }

        Assert.IsType<DeliveryOutcome.Delivered>(await DeliverAsync());
        Assert.NotEqual(room, sends.Last());
    }

    [Fact]
    public async Task Deliver_AliceIsNotInTheRoom_IsHandedOverAndReachedWhenSheJoins()
    {
        await using var alice = await far.SignInReservedAsync("alice");
        var first = await DeliverAsync();
        var second = await DeliverAsync();
        Assert.False(first.Reached || second.Reached);
        await JoinAsync(alice, sends.Last());

        var receipts = new[] { await sink.NextReceiptAsync(Limit), await sink.NextReceiptAsync(Limit) };

        Assert.Equal([first.NativeReference, second.NativeReference], receipts.Select(r => r.NativeReference));
        Assert.All(receipts, r => Assert.Equal((Alice, DeliveryStatus.Delivered), (r.Recipient, r.Status)));
        Assert.True((await DeliverAsync()).Reached);
    }

    [Fact]
    public async Task Deliver_AliceDeclines_SenderIsToldAndTheNextGoesElsewhere()
    {
        await using var alice = await far.SignInReservedAsync("alice");
        var waiting = await DeliverAsync();
        var room = sends.Last();
        await LeaveAsync(alice, room);

        var receipt = await sink.NextReceiptAsync(Limit);
        Assert.Equal((waiting.NativeReference, DeliveryStatus.Bounced, "MTX-025"), (receipt.NativeReference, receipt.Status, receipt.RuleId));
        await DeliverAsync();
        Assert.NotEqual(room, sends.Last());
    }

    [Fact]
    public async Task Start_AliceJoinedMeanwhileAndNobodyHeardOfIt_IsReachedAllTheSame()
    {
        await using var alice = await far.SignInReservedAsync("alice");
        var waiting = await DeliverAsync();
        await RestartAsync(() => JoinAsync(alice, sends.Last()));

        Assert.Equal(waiting.NativeReference, (await sink.NextReceiptAsync(Limit)).NativeReference);
    }

    [Fact]
    public async Task Start_AliceLeftMeanwhileAndNobodyHeardOfIt_NothingIsReachedThereAndTheNextGoesElsewhere()
    {
        await using var alice = await far.SignInReservedAsync("alice");
        await DeliverAsync();
        var room = sends.Last();
        await JoinAsync(alice, room);
        await sink.NextReceiptAsync(Limit);
        Assert.True((await DeliverAsync()).Reached);
        await RestartAsync(() => LeaveAsync(alice, room));

        Assert.False((await DeliverAsync()).Reached);

        Assert.NotEqual(room, sends.Last());
    }

    [Fact]
    public async Task Start_RoomNotedWithoutProof_IsAskedBeforeItIsUsed()
    {
        await using var alice = await far.SignInReservedAsync("alice");
        await using var mallory = await far.SignInReservedAsync("mallory");
        var hers = await MakeAsync(mallory, "@alice:hs.test");
        await JoinAsync(alice, hers);
        await far.Rooms.AddAsync(hers, "@alice:hs.test", Ghost, default);

        await DeliverAsync();
        Assert.NotEqual(hers, sends.Last());

        await JoinAsync(alice, sends.Last());
        await sink.NextReceiptAsync(Limit);
        await RestartAsync(() => Task.CompletedTask);
        asked.Clear();
        Assert.True((await DeliverAsync()).Reached);
        Assert.Equal(sends.Last(), Assert.Single(asked));
    }

    [Fact]
    public async Task Homeserver_AwayAndBack_RoomsAreAskedAgain()
    {
        await using var alice = await far.SignInAsync("alice");
        await UntilAsync(async () => await DeliverAsync() is { Reached: true });
        asked.Clear();
        Assert.True((await DeliverAsync()).Reached);
        Assert.Empty(asked);

        await far.SetReachableAsync(false);
        await UntilAsync(() => Task.FromResult(adapter.Status.State == AdapterState.Degraded));
        await far.SetReachableAsync(true);
        await UntilAsync(() => Task.FromResult(adapter.Status.State == AdapterState.Connected));
        Assert.True((await DeliverAsync()).Reached);
        Assert.Equal(sends.Last(), Assert.Single(asked));
    }

    [Fact]
    public async Task Transaction_IdUsedAgainForAnother_RoomsAreAskedAgain()
    {
        await using var alice = await far.SignInAsync("alice");
        await UntilAsync(async () => await DeliverAsync() is { Reached: true });
        using var homeserver = new HttpClient { BaseAddress = far.ListenAddress };
        homeserver.DefaultRequestHeaders.Authorization = new System.Net.Http.Headers.AuthenticationHeaderValue("Bearer", "hs-token");
        async Task PutAsync(string id) => Assert.True((await homeserver.PutAsync("_matrix/app/v1/transactions/1", new StringContent($"{{\"events\":[{{\"event_id\":\"{id}\"}}]}}"))).IsSuccessStatusCode);

        await PutAsync("$a");
        await PutAsync("$a");
        await DeliverAsync();
        asked.Clear();
        Assert.True((await DeliverAsync()).Reached);
        Assert.Empty(asked);

        await PutAsync("$b");
        Assert.True((await DeliverAsync()).Reached);
        Assert.Equal(sends.Last(), Assert.Single(asked));
    }

    [Theory]
    [InlineData(403, true)]
    [InlineData(404, false)]
    public async Task Deliver_HomeserverDoesNotSayWhetherTheUserExists_IsInvitedAllTheSame(int status, bool invited)
    {
        await using var alice = await far.SignInReservedAsync("alice");
        fault = path => path.Contains("/profile/@alice", StringComparison.Ordinal) ? new MatrixFault(status, "M_FORBIDDEN", null, false) : null;

        var outcome = await adapter.DeliverAsync(new Delivery(Samples.Envelope(Alice), Alice, 1), default);

        Assert.Equal(invited, outcome is DeliveryOutcome.Delivered { Reached: false });
        Assert.Equal(invited, outcome is not DeliveryOutcome.Rejected { RuleId: "MTX-004" });
    }

    [Fact]
    public async Task Deliver_RefusalToAnOrdinaryClientThatLeft_IsNotToldAsReached()
    {
        await using var alice = await far.SignInAsync("alice");
        await alice.SendPlainAsync(Samples.Bob, "hello", "plain-1");
        var plain = await sink.NextEventAsync(Limit);
        Assert.True(EventAddress.TryRead(plain.NativeReference!, out var origin));
        var id = Interconnect.Federation.EventId.Derive(far.Network, [.. plain.DedupeKey]);
        var refusal = new Delivery(Samples.FromHub(alice.User, id, new Refusal(id, null, "HUB-009", "Nothing end-to-end covers it.", null, null)), alice.User, 1, plain.NativeReference);
        Assert.Equal(new DeliveryOutcome.Delivered(true, null), await adapter.DeliverAsync(refusal, default));

        await LeaveAsync(((AdapterMatrixDevice)alice).Native, origin.Room);
        await UntilAsync(async () => await far.Rooms.FindPairAsync(origin.Room, default) is null);

        Assert.Equal("MTX-025", Assert.IsType<DeliveryOutcome.Rejected>(await adapter.DeliverAsync(refusal, default)).RuleId);
    }

    private async Task StartAsync()
    {
        adapter = (MatrixAdapter)far.CreateAdapter();
        await adapter.StartAsync(sink, default);
    }

    /// <summary>The adapter goes; what the homeserver brings meanwhile is taken by nobody and lost; the adapter comes.</summary>
    private async Task RestartAsync(Func<Task> meanwhile)
    {
        await adapter.DisposeAsync();
        using (var deaf = new HttpListener())
        {
            deaf.Prefixes.Add(far.ListenAddress.ToString());
            deaf.Start();
            var lost = new TaskCompletionSource();
            var losing = Task.Run(async () =>
            {
                try
                {
                    while (true)
                    {
                        var context = await deaf.GetContextAsync();
                        context.Response.StatusCode = 200;
                        context.Response.Close("{}"u8.ToArray(), false);
                        lost.TrySetResult();
                    }
                }
                catch (Exception e) when (e is HttpListenerException or ObjectDisposedException)
                {
                    // Closed.
                }
            });
            var before = sends.Count;
            var task = meanwhile();
            if (task != Task.CompletedTask)
            {
                await task;
                await lost.Task.WaitAsync(Limit);
            }

            Assert.Equal(before, sends.Count);
            deaf.Close();
            await losing;
        }

        await StartAsync();
    }

    private async Task<DeliveryOutcome.Delivered> DeliverAsync() => Assert.IsType<DeliveryOutcome.Delivered>(await adapter.DeliverAsync(new Delivery(Samples.Envelope(Alice), Alice, 1), default));

    private static Task<string> MakeAsync(AdapterMatrixClient by, params string[] invited) => MakeAsync(by, [], invited);

    private static async Task<string> MakeAsync(AdapterMatrixClient by, JsonArray state, params string[] invited) => (await by.CallAsync(HttpMethod.Post, "_matrix/client/v3/createRoom", new JsonObject
    {
        ["preset"] = "private_chat",
        ["is_direct"] = true,
        ["initial_state"] = state,
        ["invite"] = new JsonArray([.. invited.Select(i => (JsonNode)i)]),
    })).GetProperty("room_id").GetString()!;

    private static Task JoinAsync(AdapterMatrixClient who, string room) => who.CallAsync(HttpMethod.Post, $"_matrix/client/v3/rooms/{Uri.EscapeDataString(room)}/join", []);

    private static Task LeaveAsync(AdapterMatrixClient who, string room) => who.CallAsync(HttpMethod.Post, $"_matrix/client/v3/rooms/{Uri.EscapeDataString(room)}/leave", []);

    private static Task SetAsync(AdapterMatrixClient who, string room, string type, string content) =>
        who.CallAsync(HttpMethod.Put, $"_matrix/client/v3/rooms/{Uri.EscapeDataString(room)}/state/{type}/", JsonNode.Parse(content)!.AsObject());

    private static async Task UntilAsync(Func<Task<bool>> happened)
    {
        using var limit = new CancellationTokenSource(Limit);
        while (!await happened())
        {
            await Task.Delay(20, limit.Token);
        }
    }
}
