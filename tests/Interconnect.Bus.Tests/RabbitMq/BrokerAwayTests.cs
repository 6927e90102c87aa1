using Interconnect.Federation;
using Microsoft.Extensions.DependencyInjection;

namespace Interconnect.Bus.Tests.RabbitMq;

public sealed class BrokerAwayTests : IDisposable
{
    private readonly DirectoryInfo folder = Directory.CreateTempSubdirectory("broker-away-");

    public void Dispose() => folder.Delete(recursive: true);

    /// <summary>Port 1 of loopback: nobody listens. The answer must come at once, with a reason, and certain, because nothing was sent.</summary>
    [Fact]
    public async Task PublishAsync_NoBroker_CertainlyUnavailableAndNotReady()
    {
        await using var services = TestBus.Create(new BusOptions { Amqp = new Uri("amqp://user:secret@127.0.0.1:1/"), Roles = RoleFolder.Create(folder.FullName, TestBus.From.Name) });
        var outcome = await services.Publisher().PublishAsync(new BusAddress.Submit(), TestBus.Conversation(1), TestBus.Body(1, 1), default);
        var unavailable = Assert.IsType<PublishOutcome.Unavailable>(outcome);
        Assert.True(unavailable.Certain);
        Assert.True(unavailable.RetryAfter > TimeSpan.Zero);
        var why = await services.GetRequiredService<IBusStatus>().WhyNotReadyAsync([], default);
        Assert.NotNull(why);
        Assert.DoesNotContain("secret", why + unavailable.Reason, StringComparison.Ordinal);
    }

    [Fact]
    public async Task ConsumeAsync_NoBroker_KeepsTryingUntilCancelled()
    {
        await using var services = TestBus.Create(new BusOptions { Amqp = new Uri("amqp://127.0.0.1:1/"), Roles = RoleFolder.Create(folder.FullName, TestBus.From.Name) });
        using var patience = new CancellationTokenSource();
        var binding = services.GetRequiredService<IBusConsumer>().ConsumeAsync(new BusAddress.Submit(), (_, _) => ValueTask.FromResult<IReadOnlyList<Unusable>>([]), patience.Token).AsTask();
        Assert.False(binding.IsCompleted);
        await patience.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => binding);
    }
}
