using System.Net;
using System.Net.Sockets;
using Interconnect.Adapters.Matrix;
using Interconnect.Adapters.Tests.Simulated;
using Interconnect.Federation;
using Interconnect.Sandbox;
using Interconnect.Testing;
using Interconnect.Testing.Conformance;

namespace Interconnect.Adapters.Tests.Matrix;

/// <summary>A homeserver that waits ten minutes after a transaction that failed brings it as soon as it can be taken; one that cannot reach us is noticed.</summary>
public sealed class MatrixReturnTests : IAsyncLifetime
{
    private static readonly TimeSpan Limit = TimeSpan.FromSeconds(20);
    private readonly RecordingSink sink = new();
    private SimulatedMatrixFarSide far = null!;
    private IFarUser alice = null!;

    public async Task InitializeAsync()
    {
        far = await SimulatedMatrixFarSide.CreateAsync(retryDelay: TimeSpan.FromMinutes(10));
        alice = await far.SignInAsync("alice");
        sink.Only = alice.User;
    }

    public async Task DisposeAsync()
    {
        await alice.DisposeAsync();
        await far.DisposeAsync();
    }

    [Theory]
    [InlineData("another", false)]
    [InlineData("interconnect", true)]
    public async Task Start_HomeserverFoundNobodyBefore_BringsItAtOnce(string registrationId, bool comes)
    {
        await using (var before = far.CreateAdapter())
        {
            await before.StartAsync(sink, default);
            await WriteAsync("frame-1");
            await sink.NextEventAsync(Limit);
            await before.StopAsync(default);
        }

        // A port that closes each connection at once, as a gateway that dies.
        using (var dead = new TcpListener(IPAddress.Loopback, far.ListenAddress.Port))
        {
            dead.Start();
            var tried = dead.AcceptSocketAsync();
            await WriteAsync("frame-2");
            (await tried.WaitAsync(Limit)).Dispose();
        }

        await using var adapter = far.CreateAdapter(registrationId, TimeProvider.System);
        await adapter.StartAsync(sink, default);
        var arrived = sink.NextEventAsync(comes ? Limit : TimeSpan.FromSeconds(2));
        if (comes)
        {
            await arrived;
        }
        else
        {
            await Assert.ThrowsAsync<TimeoutException>(() => arrived);
        }

        await adapter.StopAsync(default);
    }

    [Fact]
    public async Task Transaction_RefusedForAMoment_IsBroughtAgainWhenItCanBeTaken()
    {
        var clock = new ManualClock();
        await using var adapter = far.CreateAdapter("interconnect", clock);
        await adapter.StartAsync(sink, default);

        await RefuseThenTakeAsync(clock);

        await adapter.StopAsync(default);
    }

    [Fact]
    public async Task Ping_RefusedForAMoment_IsAskedForWhereItIsNeededNext()
    {
        var clock = new ManualClock();
        var refused = FailPings(403, "M_FORBIDDEN");
        await using var adapter = far.CreateAdapter("interconnect", clock);
        await adapter.StartAsync(sink, default);
        await refused.WaitAsync(Limit);
        far.Server.Faults = null;

        await RefuseThenTakeAsync(clock);

        await adapter.StopAsync(default);
    }

    [Fact]
    public async Task Homeserver_DoesNotReachUs_IsDegradedUntilItDoes()
    {
        var clock = new ManualClock();
        _ = FailPings(502, "M_CONNECTION_FAILED");
        await using var adapter = far.CreateAdapter("interconnect", clock);
        await adapter.StartAsync(sink, default);
        Assert.Equal(AdapterState.Connected, adapter.Status.State);
        bool IsUnreached() => adapter.Status is { State: AdapterState.Degraded, Reason: { } why } && why.Contains("does not reach us", StringComparison.Ordinal) && why.Contains("502 M_CONNECTION_FAILED", StringComparison.Ordinal);
        await UntilAsync(clock, IsUnreached);
        Assert.Contains(adapter.Status, sink.Statuses);

        far.Server.Faults = null;
        await UntilAsync(clock, () => adapter.Status.State == AdapterState.Connected);

        // Nothing is missing, nobody was refused: it is noticed all the same. Deliveries go on.
        _ = FailPings(502, "M_CONNECTION_FAILED");
        await UntilAsync(clock, IsUnreached);
        Assert.IsType<DeliveryOutcome.Delivered>(await adapter.DeliverAsync(new Delivery(Samples.Envelope(alice.User), alice.User, 1), default));

        await WriteAsync("frame-1");
        await sink.NextEventAsync(Limit);
        await UntilAsync(null, () => adapter.Status.State == AdapterState.Connected);
        await adapter.StopAsync(default);
        Assert.Equal(AdapterState.Stopped, adapter.Status.State);
    }

    private static async Task UntilAsync(ManualClock? clock, Func<bool> happened)
    {
        using var limit = new CancellationTokenSource(Limit);
        while (!happened())
        {
            // A request may take 15 of these steps, and the machine may have other work.
            clock?.Advance(TimeSpan.FromSeconds(1));
            await Task.Delay(50, limit.Token);
        }
    }

    /// <summary>Answers each request for a ping so; completes with the first.</summary>
    private Task FailPings(int status, string code)
    {
        var asked = new TaskCompletionSource();
        far.Server.Faults = (_, path) =>
        {
            if (!path.EndsWith("/ping", StringComparison.Ordinal))
            {
                return null;
            }

            asked.TrySetResult();
            return new MatrixFault(status, code, null, false);
        };
        return asked.Task;
    }

    private async Task RefuseThenTakeAsync(ManualClock clock)
    {
        await WriteAsync("frame-1");
        await sink.NextEventAsync(Limit);
        var refused = new TaskCompletionSource();
        sink.BeforeSubmit = _ =>
        {
            refused.TrySetResult();
            return Task.CompletedTask;
        };
        sink.RefuseNext(1);
        await WriteAsync("frame-2");
        await refused.Task.WaitAsync(Limit);
        Assert.Equal(0, sink.Waiting);

        var arrived = sink.NextEventAsync(Limit);
        await UntilAsync(clock, () => arrived.IsCompleted);

        Assert.NotNull(await arrived);
    }

    private Task WriteAsync(string id) => alice.SendFrameAsync(null, FrameCodec.Encode(Samples.Request(alice.User)), id);
}
