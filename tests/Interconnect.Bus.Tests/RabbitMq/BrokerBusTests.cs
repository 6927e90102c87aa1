using Interconnect.Bus.RabbitMq;
using MassTransit;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Extensions.Options;

namespace Interconnect.Bus.Tests.RabbitMq;

public sealed class BrokerBusTests
{
    [Fact]
    public async Task Compose_Always_UsageTelemetryIsOff()
    {
        Assert.True(new UsageTelemetryOptions().Enabled, "the vendor's default is on; were it off, this test would show nothing");

        await using var container = Compose("amqp://broker.test/").BuildServiceProvider();
        Assert.False(container.GetRequiredService<IOptions<UsageTelemetryOptions>>().Value.Enabled);
    }

    [Fact]
    public async Task Compose_AddressWithEscapes_ReachesTheHostItNames()
    {
        await using var container = Compose("amqp://us%40er:pass@broker.test:5999/a%2Fb").BuildServiceProvider();
        var address = container.GetRequiredService<IBusControl>().Address;
        Assert.Equal(("broker.test", 5999), (address.Host, address.Port));
        Assert.StartsWith("/a%2Fb/", address.AbsolutePath, StringComparison.Ordinal);
    }

    private static IServiceCollection Compose(string broker)
    {
        var options = new BusOptions { Amqp = new Uri(broker) };
        return BrokerBus.Compose(options, new BrokerTls(options), NullLoggerFactory.Instance);
    }
}
