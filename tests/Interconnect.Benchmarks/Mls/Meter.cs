using System.Diagnostics;
using System.Runtime.InteropServices;

namespace Interconnect.Benchmarks.Mls;

/// <summary>Microseconds one operation took: by the wall, and of processor time over all threads.</summary>
/// <param name="Allocated">Managed bytes allocated by the calling thread.</param>
internal readonly record struct Sample(double Wall, double Cpu, long Allocated = 0);

/// <summary>Several samples of the same thing. The machine may be shared: the median says what a caller sees, the least processor time what the work costs.</summary>
internal sealed class Samples
{
    private readonly List<Sample> all = [];

    public void Add(Sample sample) => all.Add(sample);

    public double WallMedian => Median(all.Select(sample => sample.Wall));

    public double CpuMedian => Median(all.Select(sample => sample.Cpu));

    public double CpuLeast => all.Min(sample => sample.Cpu);

    public long AllocatedLeast => all.Min(sample => sample.Allocated);

    private static double Median(IEnumerable<double> values)
    {
        var sorted = values.Order().ToList();
        return (sorted[(sorted.Count - 1) / 2] + sorted[sorted.Count / 2]) / 2;
    }
}

/// <summary>Measures a piece of work of this process.</summary>
internal static class Meter
{
    private const int ProcessCpuClock = 2;

    public static Sample Run(int times, Action<int> piece)
    {
        var allocated = GC.GetAllocatedBytesForCurrentThread();
        var cpu = Cpu();
        var start = Stopwatch.GetTimestamp();
        for (var i = 0; i < times; i++)
        {
            piece(i);
        }

        var wall = Stopwatch.GetElapsedTime(start).TotalMicroseconds;
        return new Sample(wall / times, (Cpu() - cpu) / times, (GC.GetAllocatedBytesForCurrentThread() - allocated) / times);
    }

    /// <summary>How often to do something for about this long, from one try that is not counted.</summary>
    public static int TimesFor(TimeSpan batch, Action<int> piece)
    {
        var once = Math.Max(1, Run(1, piece).Cpu);
        return (int)Math.Clamp(batch.TotalMicroseconds / once, 1, 500);
    }

    private static double Cpu()
    {
        if (ClockGetTime(ProcessCpuClock, out var time) != 0)
        {
            throw new PlatformNotSupportedException("The processor time clock needs Linux.");
        }

        return (time.Seconds * 1e6) + (time.Nanoseconds / 1e3);
    }

    [DllImport("libc", EntryPoint = "clock_gettime")]
    private static extern int ClockGetTime(int clock, out Time time);

    private struct Time
    {
        public long Seconds;
        public long Nanoseconds;
    }
}
