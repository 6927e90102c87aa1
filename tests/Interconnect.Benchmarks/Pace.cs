using System.Diagnostics;

namespace Interconnect.Benchmarks;

/// <summary>Latencies at a given rate: each message has a time at which it is due, and its latency counts from there, whether or not the sender was late.</summary>
internal sealed class Pace(int count, int perSecond)
{
    private readonly long[] arrived = new long[count];
    private long start;

    public async Task SendAsync(Action<int> send)
    {
        start = Stopwatch.GetTimestamp();
        var sent = 0;
        while (sent < count)
        {
            var due = Math.Min(count, (int)(Stopwatch.GetElapsedTime(start).TotalSeconds * perSecond) + 1);
            while (sent < due)
            {
                send(sent++);
            }

            await Task.Delay(1);
        }
    }

    public void Arrived(int number) => arrived[number] = Stopwatch.GetTimestamp();

    public object Result()
    {
        var latencies = arrived.Select((at, n) => Stopwatch.GetElapsedTime(start, at).TotalMilliseconds - (n * 1000.0 / perSecond)).Order().ToArray();
        return new { offered_per_second = perSecond, messages = count, p50_ms = At(latencies, 0.5), p99_ms = At(latencies, 0.99), max_ms = Math.Round(latencies[^1], 2) };
    }

    private static double At(double[] sorted, double quantile) => Math.Round(sorted[(int)(quantile * (sorted.Length - 1))], 2);
}
