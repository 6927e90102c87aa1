using Interconnect.Endpoint.Tests.Fakes;
using Interconnect.Federation;
using Interconnect.Testing;

namespace Interconnect.Endpoint.Tests.Adversary;

/// <summary>
/// Alice and Bob, who met while the gateway was honest, and a gateway that no longer is. One thread, one seed: every choice of users, network and gateway comes from it. After
/// each step <see cref="Oracle"/> says whether a promise was broken.
/// </summary>
internal sealed class World : IAsyncDisposable
{
    private readonly Random random;
    private readonly ManualClock clock = new();
    private readonly HostileGateway gateway;
    private readonly Intruder intruder;
    private readonly Attacks attacks;
    private readonly Oracle oracle;
    private readonly List<Device> devices = [];
    private readonly List<string> trace = [];
    private int texts;

    private World(int seed)
    {
        random = new Random(seed);
        gateway = new HostileGateway(clock);
        intruder = new Intruder(clock);
        attacks = new Attacks(random, clock, gateway, intruder);
        oracle = new Oracle(gateway, intruder);
    }

    /// <summary>What was done, for whoever has to understand a violation.</summary>
    public IReadOnlyList<string> Trace => trace;

    /// <summary>Runs a seed.</summary>
    /// <param name="seed">Decides everything.</param>
    /// <param name="steps">How many steps the gateway is hostile for.</param>
    /// <exception cref="Violation">A promise was broken; the message tells the seed and how it came to it.</exception>
    public static async Task RunAsync(int seed, int steps)
    {
        await using var world = new World(seed);
        try
        {
            await world.MeetAsync();
            for (var i = 1; i <= steps; i++)
                await world.StepAsync(look: i % 6 == 0);

            await world.SettleAsync();
        }
        catch (Exception e) when (e is not OutOfMemoryException)
        {
            throw new Violation($"seed {seed}: {(e is Violation ? e.Message : e.ToString())}\n  {string.Join("\n  ", world.Trace)}");
        }
    }

    public async ValueTask DisposeAsync()
    {
        foreach (var device in devices)
            await device.DisposeAsync();

        intruder.Dispose();
    }

    /// <summary>Honest: both publish, allow each other and, in half of the worlds, have a room already.</summary>
    private async Task MeetAsync()
    {
        devices.Add(await Device.CreateAsync(gateway, clock, "alice@a.test", "phone"));
        devices.Add(await Device.CreateAsync(gateway, clock, "bob@b.test", "phone"));
        await DrainAsync();
        foreach (var (one, other) in new[] { (devices[0], devices[1]), (devices[1], devices[0]) })
        {
            await SayAsync(one, ConsentOperation.Request, other.User);
            await DrainAsync();
            await SayAsync(other, ConsentOperation.Grant, one.User);
            await DrainAsync();
        }

        if (random.Next(2) == 0)
        {
            foreach (var device in devices)
            {
                await SendAsync(device);
                await DrainAsync();
            }
        }

        if (random.Next(3) == 0)
            await AddTabletAsync();

        if (random.Next(2) == 0)
            await CompareAsync(devices[random.Next(devices.Count)], meanwhile: false);

        await oracle.CheckAsync(devices);
        oracle.Hostile();
    }

    /// <summary>Alice has a second device, which her phone put into the list and into the room.</summary>
    private async Task AddTabletAsync()
    {
        var tablet = await Device.CreateAsync(gateway, clock, "alice@a.test", "tablet", further: true);
        devices.Add(tablet);
        if (await devices[0].Client.AuthoriseDeviceAsync(tablet.Client.NewDeviceEntry()) is { } refused)
            throw new Violation($"the tablet cannot be added: {refused.RuleId}");

        if (await tablet.Client.AdoptAsync(await devices[0].Client.DeviceListsAsync()) is { } unfit)
            throw new Violation($"the tablet does not take the list: {unfit.RuleId}");

        for (var i = 0; i < 3; i++)
        {
            await DrainAsync();
            clock.Advance(TimeSpan.FromSeconds(6));
            foreach (var device in devices)
                await device.Client.MaintainOnceAsync(CancellationToken.None);
        }

        await DrainAsync();
        Note("alice has a tablet");
    }

    private async Task StepAsync(bool look)
    {
        var device = devices[random.Next(devices.Count)];
        switch (random.Next(100))
        {
            case < 45:
                await DeliverAsync(device);
                break;
            case < 60:
                await SendAsync(device);
                break;
            case < 64:
                // One device of a user says who may write, since two that speak in the same instant cannot be told apart.
                device = devices.First(d => d.User == device.User);
                await SayAsync(device, (ConsentOperation)random.Next(4), Other(device).User);
                break;
            case < 66:
                await CompareAsync(device, meanwhile: true);
                break;
            case < 70:
                Note($"{device.User.User} restarts");
                await device.RestartAsync();
                break;
            case < 71 when random.Next(4) == 0 && devices.Count > 2:
                Note("alice takes the tablet out");
                await devices[0].Client.RemoveDeviceAsync(ClientUri.Parse("mimi://a.test/d/alice/tablet"));
                break;
            case < 71:
                Note($"{device.User.User} renews keys");
                await device.Client.RefreshKeysAsync(Other(device).User);
                break;
            case < 74:
                await PassTimeAsync();
                break;
            default:
                Note(attacks.Next([.. devices.Select(d => d.User)]));
                break;
        }

        await PumpAsync();
        await oracle.CheckAsync(devices, look);
    }

    /// <summary>The gateway has had its way: what waits is handed over, and everything is looked at once more.</summary>
    private async Task SettleAsync()
    {
        Note("the gateway hands over what waits");
        await DrainAsync();
        clock.Advance(TimeSpan.FromMinutes(2));
        foreach (var device in devices)
            await device.Client.MaintainOnceAsync(CancellationToken.None);

        await DrainAsync();
        await oracle.CheckAsync(devices);
    }

    private async Task DeliverAsync(Device device)
    {
        if (device.Pending.Count == 0)
            return;

        var at = random.Next(5) == 0 ? random.Next(device.Pending.Count) : 0;
        var parcel = device.Pending[at];
        device.Pending.RemoveAt(at);
        switch (random.Next(20))
        {
            case 0:
                Note($"{parcel.Envelope.Event.Kind} to {device.User.User} is lost");
                return;
            case 1:
                Note($"{parcel.Envelope.Event.Kind} to {device.User.User} comes twice");
                device.Pending.Add(parcel);
                break;
            default:
                Note($"{parcel.Envelope.Event.Kind} to {device.User.User}");
                break;
        }

        await device.TakeAsync(parcel);
    }

    private async Task SendAsync(Device device)
    {
        var text = $"text {++texts}";
        var outcome = await device.Client.SendAsync(Other(device).User, text);
        Note($"{device.User.User} sends {text}: {Words(outcome)}");
        if (outcome is RequestOutcome.Queued)
            oracle.Sent(device.User, Other(device).User, text);

        await PumpAsync();
    }

    private async Task SayAsync(Device device, ConsentOperation operation, UserUri to)
    {
        var outcome = await device.Client.ConsentAsync(operation, to);
        Note($"{device.User.User} says {operation}: {Words(outcome)}");
        await oracle.SaidAsync(device, to);
        await PumpAsync();
    }

    /// <summary>Two people read their numbers to each other over the telephone; who sees the same ones confirms what was read. The gateway may act in between.</summary>
    private async Task CompareAsync(Device device, bool meanwhile)
    {
        var other = Other(device);
        var here = await device.Client.SafetyNumbersAsync(other.User);
        var there = await other.Client.SafetyNumbersAsync(device.User);
        var same = Both(here).FirstOrDefault(number => Both(there).Any(number.Matches));
        if (same is null)
        {
            Note($"{device.User.User} compares: not the same");
            return;
        }

        if (meanwhile && random.Next(2) == 0)
        {
            Note("before it is confirmed: " + attacks.Next([.. devices.Select(d => d.User)]));
            while (device.Pending.Count > 0 && random.Next(6) != 0)
                await DeliverAsync(device);
        }

        Note($"{device.User.User} compares and confirms");
        var refused = await device.Client.ConfirmAsync(other.User, same);
        var after = await device.Client.SafetyNumbersAsync(other.User);
        if (refused is null ? after is not { Verified: true, Known: { } known } || !known.Matches(same) : after is { Verified: true } && here is { Verified: false })
            throw new Violation($"(5) {device.User.User} confirmed something else than what was compared");
    }

    private static IEnumerable<SafetyNumber> Both(SafetyNumbers? numbers) => new[] { numbers?.Known, numbers?.Shown }.OfType<SafetyNumber>();

    private async Task PassTimeAsync()
    {
        var by = random.Next(3) switch
        {
            0 => TimeSpan.FromSeconds(random.Next(1, 60)),
            1 => TimeSpan.FromMinutes(random.Next(1, 120)),
            _ => TimeSpan.FromDays(random.Next(1, 40)),
        };
        Note($"{by} pass");
        clock.Advance(by);
        foreach (var device in devices)
            await device.Client.MaintainOnceAsync(CancellationToken.None);
    }

    private async Task PumpAsync()
    {
        for (var any = true; any;)
        {
            any = false;
            foreach (var device in devices)
                any |= await device.PumpAsync();
        }

        oracle.Read();
    }

    private async Task DrainAsync()
    {
        for (var round = 0; round < 400; round++)
        {
            await PumpAsync();
            if (devices.FirstOrDefault(d => d.Pending.Count > 0) is not { } device)
                return;

            var parcel = device.Pending[0];
            device.Pending.RemoveAt(0);
            await device.TakeAsync(parcel);
        }

        throw new Violation("the devices go on answering each other without end");
    }

    private Device Other(Device device) => devices.First(d => d.User != device.User);

    private void Note(string what) => trace.Add(what);

    private static string Words(RequestOutcome outcome) => outcome is RequestOutcome.Blocked blocked ? blocked.RuleId : "taken";
}
