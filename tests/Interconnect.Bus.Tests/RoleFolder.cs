namespace Interconnect.Bus.Tests;

/// <summary>Makes roles with keys of their own, as an operator does with <c>interconnect bus keygen</c>. Compiled into every test project that needs a broker.</summary>
internal static class RoleFolder
{
    /// <summary>A key file a role in <paramref name="folder"/>, and the options that name them all, for every process alike.</summary>
    public static IReadOnlyDictionary<string, BusRoleOptions> Create(string folder, params IEnumerable<string> roles)
    {
        Directory.CreateDirectory(folder);
        return roles.ToDictionary(r => r, r =>
        {
            var path = Path.Combine(folder, r.Replace(':', '-') + ".key");
            using var key = RoleKey.Create(path);
            return new BusRoleOptions { KeyFile = path, PublicKeys = [key.Public.ToString()] };
        });
    }
}
