using Interconnect.Endpoint.Tests.Fakes;
using Interconnect.Federation;

namespace Interconnect.Endpoint.Tests.Adversary;

/// <summary>An honest endpoint that does one thing at a time, when it is told to: no loops, no timers, so that a seed decides the order of everything.</summary>
internal sealed class Device : IAsyncDisposable
{
    private static readonly byte[] Key = [.. Enumerable.Range(1, 32).Select(i => (byte)i)];

    // In memory where there is such a folder: what a disk does is not tried here, and a run makes thousands of stores.
    private readonly TemporaryFolder folder = new(Directory.Exists("/dev/shm") ? "/dev/shm" : null);
    private readonly HostileGateway gateway;
    private readonly TimeProvider clock;
    private EndpointStore? store;
    private Carrier? carrier;

    private Device(HostileGateway gateway, TimeProvider clock, UserUri user, string name)
    {
        this.gateway = gateway;
        this.clock = clock;
        User = user;
        Name = name;
    }

    public UserUri User { get; }

    public string Name { get; }

    public EndpointClient Client { get; private set; } = null!;

    /// <summary>What is on its way to this device; the gateway hands it over, or not.</summary>
    public List<Parcel> Pending { get; } = [];

    public static async Task<Device> CreateAsync(HostileGateway gateway, TimeProvider clock, string address, string name, bool further = false)
    {
        var account = new TransportAccount { Kind = TransportKind.Xmpp, Address = address, Password = "secret" };
        var device = new Device(gateway, clock, account.User!, name);
        using (var key = StoreKey.FromKeyFile(Key))
        using (var made = ((StoreOpening.Opened)EndpointStore.Create(device.folder.Path, key)).Store)
            Assert.Null(further ? EndpointClient.InitialiseFurtherDevice(made, account, name, clock) : EndpointClient.Initialise(made, account, name, clock));

        gateway.Attach(device);
        await device.StartAsync();
        return device;
    }

    public async Task StartAsync()
    {
        using var key = StoreKey.FromKeyFile(Key);
        store = ((StoreOpening.Opened)EndpointStore.Open(folder.Path, key)).Store;
        Client = EndpointClient.Load(store, new EndpointOptions { KeyPackages = 2, KeyPackagesLowWater = 1 }, clock)!;
        carrier = new Carrier(this);
        Assert.Null(await Client.ConnectAsync(carrier, CancellationToken.None));
    }

    public async Task RestartAsync()
    {
        await Client.DisposeAsync();
        store!.Dispose();
        await StartAsync();
    }

    /// <summary>Hands everything that is due to the gateway; true when there was something.</summary>
    public async Task<bool> PumpAsync()
    {
        var any = false;
        while ((await Client.PumpOnceAsync(CancellationToken.None)).Sent)
            any = true;

        return any;
    }

    public Task TakeAsync(Parcel parcel) => carrier!.Sink!.ReceiveAsync(parcel.ToItem(), CancellationToken.None);

    public async ValueTask DisposeAsync()
    {
        if (Client is not null)
            await Client.DisposeAsync();

        store?.Dispose();
        folder.Dispose();
    }

    private sealed class Carrier(Device device) : ITransport
    {
        public UserUri User => device.User;

        public ITransportSink? Sink { get; private set; }

        public Task<TransportFailure?> StartAsync(ITransportSink sink, CancellationToken cancellation)
        {
            Sink = sink;
            return Task.FromResult<TransportFailure?>(null);
        }

        public Task<TransportSend> SendAsync(TransportAddress to, FrameId id, ReadOnlyMemory<byte> frame, CancellationToken cancellation)
        {
            device.gateway.Take(device.User, frame.ToArray());
            return Task.FromResult<TransportSend>(new TransportSend.Taken());
        }

        public Task StopAsync(CancellationToken cancellation) => Task.CompletedTask;

        public ValueTask DisposeAsync() => ValueTask.CompletedTask;
    }
}
