using System.Diagnostics.CodeAnalysis;
using Interconnect.Federation;

namespace Interconnect.Hub;

/// <summary>The options in the form that decisions ask for. Pure.</summary>
internal sealed class HubPolicy
{
    private readonly Dictionary<string, ProviderDomain> domains;
    private readonly Dictionary<ProviderDomain, NetworkId> networks;
    private readonly Dictionary<(string, string), PeeringAgreement> agreements;
    private readonly HashSet<ushort> suites;

    public HubPolicy(HubOptions options)
    {
        Options = options;
        domains = options.Networks.ToDictionary(n => n.Key.Value, n => n.Value, StringComparer.Ordinal);
        networks = options.Networks.ToDictionary(n => n.Value, n => n.Key);
        agreements = options.Peerings.ToDictionary(p => p.Pair);
        suites = [.. options.AllowedSuites];
    }

    public HubOptions Options { get; }

    public HubLimits Limits => Options.Limits;

    public Allowance DeviceChanges => new(Limits.DeviceChanges, Limits.DeviceChangeWindow);

    public bool IsAllowed(ushort suite) => suites.Contains(suite);

    public bool TryDomainOf(NetworkId network, [NotNullWhen(true)] out ProviderDomain? domain) => domains.TryGetValue(network.Value, out domain);

    public bool TryNetworkOf(ProviderDomain domain, [NotNullWhen(true)] out NetworkId? network) => networks.TryGetValue(domain, out network);

    /// <summary>Null when two users may exchange something with this suite; else the refusal.</summary>
    public Decision.Refused? Peering(UserUri sender, UserUri other, ushort suite, int messageBytes = 0)
    {
        if (!networks.ContainsKey(other.Domain))
        {
            return new(HubRule.DestinationKnown);
        }

        if (!agreements.TryGetValue(PeeringAgreement.PairOf(sender.Domain, other.Domain), out var agreement))
        {
            return new(HubRule.Peering);
        }

        if (!agreement.Lanes.Contains(InnerEncryption.Mls10))
        {
            return new(HubRule.PeeringLane);
        }

        if (!IsStrongEnough(agreement, suite))
        {
            return new(HubRule.PeeringSuite);
        }

        return messageBytes > agreement.MaxMessageBytes ? new(HubRule.PeeringSize) : null;
    }

    /// <summary>The suites of a request that hub and agreement allow, in the asker's order. Of one's own packages no agreement speaks.</summary>
    public IReadOnlyList<ushort> UsableSuites(UserUri sender, UserUri other, IEnumerable<ushort> asked) =>
        sender == other ? [.. asked.Where(IsAllowed).Distinct()] : agreements.TryGetValue(PeeringAgreement.PairOf(sender.Domain, other.Domain), out var agreement)
            ? [.. asked.Where(s => IsAllowed(s) && IsStrongEnough(agreement, s)).Distinct()]
            : [];

    private static bool IsStrongEnough(PeeringAgreement agreement, ushort suite) => SuiteLevels.BitsOf(suite) >= SuiteLevels.BitsOf(agreement.MinimumSuite);
}
