using Interconnect.Bus.RabbitMq;
using RabbitMQ.Client;

namespace Interconnect.Bus;

/// <summary>Signs in to a broker as the bus would, and leaves again. Declares nothing and takes nothing.</summary>
public static class BrokerCheck
{
    /// <summary>Null when user, password and virtual host are right; else why not, in plain words without address or credentials.</summary>
    /// <param name="options">Without problems, and with a broker.</param>
    /// <param name="cancellation">Gives up.</param>
    /// <exception cref="OperationCanceledException">It was given up.</exception>
    public static async Task<string?> WhyNotAsync(BusOptions options, CancellationToken cancellation)
    {
        var factory = new BrokerTls(options).Factory("interconnect check");
        try
        {
            await using var connection = await factory.CreateConnectionAsync(cancellation);

            // RabbitMQ.Client 7 does not wait for the answer about the virtual host; a channel does (seen).
            await using (await connection.CreateChannelAsync(cancellationToken: cancellation))
            {
                await connection.CloseAsync(cancellation);
            }

            return null;
        }
        catch (Exception e) when (e is not OperationCanceledException || !cancellation.IsCancellationRequested)
        {
            // Everything a connection attempt throws is the outside world.
            return BrokerFailures.Describe(e);
        }
    }
}
