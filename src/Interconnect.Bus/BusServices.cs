using Interconnect.Bus.InMemory;
using Interconnect.Bus.RabbitMq;
using Interconnect.Federation;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.DependencyInjection.Extensions;

namespace Interconnect.Bus;

/// <summary>Composition.</summary>
public static class BusServices
{
    /// <summary>Registers <see cref="IBusPublisher"/>, <see cref="IBusConsumer"/> and <see cref="IBusStatus"/>: on the broker of <paramref name="options"/>, or in memory without one.</summary>
    /// <exception cref="ArgumentException">The options have problems; the message lists all of them.</exception>
    public static IServiceCollection AddInterconnectBus(this IServiceCollection services, BusOptions options)
    {
        var problems = options.Problems().ToList();
        if (problems.Count > 0)
        {
            throw new ArgumentException(string.Join(' ', problems), nameof(options));
        }

        services.AddMetrics();
        services.AddLogging();
        services.TryAddSingleton(TimeProvider.System);
        services.TryAddSingleton<BusMetrics>();
        services.TryAddSingleton<BatchHandling>();
        services.TryAddSingleton<ParkedBodies>();
        services.AddSingleton(options);
        return options.Amqp is null ? services.AddInMemory() : services.AddBroker();
    }

    private static IServiceCollection AddInMemory(this IServiceCollection services)
    {
        services.AddSingleton<InMemoryBus>();
        services.AddSingleton<IBusPublisher>(s => s.GetRequiredService<InMemoryBus>());
        services.AddSingleton<IBusConsumer>(s => s.GetRequiredService<InMemoryBus>());
        services.AddSingleton<IBusStatus>(s => s.GetRequiredService<InMemoryBus>());
        return services;
    }

    private static IServiceCollection AddBroker(this IServiceCollection services)
    {
        services.AddSingleton<BrokerLink>();
        services.AddSingleton<BrokerBus>();
        services.AddSingleton<FrameSender>();
        services.AddSingleton<IBusPublisher, BrokerPublisher>();
        services.AddSingleton<IBusConsumer, BrokerConsumer>();
        services.AddSingleton<IBusStatus, BrokerStatus>();
        return services;
    }
}
