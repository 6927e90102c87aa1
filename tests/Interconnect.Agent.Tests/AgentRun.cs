using System.Text.Json.Nodes;
using Interconnect.Endpoint;
using Interconnect.Endpoint.Tests.Fakes;

namespace Interconnect.Agent.Tests;

/// <summary>Runs commands in this process against a home of their own and the fake gateway.</summary>
internal sealed class AgentRun(FakeGateway gateway, string address) : IDisposable
{
    private readonly TemporaryFolder folder = new();

    public string Home => folder.File("home");

    public string KeyFile => folder.File("key");

    public Task<(int Code, List<JsonObject> Lines)> InitAsync() =>
        RunAsync("init", "--network", "xmpp", "--address", address, "--device", "phone", "--new-key-file", KeyFile);

    /// <summary>Why logging in fails; null = it does not.</summary>
    public TransportFailure? Refusal { get; set; }

    /// <summary>Nothing is received before this.</summary>
    public Task BeforeReceiving { get; set; } = Task.CompletedTask;

    /// <summary>The queue of a further device; null for the user's first.</summary>
    public Mailbox? Mailbox { get; init; }

    /// <summary>Runs a command with --json; returns its exit code and lines.</summary>
    public async Task<(int Code, List<JsonObject> Lines)> RunAsync(params string[] arguments)
    {
        var (code, output, _) = await RawAsync("", [.. arguments, "--json"]);
        return (code, [.. output.Split('\n', StringSplitOptions.RemoveEmptyEntries).Select(line => JsonNode.Parse(line)!.AsObject())]);
    }

    /// <summary>Runs a command as a person does.</summary>
    public Task<(int Code, string Out, string Error)> SayAsync(params string[] arguments) => RawAsync("", arguments);

    public async Task<(int Code, string Out, string Error)> RawAsync(string input, string[] arguments, CancellationToken cancellation = default, StringWriter? live = null)
    {
        Directory.CreateDirectory(folder.Path);
        var (output, error) = (live ?? new StringWriter(), new StringWriter());
        var environment = new Dictionary<string, string> { [AgentSettings.HomeVariable] = Home, [AgentSettings.PasswordVariable] = "pencil" };
        var io = new AgentIo(new StringReader(input), TextWriter.Synchronized(output), TextWriter.Synchronized(error), environment, TimeProvider.System)
        {
            Transports = (account, _, _) => new FakeTransport(account.User!, gateway, Mailbox) { BeforeReceiving = BeforeReceiving, Refusal = Refusal },
        };
        string[] key = File.Exists(KeyFile) && !arguments.Contains("--key-file") && !arguments.Contains("--passphrase-file") && !arguments.Contains("--new-key-file") ? ["--key-file", KeyFile] : [];
        var code = await AgentCommandLine.RunAsync([.. arguments, .. key], io, cancellation).WaitAsync(TimeSpan.FromSeconds(60), CancellationToken.None);
        return (code, output.ToString(), error.ToString());
    }

    public void Dispose() => folder.Dispose();
}
