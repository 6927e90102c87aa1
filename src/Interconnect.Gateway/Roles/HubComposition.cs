using Interconnect.Gateway.Configuration;
using Interconnect.Gateway.Health;
using Interconnect.Hub;

namespace Interconnect.Gateway.Roles;

/// <summary>The role hub in this process.</summary>
internal static class HubComposition
{
    public static void Add(IServiceCollection services, GatewayConfiguration configuration)
    {
        services.AddInterconnectHub(configuration.Hub!);
        services.AddSingleton(provider => new ReadinessPart("hub", _ => new(provider.GetRequiredService<HubStatus>().WhyNotReady)));
    }
}
