using Interconnect.Federation;
using Interconnect.Storage;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.DependencyInjection.Extensions;
using Microsoft.Extensions.Hosting;

namespace Interconnect.Hub;

/// <summary>Composition of the hub role.</summary>
public static class HubServices
{
    /// <summary>
    /// Adds the hub: a hosted service, <see cref="HubStatus"/> for readiness and <see cref="HubAdmin"/> for queries. Needs <see cref="IBusPublishers"/> and
    /// <see cref="IBusConsumer"/>; uses the registered <see cref="TimeProvider"/> or the system's.
    /// </summary>
    /// <exception cref="ArgumentException">The options have mistakes; all of them are listed.</exception>
    public static IServiceCollection AddInterconnectHub(this IServiceCollection services, HubOptions options)
    {
        var problems = options.Problems().ToList();
        if (problems.Count > 0)
        {
            throw new ArgumentException("The hub's options: " + string.Join(" ", problems), nameof(options));
        }

        services.AddLogging();
        services.AddMetrics();
        services.TryAddSingleton(TimeProvider.System);
        services.AddSingleton(options);
        services.AddSingleton<HubStatus>();
        services.AddSingleton<HubMetrics>();
        services.AddSingleton(_ => new HubDatabase(Database.Create(options.Database)));
        services.AddSingleton(provider => new HubAdmin(provider.GetRequiredService<HubDatabase>()));
        services.AddSingleton<HubRole>();
        services.AddSingleton<IHostedService>(provider => provider.GetRequiredService<HubRole>());
        return services;
    }
}
