using System.Globalization;
using System.Runtime.InteropServices;
using System.Text.Json;
using System.Text.Json.Nodes;
using Interconnect.Mls;

namespace Interconnect.Benchmarks.Mls;

/// <summary>
/// The MLS library beside ts-mls on the same operations, and beside the bare primitives that those operations cannot avoid, in one run; rounds of all three take turns, so that
/// whatever else the machine does falls on each.
/// </summary>
internal sealed record MlsCommand(IReadOnlyList<int> Sizes, IReadOnlyList<int> ServerSizes, int Rounds, bool WithTsMls)
{
    private static readonly TimeSpan Batch = TimeSpan.FromMilliseconds(60);
    private static readonly CipherSuite Suite = CipherSuite.Get(1);

    public int Run()
    {
        var loadBefore = Load();
        var bare = new Bare(Suite);
        using var other = WithTsMls ? TsMls.Start() : null;
        var operations = new JsonArray();
        WarmUp();
        foreach (var size in Sizes)
        {
            Console.Error.WriteLine($"{size} members");
            var group = new BenchGroup(size);
            other?.Prepare(size);
            foreach (var (name, operation) in group.Operations)
            {
                operations.Add(Compare(name, size, operation, Counts.Of(name, group), bare, name == BenchGroup.NotInTsMls ? null : other));
            }
        }

        Console.Error.WriteLine("public groups");
        var report = new JsonObject
        {
            ["machine"] = new JsonObject
            {
                ["processors"] = Environment.ProcessorCount,
                ["architecture"] = RuntimeInformation.ProcessArchitecture.ToString(),
                ["runtime"] = RuntimeInformation.FrameworkDescription,
                ["load_before"] = loadBefore,
                ["load_after"] = Load(),
            },
            ["suite"] = Suite.Name,
            ["body_bytes"] = 1024,
            ["rounds"] = Rounds,
            ["microseconds"] = "cpu = least processor time over all threads, wall = median",
            ["operations"] = operations,
            ["public_group"] = PublicGroupRuns.Run(ServerSizes, Rounds, bare),
        };
        Console.WriteLine(report.ToJsonString(new JsonSerializerOptions { WriteIndented = true }));
        return 0;
    }

    private JsonObject Compare(string name, int size, Func<int, Action<int>> operation, Counted counted, Bare bare, TsMls? other)
    {
        var (ours, theirs, least) = (new Samples(), new Samples(), new Samples());
        bare.Prepare(counted);
        bare.Do(counted);
        var times = Meter.TimesFor(Batch, operation(1));
        Meter.Run(times, operation(times));
        var otherTimes = 1;
        if (other is not null)
        {
            otherTimes = (int)Math.Clamp(Batch.TotalMicroseconds / other.Run(name, size, 1).Cpu, 1, 100);
        }

        for (var round = 0; round < Rounds; round++)
        {
            if (other is not null)
            {
                theirs.Add(other.Run(name, size, otherTimes));
            }

            ours.Add(Meter.Run(times, operation(times)));
            least.Add(Meter.Run(times, _ => bare.Do(counted)));
        }

        var report = new JsonObject
        {
            ["operation"] = name,
            ["members"] = size,
            ["cpu"] = Math.Round(ours.CpuLeast, 1),
            ["wall"] = Math.Round(ours.WallMedian, 1),
            ["bare_cpu"] = Math.Round(least.CpuLeast, 1),
            ["over_bare"] = Math.Round(ours.CpuLeast / least.CpuLeast, 2),
            ["allocated_bytes"] = ours.AllocatedLeast,
            ["over_bare_median"] = Math.Round(ours.CpuMedian / least.CpuMedian, 2),
            ["counted"] = JsonSerializer.SerializeToNode(counted),
        };
        if (other is not null)
        {
            report["ts_mls_cpu"] = Math.Round(theirs.CpuLeast, 1);
            report["ts_mls_wall"] = Math.Round(theirs.WallMedian, 1);
            report["times_faster_cpu"] = Math.Round(theirs.CpuLeast / ours.CpuLeast, 1);
            report["times_faster_wall"] = Math.Round(theirs.WallMedian / ours.WallMedian, 1);
        }

        return report;
    }

    // The runtime compiles what runs often a second time; that belongs to no measurement.
    private static void WarmUp()
    {
        var group = new BenchGroup(4);
        for (var i = 0; i < 3; i++)
        {
            foreach (var operation in group.Operations.Values)
            {
                Meter.Run(120, operation(120));
            }
        }
    }

    private static string Load() =>
        File.Exists("/proc/loadavg") ? string.Join(' ', File.ReadAllText("/proc/loadavg").Split(' ').Take(3)) : string.Empty.ToString(CultureInfo.InvariantCulture);
}
