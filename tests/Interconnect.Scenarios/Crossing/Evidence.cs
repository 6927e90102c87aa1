using System.Collections.Concurrent;
using System.Globalization;
using System.Text;
using Interconnect.Testing;
using Xunit.Sdk;

namespace Interconnect.Scenarios.Crossing;

/// <summary>One thing that can tell what it knows when a scenario waited too long.</summary>
internal interface IWitness
{
    /// <summary>Parts by name, each with its lines, oldest first. No content of messages is in them.</summary>
    Task<IReadOnlyList<(string Name, IReadOnlyList<string> Lines)>> TestifyAsync();
}

/// <summary>
/// Why a scenario waited too long: what the roles of the gateway logged (at level debug), where each endpoint stands, and the last lines of the servers, in a file in the
/// folder <c>INTERCONNECT_TEST_EVIDENCE</c> (the results folder of tests/run; else .state/evidence); the failure's message names it and shows the worst of it.
/// </summary>
internal static class Evidence
{
    private const int LinesOfEach = 400;
    private const int WarningsShown = 4;
    private const string Variable = "INTERCONNECT_TEST_EVIDENCE";
    private static readonly ConcurrentDictionary<IWitness, byte> Witnesses = new();

    public static void Add(IWitness witness) => Witnesses[witness] = 0;

    public static void Remove(IWitness witness) => Witnesses.TryRemove(witness, out _);

    /// <summary>Writes what everybody knows and makes the failure of the test.</summary>
    public static async Task<XunitException> FailureAsync(string what)
    {
        var message = new StringBuilder("Waited too long for: ").AppendLine(what);
        var all = new StringBuilder(message.ToString());
        foreach (var witness in Witnesses.Keys)
        {
            foreach (var (name, lines) in await TestifyAsync(witness))
            {
                all.AppendLine().AppendLine(CultureInfo.InvariantCulture, $"===== {name}, the last {Math.Min(LinesOfEach, lines.Count)} of {lines.Count} lines");
                lines.TakeLast(LinesOfEach).ToList().ForEach(line => all.AppendLine(line));
                foreach (var line in witness is Person ? lines.TakeLast(WarningsShown) : lines.Where(IsWarning).TakeLast(WarningsShown))
                {
                    message.AppendLine(CultureInfo.InvariantCulture, $"{name}: {(line.Length <= 240 ? line : line[..240])}");
                }
            }
        }

        var file = Path.Combine(Folder(), $"{DateTime.UtcNow:yyyyMMdd-HHmmss-fff}.log");
        await File.WriteAllTextAsync(file, all.ToString());
        return new XunitException(message.Append("All of it: ").Append(file).ToString());
    }

    /// <summary>Keeps a role's log whatever the test's outcome is, where the folder is named.</summary>
    public static void Keep(string name, IEnumerable<string> lines)
    {
        if (Environment.GetEnvironmentVariable(Variable) is { Length: > 0 })
        {
            File.AppendAllLines(Path.Combine(Folder(), name.Replace(':', '-') + ".log"), lines);
        }
    }

    /// <summary>The last lines of the servers that log into the state folder.</summary>
    public static IEnumerable<(string Name, IReadOnlyList<string> Lines)> OfServers(DevServers servers) =>
        Directory.Exists(Path.Combine(servers.StateFolder, "log"))
            ? Directory.EnumerateFiles(Path.Combine(servers.StateFolder, "log"), "*.log").Order(StringComparer.Ordinal).Select(file => (Path.GetFileName(file), ReadShared(file)))
            : [];

    // Scenarios run side by side: another one's witness may be gone at this moment, and what the others know is wanted all the same.
    private static async Task<IReadOnlyList<(string Name, IReadOnlyList<string> Lines)>> TestifyAsync(IWitness witness)
    {
        try
        {
            return await witness.TestifyAsync();
        }
        catch (Exception e)
        {
            return [(witness.GetType().Name, [$"could not be asked: {e.GetType().Name}"])];
        }
    }

    private static bool IsWarning(string line) =>
        line.Contains("\"LogLevel\":\"Warning\"", StringComparison.Ordinal) || line.Contains("\"LogLevel\":\"Error\"", StringComparison.Ordinal) || line.Contains("\"LogLevel\":\"Critical\"", StringComparison.Ordinal)
        || line.Contains(" WARNING ", StringComparison.Ordinal);

    private static IReadOnlyList<string> ReadShared(string file)
    {
        using var reader = new StreamReader(new FileStream(file, FileMode.Open, FileAccess.Read, FileShare.ReadWrite | FileShare.Delete));
        return reader.ReadToEnd().Split('\n', StringSplitOptions.RemoveEmptyEntries);
    }

    private static string Folder() =>
        Directory.CreateDirectory(Environment.GetEnvironmentVariable(Variable) is { Length: > 0 } named ? named : Path.Combine(SharedFiles.RepositoryRoot, ".state", "evidence")).FullName;
}
