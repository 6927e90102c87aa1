using Interconnect.Adapters.Hosting;
using Interconnect.Federation;
using Interconnect.Gateway.Roles;
using Interconnect.Hub;

namespace Interconnect.Gateway.Configuration;

/// <summary>A configuration that was read and checked as a whole.</summary>
/// <param name="Options">What was configured.</param>
/// <param name="Roles">What this process does.</param>
/// <param name="Networks">All networks of the federation, whether their adapter runs here or not.</param>
/// <param name="Hub">Complete hub options; null where the hub does not run here.</param>
internal sealed record GatewayConfiguration(GatewayOptions Options, IReadOnlyList<GatewayRole> Roles, IReadOnlyDictionary<NetworkId, NetworkOptions> Networks, HubOptions? Hub)
{
    /// <summary>Reads everything; null with all mistakes at once.</summary>
    /// <param name="path">The configuration file, or null for none.</param>
    /// <param name="roles">Roles from the command line, which take the place of those configured; null for none.</param>
    public static (GatewayConfiguration? Configuration, IReadOnlyList<string> Problems) Load(string? path, string? roles, IEnumerable<KeyValuePair<string, string>> environment)
    {
        var problems = new List<string>();
        var tree = ConfigurationTree.Read(path, environment, problems);
        var options = StrictBinder.Bind<GatewayOptions>(tree, string.Empty, problems);
        var networks = ReadNetworks(options, problems);
        var wanted = GatewayRole.Choose(roles?.Split(',', StringSplitOptions.TrimEntries) ?? options.Roles, networks.Keys, options.Bus.Amqp is not null, problems);
        var hub = wanted.OfType<GatewayRole.HubProvider>().Any() ? ReadHub(options, networks, path, problems) : null;
        problems.AddRange([.. options.Database.Problems(), .. options.Bus.Problems([.. wanted.Select(r => r.Sender)]), .. ReaderProblems(options, wanted, networks.Keys), .. options.Http.Problems()]);
        problems.AddRange(networks.Where(n => options.Hub is not null && n.Value.Host.GiveUpAfter >= options.Hub.Expiry).Select(n =>
            $"networks:{n.Key.Value}:host:giveUpAfter: shorter than hub:expiry ({options.Hub!.Expiry}), so that nothing is delivered of which the sender was told that it expired."));
        if (options.ShutdownTimeout < TimeSpan.FromSeconds(1) || options.ShutdownTimeout > TimeSpan.FromMinutes(10))
        {
            problems.Add("shutdownTimeout: between 1 second and 10 minutes.");
        }

        return problems.Count == 0 ? (new GatewayConfiguration(options, wanted, networks, hub), []) : (null, [.. problems.Distinct()]);
    }

    /// <summary>What commands about all roles need; none of them runs here, so neither roles nor key files are looked at.</summary>
    public static (GatewayOptions Options, IReadOnlyCollection<NetworkId> Networks, IReadOnlyList<string> Problems) LoadForOperator(string? path, IEnumerable<KeyValuePair<string, string>> environment)
    {
        var problems = new List<string>();
        var options = StrictBinder.Bind<GatewayOptions>(ConfigurationTree.Read(path, environment, problems), string.Empty, problems);
        var networks = ReadNetworks(options, problems);
        problems.AddRange([.. options.Database.Problems(), .. options.Bus.Problems([])]);
        if (networks.Count == 0)
        {
            problems.Add("networks: there are none; put a file for each into the folder 'networks' beside the configuration file.");
        }

        return (options, networks.Keys, [.. problems.Distinct()]);
    }

    // Without the keys of those it hears a role would park all that they say.
    private static IEnumerable<string> ReaderProblems(GatewayOptions options, IReadOnlyList<GatewayRole> roles, IEnumerable<NetworkId> networks)
    {
        if (options.Bus.Amqp is null)
        {
            return [];
        }

        IEnumerable<BusSender> heard = [
            .. roles.OfType<GatewayRole.HubProvider>().Any() ? networks.Select(n => new BusSender.Network(n)) : [],
            .. roles.OfType<GatewayRole.Adapter>().Any() ? [new BusSender.HubProvider()] : Array.Empty<BusSender>()];
        return heard.Where(h => options.Bus.Roles.GetValueOrDefault(h.Name)?.PublicKeys is not { Count: > 0 }).Select(h =>
            $"bus:roles:{h.Name}:publicKeys: this process takes nothing from {h.Name} without its public key; 'interconnect bus keygen' prints it.");
    }

    private static Dictionary<NetworkId, NetworkOptions> ReadNetworks(GatewayOptions options, List<string> problems)
    {
        var networks = new Dictionary<NetworkId, NetworkOptions>();
        foreach (var (name, network) in options.Networks)
        {
            if (!NetworkId.TryParse(name, out var id))
            {
                problems.Add($"networks:{name}: the file's name is the network's id, 1 to {NetworkId.MaxLength} characters of a-z, 0-9 and inner hyphens.");
                continue;
            }

            if ((network.Xmpp is null) == (network.Matrix is null))
            {
                problems.Add($"networks:{name}: exactly one of 'xmpp' and 'matrix' is expected.");
            }

            var complete = network with { Host = network.Host with { Network = name } };
            networks.Add(id, complete);
            problems.AddRange(((network.Xmpp?.Problems() ?? []).Concat(network.Matrix?.Problems() ?? []).Concat(complete.Host.Problems())).Select(p => $"networks:{name}:{p}"));
        }

        return networks;
    }

    private static HubOptions? ReadHub(GatewayOptions options, Dictionary<NetworkId, NetworkOptions> networks, string? path, List<string> problems)
    {
        if (options.Hub?.Domain is null)
        {
            problems.Add("hub:domain: the hub provider's own domain is needed where the hub runs, such as \"hub.example\".");
            return null;
        }

        var (peerings, mistakes) = path is null ? ([], []) : PeeringLoader.LoadFolder(Path.Combine(Path.GetDirectoryName(Path.GetFullPath(path))!, "peerings"));
        problems.AddRange(mistakes.Select(m => "peerings: " + m));
        var providers = networks.Where(n => ProviderDomain.TryParse(n.Value.Provider, out _)).ToDictionary(n => n.Key, n => ProviderDomain.Parse(n.Value.Provider));
        var hub = options.Hub with { Database = options.Database, Partitions = options.Bus.Partitions, Networks = providers, Peerings = peerings };
        problems.AddRange(hub.Problems());
        return hub;
    }
}
