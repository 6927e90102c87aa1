using System.Diagnostics;
using System.Globalization;
using System.Runtime.InteropServices;
using System.Text.Json;
using Interconnect.Federation;
using Npgsql;

namespace Interconnect.Benchmarks;

/// <summary>Runs both pipelines in turn and prints one JSON object.</summary>
internal static class CrossingCommand
{
    private const int MessageBytes = 1024;
    private const int LatencyRate = 1_000;
    private static readonly JsonSerializerOptions Indented = new() { WriteIndented = true };

    public static async Task<int> RunAsync(CrossingOptions given, CancellationToken cancellation)
    {
        await using var database = await BenchmarkDatabase.CreateAsync(given.Database);
        var options = given with { Database = database.ConnectionString };
        using var hub = StartHub(options);
        try
        {
            await using var crossing = await Crossing.StartAsync(options);
            await using var raw = await RawPipeline.CreateAsync(options.Broker, options.Window);
            Say("making rooms");
            var rooms = await MeetAsync(crossing, options.Rooms);
            var times = await ProcessTimes.FindAsync(options, hub.Id);

            Say("warming up");
            await raw.ThroughputAsync(options.Messages / 4);
            await crossing.ThroughputAsync(Make(rooms, options.Messages / 4));

            // Alternating, so that a slow spell of the machine hits both.
            var rawRuns = new List<double>();
            var crossingRuns = new List<double>();
            IReadOnlyDictionary<string, double> rawCost = new Dictionary<string, double>();
            IReadOnlyDictionary<string, double> crossingCost = new Dictionary<string, double>();
            for (var run = 1; run <= 3; run++)
            {
                var messages = Make(rooms, options.Messages);
                Say($"run {run}");
                var before = times.Read();
                rawRuns.Add(await raw.ThroughputAsync(options.Messages));
                rawCost = times.MicrosecondsSince(before, options.Messages);
                before = times.Read();
                crossingRuns.Add(await crossing.ThroughputAsync(messages));
                crossingCost = times.MicrosecondsSince(before, options.Messages);
            }

            Say("latency");
            var rawLatency = await raw.LatencyAsync(options.Seconds, LatencyRate);
            var crossingLatency = await crossing.LatencyAsync(Make(rooms, options.Seconds * LatencyRate), LatencyRate);
            Console.WriteLine(JsonSerializer.Serialize(
                new
                {
                    benchmark = "crossing",
                    what = "1 KB MLS messages, Ed25519-signed frame by frame and verified in the hub; submit, dedupe, consent, ledger, outbox (PostgreSQL), deliver and the report of acceptance to the sender; null adapters",
                    against = "RabbitMQ.Client alone: 1 KB through two quorum queues, confirmed, same window; no database, no signature",
                    message_bytes = MessageBytes,
                    envelope_bytes = Make(rooms, 1)[0].Body.Length,
                    messages_per_run = options.Messages,
                    rooms = options.Rooms,
                    window = options.Window,
                    partitions = options.Partitions,
                    raw_messages_per_second = rawRuns.Select(r => Math.Round(r)),
                    crossing_messages_per_second = crossingRuns.Select(r => Math.Round(r)),
                    ratio_of_medians = Math.Round(Median(crossingRuns) / Median(rawRuns), 2),
                    cpu_microseconds_a_message = new { raw = rawCost, crossing = crossingCost },
                    latency = new { raw = rawLatency, crossing = crossingLatency },
                    refused = crossing.Refused,
                    duplicates = crossing.Duplicates,
                    machine = Machine(),
                },
                Indented));
            return crossing.Refused == 0 ? 0 : 1;
        }
        finally
        {
            hub.StandardInput.Close();
            await hub.WaitForExitAsync(cancellation);
        }
    }

    private static async Task<List<(Devices Devices, EncryptedMessage Message)>> MeetAsync(Crossing crossing, int rooms)
    {
        var met = new List<(Devices, EncryptedMessage)>();
        for (var number = 1; number <= rooms; number++)
        {
            var devices = new Devices(number);
            met.Add((devices, await devices.MeetAsync(crossing.AskAsync, MessageBytes)));
        }

        return met;
    }

    private static List<(ConversationKey Conversation, EventId Id, byte[] Body)> Make(List<(Devices Devices, EncryptedMessage Message)> rooms, int count) =>
        [.. Enumerable.Range(0, count).AsParallel().AsOrdered().Select(i => rooms[i % rooms.Count].Devices.Message(rooms[i % rooms.Count].Message))];

    private static Process StartHub(CrossingOptions options)
    {
        var start = new ProcessStartInfo(Environment.ProcessPath!) { RedirectStandardInput = true };
        if (Path.GetFileNameWithoutExtension(Environment.ProcessPath) == "dotnet")
        {
            start.ArgumentList.Add(typeof(CrossingCommand).Assembly.Location);
        }

        foreach (var argument in new[] { "hub", "--broker", options.Broker.ToString(), "--database", options.Database, "--partitions", options.Partitions.ToString(CultureInfo.InvariantCulture) })
        {
            start.ArgumentList.Add(argument);
        }

        return Process.Start(start)!;
    }

    private static object Machine() => new
    {
        cores = Environment.ProcessorCount,
        cpu = File.ReadLines("/proc/cpuinfo").FirstOrDefault(l => l.StartsWith("model name", StringComparison.Ordinal))?.Split(':')[1].Trim(),
        memory_gib = Math.Round(GC.GetGCMemoryInfo().TotalAvailableMemoryBytes / (double)(1L << 30), 1),
        os = RuntimeInformation.OSDescription,
        runtime = RuntimeInformation.FrameworkDescription,
        build = typeof(CrossingCommand).Assembly.GetCustomAttributes(typeof(System.Reflection.AssemblyConfigurationAttribute), false).OfType<System.Reflection.AssemblyConfigurationAttribute>().FirstOrDefault()?.Configuration,
        load_average = File.ReadAllText("/proc/loadavg").Split(' ')[0],
    };

    private static double Median(List<double> values) => values.Order().ElementAt(values.Count / 2);

    private static void Say(string what) => Console.Error.WriteLine($"{DateTime.Now:HH:mm:ss} {what}");
}
