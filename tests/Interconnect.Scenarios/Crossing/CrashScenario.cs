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
        await using var bob = await Person.ArriveAsync(servers, "ejabberd", "bob");
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
            await Person.UntilAsync(async () => (await bob.ReadAsync(alice)).Count >= mark, $"{mark} messages", TimeSpan.FromMinutes(3));
            await gateway.KillAsync(GatewayDeployment.Hub);
            await gateway.RestartAsync(GatewayDeployment.Hub);
        }

        await writing;
        var read = await bob.ReadAsync(alice, Messages, TimeSpan.FromMinutes(4));
        await alice.UntilStateAsync(ids[^1], MessageState.Delivered, TimeSpan.FromMinutes(2));

        Assert.Equal(texts, await bob.ReadAsync(alice));
        Assert.Equal(Messages, read.Count);
    }
}
