using MassTransit;
using MassTransit.RabbitMqTransport;

namespace Interconnect.Bus.RabbitMq;

/// <summary>
/// The whole receive pipeline of a queue: hands the raw frame to the partition's pump and completes when its batch is handled, upon which MassTransit
/// acknowledges it. Ends the pipeline, so neither MassTransit's deserializer nor its error and skipped queues are ever reached. It only throws when the
/// channel is gone or closing, where a negative acknowledgement can no longer reach the broker and reorder anything.
/// </summary>
internal sealed class FrameFilter(PartitionPump pump) : IFilter<ReceiveContext>
{
    public Task Send(ReceiveContext context, IPipe<ReceiveContext> next)
    {
        if (!context.TryGetPayload<ChannelContext>(out var channel) || context is not RabbitMqReceiveContext delivery)
        {
            throw new InvalidOperationException("The receive filter belongs on a RabbitMQ endpoint.");
        }

        // The client reuses the buffer after this call; a handler may keep slices longer.
        return pump.ReceiveAsync(channel.Channel, delivery.DeliveryTag, delivery.Body.GetBytes().ToArray(), delivery.Redelivered, delivery.Properties.IsUserIdPresent() ? delivery.Properties.UserId : null);
    }

    public void Probe(ProbeContext context) => context.CreateFilterScope("bus-frames");
}
