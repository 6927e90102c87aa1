namespace Interconnect.Bus.RabbitMq;

/// <summary>
/// What queues are declared with; both sides of a stream declare the same, whoever comes first. The same on RabbitMQ 3.10 and 4.x, because arguments cannot
/// be changed when the broker is upgraded.
/// </summary>
internal static class QueueArguments
{
    /// <summary>
    /// So high that it is never reached, and set all the same: without it 4.x drops a message at its 21st delivery (a crash loop redelivers whole prefetch
    /// windows), and 3.10 puts returned messages at the end of the queue instead of its front.
    /// </summary>
    public const int DeliveryLimit = 1_000_000_000;

    /// <summary>
    /// Most bytes one queue holds, 1 GiB; past it the broker refuses, publishers hear that it is unavailable, the hub's outbox fills and the hub tells senders to
    /// wait. Without it a destination that is away fills the disk, and the broker then stops every network. Not an option: both sides must declare the same.
    /// </summary>
    public const long MaxBytes = 1L << 30;

    /// <summary>A stream's queue. Should anything ever be dead-lettered (an operator's policy with a lower limit), it goes to the parked queue and is not lost on the way.</summary>
    public static IDictionary<string, object?> Stream() => new Dictionary<string, object?>
    {
        ["x-queue-type"] = "quorum",
        ["x-single-active-consumer"] = true,
        ["x-delivery-limit"] = DeliveryLimit,
        ["x-dead-letter-exchange"] = BrokerNames.Parked,
        ["x-dead-letter-strategy"] = "at-least-once",
        ["x-overflow"] = "reject-publish",
        ["x-max-length-bytes"] = MaxBytes,
    };

    /// <summary>Most bytes of <see cref="BrokerNames.Unauthentic"/>: whoever can publish can fill it, and the oldest goes.</summary>
    public const long MaxUnauthenticBytes = 64L << 20;

    /// <summary>The queue of what nobody vouches for: kept to look at, never to be used.</summary>
    public static IDictionary<string, object?> Unauthentic() => new Dictionary<string, object?>
    {
        ["x-queue-type"] = "quorum",
        ["x-delivery-limit"] = DeliveryLimit,
        ["x-overflow"] = "drop-head",
        ["x-max-length-bytes"] = MaxUnauthenticBytes,
    };

    /// <summary>
    /// The queue of what could not be used. What it holds was accepted, so a full one refuses and the stream that has something to park waits. One that an earlier version made without
    /// a bound is left as it is.
    /// </summary>
    public static IDictionary<string, object?> Parked() => new Dictionary<string, object?>
    {
        ["x-queue-type"] = "quorum",
        ["x-delivery-limit"] = DeliveryLimit,
        ["x-overflow"] = "reject-publish",
        ["x-max-length-bytes"] = MaxBytes,
    };
}
