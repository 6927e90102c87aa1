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
        if (await link.DeclareAsync(address, owns: false, CancellationToken.None) is { } why)
        {
            return new SendResult(new PublishOutcome.Unavailable(why, options.RetryAfter, Certain: true));
        }

        var properties = new BasicProperties { Persistent = true, ContentType = BrokerNames.ContentType, UserId = link.User };
        var result = await link.PublishAsync(BrokerNames.Exchange(address), BrokerNames.RoutingKey(partition), properties, frame);
        if (result.Returned)
        {
            link.Forget(address);
        }

        return result;
    }

    /// <summary>Stores what no reader can use; true when confirmed. What nobody vouches for has a queue of its own, so that it cannot push anything else out.</summary>
    public async ValueTask<bool> ParkAsync(ParkItem item, CancellationToken cancellation)
    {
        if (await link.DeclareAsync(item.Address, owns: false, cancellation) is not null)
        {
            return false;
        }

        var properties = new BasicProperties
        {
            Persistent = true,
            ContentType = "application/octet-stream",
            Headers = new Dictionary<string, object?>
            {
                [BrokerNames.ReasonHeader] = Utf16.Start(item.Reason, 300),
                [BrokerNames.StreamHeader] = item.Address.Name,
                [BrokerNames.PartitionHeader] = BrokerNames.RoutingKey(item.Partition),
            },
        };
        return await link.PublishAsync(item.IsUnauthentic ? BrokerNames.Unauthentic : BrokerNames.Parked, "", properties, item.Bytes) is { Outcome: PublishOutcome.Stored };
    }
}
