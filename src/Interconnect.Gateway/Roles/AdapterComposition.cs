using Interconnect.Adapters.Hosting;
using Interconnect.Adapters.Matrix;
using Interconnect.Adapters.Xmpp;
using Interconnect.Federation;
using Interconnect.Gateway.Configuration;
using Interconnect.Gateway.Health;

namespace Interconnect.Gateway.Roles;

/// <summary>The role adapter:network in this process.</summary>
internal static class AdapterComposition
{
    public static void Add(IServiceCollection services, GatewayConfiguration configuration, NetworkId network)
    {
        var options = configuration.Networks[network];
        if (options.Xmpp is { } xmpp)
        {
            services.AddInterconnectAdapter(options.Host, xmpp);
        }
        else if (options.Matrix is { } matrix)
        {
            services.AddInterconnectAdapter(options.Host, matrix);
        }

        services.AddSingleton(provider => new ReadinessPart(
            "adapter:" + network.Value,
            cancellation => provider.GetServices<IAdapterHealth>().Single(h => h.Network == network).WhyNotReadyAsync(cancellation)));
    }
}
