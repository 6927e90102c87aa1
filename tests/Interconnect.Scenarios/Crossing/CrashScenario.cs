using Interconnect.Endpoint;
using Interconnect.Testing;

namespace Interconnect.Scenarios.Crossing;

/// <summary>What is promised under kill -9.</summary>
[Collection(RealServers.Name)]
public sealed class CrashScenario
{
    private const int Pairs = 8;
    private const int Each = 250;
    private readonly DevServers servers = DevServers.Load();

    [Fact(DisplayName = "The hub is killed three times during 2,000 messages in eight conversations: none lost, none twice, order kept")]
    public async Task HubKilled()
    {
        await using var gateway = await GatewayDeployment.StartAsync(servers, ["prosody", "ejabberd"]);
        await using var people = new People();
        for (var i = 0; i < Pairs; i++)
        {
            var alice = people.Add(await Person.ArriveAsync(servers, "prosody", "alice"));
            var bob = people.Add(await Person.ArriveAsync(servers, "ejabberd", "bob", new EndpointOptions { AutoConsent = true, SendReceipts = false }));
            await alice.BefriendAsync(bob);
        }

        var pairs = people.All.Chunk(2).Select(p => (Alice: p[0], Bob: p[1])).ToList();
        var texts = Enumerable.Range(1, Each).Select(i => $"Message {i} of {Each}").ToList();
        var writing = Task.WhenAll(pairs.Select(pair => Task.Run(() => WriteAllAsync(pair.Alice, pair.Bob, texts))));
        foreach (var mark in new[] { Pairs * Each / 10, Pairs * Each / 3, Pairs * Each * 2 / 3 })
        {
            await Person.UntilAsync(() => Task.FromResult(pairs.Sum(p => p.Bob.Heard.Count) >= mark), $"{mark} messages", TimeSpan.FromMinutes(4));
            await KillRoleAsync(gateway, GatewayDeployment.Hub);
        }

        var last = await writing;
        await Person.UntilAsync(() => Task.FromResult(pairs.Sum(p => p.Bob.Heard.Count) >= Pairs * Each), "all messages", TimeSpan.FromMinutes(4));
        foreach (var (pair, id) in pairs.Zip(last))
        {
            using var patience = new CancellationTokenSource(TimeSpan.FromMinutes(2));
            Assert.Equal(MessageState.ReachedNetwork, (await pair.Alice.Client.WaitForAsync(id, m => m.State == MessageState.ReachedNetwork, patience.Token)).State);
            Assert.Equal(texts, pair.Bob.Heard);
            Assert.Equal(texts, await pair.Bob.ReadAsync(pair.Alice));
        }
    }

    [Fact(DisplayName = "Adapters, broker, database and hub are killed in turn while two people write to each other: none lost, none twice, order kept")]
    public async Task EachKilled()
    {
        const int Each = 80;
        await using var gateway = await GatewayDeployment.StartAsync(servers, ["prosody", "synapse"]);
        await using var people = new People();
        var alice = people.Add(await Person.ArriveAsync(servers, "prosody", "alice"));
        var bob = people.Add(await Person.ArriveAsync(servers, "synapse", "bob"));
        await alice.BefriendAsync(bob);
        await alice.UntilStateAsync(await alice.WriteAsync(bob, "hello"), MessageState.Delivered);
        var texts = Enumerable.Range(1, Each).Select(i => $"Message {i} of {Each}").ToList();
        var writing = Task.WhenAll(Task.Run(() => WriteAllAsync(alice, bob, texts)), Task.Run(() => WriteAllAsync(bob, alice, texts)));

        Func<Task>[] kills =
        [
            () => KillRoleAsync(gateway, "adapter:prosody"),
            () => KillRoleAsync(gateway, "adapter:synapse"),
            () => KillServerAsync("rabbitmq"),
            () => KillServerAsync("postgres"),
            () => KillRoleAsync(gateway, GatewayDeployment.Hub),
        ];
        for (var i = 0; i < kills.Length; i++)
        {
            var mark = Each * 2 * (i + 1) / (kills.Length + 2);
            await Person.UntilAsync(() => Task.FromResult(alice.Heard.Count + bob.Heard.Count >= mark), $"{mark} messages", TimeSpan.FromMinutes(4));
            await kills[i]();
        }

        var last = await writing;
        await alice.UntilStateAsync(last[0], MessageState.Delivered, TimeSpan.FromMinutes(4));
        await bob.UntilStateAsync(last[1], MessageState.Delivered, TimeSpan.FromMinutes(4));
        Assert.Equal(["hello", .. texts], bob.Heard);
        Assert.Equal(texts, alice.Heard);
        Assert.Equal(["hello", .. texts], await bob.ReadAsync(alice));
        Assert.Equal(texts, await alice.ReadAsync(bob));
    }

    private static async Task<string> WriteAllAsync(Person from, Person to, IReadOnlyList<string> texts)
    {
        var last = "";
        foreach (var text in texts)
        {
            last = await from.WriteAsync(to, text);
        }

        return last;
    }

    private static async Task KillRoleAsync(GatewayDeployment gateway, string role)
    {
        await gateway.KillAsync(role);
        await gateway.RestartAsync(role);
    }

    private async Task KillServerAsync(string server)
    {
        await servers.KillAsync(server);
        await servers.StartAsync(server);
    }

    private sealed class People : IAsyncDisposable
    {
        private readonly List<Person> all = [];

        public IReadOnlyList<Person> All => all;

        public Person Add(Person person)
        {
            all.Add(person);
            return person;
        }

        public async ValueTask DisposeAsync()
        {
            foreach (var person in all)
            {
                await person.DisposeAsync();
            }
        }
    }
}
