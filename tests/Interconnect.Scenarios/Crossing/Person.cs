using System.Collections.Concurrent;
using System.Security.Cryptography;
using Interconnect.Endpoint;
using Interconnect.Federation;
using Interconnect.Testing;

namespace Interconnect.Scenarios.Crossing;

/// <summary>A person with an endpoint: an account on a real server, a store of its own, online or offline.</summary>
public sealed class Person : IAsyncDisposable, IWitness
{
    public static readonly TimeSpan Patience = TimeSpan.FromSeconds(90);
    private const string Password = "correct-horse-7";

    private readonly string folder = Directory.CreateTempSubdirectory("interconnect-person-").FullName;
    private readonly byte[] key = StoreKey.NewKeyFile();
    private readonly EndpointOptions options;
    private EndpointStore? store;
    private EndpointClient? client;
    private readonly ConcurrentQueue<string> heard = new();
    private readonly ConcurrentQueue<string> happenings = new();
    private EventSubscription? events;
    private Task listening = Task.CompletedTask;

    private Person(UserUri user, EndpointOptions options)
    {
        User = user;
        this.options = options;
    }

    public UserUri User { get; }

    public EndpointClient Client => client ?? throw new InvalidOperationException("The person is offline.");

    /// <summary>The folder of the encrypted store.</summary>
    public string Folder => folder;

    /// <summary>A new account on <c>prosody</c>, <c>ejabberd</c> or <c>synapse</c>, its endpoint initialised and online.</summary>
    public static async Task<Person> ArriveAsync(DevServers servers, string network, string name, EndpointOptions? options = null)
    {
        var unique = name + Convert.ToHexStringLower(RandomNumberGenerator.GetBytes(4));
        var account = network switch
        {
            "prosody" => Account(TransportKind.Xmpp, await servers.CreateProsodyUserAsync(unique, Password), $"127.0.0.1:{servers.Prosody.ClientPort}", servers.Prosody.CertificatePath),
            "ejabberd" => Account(TransportKind.Xmpp, await servers.CreateEjabberdUserAsync(unique, Password), $"127.0.0.1:{servers.Ejabberd.ClientPort}", servers.Ejabberd.CertificatePath),
            "synapse" => Account(TransportKind.Matrix, await servers.CreateSynapseUserAsync(unique, Password), servers.Synapse.Url.AbsoluteUri, null),
            _ => throw new ArgumentException("The networks are prosody, ejabberd and synapse.", nameof(network)),
        };
        var person = new Person(account.User!, options ?? new EndpointOptions { AutoConsent = true });
        using (var storeKey = StoreKey.FromKeyFile(person.key))
        {
            using var made = Opened(EndpointStore.Create(person.folder, storeKey));
            Assert.Null(EndpointClient.Initialise(made, account, "phone", TimeProvider.System));
        }

        Evidence.Add(person);
        try
        {
            await person.GoOnlineAsync();
            return person;
        }
        catch
        {
            await person.DisposeAsync();
            throw;
        }
    }

    /// <summary>A further device of the same person, added by the code and digits that it shows.</summary>
    public async Task<Person> AddDeviceAsync(string name)
    {
        var device = new Person(User, options);
        using (var storeKey = StoreKey.FromKeyFile(device.key))
        {
            using var made = Opened(EndpointStore.Create(device.folder, storeKey));
            Assert.Null(EndpointClient.InitialiseFurtherDevice(made, Client.Account, name, TimeProvider.System));
        }

        Evidence.Add(device);
        try
        {
            await device.GoOnlineAsync(published: false);
            using var link = NewDeviceLink.Start(User, device.Client.NewDeviceEntry().Encode(), TimeProvider.System);
            using var subscription = device.Client.Subscribe();
            await device.Client.SendLinkAsync(link.Request);
            await UntilAsync(async () => await Client.AuthoriseLinkAsync(link.Code, link.Digits) is not { } refused || (refused.RuleId == "END-124" ? false : throw new InvalidOperationException(refused.RuleId)), "the new device's request");
            using var limit = new CancellationTokenSource(Patience);
            while (link.IsOpen)
            {
                if (await subscription.Events.ReadAsync(limit.Token) is EndpointEvent.DeviceLinkReceived received && link.Accept(received.Message.Span) is LinkReply.Added { Lists: var lists })
                {
                    Assert.Null(await device.Client.AdoptAsync(lists));
                }
            }

            await UntilAsync(async () => (await device.Client.ProfileAsync()).HubDomain is not null, "the hub's answer to the new device's keys");
            return device;
        }
        catch
        {
            await device.DisposeAsync();
            throw;
        }
    }

    /// <summary>The texts received while online, in the order in which the endpoint announced them.</summary>
    public IReadOnlyList<string> Heard => [.. heard];

    /// <summary>Opens the store and connects.</summary>
    public async Task GoOnlineAsync(bool published = true)
    {
        using (var storeKey = StoreKey.FromKeyFile(key))
        {
            store = Opened(EndpointStore.Open(folder, storeKey));
        }

        client = EndpointClient.Load(store, options, TimeProvider.System)!;
        events = client.Subscribe();
        listening = ListenAsync(events);
        using var limit = new CancellationTokenSource(Patience);
        var failure = await client.StartAsync(EndpointTransports.Create(client.Account, client.TransportMemory, TimeProvider.System), limit.Token);
        Assert.True(failure is null, failure?.ToString());
        if (published)
            await UntilAsync(async () => (await client.ProfileAsync()).HubDomain is not null, $"the hub's answer to the keys published over {client.Account.Kind}");
    }

    /// <summary>Disconnects and closes the store, as when the device is switched off.</summary>
    public async Task GoOfflineAsync()
    {
        if (client is not null)
        {
            await client.DisposeAsync();
        }

        await listening;
        events?.Dispose();

        store?.Dispose();
        (client, store, events) = (null, null, null);
    }

    /// <summary>Asks for consent and waits until it is granted.</summary>
    public async Task BefriendAsync(Person other)
    {
        Assert.IsType<RequestOutcome.Queued>(await Client.ConsentAsync(ConsentOperation.Request, other.User));
        await UntilAsync(async () => (await Client.ContactAsync(other.User))?.TheyAllow == ConsentState.Granted, "consent granted");
    }

    /// <summary>Queues a text; returns the message's id.</summary>
    public async Task<string> WriteAsync(Person to, string text) => Assert.IsType<RequestOutcome.Queued>(await Client.SendAsync(to.User, text)).Id;

    /// <summary>The texts received from somebody, in the order of the store.</summary>
    public async Task<IReadOnlyList<string>> ReadAsync(Person from) =>
        [.. (await Client.MessagesAsync(from.User)).Where(m => m.Incoming).OrderBy(m => m.Sequence).Select(m => m.Text!)];

    /// <summary>Waits until at least <paramref name="count"/> messages from somebody are there.</summary>
    public async Task<IReadOnlyList<string>> ReadAsync(Person from, int count, TimeSpan? limit = null)
    {
        await UntilAsync(async () => (await ReadAsync(from)).Count >= count, $"{count} messages received", limit);
        return await ReadAsync(from);
    }

    /// <summary>Waits until a message of ours is in a state.</summary>
    public async Task<EndpointMessage> UntilStateAsync(string id, MessageState state, TimeSpan? limit = null)
    {
        using var patience = new CancellationTokenSource(limit ?? Patience);
        EndpointMessage message;
        try
        {
            message = await Client.WaitForAsync(id, m => m.State == state, patience.Token);
        }
        catch (OperationCanceledException)
        {
            throw await Evidence.FailureAsync($"a message in state {state}, it is {(await Client.MessageAsync(id))?.State}");
        }

        Assert.True(message.State == state, $"{message.State} {message.RuleId} {message.Reason}");
        return message;
    }

    public static async Task UntilAsync(Func<Task<bool>> condition, string what, TimeSpan? limit = null)
    {
        var deadline = DateTime.UtcNow + (limit ?? Patience);
        while (!await condition())
        {
            if (DateTime.UtcNow >= deadline)
            {
                throw await Evidence.FailureAsync(what);
            }

            await Task.Delay(100);
        }
    }

    /// <summary>Where the endpoint stands, and what happened to it; without texts.</summary>
    async Task<IReadOnlyList<(string Name, IReadOnlyList<string> Lines)>> IWitness.TestifyAsync()
    {
        var state = "offline";
        if (client is { } online)
        {
            var profile = await online.ProfileAsync();
            var defect = online.Running.IsFaulted ? online.Running.Exception!.InnerException!.GetType().Name : "none";
            state = $"{profile.Network}, hub {profile.HubDomain?.Value ?? "not known"}, {await online.OutboxCountAsync()} frames wait for an answer, {profile.KeyPackages} key packages, defect: {defect}";
        }

        return [($"the endpoint of {User.Value}", [.. happenings, state])];
    }

    public async ValueTask DisposeAsync()
    {
        Evidence.Remove(this);
        await GoOfflineAsync();
        Directory.Delete(folder, recursive: true);
    }

    private async Task ListenAsync(EventSubscription subscription)
    {
        await foreach (var happened in subscription.Events.ReadAllAsync())
        {
            if (happened is EndpointEvent.MessageReceived received)
            {
                heard.Enqueue(received.Message.Text!);
            }

            happenings.Enqueue($"{happened.At:HH:mm:ss.fff} {Describe(happened)}");
            while (happenings.Count > 400)
            {
                happenings.TryDequeue(out _);
            }
        }
    }

    private static string Describe(EndpointEvent happened) => happened switch
    {
        EndpointEvent.ConnectionChanged changed => $"{changed.Status.State} {changed.Status.Why}",
        EndpointEvent.SendDelayed delayed => $"sending delayed, {delayed.Why}",
        EndpointEvent.FrameRejected rejected => $"frame rejected, {rejected.RuleId}: {rejected.Reason}",
        EndpointEvent.KeysPublished keys => $"{keys.Count} keys published, {keys.Refusal?.RuleId ?? "accepted"}",
        EndpointEvent.ConsentAnswered consent => $"consent answered, {consent.Refusal?.RuleId ?? "accepted"}",
        EndpointEvent.RoomDelayed room => $"room delayed, {room.Refusal.RuleId}",
        EndpointEvent.MessageChanged message => $"message {message.Message.State} {message.Message.RuleId}",
        EndpointEvent.GapSkipped gap => $"gap of {gap.Missing} skipped",
        var other => other.GetType().Name,
    };

    private static EndpointStore Opened(StoreOpening opening) => opening switch
    {
        StoreOpening.Opened opened => opened.Store,
        StoreOpening.Failed failed => throw new InvalidOperationException(failed.Error.ToString()),
        _ => throw new InvalidOperationException("A store opens or fails."),
    };

    private static TransportAccount Account(TransportKind kind, string address, string server, string? certificate) =>
        new() { Kind = kind, Address = address, Password = Password, Server = server, TlsAuthorityFile = certificate, InsecureLoopback = certificate is null };
}
