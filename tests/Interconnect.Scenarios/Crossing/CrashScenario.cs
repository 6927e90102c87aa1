using Interconnect.Endpoint;
using Interconnect.Testing;

namespace Interconnect.Scenarios.Crossing;

/// <summary>What is promised under kill -9.</summary>
[Collection(RealServers.Name)]
public sealed class CrashScenario
{
    private const int Pairs = 4;
    private const int Each = 500;
    private readonly DevServers servers = DevServers.Load();

    [Fact(DisplayName = "The hub is killed three times during 2,000 messages in four conversations: none lost, none twice, order kept")]
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
        var writing = Task.WhenAll(pairs.Select(pair => Task.Run(async () =>
        {
            var last = "";
            foreach (var text in texts)
            {
                last = await pair.Alice.WriteAsync(pair.Bob, text);
            }

            return last;
        })));
        foreach (var mark in new[] { Pairs * Each / 10, Pairs * Each / 3, Pairs * Each * 2 / 3 })
        {
            await Person.UntilAsync(() => Task.FromResult(pairs.Sum(p => p.Bob.Heard.Count) >= mark), $"{mark} messages", TimeSpan.FromMinutes(4));
            await gateway.KillAsync(GatewayDeployment.Hub);
            await gateway.RestartAsync(GatewayDeployment.Hub);
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
