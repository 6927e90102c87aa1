using MassTransit;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.DependencyInjection.Extensions;
using Microsoft.Extensions.Logging;

namespace Interconnect.Bus.RabbitMq;

/// <summary>
/// MassTransit, in a container of its own: without usage telemetry and with no endpoint but ours. Its serializers are never reached, because
/// <see cref="FrameFilter"/> ends every receive pipeline.
/// </summary>
internal sealed class BrokerBus : IAsyncDisposable
{
    private readonly ServiceProvider container;
    private readonly Lazy<Task> started;

    public BrokerBus(BusOptions options, BrokerTls tls, ILoggerFactory logs)
    {
        container = Compose(options, tls, logs).BuildServiceProvider();
        Control = container.GetRequiredService<IBusControl>();
        started = new Lazy<Task>(() =>
        {
            using (ExecutionContext.SuppressFlow())
            {
                return Task.Run(() => Control.StartAsync());
            }
        });
    }

    public IBusControl Control { get; }

    /// <summary>Completes when endpoints can be connected; it waits for no broker.</summary>
    public Task StartAsync() => started.Value;

    public async ValueTask DisposeAsync()
    {
        if (started.IsValueCreated)
        {
            await started.Value;
            using var patience = new CancellationTokenSource(TimeSpan.FromSeconds(10));
            await Control.StopAsync(patience.Token);
        }

        await container.DisposeAsync();
    }

    internal static IServiceCollection Compose(BusOptions options, BrokerTls tls, ILoggerFactory logs)
    {
        var services = new ServiceCollection();
        services.AddSingleton(logs);
        services.TryAdd(ServiceDescriptor.Singleton(typeof(ILogger<>), typeof(Logger<>)));
        services.AddMassTransit(registration =>
        {
            registration.DisableUsageTelemetry();
            registration.UsingRabbitMq((_, rabbit) => Host(rabbit, options, tls));
        });
        return services;
    }

    private static void Host(IRabbitMqBusFactoryConfigurator rabbit, BusOptions options, BrokerTls tls)
    {
        var address = options.Amqp!;
        var secure = address.Scheme == "amqps";
        var port = address.Port > 0 ? address.Port : secure ? 5671 : 5672;
        var path = Uri.UnescapeDataString(address.AbsolutePath.TrimStart('/'));
        var user = address.UserInfo.Split(':', 2);
        rabbit.Host(address.Host, (ushort)port, path.Length == 0 ? "/" : path, "interconnect", host =>
        {
            host.Username(user[0].Length == 0 ? "guest" : Uri.UnescapeDataString(user[0]));
            host.Password(user.Length < 2 ? "guest" : Uri.UnescapeDataString(user[1]));
            host.Heartbeat(TimeSpan.FromSeconds(10));
            host.RequestedConnectionTimeout(TimeSpan.FromSeconds(5));
            if (secure)
            {
                host.UseSsl(ssl =>
                {
                    ssl.ServerName = address.Host;
                    ssl.Certificate = tls.Own;
                    ssl.CertificateValidationCallback = tls.IsBroker;
                });
            }
        });
    }
}
