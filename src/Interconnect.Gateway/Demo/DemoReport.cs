using System.Text.Json.Nodes;

namespace Interconnect.Gateway.Demo;

/// <summary>What one hop had in its hands.</summary>
/// <param name="Name">Which hop.</param>
/// <param name="Bytes">How many bytes passed in all.</param>
/// <param name="Messages">In how many pieces.</param>
/// <param name="Saw">What it could make out of Alice's message: addresses and sizes.</param>
/// <param name="Labels">What covered it, outer and inner.</param>
/// <param name="Ciphertext">The end of Alice's message as the hop had it, base64; null where the hop had none.</param>
/// <param name="HasText">Whether a marked text occurs in its bytes (in log and metrics also a user, a room or a secret). It must not.</param>
internal sealed record Hop(string Name, long Bytes, int Messages, string Saw, string? Labels, string? Ciphertext, bool HasText);

/// <summary>How far a message came, and when.</summary>
internal sealed record DeliveryStep(string State, string At);

/// <summary>The demo's result.</summary>
internal sealed record DemoReport(
    string Typed,
    string Read,
    string ReplyTyped,
    string ReplyRead,
    IReadOnlyList<string> Consent,
    IReadOnlyList<DeliveryStep> Delivery,
    IReadOnlyList<DeliveryStep> ReplyDelivery,
    IReadOnlyList<Hop> Hops,
    IReadOnlyList<string> SearchedFor,
    TimeSpan Took)
{
    /// <summary>What is wrong; empty when everything arrived and nothing was seen.</summary>
    public IReadOnlyList<string> Problems()
    {
        var problems = new List<string>();
        if (Read != Typed)
        {
            problems.Add("Bob did not read what Alice typed.");
        }

        if (ReplyRead != ReplyTyped)
        {
            problems.Add("Alice did not read what Bob typed.");
        }

        if (Delivery.All(d => d.State != "delivered") || ReplyDelivery.All(d => d.State != "delivered"))
        {
            problems.Add("A delivery was not reported back.");
        }

        problems.AddRange(Hops.Where(h => h.HasText).Select(h => $"A text was found in what this hop had: {h.Name}."));
        problems.AddRange(Hops.Where(h => h.Bytes == 0).Select(h => $"Nothing was seen at this hop, so nothing is shown: {h.Name}."));
        return problems;
    }

    public JsonObject ToJson() => new()
    {
        ["ok"] = Problems().Count == 0,
        ["problems"] = new JsonArray([.. Problems().Select(p => (JsonNode)p)]),
        ["typed"] = Typed,
        ["read"] = Read,
        ["reply"] = new JsonObject { ["typed"] = ReplyTyped, ["read"] = ReplyRead, ["delivery"] = Steps(ReplyDelivery) },
        ["consent"] = new JsonArray([.. Consent.Select(c => (JsonNode)c)]),
        ["delivery"] = Steps(Delivery),
        ["searchedFor"] = new JsonArray([.. SearchedFor.Select(s => (JsonNode)s)]),
        ["hops"] = new JsonArray([.. Hops.Select(h => (JsonNode)new JsonObject
        {
            ["hop"] = h.Name,
            ["bytes"] = h.Bytes,
            ["messages"] = h.Messages,
            ["saw"] = h.Saw,
            ["labels"] = h.Labels,
            ["ciphertext"] = h.Ciphertext,
            ["textFound"] = h.HasText,
        })]),
        ["seconds"] = Math.Round(Took.TotalSeconds, 2),
    };

    private static JsonArray Steps(IReadOnlyList<DeliveryStep> steps) => [.. steps.Select(s => (JsonNode)new JsonObject { ["state"] = s.State, ["at"] = s.At })];
}
