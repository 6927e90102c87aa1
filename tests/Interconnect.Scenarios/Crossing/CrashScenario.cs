using Interconnect.Endpoint;
using Interconnect.Testing;

namespace Interconnect.Scenarios.Crossing;

/// <summary>What is promised under kill -9.</summary>
[Collection(RealServers.Name)]
public sealed class CrashScenario
{
    private const int Messages = 2_000;
    private readonly DevServers servers = DevServers.Load();

    [Fact(DisplayName = "The hub is killed three times during 2,000 messages: none lost, none twice, order kept")]
    public async Task HubKilled()
    {
        await using var gateway = await GatewayDeployment.StartAsync(servers, ["prosody", "ejabberd"]);
        await using var alice = await Person.ArriveAsync(servers, "prosody", "alice");
        await using var bob = await Person.ArriveAsync(servers, "ejabberd", "bob", new EndpointOptions { AutoConsent = true, SendReceipts = false });
        await alice.BefriendAsync(bob);
        var texts = Enumerable.Range(1, Messages).Select(i => $"Message {i} of {Messages}").ToList();

        var ids = new List<string>();
        var writing = Task.Run(async () =>
        {
            foreach (var text in texts)
            {
                ids.Add(await alice.WriteAsync(bob, text));
            }
        });
        foreach (var mark in new[] { Messages / 10, Messages / 3, Messages * 2 / 3 })
        {
            await Person.UntilAsync(() => Task.FromResult(bob.Heard.Count >= mark), $"{mark} messages", TimeSpan.FromMinutes(5));
            await gateway.KillAsync(GatewayDeployment.Hub);
            await gateway.RestartAsync(GatewayDeployment.Hub);
        }

        await writing;
        await Person.UntilAsync(() => Task.FromResult(bob.Heard.Count >= Messages), "all messages", TimeSpan.FromMinutes(5));
        using var patience = new CancellationTokenSource(TimeSpan.FromMinutes(2));
        var last = await alice.Client.WaitForAsync(ids[^1], m => m.State == MessageState.ReachedNetwork, patience.Token);

        Assert.Equal(MessageState.ReachedNetwork, last.State);
        Assert.Equal(texts, bob.Heard);
        Assert.Equal(texts, await bob.ReadAsync(alice));
    }
}
