using Interconnect.Federation;

namespace Interconnect.Gateway.Roles;

/// <summary>What a process does. A closed set.</summary>
internal abstract record GatewayRole
{
    private GatewayRole()
    {
    }

    /// <summary>Who it is on the bus.</summary>
    public abstract BusSender Sender { get; }

    /// <summary>As it is written.</summary>
    public string Name => Sender.Name;

    /// <summary>Orders, decides, keeps the ledger. One process at a time is active, others stand by.</summary>
    public sealed record HubProvider : GatewayRole
    {
        public override BusSender Sender { get; } = new BusSender.HubProvider();
    }

    /// <summary>Speaks to one network.</summary>
    public sealed record Adapter(NetworkId Network) : GatewayRole
    {
        public override BusSender Sender { get; } = new BusSender.Network(Network);
    }

    /// <summary>The roles named, or all when none is; mistakes are added to <paramref name="problems"/>.</summary>
    public static IReadOnlyList<GatewayRole> Choose(IReadOnlyList<string> names, IReadOnlyCollection<NetworkId> networks, bool hasBroker, List<string> problems)
    {
        List<GatewayRole> all = [new HubProvider(), .. networks.OrderBy(n => n.Value, StringComparer.Ordinal).Select(n => new Adapter(n))];
        if (networks.Count == 0)
        {
            problems.Add("networks: there are none; put a file for each into the folder 'networks' beside the configuration file.");
        }

        if (names.Count == 0)
        {
            if (hasBroker)
            {
                problems.Add($"roles: with a broker each process is told what it does; choose from {string.Join(", ", all.Select(r => r.Name))}.");
            }

            return all;
        }

        var chosen = new List<GatewayRole>();
        foreach (var name in names)
        {
            if (all.Find(r => r.Name == name) is not { } role)
            {
                problems.Add($"roles: '{name}' is unknown; choose from {string.Join(", ", all.Select(r => r.Name))}.");
            }
            else if (chosen.Contains(role))
            {
                problems.Add($"roles: '{name}' stands twice.");
            }
            else
            {
                chosen.Add(role);
            }
        }

        if (!hasBroker && all.Except(chosen).ToList() is { Count: > 0 } missing && chosen.Count == names.Count)
        {
            problems.Add($"roles: without a broker all roles run in one process, but {string.Join(", ", missing.Select(r => r.Name))} is missing; name it, leave roles out, or set bus:amqp.");
        }

        return chosen;
    }
}
