using Interconnect.Federation;
using RabbitMQ.Client;

namespace Interconnect.Bus.RabbitMq;

/// <summary>What became of a frame.</summary>
/// <param name="Outcome">For the callers.</param>
/// <param name="Returned">The broker gave it back: no queue was bound.</param>
internal readonly record struct SendResult(PublishOutcome Outcome, bool Returned = false);

/// <summary>Sends one frame and learns what became of it: persistent, mandatory, confirmed, to an exchange.</summary>
internal sealed class FrameSender(BusOptions options, BrokerLink link)
{
    /// <summary>Stored, or why not. Never throws for the broker's causes.</summary>
    public async ValueTask<SendResult> SendAsync(BusAddress address, int partition, byte[] frame)
    {
        if (await link.DeclareAsync(address, CancellationToken.None) is { } why)
        {
            return new SendResult(new PublishOutcome.Unavailable(why, options.RetryAfter, Certain: true));
        }

        var properties = new BasicProperties { Persistent = true, ContentType = BrokerNames.ContentType };
        var result = await link.PublishAsync(BrokerNames.Exchange(address), BrokerNames.RoutingKey(partition), properties, frame);
        if (result.Returned)
        {
            link.Forget(address);
        }

        return result;
    }

    /// <summary>Stores a body in the parked queue; true when confirmed.</summary>
    public async ValueTask<bool> ParkAsync(BusBatch batch, ReadOnlyMemory<byte> body, string reason, CancellationToken cancellation)
    {
        if (await link.DeclareAsync(batch.Address, cancellation) is not null)
        {
            return false;
        }

        var properties = new BasicProperties
        {
            Persistent = true,
            ContentType = "application/octet-stream",
            Headers = new Dictionary<string, object?>
            {
                [BrokerNames.ReasonHeader] = Utf16.Start(reason, 300),
                [BrokerNames.StreamHeader] = batch.Address.Name,
                [BrokerNames.PartitionHeader] = BrokerNames.RoutingKey(batch.Partition),
            },
        };
        return await link.PublishAsync(BrokerNames.Parked, "", properties, body) is { Outcome: PublishOutcome.Stored };
    }
}
