using Interconnect.Federation;
using Microsoft.Extensions.DependencyInjection;
using RabbitMQ.Client.Exceptions;

namespace Interconnect.Scenarios;

/// <summary>How a process that stops looks to the broker's operator.</summary>
[Collection(nameof(BusBroker))]
public sealed class BusShutdownScenario
{
    private static readonly TimeSpan Limit = TimeSpan.FromSeconds(30);

    [Fact(DisplayName = "A process that has read from all partitions stops: the broker logs no error on its connections")]
    public async Task Stop_AfterReading_ConnectionEndsWithoutError()
    {
        await using var broker = await BusBroker.CreateAsync();
        var bus = broker.Bus();
        var ledger = new BusLedger(50);
        await using (await bus.GetRequiredService<IBusConsumer>().ConsumeAsync(new BusAddress.Submit(), ledger.Handler, default))
        {
            var publisher = bus.GetRequiredService<IBusPublisher>();
            await Task.WhenAll(Enumerable.Range(0, 50).Select(c => BusLedger.PublishAsync(publisher, new BusAddress.Submit(), c, 10, 5, default)));
            await ledger.WaitForAsync(500, Limit);
        }

        await bus.DisposeAsync();

        // An error of a connection of ours, after everything: when the log has it, it has all that was before.
        await using (var connection = await broker.ConnectAsync())
        {
            await using var channel = await connection.CreateChannelAsync();
            await Assert.ThrowsAsync<OperationInterruptedException>(() => channel.QueueDeclarePassiveAsync("after-everything"));
        }

        var lines = await LinesUntilAsync(broker, "no queue 'after-everything'");
        Assert.DoesNotContain(lines, l => l.Contains("Error on AMQP connection", StringComparison.Ordinal));
    }

    private static async Task<IReadOnlyList<string>> LinesUntilAsync(BusBroker broker, string last)
    {
        using var patience = new CancellationTokenSource(Limit);
        while (true)
        {
            using var reader = new StreamReader(new FileStream(Path.Combine(broker.Servers.StateFolder, "log", "rabbitmq.log"), FileMode.Open, FileAccess.Read, FileShare.ReadWrite));
            var lines = (await reader.ReadToEndAsync(patience.Token)).Split('\n').Where(l => l.Contains(broker.Amqp.AbsolutePath[1..], StringComparison.Ordinal)).ToList();
            if (lines.Any(l => l.Contains(last, StringComparison.Ordinal)))
            {
                return lines;
            }

            await Task.Delay(100, patience.Token);
        }
    }
}
