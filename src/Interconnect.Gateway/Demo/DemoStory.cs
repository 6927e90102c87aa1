using System.Security.Cryptography;
using System.Text;
using System.Text.Json.Nodes;
using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Hosting.Server.Features;

namespace Interconnect.Gateway.Demo;

/// <summary>
/// The way of two messages: 1 both agents make their identity; 2 Alice asks Bob for consent, Bob gives it; 3 Alice writes, Bob reads, delivery comes back;
/// 4 Bob answers, Alice reads, delivery comes back; 5 what every hop saw is searched.
/// </summary>
internal sealed class DemoStory(DemoWorld world, Action<string> progress, TimeProvider clock)
{
    private const string Alice = "alice@a.test", Bob = "bob@hs.test";
    private static readonly TimeSpan Limit = TimeSpan.FromSeconds(45);

    private readonly List<(string Who, AgentProcess Agent)> agents = [];

    public string AliceHome => Path.Combine(world.Folder, "alice");

    public string BobHome => Path.Combine(world.Folder, "bob");

    public async Task<DemoReport> RunAsync(string text, long started, CancellationToken outer)
    {
        using var time = new CancellationTokenSource(Limit, clock);
        using var both = CancellationTokenSource.CreateLinkedTokenSource(time.Token, outer);
        try
        {
            return await PlayAsync(text, started, both.Token);
        }
        catch (OperationCanceledException) when (time.IsCancellationRequested && !outer.IsCancellationRequested)
        {
            var seen = string.Join("; ", agents.Select(a => $"{a.Who}: {a.Agent.Progress}"));
            var warnings = world.Log.At(MemoryLog.Place).Select(Encoding.UTF8.GetString).Where(l => l.Contains(" Warning ", StringComparison.Ordinal) || l.Contains(" Error ", StringComparison.Ordinal)).TakeLast(5);
            throw new DemoFailure($"Something did not arrive within {Limit.TotalSeconds} seconds. The agents saw: {seen}.{string.Concat(warnings.Select(w => Environment.NewLine + w))}");
        }
    }

    private async Task<DemoReport> PlayAsync(string text, long started, CancellationToken cancellation)
    {
        // 1
        progress("Alice and Bob make their identities, each in a process of its own");
        await Task.WhenAll(
            InitialiseAsync(AliceHome, world.AlicePassword, ["--network", "xmpp", "--address", Alice, "--server", $"127.0.0.1:{world.Xmpp.ClientPort}", "--gateway", "gw.a.test", "--tls-ca", world.CertificatePath], cancellation),
            InitialiseAsync(BobHome, world.BobPassword, ["--network", "matrix", "--address", "@bob:hs.test", "--server", world.Matrix.BaseAddress.ToString(), "--gateway", "@gwbot:hs.test", "--insecure-loopback"], cancellation));

        // 2, 3
        progress("Alice asks Bob for consent; when he has given it, her message goes out");
        await using var bob = Start("Bob", ["chat", .. Store(BobHome), "--auto-consent", "--json", "--", Alice]);
        await using var alice = Start("Alice", ["send", .. Store(AliceHome), "--ask-consent", "--wait", "delivered", "--json", "--", Bob, text]);
        var consent = new List<string>();
        var asked = await alice.NextAsync(cancellation, "consent-request");
        consent.Add($"asked by Alice {Time(asked, "at")}");
        var seen = await bob.NextAsync(cancellation, "consent-requested");
        consent.Add($"seen by Bob {Time(seen, "at")}");
        var granted = await alice.NextAsync(cancellation, "consent-granted");
        consent.Add($"given, seen by Alice {Time(granted, "at")}");
        progress("Bob agreed");
        var read = await bob.NextAsync(cancellation, "message");
        progress("Bob reads");
        var sent = await alice.NextAsync(cancellation, "sent");
        await alice.EndAsync(cancellation);

        // 4
        progress("Bob answers");
        var reply = $"Read and answered, {Convert.ToHexStringLower(RandomNumberGenerator.GetBytes(8))}.";
        await using var listening = Start("Alice, listening", ["listen", .. Store(AliceHome), "--count", "1", "--json"]);
        await bob.TypeAsync(reply);
        var replyRead = await listening.NextAsync(cancellation, "message");
        progress("Alice reads");
        var replyState = await bob.NextAsync(cancellation, "delivery");
        while ((string?)replyState["state"] is not ("delivered" or "refused" or "bounced" or "expired"))
        {
            replyState = await bob.NextAsync(cancellation, "delivery");
        }

        await listening.EndAsync(cancellation);
        await bob.EndAsync(cancellation);

        // 5
        progress("Searching what each hop had in its hands");
        string[] marked = [.. new[] { text, reply }.Where(TextSearch.CanFind)];
        var hops = await new HopViews(world, [.. marked.Select(m => new TextSearch(m))]).AllAsync(await MetricsAsync(cancellation), cancellation);
        return new DemoReport(
            text, (string?)read["text"] ?? string.Empty, reply, (string?)replyRead["text"] ?? string.Empty, consent, Steps(sent), Steps(replyState), hops,
            [.. marked.Select(m => m == text ? "what Alice typed" : "what Bob typed")], clock.GetElapsedTime(started));
    }

    private AgentProcess Start(string who, string[] arguments)
    {
        var agent = AgentProcess.Start(arguments);
        agents.Add((who, agent));
        return agent;
    }

    private static async Task InitialiseAsync(string home, string password, string[] account, CancellationToken cancellation)
    {
        await using var agent = AgentProcess.Start(["init", "--home", home, "--new-key-file", home + ".key", "--json", .. account], password);
        await agent.EndAsync(cancellation);
    }

    /// <summary>The options that open a store.</summary>
    public static string[] Store(string home) => ["--home", home, "--key-file", home + ".key"];

    private async Task<byte[]> MetricsAsync(CancellationToken cancellation)
    {
        using var http = new HttpClient();
        var address = world.Gateway.Services.GetRequiredService<IServer>().Features.Get<IServerAddressesFeature>()!.Addresses.First();
        return await http.GetByteArrayAsync(new Uri(new Uri(address), "/metrics"), cancellation);
    }

    private static List<DeliveryStep> Steps(JsonObject message)
    {
        (string Field, string State)[] known = [("acceptedAt", "accepted"), ("handedOverAt", "handed over"), ("deliveredAt", "delivered")];
        var steps = known.Where(k => message[k.Field] is not null).Select(k => new DeliveryStep(k.State, Time(message, k.Field))).ToList();
        if (steps.All(s => s.State != (string?)message["state"]))
        {
            steps.Add(new DeliveryStep((string?)message["state"] ?? "unknown", (string?)message["reason"] ?? string.Empty));
        }

        return steps;
    }

    private static string Time(JsonObject found, string field) => (string?)found[field] ?? string.Empty;
}
