using System.Text.Json.Nodes;
using Interconnect.Endpoint.Tests.Fakes;
using Interconnect.Federation;

namespace Interconnect.Agent.Tests;

/// <summary>A person adds a device with what it shows, names and removes it, and has the phrase on paper.</summary>
public sealed class DeviceCommandTests
{
    private readonly FakeGateway gateway = new(TimeProvider.System);

    [Fact]
    public async Task Device_IsAddedByCodeAndDigits_NamedAndRemoved()
    {
        using var phone = new AgentRun(gateway, "alice@a.test");
        await phone.InitAsync();
        using var tablet = new AgentRun(gateway, "alice@a.test") { Mailbox = gateway.AddMailbox(UserUri.Parse("mimi://a.test/u/alice")) };
        Assert.Equal(0, (await tablet.RunAsync("init", "--join", "--network", "xmpp", "--address", "alice@a.test", "--device", "tablet", "--new-key-file", tablet.KeyFile)).Code);
        Assert.Contains("No list of your devices names this one yet", (await tablet.SayAsync("identity", "show")).Out, StringComparison.Ordinal);

        var shown = new SharedWriter();
        var adding = tablet.RawAsync("", ["device", "add", "--json", "--timeout", "50"], live: shown);
        var code = await CodeAsync(shown, adding);
        var other = (char)(code["digits"]!.GetValue<string>()[0] == '1' ? '2' : '1');
        Assert.Equal(2, (await phone.RawAsync("not a code\n", ["device", "authorise"])).Code);
        Assert.Equal(7, (await phone.RawAsync($"{code["code"]}\n{other}{code["digits"]!.GetValue<string>()[1..]}\n", ["device", "authorise"])).Code);
        Assert.Equal(0, (await phone.RawAsync($"{code["code"]}\n{code["digits"]}\n", ["device", "authorise"])).Code);
        Assert.Equal(0, (await adding).Code);

        Assert.Equal(0, (await tablet.RunAsync("device", "rename", "phone", "the old one")).Code);
        var listed = (await tablet.RunAsync("device", "list")).Lines;
        Assert.Equal([("phone", "the old one", false), ("tablet", null, true)], listed.Select(l => (l["device"]!.GetValue<string>(), (string?)l["label"], l["this"]!.GetValue<bool>())));
        Assert.Equal(7, (await tablet.RunAsync("device", "add")).Code);

        Assert.Equal(7, (await phone.RunAsync("device", "remove", "watch")).Code);
        Assert.Equal(0, (await phone.RunAsync("device", "remove", "tablet")).Code);
        Assert.Equal("phone", Assert.Single((await phone.RunAsync("device", "list")).Lines)["device"]!.GetValue<string>());
    }

    [Fact]
    public async Task Phrase_IsShownUntilItWasTypedBack_AndRecovers()
    {
        using var phone = new AgentRun(gateway, "alice@a.test");
        await phone.InitAsync();
        var words = string.Join(' ', (await phone.RunAsync("identity", "show", "--phrase")).Lines[^1]["words"]!.AsArray().Select(w => w!.GetValue<string>()));
        Assert.Equal(24, words.Split(' ').Length);
        Assert.Equal(2, (await phone.RawAsync(words[..words.LastIndexOf(' ')] + "\n", ["identity", "confirm"])).Code);
        Assert.Equal(0, (await phone.RawAsync(words + "\n", ["identity", "confirm"])).Code);
        Assert.Equal(7, (await phone.RunAsync("identity", "show", "--phrase")).Code);

        var fingerprint = (await phone.RunAsync("identity", "show")).Lines[0]["fingerprint"]!.GetValue<string>();
        using var fresh = new AgentRun(gateway, "alice@a.test") { Mailbox = gateway.AddMailbox(UserUri.Parse("mimi://a.test/u/alice")) };
        Assert.Equal(0, (await fresh.RunAsync("init", "--join", "--network", "xmpp", "--address", "alice@a.test", "--device", "new", "--new-key-file", fresh.KeyFile)).Code);
        Assert.Equal(2, (await fresh.RawAsync("these are no words\n", ["identity", "recover"])).Code);
        var (code, text, error) = await fresh.RawAsync(words + "\n", ["identity", "recover", "--json"]);
        Assert.True(code == 0, text + error);
        var identity = (await fresh.RunAsync("identity", "show")).Lines[0];
        Assert.Equal((fingerprint, 2, true), (identity["fingerprint"]!.GetValue<string>(), identity["era"]!.GetValue<int>(), identity["thisDevice"]!.GetValue<bool>()));
        Assert.Equal(7, (await fresh.RunAsync("identity", "reset", "--yes")).Code);
        Assert.Equal(2, (await fresh.RunAsync("identity", "reset")).Code);
    }

    private static async Task<JsonObject> CodeAsync(StringWriter shown, Task running)
    {
        for (var i = 0; i < 400; i++)
        {
            if (shown.ToString().Split('\n').FirstOrDefault(line => line.Contains("device-code", StringComparison.Ordinal)) is { } line)
                return JsonNode.Parse(line)!.AsObject();

            Assert.False(running.IsCompleted, "It ended before it showed a code.");
            await Task.Delay(50);
        }

        throw new TimeoutException("No code was shown.");
    }

    /// <summary>May be read while it is written to.</summary>
    private sealed class SharedWriter : StringWriter
    {
        private readonly Lock gate = new();

        public override void Write(char value)
        {
            lock (gate)
                base.Write(value);
        }

        public override void Write(char[] buffer, int index, int count)
        {
            lock (gate)
                base.Write(buffer, index, count);
        }

        public override void Write(string? value)
        {
            lock (gate)
                base.Write(value);
        }

        public override string ToString()
        {
            lock (gate)
                return base.ToString();
        }
    }
}
