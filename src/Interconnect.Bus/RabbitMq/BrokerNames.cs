using System.Globalization;
using Interconnect.Federation;

namespace Interconnect.Bus.RabbitMq;

/// <summary>The entities on the broker. Pinned: operators' policies, dashboards and older versions know them by name.</summary>
internal static class BrokerNames
{
    public const string Parked = "interconnect.parked";

    /// <summary>What nobody who may write to its stream vouches for.</summary>
    public const string Unauthentic = "interconnect.unauthentic";
    public const string ContentType = "application/vnd.interconnect.bus-frame";
    public const string ReasonHeader = "interconnect-reason";
    public const string StreamHeader = "interconnect-stream";
    public const string PartitionHeader = "interconnect-partition";

    /// <summary>One direct exchange a stream.</summary>
    public static string Exchange(BusAddress address) => "interconnect." + address.Name;

    /// <summary>One queue a partition; an unpartitioned stream has one queue, named like its exchange.</summary>
    public static string Queue(BusAddress address, int partition) => address is BusAddress.Deliver ? Exchange(address) : $"{Exchange(address)}.{RoutingKey(partition)}";

    public static string RoutingKey(int partition) => partition.ToString(CultureInfo.InvariantCulture);

    /// <summary>The user of an address, as clients read it.</summary>
    public static string UserOf(Uri amqp) => amqp.UserInfo.Split(':', 2)[0] is { Length: > 0 } user ? Uri.UnescapeDataString(user) : "guest";

    public static int PartitionsOf(BusAddress address, BusOptions options) => address is BusAddress.Deliver ? 1 : options.Partitions;
}
