using Interconnect.Gateway.Configuration;
using Interconnect.Storage;

namespace Interconnect.Gateway.Checks;

/// <summary>Whether the outside world that the roles need can be reached; a reason in plain words where not. Takes no place: no component connects, no queue is declared.</summary>
internal static class Probes
{
    private static readonly TimeSpan Limit = TimeSpan.FromSeconds(10);

    /// <summary>All probes at once.</summary>
    public static async Task<IReadOnlyList<(string Part, string? Reason)>> RunAsync(GatewayConfiguration configuration, TimeProvider clock, CancellationToken cancellation)
    {
        var probes = new List<(string Part, Func<CancellationToken, Task<string?>> Probe)> { ("database", token => DatabaseAsync(configuration, token)) };
        if (configuration.Options.Bus is { Amqp: not null } bus)
        {
            probes.Add(("broker", token => BrokerProbe.RunAsync(bus, token)));
        }

        foreach (var network in configuration.Roles.OfType<Roles.GatewayRole.Adapter>().Select(a => a.Network))
        {
            var options = configuration.Networks[network];
            probes.Add(("network " + network.Value, token => options.Xmpp is { } xmpp ? XmppProbe.RunAsync(xmpp, token) : MatrixProbe.RunAsync(options.Matrix!, token)));
        }

        return await Task.WhenAll(probes.Select(async p => (p.Part, await WithinAsync(p.Probe, clock, cancellation))));
    }

    private static async Task<string?> DatabaseAsync(GatewayConfiguration configuration, CancellationToken cancellation)
    {
        if (configuration.Options.Database.Provider == "sqlite")
        {
            var folder = Path.GetDirectoryName(Path.GetFullPath(configuration.Options.Database.ConnectionString))!;
            if (!File.Exists(configuration.Options.Database.ConnectionString))
            {
                return Directory.Exists(folder) ? null : "the database's folder does not exist yet; it is made at the first start if it can be";
            }
        }

        await using var database = Database.Create(configuration.Options.Database);
        return await database.WhyNotReadyAsync(cancellation);
    }

    private static async Task<string?> WithinAsync(Func<CancellationToken, Task<string?>> probe, TimeProvider clock, CancellationToken cancellation)
    {
        using var time = new CancellationTokenSource(Limit, clock);
        using var both = CancellationTokenSource.CreateLinkedTokenSource(time.Token, cancellation);
        try
        {
            return await probe(both.Token);
        }
        catch (OperationCanceledException) when (!cancellation.IsCancellationRequested)
        {
            return $"no answer within {Limit.TotalSeconds} seconds";
        }
    }
}
