using System.Diagnostics.Metrics;
using Interconnect.Federation;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging.Abstractions;

namespace Interconnect.Bus.Tests;

public sealed class BatchHandlingTests
{
    private static readonly BusBatch Batch = new(new BusAddress.Submit(), 0, [new BusBody(TestBus.From, new byte[] { 1 })], Redelivered: false);

    [Fact]
    public async Task HandleAsync_AbandonedBeforeTheFirstAttempt_NeverCallsTheHandler()
    {
        await using var services = new ServiceCollection().AddMetrics().BuildServiceProvider();
        var handling = new BatchHandling(new BusOptions(), new BusMetrics(services.GetRequiredService<IMeterFactory>()), TimeProvider.System, NullLogger<BatchHandling>.Instance);
        var calls = 0;
        ValueTask<IReadOnlyList<Unusable>> Handler(BusBatch batch, CancellationToken cancellation)
        {
            calls++;
            return ValueTask.FromResult<IReadOnlyList<Unusable>>([]);
        }

        Assert.False(await handling.HandleAsync(Batch, Handler, i => Batch.Bodies[i].Bytes, (_, _) => ValueTask.FromResult(true), new CancellationToken(canceled: true), CancellationToken.None));
        Assert.Equal(0, calls);
        Assert.True(await handling.HandleAsync(Batch, Handler, i => Batch.Bodies[i].Bytes, (_, _) => ValueTask.FromResult(true), CancellationToken.None, CancellationToken.None));
        Assert.Equal(1, calls);
    }
}
