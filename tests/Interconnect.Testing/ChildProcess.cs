using System.Diagnostics;
using System.Runtime.InteropServices;

namespace Interconnect.Testing;

/// <summary>A program started by a test. What it prints is kept; it never outlives the test, whatever happens.</summary>
public sealed class ChildProcess : IAsyncDisposable
{
    private const int Sigterm = 15;
    private readonly Process process;
    private readonly List<string> output = [];
    private readonly List<string> errors = [];
    private readonly Lock gate = new();
    private TaskCompletionSource changed = NewSignal();
    private int openStreams = 2;

    private ChildProcess(Process process) => this.process = process;

    /// <summary>The operating system's number of the process; valid after its end too.</summary>
    public int Id { get; private set; }

    public bool HasExited => process.HasExited;

    /// <summary>The lines printed so far on standard output.</summary>
    public IReadOnlyList<string> Output => Copy(output);

    /// <summary>The lines printed so far on standard error.</summary>
    public IReadOnlyList<string> Errors => Copy(errors);

    /// <summary>Starts a program with its own standard streams.</summary>
    /// <param name="program">Path, or a name to be found in PATH.</param>
    /// <param name="arguments">Passed as they are; no shell reads them.</param>
    /// <param name="environment">Added to this process's environment; a null value removes the variable.</param>
    /// <param name="workingFolder">Null: the current one.</param>
    public static ChildProcess Start(
        string program,
        IEnumerable<string> arguments,
        IReadOnlyDictionary<string, string?>? environment = null,
        string? workingFolder = null)
    {
        var start = new ProcessStartInfo(program, arguments)
        {
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
            WorkingDirectory = workingFolder ?? string.Empty,
        };
        foreach (var (name, value) in environment ?? new Dictionary<string, string?>())
        {
            start.Environment[name] = value;
        }

        var child = new ChildProcess(new Process { StartInfo = start });
        child.process.OutputDataReceived += (_, line) => child.Keep(child.output, line.Data);
        child.process.ErrorDataReceived += (_, line) => child.Keep(child.errors, line.Data);
        child.process.Start();
        child.Id = child.process.Id;
        child.process.BeginOutputReadLine();
        child.process.BeginErrorReadLine();
        return child;
    }

    /// <summary>Starts a built .NET program: `dotnet path/to/program.dll arguments`.</summary>
    public static ChildProcess StartDotnet(
        string assembly,
        IEnumerable<string> arguments,
        IReadOnlyDictionary<string, string?>? environment = null,
        string? workingFolder = null) =>
        Start(Environment.GetEnvironmentVariable("DOTNET_HOST_PATH") ?? "dotnet", [assembly, .. arguments], environment, workingFolder);

    /// <summary>Writes a line to the program's standard input.</summary>
    public async Task WriteLineAsync(string line, CancellationToken cancellation = default)
    {
        await process.StandardInput.WriteLineAsync(line.AsMemory(), cancellation);
        await process.StandardInput.FlushAsync(cancellation);
    }

    /// <summary>Tells the program that nothing more comes on its standard input.</summary>
    public void CloseInput() => process.StandardInput.Close();

    /// <summary>The first line of standard output that satisfies the condition, printed already or still to come.</summary>
    /// <exception cref="InvalidOperationException">The program ended, or the time is over, without such a line; the message holds its last lines.</exception>
    public async Task<string> WaitForLineAsync(Func<string, bool> condition, TimeSpan limit, CancellationToken cancellation = default)
    {
        var watch = Stopwatch.StartNew();
        for (var next = 0; ;)
        {
            Task signal;
            bool ended;
            lock (gate)
            {
                for (; next < output.Count; next++)
                {
                    if (condition(output[next]))
                    {
                        return output[next];
                    }
                }

                ended = openStreams == 0;
                signal = changed.Task;
            }

            if (ended)
            {
                throw new InvalidOperationException("The program ended without the line that was waited for. " + Tail());
            }

            var left = limit - watch.Elapsed;
            try
            {
                await signal.WaitAsync(left > TimeSpan.Zero ? left : TimeSpan.Zero, cancellation);
            }
            catch (TimeoutException)
            {
                throw new InvalidOperationException($"The line that was waited for did not come within {limit}. " + Tail());
            }
        }
    }

    /// <summary>Waits for the program's own end and returns its exit code; 128 + n when signal n ended it.</summary>
    /// <exception cref="InvalidOperationException">It did not end in time; the message holds its last lines. It keeps running until disposed.</exception>
    public async Task<int> WaitForExitAsync(TimeSpan limit, CancellationToken cancellation = default)
    {
        using var both = CancellationTokenSource.CreateLinkedTokenSource(cancellation);
        both.CancelAfter(limit);
        try
        {
            // Also waits until both streams are read to their end.
            await process.WaitForExitAsync(both.Token);
            return process.ExitCode;
        }
        catch (OperationCanceledException) when (!cancellation.IsCancellationRequested)
        {
            throw new InvalidOperationException($"The program did not end within {limit}. " + Tail());
        }
    }

    /// <summary>Ends the process as `kill -9` does: it gets no chance to do anything. Its own children are left alone.</summary>
    public void Kill()
    {
        if (!process.HasExited)
        {
            process.Kill();
        }
    }

    /// <summary>Asks the process to end, as `kill` and a service manager do (SIGTERM).</summary>
    public void Terminate()
    {
        if (!process.HasExited)
        {
            _ = SendSignal(process.Id, Sigterm);
        }
    }

    /// <summary>The last lines printed, for the message of a failed test.</summary>
    public string Tail(int lines = 20) =>
        $"Output: {string.Join('\n', Output.TakeLast(lines))}\nErrors: {string.Join('\n', Errors.TakeLast(lines))}";

    /// <summary>Ends the process and everything it started.</summary>
    public async ValueTask DisposeAsync()
    {
        try
        {
            if (!process.HasExited)
            {
                process.Kill(entireProcessTree: true);
            }

            using var limit = new CancellationTokenSource(TimeSpan.FromSeconds(10));
            await process.WaitForExitAsync(limit.Token);
        }
        catch (OperationCanceledException)
        {
            // A grandchild that moved away still holds the streams; the process itself is gone.
        }
        finally
        {
            process.Dispose();
        }
    }

    private static TaskCompletionSource NewSignal() => new(TaskCreationOptions.RunContinuationsAsynchronously);

    [DllImport("libc", EntryPoint = "kill")]
    private static extern int SendSignal(int pid, int signal);

    private List<string> Copy(List<string> lines)
    {
        lock (gate)
        {
            return [.. lines];
        }
    }

    // A null line is the end of one of the two streams.
    private void Keep(List<string> lines, string? line)
    {
        TaskCompletionSource before;
        lock (gate)
        {
            if (line is null)
            {
                openStreams--;
            }
            else
            {
                lines.Add(line);
            }

            before = changed;
            changed = NewSignal();
        }

        before.SetResult();
    }
}
