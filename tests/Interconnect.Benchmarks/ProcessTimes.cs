using System.Globalization;
using System.Net;
using Npgsql;

namespace Interconnect.Benchmarks;

/// <summary>CPU seconds by process, from /proc; a process that is not on this machine is left out.</summary>
internal sealed class ProcessTimes
{
    private const double TicksPerSecond = 100;
    private readonly Dictionary<string, Func<IEnumerable<int>>> processes = [];

    public static async Task<ProcessTimes> FindAsync(CrossingOptions options, int hub)
    {
        var times = new ProcessTimes();
        times.processes["benchmark"] = () => [Environment.ProcessId];
        times.processes["hub"] = () => [hub];
        if (Listener(options.Broker.Port) is { } broker)
        {
            times.processes["broker"] = () => [broker];
        }

        await using var connection = new NpgsqlConnection(options.Database);
        await connection.OpenAsync();
        await using var command = new NpgsqlCommand("SELECT pg_backend_pid()", connection);
        var backend = (int)(await command.ExecuteScalarAsync())!;
        if (IPAddress.TryParse(new NpgsqlConnectionStringBuilder(options.Database).Host, out var address) && IPAddress.IsLoopback(address) && Stat(backend) is { } stat)
        {
            times.processes["database"] = () => [stat.Parent, .. All().Where(p => Stat(p)?.Parent == stat.Parent)];
        }

        return times;
    }

    /// <summary>CPU seconds so far, by process.</summary>
    public IReadOnlyDictionary<string, double> Read() => processes.ToDictionary(p => p.Key, p => p.Value().Sum(pid => Stat(pid)?.Seconds ?? 0));

    public Dictionary<string, double> Nothing() => processes.ToDictionary(p => p.Key, _ => 0.0);

    /// <summary>Runs something and adds the CPU seconds it took to <paramref name="sums"/>.</summary>
    public async Task<T> AddAsync<T>(Dictionary<string, double> sums, Func<Task<T>> run)
    {
        var before = Read();
        var result = await run();
        foreach (var (process, seconds) in Read())
        {
            sums[process] += seconds - before[process];
        }

        return result;
    }

    /// <summary>CPU microseconds a message.</summary>
    public static IReadOnlyDictionary<string, double> Each(Dictionary<string, double> sums, int messages) =>
        sums.Append(new("together", sums.Values.Sum())).ToDictionary(s => s.Key, s => Math.Round(s.Value / messages * 1e6, 1));

    private static IEnumerable<int> All() => Directory.EnumerateDirectories("/proc").Select(Path.GetFileName).Where(n => char.IsAsciiDigit(n![0])).Select(n => int.Parse(n!, CultureInfo.InvariantCulture));

    private static (int Parent, double Seconds)? Stat(int pid)
    {
        try
        {
            var text = File.ReadAllText($"/proc/{pid}/stat");
            var fields = text[(text.LastIndexOf(')') + 2)..].Split(' ');
            return (int.Parse(fields[1], CultureInfo.InvariantCulture), (double.Parse(fields[11], CultureInfo.InvariantCulture) + double.Parse(fields[12], CultureInfo.InvariantCulture)) / TicksPerSecond);
        }
        catch (IOException)
        {
            return null;
        }
    }

    // The process whose socket listens on a local port.
    private static int? Listener(int port)
    {
        var inode = File.ReadLines("/proc/net/tcp").Concat(File.ReadLines("/proc/net/tcp6"))
            .Select(l => l.Split(' ', StringSplitOptions.RemoveEmptyEntries))
            .FirstOrDefault(f => f.Length > 9 && f[3] == "0A" && f[1].EndsWith($":{port:X4}", StringComparison.Ordinal))?[9];
        return inode is null ? null : All().Cast<int?>().FirstOrDefault(p => Holds(p!.Value, $"socket:[{inode}]"));
    }

    private static bool Holds(int pid, string socket)
    {
        try
        {
            return Directory.EnumerateFileSystemEntries($"/proc/{pid}/fd").Any(f => new FileInfo(f).LinkTarget == socket);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            return false;
        }
    }
}
