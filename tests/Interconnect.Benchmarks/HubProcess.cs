using Interconnect.Bus;
using Interconnect.Federation;
using Interconnect.Hub;
using Interconnect.Storage;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;

namespace Interconnect.Benchmarks;

/// <summary>The hub as production runs it: its own process, RabbitMQ, PostgreSQL, every check on, unless a variant asks for signatures to be taken for valid.</summary>
internal static class HubProcess
{
    public static async Task<int> RunAsync(Uri broker, string database, string keys, int partitions, bool unsafeTrustSignatures, CancellationToken cancellation)
    {
        var services = new ServiceCollection()
            .AddInterconnectBus(new BusOptions { Amqp = broker, Partitions = partitions, Roles = BenchmarkRoles.Read(keys) }, new BusSender.HubProvider())
            .AddInterconnectHub(new HubOptions
            {
                Domain = ProviderDomain.Parse(Devices.HubDomain),
                Partitions = partitions,
                Limits = new HubLimits { SenderUnitsPerSecond = 0 },
                UnsafeTrustFrameSignatures = unsafeTrustSignatures,
                Database = new DatabaseOptions { Provider = "postgres", ConnectionString = database },
                Networks = new Dictionary<NetworkId, ProviderDomain>
                {
                    [Devices.From] = ProviderDomain.Parse(Devices.FromDomain),
                    [Devices.To] = ProviderDomain.Parse(Devices.ToDomain),
                },
                Peerings = [new PeeringAgreement { Id = "bench", First = ProviderDomain.Parse(Devices.FromDomain), Second = ProviderDomain.Parse(Devices.ToDomain) }],
            });
        await using var provider = services.BuildServiceProvider();
        var roles = provider.GetServices<IHostedService>().ToList();
        foreach (var role in roles)
        {
            await role.StartAsync(cancellation);
        }

        // The parent closes our input when it is done or gone.
        await Console.In.ReadToEndAsync(CancellationToken.None);
        foreach (var role in roles)
        {
            await role.StopAsync(CancellationToken.None);
        }

        return 0;
    }
}
