using System.Collections.Concurrent;
using Interconnect.Federation;
using Interconnect.Storage;
using Interconnect.Testing;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using EventId = Interconnect.Federation.EventId;

namespace Interconnect.Hub.Tests.Kit;

/// <summary>A hub on a database of its own, Alice on xmpp-a and Bob on matrix-hs, an agreement between their providers, and time that stands still.</summary>
internal sealed class World : IAsyncDisposable
{
    public const string Xmpp = "xmpp-a";
    public const string Matrix = "matrix-hs";
    private readonly Dictionary<UserUri, Person> people = [];
    private readonly Dictionary<ClientUri, Device> listed = [];
    private readonly string? folder;
    private readonly Dictionary<EventId, EventId> sentIds = [];
    private ServiceProvider? services;
    private Device? marker;

    private World(HubOptions options, string? folder)
    {
        this.folder = folder;
        Options = options;
        Alice = new Device(Xmpp, "a.test", "alice", Clock);
        Bob = new Device(Matrix, "hs.test", "bob", Clock);
    }

    public ManualClock Clock { get; } = new();

    public FakeBus Bus { get; set; } = new();

    public HubOptions Options { get; set; }

    public ConcurrentQueue<string> Log { get; } = [];

    public Device Alice { get; }

    public Device Bob { get; }

    public HubStatus Status => services!.GetRequiredService<HubStatus>();

    public HubAdmin Admin => services!.GetRequiredService<HubAdmin>();

    public IServiceProvider Services => services!;

    public HubRole Role => services!.GetRequiredService<HubRole>();

    public Func<CommitStep, CommitStep> AroundCommit { get; set; } = static commit => commit;

    public static HubOptions DefaultOptions(DatabaseOptions database) => new()
    {
        Domain = ProviderDomain.Parse("hub.test"),
        Database = database,
        Networks = new Dictionary<NetworkId, ProviderDomain> { [NetworkId.Parse(Xmpp)] = ProviderDomain.Parse("a.test"), [NetworkId.Parse(Matrix)] = ProviderDomain.Parse("hs.test") },
        Peerings = [new PeeringAgreement { Id = "a-hs", First = ProviderDomain.Parse("a.test"), Second = ProviderDomain.Parse("hs.test") }],
    };

    public static async Task<World> StartAsync(Func<HubOptions, HubOptions>? change = null, DatabaseOptions? database = null)
    {
        var world = Create(change, database);
        await world.StartHubAsync();
        return world;
    }

    public static World Create(Func<HubOptions, HubOptions>? change = null, DatabaseOptions? database = null)
    {
        var folder = database is null ? Directory.CreateTempSubdirectory("hub-").FullName : null;
        var options = DefaultOptions(database ?? new DatabaseOptions { ConnectionString = Path.Combine(folder!, "hub.db") });
        return new World(change is null ? options : change(options), folder);
    }

    public async Task StartHubAsync()
    {
        BuildHub();
        await Role.StartAsync(CancellationToken.None);
        await Bus.UntilBoundAsync();
        for (var i = 0; i < 1000 && Status.WhyNotReady is not null; i++)
        {
            await Task.Delay(5);
        }

        Assert.Null(Status.WhyNotReady);
    }

    public void BuildHub()
    {
        services = new ServiceCollection()
            .AddSingleton<TimeProvider>(Clock)
            .AddSingleton<IBusPublishers>(Bus)
            .AddSingleton<IBusConsumer>(Bus)
            .AddLogging(logging => logging.AddProvider(new LogLines(Log)))
            .AddInterconnectHub(Options)
            .BuildServiceProvider();
        Role.AroundCommit = AroundCommit;
    }

    /// <summary>Ends the hub in order.</summary>
    public async Task StopHubAsync()
    {
        await Role.StopAsync(CancellationToken.None);
        await services!.DisposeAsync();
        services = null;
    }

    /// <summary>Ends the hub as a crash would: nothing is drained. The bus forgets its readers, and what was in flight is lost.</summary>
    public async Task CrashHubAsync()
    {
        await services!.DisposeAsync();
        services = null;
    }

    public async ValueTask DisposeAsync()
    {
        if (services is not null)
        {
            await services.DisposeAsync();
        }

        if (folder is not null)
        {
            Directory.Delete(folder, true);
        }
    }

    /// <summary>Whether everything committed is published.</summary>
    public bool Quiet() => services!.GetRequiredService<HubMetrics>().OutboxDepth == 0;

    /// <summary>Moves time on in small steps until something has happened.</summary>
    public async Task AdvanceUntilAsync(Func<bool> happened, TimeSpan? step = null)
    {
        for (var i = 0; i < 2_000; i++)
        {
            if (happened())
            {
                return;
            }

            Clock.Advance(step ?? TimeSpan.FromSeconds(1));
            await Task.Delay(2);
        }

        Assert.Fail("It did not happen.");
    }

    public RoomUri NewRoom(string? name = null) => RoomUri.Parse($"mimi://hub.test/r/{name ?? Guid.NewGuid().ToString("N")}");

    /// <summary>What the sender's other devices got of the event that was accepted last; null when there was no copy for them.</summary>
    public FederationEnvelope? OwnCopy { get; private set; }

    /// <summary>Submits and takes the hub's answer to the sender: an acceptance.</summary>
    public async Task<FederationEnvelope> AcceptsAsync(FederationEnvelope envelope)
    {
        await Bus.SubmitAsync(envelope);
        OwnCopy = null;
        var answer = await Bus.NextAsync(envelope.Origin!.Value);
        if (answer.Id == envelope.PassedId())
        {
            OwnCopy = answer;
            answer = await Bus.NextAsync(envelope.Origin.Value);
        }

        if (answer.Event is Refusal refusal)
        {
            Assert.Fail($"refused by {refusal.RuleId}: {refusal.Reason}");
        }

        var report = Assert.IsType<DeliveryReport>(answer.Event);
        Assert.Equal((envelope.Id, DeliveryStatus.Accepted, envelope.Proof!.FrameId), (report.Event, report.Status, report.Frame));
        Assert.Equal([envelope.Sender!], answer.Recipients);
        Assert.Equal("hub.test", answer.HubDomain!.Value);
        return answer;
    }

    /// <summary>Submits and demands a refusal that changes nothing but ledger and outbox.</summary>
    public async Task<Refusal> RefusesAsync(FederationEnvelope envelope, HubRule rule, string? shown = null)
    {
        var before = await DatabaseDump.ReadAsync(Options.Database);
        await Bus.SubmitAsync(envelope);
        var answer = await Bus.NextAsync(envelope.Origin!.Value);
        var refusal = Assert.IsType<Refusal>(answer.Event);
        Assert.Equal((shown ?? rule.Id, envelope.Id, envelope.Proof?.FrameId), (refusal.RuleId, refusal.Event, refusal.Frame));
        Assert.Equal([envelope.Sender!], answer.Recipients);
        Assert.NotEmpty(refusal.Reason);
        (await DatabaseDump.ReadAsync(Options.Database)).AssertOnlyRefused(before, envelope.Id, rule, rows: 2);
        return refusal;
    }

    /// <summary>Who has the device.</summary>
    public Person Of(Device device) => people.TryGetValue(device.User, out var person) ? person : people[device.User] = new Person(device.User, Clock);

    /// <summary>The user's list names the device from here on: the first one pins the identity, a later one is signed by the last device before.</summary>
    public async Task ListAsync(Device device)
    {
        var person = Of(device);
        if (!person.Has(device))
        {
            await AcceptsAsync(device.Send(person.Chain is { } chain ? person.Adds(listed[chain.Newest.List.Devices[^1].Client], device) : person.Begins(device)));
            listed[device.Uri] = device;
        }
    }

    /// <summary>Brings lists that open a reset: refused as yet, but kept.</summary>
    public async Task<Refusal> ResetsAsync(Device device, Person identity)
    {
        var sent = device.Send(identity.Shows());
        await Bus.SubmitAsync(sent);
        var refusal = Assert.IsType<Refusal>((await Bus.NextAsync(device.Network.Value)).Event);
        Assert.Equal((HubRule.ResetWaits.Id, sent.Id), (refusal.RuleId, refusal.Event));
        return refusal;
    }

    /// <summary>Takes all that xmpp-a gets until something that is submitted now is answered there.</summary>
    public async Task<List<FederationEnvelope>> PassAsync()
    {
        var passed = new List<FederationEnvelope>();
        marker ??= new Device(Xmpp, "a.test", "marker", Clock);
        if (!Of(marker).Has(marker))
        {
            await AnsweredAsync(marker.Send(Of(marker).Begins(marker)), passed);
        }

        await AnsweredAsync(marker.Send(marker.Publication(1)), passed);
        return passed;
    }

    public async Task PublishAsync(Device device, int packages = 2)
    {
        await ListAsync(device);
        await AcceptsAsync(device.Send(device.Publication(packages)));
    }

    /// <summary>Accepted, and what the other side got.</summary>
    public async Task<FederationEnvelope> CrossesAsync(Device from, Device to, FederationEvent @event)
    {
        var sent = from.Send(@event);
        await AcceptsAsync(sent);
        var delivered = await Bus.NextAsync(to.Network.Value);
        Assert.Equal(sent.PassedId(), delivered.Id);
        sentIds[delivered.Id] = sent.Id;
        Assert.Equal([to.User], delivered.Recipients);
        return delivered;
    }

    /// <summary>What the sender's network knows a delivered event by.</summary>
    public EventId SentIdOf(FederationEnvelope delivered) => sentIds[delivered.Id];

    /// <summary>Accepted as if it crossed, and the other side gets nothing: what crosses next is something else.</summary>
    public async Task StaysAsync(Device from, Device to, FederationEvent @event)
    {
        var answer = await AcceptsAsync(from.Send(@event));
        Assert.Null(answer.Sequence);
        await AdvanceUntilAsync(Quiet, TimeSpan.Zero);
        Assert.False(Bus.TryNext(to.Network.Value, out _), "It crossed.");
    }

    /// <summary>Both publish; the first asks and the second agrees.</summary>
    public async Task MeetAsync(Device one, Device other)
    {
        await PublishAsync(one);
        await PublishAsync(other);
        await CrossesAsync(one, other, one.Says(ConsentOperation.Request, other.User));
        await CrossesAsync(other, one, other.Says(ConsentOperation.Grant, one.User));
    }

    public async Task<KeyMaterialResponse> ClaimAsync(Device device, UserUri target, RoomUri? room = null)
    {
        await AcceptsAsync(device.Send(device.Asks(target, room)));
        return Assert.IsType<KeyMaterialResponse>((await Bus.NextAsync(device.Network.Value)).Event);
    }

    /// <summary>They meet, and the first makes a room that the second joins.</summary>
    public async Task<RoomUri> RoomAsync(Device one, Device other)
    {
        await MeetAsync(one, other);
        return await AnotherRoomAsync(one, other);
    }

    public async Task<RoomUri> AnotherRoomAsync(Device one, Device other)
    {
        var room = NewRoom();
        var claimed = await ClaimAsync(one, other.User, room);
        var update = one.Creates(room, claimed.Clients.Select(c => c.KeyPackage));
        var delivered = await CrossesAsync(one, other, update);
        other.Joins(Assert.IsType<RoomUpdate>(delivered.Event));
        return room;
    }

    private async Task AnsweredAsync(FederationEnvelope sent, List<FederationEnvelope> passed)
    {
        await Bus.SubmitAsync(sent);
        for (FederationEnvelope next; (next = await Bus.NextAsync(Xmpp)).Event is not DeliveryReport report || report.Event != sent.Id;)
        {
            passed.Add(next);
        }
    }
}
