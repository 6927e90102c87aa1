using System.Diagnostics;
using System.Runtime.InteropServices;
using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;

namespace Interconnect.Gateway.Demo;

/// <summary>
/// One run of <c>interconnect-agent</c>, an endpoint, as a process of its own: the only place where keys and text are. The gateway knows it by its command line
/// and the JSON lines it prints, nothing else.
/// </summary>
internal sealed class AgentProcess : IAsyncDisposable
{
    private readonly Process process;
    private readonly SemaphoreSlim arrived = new(0);
    private readonly List<JsonObject> seen = [];
    private readonly StringBuilder errors = new();
    private readonly Task reading;
    private int next;

    private AgentProcess(Process process)
    {
        this.process = process;
        reading = Task.WhenAll(ReadAsync(), ReadErrorsAsync());
    }

    /// <summary>The agent's program beside this one's, or null.</summary>
    public static string? Program { get; } = Path.Combine(AppContext.BaseDirectory, "agent", "interconnect-agent.dll") is var path && File.Exists(path) ? path : null;

    /// <summary>The runtime that runs this process runs the agents too.</summary>
    public static string Runtime { get; } = FindRuntime();

    public static AgentProcess Start(IEnumerable<string> arguments, string? password = null)
    {
        var start = new ProcessStartInfo(Runtime, [Program!, .. arguments])
        {
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
            StandardInputEncoding = new UTF8Encoding(false),
            StandardOutputEncoding = Encoding.UTF8,
        };
        start.Environment["DOTNET_TieredPGO"] = "0";
        if (password is not null)
        {
            start.Environment["INTERCONNECT_AGENT_PASSWORD"] = password;
        }

        return new AgentProcess(Process.Start(start) ?? throw new DemoFailure("An agent could not be started."));
    }

    /// <summary>What the agent has printed so far, without texts: for a failure's message.</summary>
    public string Progress
    {
        get
        {
            lock (seen)
            {
                return seen.Count == 0 ? "nothing yet" : string.Join(", ", seen.TakeLast(8).Select(e => $"{(string?)e["event"]}{((string?)e["state"] is { } state ? " " + state : string.Empty)}"));
            }
        }
    }

    /// <summary>The next event of these names; events before it are skipped. An error the agent reports, or its end, is a failure.</summary>
    public async Task<JsonObject> NextAsync(CancellationToken cancellation, params string[] names)
    {
        while (true)
        {
            await arrived.WaitAsync(cancellation);
            JsonObject? found = null;
            lock (seen)
            {
                if (next < seen.Count)
                {
                    found = seen[next++];
                }
            }

            if (found is null)
            {
                throw new DemoFailure($"An agent ended early. {errors}");
            }

            var name = (string?)found["event"];
            if (names.Contains(name))
            {
                return found;
            }

            if (name is "error" or "blocked" or "consent-refused" or "keys-refused")
            {
                throw new DemoFailure($"An agent reports {(string?)found["rule"]}: {(string?)found["reason"]}.");
            }
        }
    }

    public async Task TypeAsync(string line)
    {
        await process.StandardInput.WriteLineAsync(line);
        await process.StandardInput.FlushAsync();
    }

    /// <summary>Waits for the end; another exit code than 0 is a failure.</summary>
    public async Task EndAsync(CancellationToken cancellation)
    {
        process.StandardInput.Close();
        await process.WaitForExitAsync(cancellation);
        await reading;
        if (process.ExitCode != 0)
        {
            string? reason;
            lock (seen)
            {
                reason = seen.Where(e => (string?)e["event"] == "error").Select(e => $"{(string?)e["rule"]}: {(string?)e["reason"]}").LastOrDefault();
            }

            throw new DemoFailure($"An agent ended with {process.ExitCode}. {reason ?? errors.ToString()}");
        }
    }

    public async ValueTask DisposeAsync()
    {
        if (!process.HasExited)
        {
            process.Kill();
            await process.WaitForExitAsync();
        }

        await reading;
        process.Dispose();
        arrived.Dispose();
    }

    private async Task ReadAsync()
    {
        while (await process.StandardOutput.ReadLineAsync() is { } line)
        {
            try
            {
                if (JsonNode.Parse(line) is JsonObject found)
                {
                    lock (seen)
                    {
                        seen.Add(found);
                    }

                    arrived.Release();
                }
            }
            catch (JsonException)
            {
                errors.AppendLine(line);
            }
        }

        arrived.Release(1_000);
    }

    private async Task ReadErrorsAsync()
    {
        while (await process.StandardError.ReadLineAsync() is { } line)
        {
            if (errors.Length < 4_000)
            {
                errors.AppendLine(line);
            }
        }
    }

    private static string FindRuntime()
    {
        var host = Path.GetFullPath(Path.Combine(RuntimeEnvironment.GetRuntimeDirectory(), "..", "..", "..", OperatingSystem.IsWindows() ? "dotnet.exe" : "dotnet"));
        return File.Exists(host) ? host : "dotnet";
    }
}

/// <summary>Something in the demo did not come about; the message says what.</summary>
internal sealed class DemoFailure(string reason) : Exception(reason);
