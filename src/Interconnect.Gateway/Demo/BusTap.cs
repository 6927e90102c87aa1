using Interconnect.Federation;
using Microsoft.Extensions.DependencyInjection.Extensions;

namespace Interconnect.Gateway.Demo;

/// <summary>Stands around the bus ports and remembers what passes; it changes nothing.</summary>
internal static class BusTap
{
    public const string Published = "bus", Handled = "hub";

    /// <summary>Puts itself in the place of the bus ports that are registered.</summary>
    public static void Insert(IServiceCollection services, HopLog log)
    {
        Wrap<IBusPublishers>(services, inner => new Publishers(inner, log));
        Wrap<IBusConsumer>(services, inner => new Consumer(inner, log));
    }

    private static void Wrap<T>(IServiceCollection services, Func<T, T> wrap)
        where T : class
    {
        var made = services.Last(s => s.ServiceType == typeof(T)).ImplementationFactory ?? throw new InvalidOperationException("The bus registers its ports by factory.");
        services.Replace(ServiceDescriptor.Singleton(provider => wrap((T)made(provider))));
    }

    private sealed class Publishers(IBusPublishers inner, HopLog log) : IBusPublishers
    {
        public IBusPublisher As(BusSender sender) => new Publisher(inner.As(sender), log);
    }

    private sealed class Publisher(IBusPublisher inner, HopLog log) : IBusPublisher
    {
        public ValueTask<PublishOutcome> PublishAsync(BusAddress address, ConversationKey conversation, ReadOnlyMemory<byte> body, CancellationToken cancellation)
        {
            log.Add(Published, body);
            return inner.PublishAsync(address, conversation, body, cancellation);
        }
    }

    private sealed class Consumer(IBusConsumer inner, HopLog log) : IBusConsumer
    {
        public ValueTask<IAsyncDisposable> ConsumeAsync(BusAddress address, BusHandler handler, CancellationToken cancellation) =>
            inner.ConsumeAsync(address, address is BusAddress.Deliver ? handler : Remember(handler), cancellation);

        private BusHandler Remember(BusHandler handler) => (batch, cancellation) =>
        {
            foreach (var body in batch.Bodies)
            {
                log.Add(Handled, body.Bytes);
            }

            return handler(batch, cancellation);
        };
    }
}
