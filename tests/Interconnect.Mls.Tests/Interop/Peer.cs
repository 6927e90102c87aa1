using System.Diagnostics;
using System.Text.Json.Nodes;
using Interconnect.Testing;

namespace Interconnect.Mls.Tests.Interop;

/// <summary>A process of another MLS implementation (a script of tests/interop/mls) that holds members; it ends when its input is closed.</summary>
internal sealed class Peer : IAsyncDisposable
{
    private static readonly TimeSpan Patience = TimeSpan.FromMinutes(2);
    private readonly Process process;
    private readonly Task<string> errors;

    private Peer(string kind, Process process)
    {
        Kind = kind;
        this.process = process;
        errors = process.StandardError.ReadToEndAsync();
    }

    /// <summary>The script's name: ts-mls or core-crypto.</summary>
    public string Kind { get; }

    public static async Task<Peer> StartAsync(string kind)
    {
        await InteropClients.InstallAsync();
        var start = new ProcessStartInfo(InteropClients.Node, [Path.Combine("mls", kind + ".mjs")])
        {
            WorkingDirectory = InteropClients.Folder,
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        };
        return new Peer(kind, Process.Start(start)!);
    }

    /// <summary>Asks and waits for the answer. Throws with the peer's own words when it could not do it.</summary>
    public async Task<JsonObject> AskAsync(string operation, JsonObject request)
    {
        request["op"] = operation;
        await process.StandardInput.WriteLineAsync(request.ToJsonString());
        await process.StandardInput.FlushAsync();
        var line = await process.StandardOutput.ReadLineAsync().WaitAsync(Patience)
            ?? throw new PeerRefusal($"{Kind} ended: {await errors.WaitAsync(Patience)}");
        var answer = JsonNode.Parse(line)!.AsObject();
        return answer["error"] is { } error ? throw new PeerRefusal($"{Kind} {operation}: {error} {answer["where"]}") : answer;
    }

    public async ValueTask DisposeAsync()
    {
        process.StandardInput.Close();
        using var limit = new CancellationTokenSource(TimeSpan.FromSeconds(10));
        try
        {
            await process.WaitForExitAsync(limit.Token);
        }
        catch (OperationCanceledException)
        {
            process.Kill(entireProcessTree: true);
        }

        process.Dispose();
    }
}

/// <summary>The other implementation did not take what it was given.</summary>
internal sealed class PeerRefusal(string message) : Exception(message);
