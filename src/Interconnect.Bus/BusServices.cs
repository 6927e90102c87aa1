using Interconnect.Bus.InMemory;
using Interconnect.Bus.RabbitMq;
using Interconnect.Bus.Signing;
using Interconnect.Federation;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.DependencyInjection.Extensions;

namespace Interconnect.Bus;

/// <summary>Composition.</summary>
public static class BusServices
{
    /// <summary>Registers <see cref="IBusPublishers"/>, <see cref="IBusConsumer"/> and <see cref="IBusStatus"/>: on the broker of <paramref name="options"/>, or in memory without one.</summary>
    /// <param name="services">The services.</param>
    /// <param name="options">The options.</param>
    /// <param name="roles">What this process does, and so whose keys it holds.</param>
    /// <exception cref="ArgumentException">The options have problems; the message lists all of them.</exception>
    public static IServiceCollection AddInterconnectBus(this IServiceCollection services, BusOptions options, params IReadOnlyList<BusSender> roles)
    {
        var problems = options.Problems(roles).ToList();
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
        return options.Amqp is null ? services.AddInMemory() : services.AddBroker(roles);
    }

    private static IServiceCollection AddInMemory(this IServiceCollection services)
    {
        services.AddSingleton<InMemoryBus>();
        services.AddSingleton<IBusPublishers>(s => s.GetRequiredService<InMemoryBus>());
        services.AddSingleton<IBusConsumer>(s => s.GetRequiredService<InMemoryBus>());
        services.AddSingleton<IBusStatus>(s => s.GetRequiredService<InMemoryBus>());
        return services;
    }

    private static IServiceCollection AddBroker(this IServiceCollection services, IReadOnlyList<BusSender> roles)
    {
        services.AddSingleton(s => new BusKeyring(s.GetRequiredService<BusOptions>(), roles));
        services.AddSingleton<BrokerTls>();
        services.AddSingleton<BrokerLink>();
        services.AddSingleton<BrokerBus>();
        services.AddSingleton<FrameSender>();
        services.AddSingleton<IBusPublishers, BrokerPublishers>();
        services.AddSingleton<IBusConsumer, BrokerConsumer>();
        services.AddSingleton<IBusStatus, BrokerStatus>();
        return services;
    }
}
