using Interconnect.Federation;
using Interconnect.Testing;

namespace Interconnect.Endpoint.Tests.Fakes;

/// <summary>A user with a device, a store on disk and a fake transport; can be stopped, crashed and started again.</summary>
internal sealed class Person : IAsyncDisposable
{
    private static readonly byte[] Key = [.. Enumerable.Range(1, 32).Select(i => (byte)i)];
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(30);
    private const int MostTimersFired = 10;

    private readonly TemporaryFolder folder = new();
    private readonly FakeGateway gateway;
    private readonly TimeProvider clock;
    private EndpointStore? store;
    private Mailbox? mailbox;

    private Person(FakeGateway gateway, TimeProvider clock, UserUri user)
    {
        this.gateway = gateway;
        this.clock = clock;
        User = user;
    }

    public UserUri User { get; }

    public EndpointClient Client { get; private set; } = null!;

    public FakeTransport Transport { get; private set; } = null!;

    public EventSubscription Events { get; private set; } = null!;

    public string Home => folder.Path;

    public EndpointOptions Options { get; set; } = new();

    public static Person Create(FakeGateway gateway, TimeProvider clock, string address, string device = "phone", TransportKind kind = TransportKind.Xmpp)
    {
        var account = new TransportAccount { Kind = kind, Address = address, Password = "secret" };
        var person = new Person(gateway, clock, account.User!);
        using var key = StoreKey.FromKeyFile(Key);
        using var made = ((StoreOpening.Opened)EndpointStore.Create(person.Home, key)).Store;
        Assert.Null(EndpointClient.Initialise(made, account, device, clock));
        return person;
    }

    /// <summary>A further device of a user, which no list names yet.</summary>
    public static Person CreateFurther(FakeGateway gateway, TimeProvider clock, string address, string device)
    {
        var account = new TransportAccount { Kind = TransportKind.Xmpp, Address = address, Password = "secret" };
        var person = new Person(gateway, clock, account.User!) { mailbox = gateway.AddMailbox(account.User!) };
        using var key = StoreKey.FromKeyFile(Key);
        using var made = ((StoreOpening.Opened)EndpointStore.Create(person.Home, key)).Store;
        Assert.Null(EndpointClient.InitialiseFurtherDevice(made, account, device, clock));
        return person;
    }

    /// <summary>A further device of this user, named by the list and running; it has published when it returns.</summary>
    public async Task<Person> AddDeviceAsync(string device)
    {
        var further = CreateFurther(gateway, clock, Client.Account.Address, device);
        further.Options = Options;
        await further.StartAsync(untilPublished: false);
        Assert.Null(await Client.AuthoriseDeviceAsync(further.Client.NewDeviceEntry()));
        await NextAsync<EndpointEvent.DeviceListPublished>(e => e.Refusal is null);
        Assert.Null(await further.Client.AdoptAsync(await Client.DeviceListsAsync()));
        await further.NextAsync<EndpointEvent.KeysPublished>(e => e.Refusal is null);
        return further;
    }

    /// <summary>Alice and Bob, both running, who granted each other what is needed for Alice to write.</summary>
    public static async Task<(Person Alice, Person Bob)> AcquaintedAsync(FakeGateway gateway, TimeProvider clock)
    {
        var alice = Create(gateway, clock, "alice@a.test");
        var bob = Create(gateway, clock, "bob@b.test");
        bob.Options = bob.Options with { AutoConsent = true };
        await alice.StartAsync();
        await bob.StartAsync();
        await alice.Client.ConsentAsync(ConsentOperation.Request, bob.User);
        await alice.NextAsync<EndpointEvent.ConsentGranted>();
        return (alice, bob);
    }

    public async Task StartAsync(bool untilPublished = true)
    {
        using var key = StoreKey.FromKeyFile(Key);
        store = ((StoreOpening.Opened)EndpointStore.Open(Home, key)).Store;
        Client = EndpointClient.Load(store, Options, clock)!;
        Events = Client.Subscribe();
        Transport = new FakeTransport(User, gateway, mailbox);
        var known = (await Client.ProfileAsync()).HubDomain is not null;
        Assert.Null(await Client.StartAsync(Transport, CancellationToken.None));
        if (untilPublished && !known)
            await NextAsync<EndpointEvent.KeysPublished>();
    }

    public async Task StopAsync()
    {
        await Client.DisposeAsync();
        store!.Dispose();
    }

    /// <summary>Changes the store while the person is stopped.</summary>
    public void Edit(Action<StoreTransaction> change)
    {
        using var key = StoreKey.FromKeyFile(Key);
        using var opened = ((StoreOpening.Opened)EndpointStore.Open(Home, key)).Store;
        using var transaction = opened.Begin();
        change(transaction);
        transaction.Commit();
    }

    public async Task RestartAsync()
    {
        await StopAsync();
        await StartAsync(untilPublished: false);
    }

    /// <summary>The next event of a kind; others are passed over.</summary>
    public async Task<T> NextAsync<T>(Func<T, bool>? fits = null)
        where T : EndpointEvent
    {
        using var patience = new CancellationTokenSource(Patience);
        while (true)
        {
            var next = Events.Events.ReadAsync(patience.Token).AsTask();
            if (await SoonAsync(Task.WhenAny(next, Client.Running)) == Client.Running)
                await Client.Running;

            if (await next is T found && (fits is null || fits(found)))
                return found;
        }
    }

    public async Task<string> SendAsync(Person to, string text) =>
        Assert.IsType<RequestOutcome.Queued>(await Client.SendAsync(to.User, text)).Id;

    public async Task<EndpointMessage> ReceiveAsync(string? text = null)
    {
        var message = (await NextAsync<EndpointEvent.MessageReceived>(e => text is null || e.Message.Text == text)).Message;
        return message;
    }

    public async Task<EndpointMessage> WaitAsync(string id, MessageState state)
    {
        using var patience = new CancellationTokenSource(Patience);
        return await SoonAsync(Client.WaitForAsync(id, message => message.State >= state, patience.Token));
    }

    // Time stands still in these tests, so a timer that the client sets just after the test moved the clock would never fire: after a while the next ones that are due do.
    // Only as many as the shortest of waits needs: a client that forgot to wake up must not be helped on by its timers for sending again.
    private async Task<T> SoonAsync<T>(Task<T> task)
    {
        for (var i = 0; !task.IsCompleted; i++)
        {
            await Task.WhenAny(task, Task.Delay(300));
            if (i is >= 10 and < 10 + MostTimersFired && clock is ManualClock manual)
                manual.AdvanceToNext();
        }

        return await task;
    }

    public async Task<List<string?>> InboxAsync(Person from) =>
        [.. (await Client.MessagesAsync(from.User)).Where(m => m.Incoming).Select(m => m.Text)];

    public async ValueTask DisposeAsync()
    {
        if (Client is not null)
            await Client.DisposeAsync();

        store?.Dispose();
        folder.Dispose();
    }
}
