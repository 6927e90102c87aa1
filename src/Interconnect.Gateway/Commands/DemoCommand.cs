using System.CommandLine;
using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Nodes;
using Interconnect.Gateway.Demo;

namespace Interconnect.Gateway.Commands;

/// <summary><c>interconnect demo</c>: two messages cross between two simulated networks; everything between them is real.</summary>
internal static class DemoCommand
{
    private static readonly JsonSerializerOptions Readable = new() { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    public static Command Create()
    {
        var text = new Option<string>("--text") { Description = "What Alice types.", DefaultValueFactory = _ => "Hello Bob, this crosses from XMPP to Matrix and only you can read it." };
        var json = new Option<bool>("--json") { Description = "Print the result as one JSON object." };
        var stay = new Option<bool>("--stay") { Description = "Keep running afterwards and say how to go on by hand." };
        var command = new Command("demo", "Alice (XMPP) writes to Bob (Matrix) and back, end-to-end encrypted, on two simulated networks; shows what each hop could see. Exit code 4: something did not arrive.") { text, json, stay };
        command.SetAction((parsed, cancellation) => RunAsync(parsed.GetValue(text)!, parsed.GetValue(json), parsed.GetValue(stay), cancellation));
        return command;
    }

    private static async Task<int> RunAsync(string text, bool json, bool stay, CancellationToken cancellation)
    {
        static void Progress(string line) => Console.Error.WriteLine("- " + line);
        if (AgentProcess.Program is null)
        {
            return Fail("The agent's program is not in the folder 'agent' beside this program; build Interconnect.Gateway.", json);
        }

        var clock = TimeProvider.System;
        var started = clock.GetTimestamp();
        try
        {
            Progress("Two simulated networks and the gateway start");
            await using var world = await DemoWorld.StartAsync(new HopLog(), cancellation);
            using var ended = CancellationTokenSource.CreateLinkedTokenSource(cancellation, world.Gateway.Lifetime.ApplicationStopping);
            var story = new DemoStory(world, Progress, clock);
            var report = await story.RunAsync(text, started, ended.Token);
            if (json)
            {
                Console.WriteLine(report.ToJson().ToJsonString(Readable));
            }
            else
            {
                DemoPrinter.Print(Console.Out, report);
            }

            if (stay)
            {
                await StayAsync(story, ended.Token);
            }

            return report.Problems().Count == 0 ? ExitCode.Success : ExitCode.NotArrived;
        }
        catch (DemoFailure failure)
        {
            return Fail(failure.Message, json);
        }
        catch (OperationCanceledException)
        {
            return Fail("Stopped.", json);
        }
    }

    private static async Task StayAsync(DemoStory story, CancellationToken ended)
    {
        static string Chat(string home, string with) => string.Join(' ', [AgentProcess.Runtime, AgentProcess.Program!, "chat", .. DemoStory.Store(home), with]);
        await Console.Error.WriteLineAsync();
        await Console.Error.WriteLineAsync("The networks and the gateway keep running. In two other terminals:");
        await Console.Error.WriteLineAsync("  as Alice: " + Chat(story.AliceHome, "bob@hs.test"));
        await Console.Error.WriteLineAsync("  as Bob:   " + Chat(story.BobHome, "alice@a.test"));
        await Console.Error.WriteLineAsync("Ctrl-C ends, and removes everything.");
        await Task.Delay(Timeout.InfiniteTimeSpan, TimeProvider.System, ended).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
    }

    private static int Fail(string reason, bool json)
    {
        if (json)
        {
            Console.WriteLine(new JsonObject { ["ok"] = false, ["problems"] = new JsonArray(reason) }.ToJsonString(Readable));
        }

        Console.Error.WriteLine("FAILED: " + reason);
        return ExitCode.NotArrived;
    }
}
