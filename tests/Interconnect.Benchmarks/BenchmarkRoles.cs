using Interconnect.Bus;
using Interconnect.Bus.Tests;
using Interconnect.Federation;

namespace Interconnect.Benchmarks;

/// <summary>Who is on the bus: the hub in its process, both null adapters in ours. Signatures cost what they cost in production.</summary>
internal static class BenchmarkRoles
{
    public static readonly BusSender From = new BusSender.Network(Devices.From);
    public static readonly BusSender To = new BusSender.Network(Devices.To);
    private static readonly BusSender[] All = [new BusSender.HubProvider(), From, To];

    /// <summary>A folder with their keys.</summary>
    public static string Create()
    {
        var folder = Directory.CreateTempSubdirectory("interconnect-benchmark-").FullName;
        RoleFolder.Create(folder, All.Select(r => r.Name));
        return folder;
    }

    /// <summary>The roles of such a folder.</summary>
    public static IReadOnlyDictionary<string, BusRoleOptions> Read(string folder) => All.ToDictionary(r => r.Name, r =>
    {
        var path = Path.Combine(folder, r.Name.Replace(':', '-') + ".key");
        if (!RoleKey.TryRead(path, out var key, out var reason))
        {
            throw new InvalidOperationException(reason);
        }

        using (key)
        {
            return new BusRoleOptions { KeyFile = path, PublicKeys = [key.Public.ToString()] };
        }
    });
}
