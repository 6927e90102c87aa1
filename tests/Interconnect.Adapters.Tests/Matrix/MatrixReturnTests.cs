using System.Net;
using System.Net.Sockets;
using Interconnect.Adapters.Matrix;
using Interconnect.Adapters.Tests.Simulated;
using Interconnect.Federation;
using Interconnect.Testing;
using Interconnect.Testing.Conformance;

namespace Interconnect.Adapters.Tests.Matrix;

/// <summary>A homeserver that waits ten minutes after a transaction that failed brings it as soon as it can be taken.</summary>
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
        while (!arrived.IsCompleted)
        {
            clock.Advance(TimeSpan.FromSeconds(1));
            await Task.WhenAny(arrived, Task.Delay(20));
        }

        Assert.NotNull(await arrived);
        await adapter.StopAsync(default);
    }

    private Task WriteAsync(string id) => alice.SendFrameAsync(null, FrameCodec.Encode(Samples.Request(alice.User)), id);
}
