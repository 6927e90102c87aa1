using Interconnect.Adapters.Matrix;
using Interconnect.Adapters.Xmpp;
using Interconnect.Federation;
using Interconnect.Storage;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.DependencyInjection.Extensions;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;

namespace Interconnect.Adapters.Hosting;

/// <summary>Puts adapters into a host's services. Needs <see cref="Database"/>, <see cref="IBusPublishers"/> and <see cref="IBusConsumer"/> there.</summary>
public static class AdapterServices
{
    /// <summary>Hosts an XMPP network.</summary>
    /// <exception cref="ArgumentException">The options have problems, all of them listed.</exception>
    public static IServiceCollection AddInterconnectAdapter(this IServiceCollection services, AdapterHostOptions host, XmppOptions xmpp)
    {
        Check([.. host.Problems(), .. xmpp.Problems()]);
        return services.AddInterconnectAdapter(host, provider => new XmppAdapter(NetworkId.Parse(host.Network), xmpp, provider.GetRequiredService<TimeProvider>(), provider.GetRequiredService<ILogger<XmppAdapter>>()));
    }

    /// <summary>Hosts a Matrix homeserver.</summary>
    /// <exception cref="ArgumentException">The options have problems, all of them listed.</exception>
    public static IServiceCollection AddInterconnectAdapter(this IServiceCollection services, AdapterHostOptions host, MatrixOptions matrix)
    {
        Check([.. host.Problems(), .. matrix.Problems()]);
        return services.AddInterconnectAdapter(
            host,
            provider => new MatrixAdapter(NetworkId.Parse(host.Network), matrix, provider.GetRequiredService<Database>(), provider.GetRequiredService<TimeProvider>(), provider.GetRequiredService<ILogger<MatrixAdapter>>()));
    }

    /// <summary>Hosts an adapter that <paramref name="make"/> creates; it is made anew whenever the role starts again.</summary>
    /// <exception cref="ArgumentException">The options have problems, all of them listed.</exception>
    public static IServiceCollection AddInterconnectAdapter(this IServiceCollection services, AdapterHostOptions options, Func<IServiceProvider, INetworkAdapter> make)
    {
        Check([.. options.Problems()]);
        services.TryAddSingleton(TimeProvider.System);
        services.AddKeyedSingleton(options.Network, (provider, _) => new AdapterRole(
            options,
            () => make(provider),
            provider.GetRequiredService<Database>(),
            provider.GetRequiredService<IBusPublishers>(),
            provider.GetRequiredService<IBusConsumer>(),
            provider.GetRequiredService<TimeProvider>(),
            provider.GetRequiredService<ILogger<AdapterRole>>()));
        services.AddSingleton<IHostedService>(provider => provider.GetRequiredKeyedService<AdapterRole>(options.Network));
        services.AddSingleton<IAdapterHealth>(provider => provider.GetRequiredKeyedService<AdapterRole>(options.Network));
        return services;
    }

    private static void Check(IReadOnlyList<string> problems)
    {
        if (problems.Count > 0)
        {
            throw new ArgumentException(string.Join(Environment.NewLine, problems));
        }
    }
}
