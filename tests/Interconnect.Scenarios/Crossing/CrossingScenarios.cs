using Interconnect.Endpoint;
using Interconnect.Federation;
using Interconnect.Testing;

namespace Interconnect.Scenarios.Crossing;

/// <summary>Messages between people on different real servers, through hub and adapters in processes of their own on RabbitMQ and PostgreSQL.</summary>
[Collection(RealServers.Name)]
public sealed class CrossingScenarios
{
    private readonly DevServers servers = DevServers.Load();

    [Theory(DisplayName = "Alice writes to Bob on another network, Bob answers, both learn of the delivery and see the same safety number")]
    [InlineData("prosody", "synapse", false)]
    [InlineData("ejabberd", "synapse", true)]
    [InlineData("synapse", "prosody", false)]
    public async Task ThereAndBack(string from, string to, bool leastRights)
    {
        await using var gateway = await GatewayDeployment.StartAsync(servers, [from, to], leastRights: leastRights);
        await using var alice = await Person.ArriveAsync(servers, from, "alice");
        await using var bob = await Person.ArriveAsync(servers, to, "bob");
        await alice.BefriendAsync(bob);

        var question = await alice.WriteAsync(bob, "Are you there, Bob? ☎");
        Assert.Equal(["Are you there, Bob? ☎"], await bob.ReadAsync(alice, 1));
        var answer = await bob.WriteAsync(alice, "Yes.\nLoud and clear.");
        Assert.Equal(["Yes.\nLoud and clear."], await alice.ReadAsync(bob, 1));

        var sent = await alice.UntilStateAsync(question, MessageState.Delivered);
        Assert.NotNull(sent.AcceptedAt);
        await bob.UntilStateAsync(answer, MessageState.Delivered);
        var number = (await alice.Client.SafetyNumbersAsync(bob.User))?.Known;
        Assert.NotNull(number);
        Assert.Equal(number.ToString(), (await bob.Client.SafetyNumbersAsync(alice.User))!.Known!.ToString());
    }

    [Theory(DisplayName = "Alice adds a second device by a code: both read, each sees what the other sent, Bob sees the same person; taken out, it reads nothing more")]
    [InlineData("prosody", "synapse")]
    [InlineData("synapse", "prosody")]
    public async Task SecondDevice(string from, string to)
    {
        await using var gateway = await GatewayDeployment.StartAsync(servers, [from, to]);
        await using var phone = await Person.ArriveAsync(servers, from, "alice");
        await using var bob = await Person.ArriveAsync(servers, to, "bob");
        await phone.BefriendAsync(bob);
        await phone.WriteAsync(bob, "From the phone.");
        await bob.ReadAsync(phone, 1);
        var number = (await bob.Client.SafetyNumbersAsync(phone.User))!.Known!;

        await using var tablet = await phone.AddDeviceAsync("tablet");
        await Person.UntilAsync(async () => (await bob.Client.ContactAsync(phone.User))!.Devices == 2, "Bob sees two devices");
        await Person.UntilAsync(async () => await Sees(tablet, "Do both of you read this?", await bob.WriteAsync(phone, "Do both of you read this?")), "the tablet is in the room", TimeSpan.FromSeconds(60));
        await tablet.WriteAsync(bob, "From the tablet.");
        await Person.UntilAsync(async () => (await bob.ReadAsync(phone)).Contains("From the tablet."), "Bob reads the tablet");
        await Person.UntilAsync(async () => (await phone.Client.MessagesAsync(bob.User)).Any(m => m is { Incoming: false, Text: "From the tablet." }), "the phone shows what the tablet sent");
        Assert.True(number.Matches((await bob.Client.SafetyNumbersAsync(phone.User))!.Known!));
        Assert.False((await bob.Client.ContactAsync(phone.User))!.KeyChanged);

        Assert.Null(await phone.Client.RemoveDeviceAsync((await tablet.Client.ProfileAsync()).Client));
        await Person.UntilAsync(async () => (await bob.Client.ContactAsync(phone.User))!.Devices == 1, "Bob sees one device");
        await bob.WriteAsync(phone, "For the phone alone.");
        await Person.UntilAsync(async () => (await phone.ReadAsync(bob)).Contains("For the phone alone."), "the phone reads on");
        Assert.DoesNotContain("For the phone alone.", await tablet.ReadAsync(bob));

        async Task<bool> Sees(Person device, string text, string sent)
        {
            await bob.UntilStateAsync(sent, MessageState.Delivered);
            await Task.Delay(TimeSpan.FromSeconds(1));
            return (await device.ReadAsync(bob)).Contains(text);
        }
    }

    [Fact(DisplayName = "Bob is away while Alice writes thirty messages; back again he reads them all in order, once")]
    public async Task Offline()
    {
        await using var gateway = await GatewayDeployment.StartAsync(servers, ["prosody", "synapse"]);
        await using var alice = await Person.ArriveAsync(servers, "prosody", "alice");
        await using var bob = await Person.ArriveAsync(servers, "synapse", "bob");
        await alice.BefriendAsync(bob);
        await alice.WriteAsync(bob, "Before.");
        await bob.ReadAsync(alice, 1);

        await bob.GoOfflineAsync();
        var texts = Enumerable.Range(1, 30).Select(i => $"While you were away, {i}").ToList();
        var ids = new List<string>();
        foreach (var text in texts)
        {
            ids.Add(await alice.WriteAsync(bob, text));
        }

        foreach (var id in ids)
        {
            using var patience = new CancellationTokenSource(Person.Patience);
            await alice.Client.WaitForAsync(id, m => m.State is MessageState.HandedOver or MessageState.ReachedNetwork, patience.Token);
        }

        await bob.GoOnlineAsync();
        Assert.Equal(["Before.", .. texts], await bob.ReadAsync(alice, 31));
        await alice.UntilStateAsync(ids[^1], MessageState.Delivered);
        Assert.Equal(31, (await bob.ReadAsync(alice)).Count);
    }

    [Fact(DisplayName = "Cathy on Prosody is away as well: her server keeps the frames, and she reads them in order")]
    public async Task OfflineOnXmpp()
    {
        await using var gateway = await GatewayDeployment.StartAsync(servers, ["prosody", "ejabberd"]);
        await using var alice = await Person.ArriveAsync(servers, "ejabberd", "alice");
        await using var cathy = await Person.ArriveAsync(servers, "prosody", "cathy");
        await alice.BefriendAsync(cathy);
        await alice.WriteAsync(cathy, "Before.");
        await cathy.ReadAsync(alice, 1);

        await cathy.GoOfflineAsync();
        var texts = Enumerable.Range(1, 10).Select(i => $"Kept for you, {i}").ToList();
        string last = "";
        foreach (var text in texts)
        {
            last = await alice.WriteAsync(cathy, text);
        }

        await alice.UntilStateAsync(last, MessageState.HandedOver);
        await cathy.GoOnlineAsync();
        Assert.Equal(["Before.", .. texts], await cathy.ReadAsync(alice, 11));
    }

    [Fact(DisplayName = "Without a peering agreement nothing crosses: Alice sees which rule refused, and Bob hears nothing")]
    public async Task NoAgreement()
    {
        await using var gateway = await GatewayDeployment.StartAsync(servers, ["prosody", "ejabberd"], peered: false);
        await using var alice = await Person.ArriveAsync(servers, "prosody", "alice");
        await using var bob = await Person.ArriveAsync(servers, "ejabberd", "bob");
        using var events = alice.Client.Subscribe();

        Assert.IsType<RequestOutcome.Queued>(await alice.Client.ConsentAsync(ConsentOperation.Request, bob.User));

        using var patience = new CancellationTokenSource(Person.Patience);
        await foreach (var happened in events.Events.ReadAllAsync(patience.Token))
        {
            if (happened is EndpointEvent.ConsentAnswered answered)
            {
                Assert.Equal("HUB-022", answered.Refusal?.RuleId);
                break;
            }
        }

        Assert.Empty(await bob.Client.ContactsAsync());
    }

    [Fact(DisplayName = "The homeserver brings a transaction again because its acknowledgement was lost: the message crosses once")]
    public async Task RepeatedTransaction()
    {
        var listen = GatewayDeployment.FreePort();
        await using var gateway = await GatewayDeployment.StartAsync(servers, ["prosody", "synapse"], matrixListen: listen);
        await using var proxy = ForgetfulProxy.Start(servers.Synapse.ApplicationServicePort, listen);
        await using var bob = await Person.ArriveAsync(servers, "synapse", "bob");
        await using var alice = await Person.ArriveAsync(servers, "prosody", "alice");
        await bob.BefriendAsync(alice);
        await bob.WriteAsync(alice, "First.");
        await alice.ReadAsync(bob, 1);

        proxy.LoseNextAnswers(1);
        var id = await bob.WriteAsync(alice, "Brought twice.");
        await bob.UntilStateAsync(id, MessageState.Delivered);
        await bob.UntilStateAsync(await bob.WriteAsync(alice, "Last."), MessageState.Delivered);

        Assert.True(proxy.Repeated > 0, "the homeserver did not bring the transaction again");
        Assert.Equal(["First.", "Brought twice.", "Last."], await alice.ReadAsync(bob));
    }
}
