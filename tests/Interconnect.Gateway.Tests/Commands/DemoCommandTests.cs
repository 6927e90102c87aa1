using System.Text.Json.Nodes;

namespace Interconnect.Gateway.Tests.Commands;

/// <summary>The demo as a process: gateway and agents for real.</summary>
public sealed class DemoCommandTests
{
    [Fact]
    public async Task Demo_AnyText_BobReadsItAndNoHopHasIt()
    {
        const string text = "@-- \"Marked\" <text> & caf\u00e9 \U0001F600, line one\nline two";

        var (code, output, errors) = await GatewayProcess.RunAsync("demo", "--json", "--text", text);

        Assert.True(code == 0, errors + output);
        var result = JsonNode.Parse(output)!;
        Assert.True((bool)result["ok"]!);
        Assert.Equal(text, (string?)result["read"]);
        Assert.Equal((string?)result["reply"]!["typed"], (string?)result["reply"]!["read"]);
        Assert.Equal(3, result["consent"]!.AsArray().Count);
        foreach (var delivery in new[] { result["delivery"]!, result["reply"]!["delivery"]! })
        {
            var states = delivery.AsArray().Select(d => (string?)d!["state"]).ToList();
            Assert.Equal(("accepted", "delivered"), (states[0], states[^1]));
        }

        var hops = result["hops"]!.AsArray();
        Assert.Equal(9, hops.Count);
        Assert.All(hops, hop =>
        {
            Assert.False((bool)hop!["textFound"]!);
            Assert.True((long)hop["bytes"]! > 0);
        });
        Assert.Equal(2, result["searchedFor"]!.AsArray().Count);
        Assert.Contains("- Bob reads", errors);
        Assert.DoesNotContain("line one", errors);
    }

    [Fact]
    public async Task Demo_ForPeople_ShowsTextsHopsAndDelivery()
    {
        var (code, output, errors) = await GatewayProcess.RunAsync("demo", "--text", "short");

        Assert.True(code == 0, errors + output);
        foreach (var part in (string[])["Alice typed", "XMPP network a.test", "bus", "hub", "ledger", "Matrix network hs.test", "Bob read", "short", "inside mls10", "delivered", "Everything arrived, and no hop had the text", "would occur in ciphertext by chance"])
        {
            Assert.Contains(part, output);
        }
    }
}
