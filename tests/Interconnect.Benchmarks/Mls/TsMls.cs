using System.Diagnostics;
using System.Text.Json;
using System.Text.Json.Nodes;

namespace Interconnect.Benchmarks.Mls;

/// <summary>ts-mls in a Node.js process of its own, driven by tests/interop/mls/bench.mjs.</summary>
internal sealed class TsMls : IDisposable
{
    private readonly Process node;

    private TsMls(Process node) => this.node = node;

    /// <summary>Installs what is missing and starts it.</summary>
    public static TsMls Start()
    {
        var folder = Path.Combine(RepositoryRoot(), "tests", "interop");
        using var install = Process.Start(new ProcessStartInfo(Path.Combine(folder, "install")) { RedirectStandardOutput = true })!;
        install.WaitForExit();
        if (install.ExitCode != 0)
        {
            throw new InvalidOperationException($"tests/interop/install ended with {install.ExitCode}.");
        }

        var start = new ProcessStartInfo(Path.Combine(folder, "node_modules", ".bin", "node"), [Path.Combine(folder, "mls", "bench.mjs")])
        {
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
        };
        return new TsMls(Process.Start(start)!);
    }

    public void Prepare(int size) => Ask("prepare", size, 1);

    public Sample Run(string operation, int size, int times)
    {
        var answer = Ask(operation, size, times);
        return new Sample(answer["wall"]!.GetValue<double>(), answer["cpu"]!.GetValue<double>());
    }

    public void Dispose()
    {
        node.StandardInput.Close();
        node.WaitForExit();
        node.Dispose();
    }

    private JsonNode Ask(string operation, int size, int times)
    {
        node.StandardInput.WriteLine(JsonSerializer.Serialize(new { op = operation, size, times }));
        var answer = JsonNode.Parse(node.StandardOutput.ReadLine() ?? throw new InvalidOperationException("The Node.js process ended."))!;
        return answer["error"] is { } error ? throw new InvalidOperationException(error.GetValue<string>()) : answer;
    }

    private static string RepositoryRoot()
    {
        var at = new DirectoryInfo(AppContext.BaseDirectory);
        while (at is not null && !File.Exists(Path.Combine(at.FullName, "Interconnect.sln")))
        {
            at = at.Parent;
        }

        return at?.FullName ?? throw new InvalidOperationException("Run it inside the repository.");
    }
}
