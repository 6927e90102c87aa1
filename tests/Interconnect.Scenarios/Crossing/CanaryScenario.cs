using System.Security.Cryptography;
using Interconnect.Endpoint;
using Interconnect.Testing;

namespace Interconnect.Scenarios.Crossing;

/// <summary>Architecture section 2: a marked text crosses, and nothing of the gateway ever holds it.</summary>
[Collection(RealServers.Name)]
public sealed class CanaryScenario
{
    private readonly DevServers servers = DevServers.Load();

    [Fact(DisplayName = "A marked text crosses both ways; broker files, database files, server stores, logs, metrics and the gateway's memory do not hold it")]
    public async Task Canary()
    {
        await using var gateway = await GatewayDeployment.StartAsync(servers, ["prosody", "synapse"]);
        await using var alice = await Person.ArriveAsync(servers, "prosody", "alice");
        await using var bob = await Person.ArriveAsync(servers, "synapse", "bob");
        await alice.BefriendAsync(bob);
        var canary = "canary-" + Convert.ToHexStringLower(RandomNumberGenerator.GetBytes(20));
        var patterns = ByteSearch.FormsOf(canary);

        var last = await alice.WriteAsync(bob, $"0 {canary} from Alice");
        await bob.ReadAsync(alice, 1);
        await bob.WriteAsync(alice, $"0 {canary} from Bob");
        for (var i = 1; i < 10; i++)
        {
            last = await alice.WriteAsync(bob, $"{i} {canary} from Alice");
            await bob.WriteAsync(alice, $"{i} {canary} from Bob");
        }

        Assert.Contains(canary, (await bob.ReadAsync(alice, 10))[^1], StringComparison.Ordinal);
        Assert.Contains(canary, (await alice.ReadAsync(bob, 10))[^1], StringComparison.Ordinal);
        await alice.UntilStateAsync(last, MessageState.Delivered);

        foreach (var id in gateway.ProcessIds)
        {
            var (found, searched) = ByteSearch.InMemoryOf(id, patterns);
            Assert.False(found, $"the memory of process {id} holds the text");
            Assert.True(searched > 10 << 20, "the search looked at next to nothing");
        }

        Assert.Empty(ByteSearch.FilesWith(servers.StateFolder, patterns));
        Assert.Empty(ByteSearch.FilesWith(gateway.Folder, patterns));
        foreach (var role in new[] { GatewayDeployment.Hub, "adapter:prosody", "adapter:synapse" })
        {
            Assert.DoesNotContain(canary, await gateway.MetricsAsync(role), StringComparison.Ordinal);
        }

        Assert.NotEmpty(gateway.Logs);
        Assert.DoesNotContain(gateway.Logs, l => l.Contains(canary, StringComparison.Ordinal));

        // The stores of the endpoints are encrypted, so they do not hold it either.
        Assert.Empty(ByteSearch.FilesWith(alice.Folder, patterns));

        // Positive control: what the gateway may see, the user's name, is found by the same search in memory and in the files of database and broker.
        var known = ByteSearch.FormsOf(alice.User.User);
        Assert.True(ByteSearch.InMemoryOf(gateway.ProcessIds[0], known).Found);
        var files = ByteSearch.FilesWith(servers.StateFolder, known);
        Assert.Contains(files, f => f.Contains("postgres", StringComparison.Ordinal));
        Assert.Contains(files, f => f.Contains("rabbitmq", StringComparison.Ordinal));

        // And what the gateway may see stays out of its logs and metrics.
        Assert.DoesNotContain(gateway.Logs, l => l.Contains(alice.User.User, StringComparison.Ordinal) || l.Contains(bob.User.User, StringComparison.Ordinal));
        Assert.DoesNotContain(alice.User.User, await gateway.MetricsAsync(GatewayDeployment.Hub), StringComparison.Ordinal);
    }
}
