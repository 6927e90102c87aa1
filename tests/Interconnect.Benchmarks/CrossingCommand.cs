using System.Diagnostics;
using System.Globalization;
using System.Runtime.InteropServices;
using System.Text.Json;
using Interconnect.Federation;
using Interconnect.Mls;
using Npgsql;

namespace Interconnect.Benchmarks;

/// <summary>Runs both pipelines in turn and prints one JSON object.</summary>
internal static class CrossingCommand
{
    private const int MessageBytes = 1024;
    private const int LatencyRate = 1_000;
    private const int Runs = 3;
    private static readonly TimeSpan Settle = TimeSpan.FromSeconds(5);
    private static readonly JsonSerializerOptions Indented = new() { WriteIndented = true };

    public static async Task<int> RunAsync(CrossingOptions given, CancellationToken cancellation)
    {
        var keys = BenchmarkRoles.Create();
        try
        {
            return await RunWithKeysAsync(given with { Keys = keys }, cancellation);
        }
        finally
        {
            Directory.Delete(keys, recursive: true);
        }
    }

    private static async Task<int> RunWithKeysAsync(CrossingOptions options, CancellationToken cancellation)
    {
        await using var raw = await RawPipeline.CreateAsync(options.Broker, options.Window);
        Say("warming up the bare pipeline");
        await raw.ThroughputAsync(options.Messages / 4);
        var verified = await MeasureAsync(options, raw, unsafeTrustSignatures: false, cancellation);
        var unverified = await MeasureAsync(options, raw, unsafeTrustSignatures: true, cancellation);
        Say("latency of the bare pipeline");
        var rawLatency = await raw.LatencyAsync(options.Seconds, LatencyRate);
        Console.WriteLine(JsonSerializer.Serialize(
            new
            {
                benchmark = "crossing",
                what = "1 KB MLS messages through submit, dedupe, consent, ledger and outbox (PostgreSQL), deliver, and the report of acceptance to the sender; confirms on; null adapters",
                against = "RabbitMQ.Client alone: 1 KB through two quorum queues, confirmed, same window; no database, no signature",
                message_bytes = MessageBytes,
                messages_per_run = options.Messages,
                rooms = options.Rooms,
                window = options.Window,
                partitions = options.Partitions,
                raw_latency = rawLatency,
                every_frame_signature_verified = verified.Report,
                frame_signatures_taken_for_valid = unverified.Report,
                ed25519_verify_cpu_microseconds = VerifyCost(),
                machine = Machine(),
            },
            Indented));
        return verified.Faults + unverified.Faults == 0 ? 0 : 1;
    }

    /// <summary>One variant, alternating with the bare pipeline, so that a slow spell of the machine hits both.</summary>
    private static async Task<(object Report, long Faults)> MeasureAsync(CrossingOptions given, RawPipeline raw, bool unsafeTrustSignatures, CancellationToken cancellation)
    {
        await using var database = await BenchmarkDatabase.CreateAsync(given.Database);
        var options = given with { Database = database.ConnectionString };
        using var hub = StartHub(options, unsafeTrustSignatures);
        try
        {
            await using var crossing = await Crossing.StartAsync(options);
            Say("making rooms");
            var rooms = await MeetAsync(crossing, options.Rooms);
            var times = await ProcessTimes.FindAsync(options, hub.Id);
            Say("warming up");
            await crossing.ThroughputAsync(Make(rooms, options.Messages));
            var (rawRuns, crossingRuns) = (new List<double>(), new List<double>());
            var (rawCost, crossingCost) = (times.Nothing(), times.Nothing());
            for (var run = 1; run <= Runs; run++)
            {
                var messages = Make(rooms, options.Messages);
                Say($"run {run}");
                rawRuns.Add(await times.AddAsync(rawCost, () => raw.ThroughputAsync(options.Messages)));
                crossingRuns.Add(await times.AddAsync(crossingCost, () => crossing.ThroughputAsync(messages)));
            }

            // What the throughput run left behind (reports of acceptance, outbox rows to delete) is not this measurement's.
            await Task.Delay(Settle, cancellation);
            Say("latency");
            var latency = await crossing.LatencyAsync(Make(rooms, options.Seconds * LatencyRate), LatencyRate);
            var ratio = Math.Round(Median(crossingRuns) / Median(rawRuns), 2);
            return (
                new
                {
                    ratio_of_medians = ratio,
                    envelope_bytes = Make(rooms, 1)[0].Body.Length,
                    raw_messages_per_second = rawRuns.Select(r => Math.Round(r)),
                    crossing_messages_per_second = crossingRuns.Select(r => Math.Round(r)),
                    cpu_microseconds_a_message = new { raw = ProcessTimes.Each(rawCost, Runs * options.Messages), crossing = ProcessTimes.Each(crossingCost, Runs * options.Messages) },
                    latency,
                    refused = crossing.Refused,
                    duplicates = crossing.Duplicates,
                },
                crossing.Refused + crossing.Duplicates);
        }
        finally
        {
            hub.StandardInput.Close();
            await hub.WaitForExitAsync(cancellation);
        }
    }

    /// <summary>What one verification costs here and now, since it is most of the hub's work.</summary>
    private static double VerifyCost()
    {
        const int Times = 2_000;
        var suite = CipherSuite.Get(1);
        var key = suite.GenerateSignatureKeyPair();
        var content = new byte[MessageBytes];
        var signature = key.SignWithLabel("bench", content);
        var before = Process.GetCurrentProcess().TotalProcessorTime;
        for (var i = 0; i < Times; i++)
        {
            suite.VerifyWithLabel(key.PublicKey.Span, "bench", content, signature);
        }

        return Math.Round((Process.GetCurrentProcess().TotalProcessorTime - before).TotalMicroseconds / Times, 1);
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

    private static Process StartHub(CrossingOptions options, bool unsafeTrustSignatures)
    {
        var start = new ProcessStartInfo(Environment.ProcessPath!) { RedirectStandardInput = true };
        if (Path.GetFileNameWithoutExtension(Environment.ProcessPath) == "dotnet")
        {
            start.ArgumentList.Add(typeof(CrossingCommand).Assembly.Location);
        }

        string[] variant = unsafeTrustSignatures ? ["--unsafe-trust-signatures"] : [];
        foreach (var argument in variant.Prepend("hub").Concat([ "--broker", options.Broker.ToString(), "--database", options.Database, "--keys", options.Keys, "--partitions", options.Partitions.ToString(CultureInfo.InvariantCulture)]))
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
