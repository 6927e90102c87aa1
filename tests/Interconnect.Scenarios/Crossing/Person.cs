using System.Collections.Concurrent;
using System.Security.Cryptography;
using Interconnect.Endpoint;
using Interconnect.Federation;
using Interconnect.Testing;

namespace Interconnect.Scenarios.Crossing;

/// <summary>A person with an endpoint: an account on a real server, a store of its own, online or offline.</summary>
public sealed class Person : IAsyncDisposable
{
    public static readonly TimeSpan Patience = TimeSpan.FromSeconds(90);
    private const string Password = "correct-horse-7";

    private readonly string folder = Directory.CreateTempSubdirectory("interconnect-person-").FullName;
    private readonly byte[] key = StoreKey.NewKeyFile();
    private readonly EndpointOptions options;
    private EndpointStore? store;
    private EndpointClient? client;
    private readonly ConcurrentQueue<string> heard = new();
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

        await person.GoOnlineAsync();
        return person;
    }

    /// <summary>The texts received while online, in the order in which the endpoint announced them.</summary>
    public IReadOnlyList<string> Heard => [.. heard];

    /// <summary>Opens the store and connects.</summary>
    public async Task GoOnlineAsync()
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
        while ((await client.ProfileAsync(limit.Token)).HubDomain is null)
        {
            await Task.Delay(50, limit.Token);
        }
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
        var message = await Client.WaitForAsync(id, m => m.State == state, patience.Token);
        Assert.True(message.State == state, $"{message.State} {message.RuleId} {message.Reason}");
        return message;
    }

    public static async Task UntilAsync(Func<Task<bool>> condition, string what, TimeSpan? limit = null)
    {
        var deadline = DateTime.UtcNow + (limit ?? Patience);
        while (!await condition())
        {
            Assert.True(DateTime.UtcNow < deadline, $"Waited too long for: {what}");
            await Task.Delay(100);
        }
    }

    public async ValueTask DisposeAsync()
    {
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
        }
    }

    private static EndpointStore Opened(StoreOpening opening) => opening switch
    {
        StoreOpening.Opened opened => opened.Store,
        StoreOpening.Failed failed => throw new InvalidOperationException(failed.Error.ToString()),
        _ => throw new InvalidOperationException("A store opens or fails."),
    };

    private static TransportAccount Account(TransportKind kind, string address, string server, string? certificate) =>
        new() { Kind = kind, Address = address, Password = Password, Server = server, TlsAuthorityFile = certificate, InsecureLoopback = certificate is null };
}
