using System.Text.RegularExpressions;
using Interconnect.Bus.RabbitMq;
using Interconnect.Federation;

namespace Interconnect.Bus;

/// <summary>
/// A role's user on RabbitMQ and what it may touch, as the patterns of <c>set_permissions</c>. A stream belongs to its reader, who declares and reads it; whoever writes to it may publish to
/// its exchange and nothing else. A second wall behind signatures: what a stolen password reaches is this.
/// </summary>
/// <param name="Role">Whose.</param>
/// <param name="Name">The user.</param>
/// <param name="Configure">What it may declare and delete.</param>
/// <param name="Write">Exchanges that it publishes to, and queues that it binds.</param>
/// <param name="Read">Queues that it reads, and exchanges that it binds to.</param>
public sealed record BrokerUser(BusSender Role, string Name, string Configure, string Write, string Read)
{
    private const string Parked = @"interconnect\.parked|interconnect\.unauthentic";

    /// <summary>The users of a hub and its networks; named as <see cref="BusRoleOptions.User"/> says, <c>interconnect-hub</c> and <c>interconnect-adapter-network</c> otherwise.</summary>
    public static IReadOnlyList<BrokerUser> All(BusOptions options, IEnumerable<NetworkId> networks)
    {
        var ids = networks.OrderBy(n => n.Value, StringComparer.Ordinal).ToList();
        return [OfHub(options, ids), .. ids.Select(n => OfAdapter(options, n))];
    }

    private static BrokerUser OfHub(BusOptions options, IReadOnlyList<NetworkId> networks)
    {
        const string Own = @"interconnect\.(submit|report)";
        var role = new BusSender.HubProvider();
        return new BrokerUser(
            role, NameOf(options, role),
            Whole($@"{Own}(\.[0-9]+)?|{Parked}"),
            Whole(string.Join('|', [$@"{Own}\.[0-9]+", Parked, .. networks.Select(Deliver)])),
            Whole($@"{Own}(\.[0-9]+)?|{Parked}"));
    }

    private static BrokerUser OfAdapter(BusOptions options, NetworkId network)
    {
        var role = new BusSender.Network(network);
        var own = Deliver(network);
        return new BrokerUser(role, NameOf(options, role), Whole(own), Whole($@"interconnect\.(submit|report)|{Parked}|{own}"), Whole(own));
    }

    private static string Deliver(NetworkId network) => Regex.Escape(BrokerNames.Exchange(new BusAddress.Deliver(network)));

    private static string Whole(string pattern) => $"^({pattern})$";

    private static string NameOf(BusOptions options, BusSender role) => options.Roles.GetValueOrDefault(role.Name)?.User ?? "interconnect-" + role.Name.Replace(':', '-');
}
