using System.Text.Json.Nodes;

namespace Interconnect.Gateway.Health;

/// <summary>One thing that must work before this process does its job.</summary>
/// <param name="Name">Such as <c>hub</c> or <c>adapter:xmpp-a</c>.</param>
/// <param name="WhyNotReadyAsync">Null when it works; else the reason in plain words, without credentials and identifiers.</param>
internal sealed record ReadinessPart(string Name, Func<CancellationToken, ValueTask<string?>> WhyNotReadyAsync);

/// <summary>Asks all parts at once; a part that does not answer in time is not ready.</summary>
internal sealed class Readiness(IEnumerable<ReadinessPart> parts, TimeProvider clock)
{
    private static readonly TimeSpan Limit = TimeSpan.FromSeconds(5);

    /// <summary>What is not ready and why; empty when everything is.</summary>
    public async Task<IReadOnlyList<(string Part, string Reason)>> WhyNotReadyAsync(CancellationToken cancellation)
    {
        var asked = await Task.WhenAll(parts.Select(async part => (part.Name, Reason: await AskAsync(part, cancellation))));
        return [.. asked.Where(a => a.Reason is not null).Select(a => (a.Name, a.Reason!))];
    }

    /// <summary>The body of <c>/readyz</c>.</summary>
    public static JsonObject ToJson(IReadOnlyList<(string Part, string Reason)> reasons) => new()
    {
        ["ready"] = reasons.Count == 0,
        ["reasons"] = new JsonArray([.. reasons.Select(r => (JsonNode)new JsonObject { ["part"] = r.Part, ["reason"] = r.Reason })]),
    };

    private async Task<string?> AskAsync(ReadinessPart part, CancellationToken cancellation)
    {
        using var time = new CancellationTokenSource(Limit, clock);
        using var both = CancellationTokenSource.CreateLinkedTokenSource(time.Token, cancellation);
        try
        {
            return await part.WhyNotReadyAsync(both.Token).AsTask().WaitAsync(both.Token);
        }
        catch (OperationCanceledException) when (time.IsCancellationRequested && !cancellation.IsCancellationRequested)
        {
            return $"no answer within {Limit.TotalSeconds} seconds";
        }
    }
}
