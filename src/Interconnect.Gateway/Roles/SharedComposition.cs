using Interconnect.Bus;
using Interconnect.Federation;
using Interconnect.Gateway.Configuration;
using Interconnect.Gateway.Health;
using Interconnect.Gateway.Telemetry;
using Interconnect.Storage;

namespace Interconnect.Gateway.Roles;

/// <summary>What every role needs: database, bus, telemetry, readiness.</summary>
internal static class SharedComposition
{
    public static void Add(IServiceCollection services, GatewayConfiguration configuration)
    {
        services.AddSingleton(TimeProvider.System);
        services.AddSingleton(_ => Database.Create(configuration.Options.Database));
        services.AddInterconnectBus(configuration.Options.Bus, [.. configuration.Roles.Select(r => r.Sender)]);
        services.AddInterconnectTelemetry();
        services.AddSingleton<Readiness>();
        services.AddSingleton(provider => new ReadinessPart("database", provider.GetRequiredService<Database>().WhyNotReadyAsync));
        services.AddSingleton(provider => new ReadinessPart("bus", cancellation => provider.GetRequiredService<IBusStatus>().WhyNotReadyAsync(Needed(configuration), cancellation)));
        foreach (var role in configuration.Roles)
        {
            switch (role)
            {
                case GatewayRole.HubProvider:
                    HubComposition.Add(services, configuration);
                    break;
                case GatewayRole.Adapter adapter:
                    AdapterComposition.Add(services, configuration, adapter.Network);
                    break;
            }
        }
    }

    /// <summary>The streams that this process publishes to.</summary>
    private static List<BusAddress> Needed(GatewayConfiguration configuration)
    {
        var needed = new List<BusAddress>();
        if (configuration.Roles.OfType<GatewayRole.Adapter>().Any())
        {
            needed.AddRange([new BusAddress.Submit(), new BusAddress.Report()]);
        }

        if (configuration.Roles.OfType<GatewayRole.HubProvider>().Any())
        {
            needed.AddRange(configuration.Networks.Keys.Select(n => new BusAddress.Deliver(n)));
        }

        return needed;
    }
}
