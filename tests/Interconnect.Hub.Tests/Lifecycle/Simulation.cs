using Dapper;
using Interconnect.Federation;
using Interconnect.Hub.Tests.Kit;
using Interconnect.Storage;

namespace Interconnect.Hub.Tests.Lifecycle;

/// <summary>
/// A hub between a bus that repeats, delays, loses acknowledgements and refuses publishes, and adapters that report late, twice and out of order; the hub is killed between any two
/// steps and its commits fail both ways. Everything follows from the seed but the scheduling of threads.
/// </summary>
internal sealed class Simulation(int seed, DatabaseOptions? database = null) : IAsyncDisposable
{
    private readonly Random random = new(seed);
    private readonly Faults faults = new();
    private readonly World world = World.Create(o => o with { RetryInterval = TimeSpan.FromMilliseconds(100) }, database);
    private readonly List<(Device One, Device Other, RoomUri Room)> rooms = [];
    private readonly Dictionary<BusAddress, Queue<ReadOnlyMemory<byte>>> streams = new() { [new BusAddress.Submit()] = new(), [new BusAddress.Report()] = new() };
    private readonly Dictionary<EventId, EventId> passed = [];
    private readonly Dictionary<EventId, (string Room, string Sender, int Number)> written = [];
    private readonly Dictionary<(string Room, string Sender), int> numbers = [];
    private readonly Dictionary<(EventId, string), byte[]> seen = [];
    private readonly List<(EventId Event, string Room, string Sender, ulong Sequence)> received = [];
    private readonly Dictionary<EventId, List<DeliveryStatus>> told = [];
    private readonly Dictionary<(long, string), long> ledger = [];
    private int taken;

    public int Written => written.Count;

    public int Crashes { get; private set; }

    public int FaultsStruck => faults.Struck;

    public int Repeats { get; private set; }

    public async Task RunAsync(int steps, int pairs = 3)
    {
        world.AroundCommit = faults.Around;
        await world.StartHubAsync();
        for (var i = 0; i < pairs; i++)
        {
            var one = new Device(World.Xmpp, "a.test", $"alice{i}", world.Clock);
            var other = new Device(World.Matrix, "hs.test", $"bob{i}", world.Clock);
            rooms.Add((one, other, await world.RoomAsync(one, other)));
        }

        // What made the rooms may come again after a crash and is no message.
        foreach (var (_, envelope) in world.Bus.Stored)
        {
            taken++;
            envelope.Recipients.ToList().ForEach(r => seen.TryAdd((envelope.Id, r.Value), EnvelopeCodec.Encode(envelope)));
        }

        world.Bus.Interfere = Interfere;
        for (var i = 0; i < steps; i++)
        {
            await StepAsync();
        }

        await QuiesceAsync();
        await CheckAsync();
    }

    public ValueTask DisposeAsync() => world.DisposeAsync();

    private async Task StepAsync()
    {
        switch (random.Next(100))
        {
            case < 40:
                Write();
                break;
            case < 65:
                await PumpAsync(new BusAddress.Submit());
                break;
            case < 80:
                Receive();
                break;
            case < 92:
                await PumpAsync(new BusAddress.Report());
                break;
            case < 95:
                faults.Next = random.Next(2) == 0 ? Fault.NotPersisted : Fault.PersistedButReportedFailed;
                break;
            case < 97:
                await CheckForwardAsync();
                break;
            default:
                await CrashAsync();
                break;
        }
    }

    private void Write()
    {
        var (one, other, room) = rooms[random.Next(rooms.Count)];
        var sender = random.Next(2) == 0 ? one : other;
        var key = (room.Value, sender.User.Value);
        var number = numbers[key] = numbers.GetValueOrDefault(key) + 1;
        var envelope = sender.Send(sender.Writes(room, $"message {number}"), eventKey: $"{key} {number}");
        passed.Add(envelope.Id, envelope.PassedId());
        written.Add(envelope.PassedId(), (room.Value, sender.User.Value, number));
        var body = EnvelopeCodec.Encode(envelope);
        for (var copies = random.Next(4) == 0 ? 2 : 1; copies > 0; copies--)
        {
            streams[new BusAddress.Submit()].Enqueue(body);
        }
    }

    private async Task PumpAsync(BusAddress address)
    {
        var stream = streams[address];
        var bodies = stream.Take(random.Next(1, 8)).ToList();
        if (bodies.Count == 0 || !await TryHandAsync(address, bodies))
        {
            return;
        }

        // Now and then the acknowledgement is lost, and the bus brings the batch again.
        if (random.Next(6) == 0)
        {
            Repeats++;
            await TryHandAsync(address, bodies);
        }

        for (var i = 0; i < bodies.Count; i++)
        {
            stream.Dequeue();
        }
    }

    private async Task<bool> TryHandAsync(BusAddress address, List<ReadOnlyMemory<byte>> bodies)
    {
        try
        {
            Assert.Empty(await world.Bus.HandAsync(address, bodies));
            return true;
        }
        catch (Exception e) when (e is HubUnavailableException or IOException or InvalidOperationException)
        {
            await world.AdvanceUntilAsync(() => world.Status.WhyNotReady is null && world.Bus.Bound == 2, TimeSpan.FromMilliseconds(100));
            return false;
        }
    }

    // The destinations: what was handed over before is recognised by event and recipient, as the adapters' host does.
    private void Receive()
    {
        foreach (var (network, envelope) in world.Bus.Stored.Skip(taken).ToList())
        {
            taken++;
            var bytes = EnvelopeCodec.Encode(envelope);
            foreach (var recipient in envelope.Recipients)
            {
                if (!seen.TryAdd((envelope.Id, recipient.Value), bytes))
                {
                    Assert.Equal(seen[(envelope.Id, recipient.Value)], bytes);
                    continue;
                }

                Take(network, envelope, recipient);
            }
        }
    }

    private void Take(string network, FederationEnvelope envelope, UserUri recipient)
    {
        if (envelope.Event is DeliveryReport report)
        {
            var about = passed[report.Event];
            (told.TryGetValue(about, out var statuses) ? statuses : told[about] = []).Add(report.Status);
            return;
        }

        received.Add((envelope.Id, ((EncryptedMessage)envelope.Event).Room!.Value, envelope.Sender!.Value, envelope.Sequence!.Value));
        var (one, other, _) = rooms.Single(r => r.One.User == recipient || r.Other.User == recipient);
        var device = one.User == recipient ? one : other;
        Assert.Equal(device.Network.Value, network);
        var reports = new List<FederationEnvelope>
        {
            device.Reports(envelope, DeliveryStatus.HandedOver),
            random.Next(5) == 0 ? device.Reports(envelope, DeliveryStatus.Bounced, "XMPP-010", "gone") : device.Reports(envelope, DeliveryStatus.Delivered),
        };
        if (random.Next(4) == 0)
        {
            reports.Reverse();
        }

        foreach (var made in reports)
        {
            for (var copies = random.Next(4) == 0 ? 2 : 1; copies > 0; copies--)
            {
                streams[new BusAddress.Report()].Enqueue(EnvelopeCodec.Encode(made));
            }
        }
    }

    // Not stored and said so, or stored and not said.
    private PublishOutcome? Interfere(BusAddress address, FederationEnvelope envelope)
    {
        lock (random)
        {
            var dice = random.Next(40);
            if (dice == 1)
            {
                world.Bus.Store(((BusAddress.Deliver)address).Network.Value, envelope);
            }

            return dice < 2 ? new PublishOutcome.Unavailable("the broker is away", TimeSpan.FromMilliseconds(1), Certain: dice == 0) : null;
        }
    }

    private async Task CrashAsync()
    {
        Crashes++;
        await world.CrashHubAsync();
        await CheckForwardAsync();
        await world.StartHubAsync();
    }

    private async Task QuiesceAsync()
    {
        world.Bus.Interfere = static (_, _) => null;
        faults.Next = Fault.None;
        for (var quiet = 0; quiet < 3;)
        {
            var before = (world.Bus.Stored.Count, streams.Values.Sum(s => s.Count));
            while (streams.Values.Any(s => s.Count > 0))
            {
                await PumpAsync(new BusAddress.Submit());
                await PumpAsync(new BusAddress.Report());
            }

            world.Clock.Advance(TimeSpan.FromSeconds(5));
            await Task.Delay(20);
            Receive();
            quiet = before == (world.Bus.Stored.Count, streams.Values.Sum(s => s.Count)) ? quiet + 1 : 0;
        }
    }

    private async Task CheckAsync()
    {
        // LOST and DUPLICATED: each message arrived, once.
        Assert.Equal(written.Keys.Select(k => k.Hex).Order(StringComparer.Ordinal), received.Select(r => r.Event.Hex).Order(StringComparer.Ordinal));

        // REORDERED: what arrives in a room arrives in the order of sequence numbers at each side, and in the order it was written by its sender.
        foreach (var side in received.GroupBy(r => (r.Room, r.Sender)))
        {
            Assert.Equal(Enumerable.Range(1, numbers[side.Key]), side.Select(r => written[r.Event].Number));
            Assert.Equal(side.Select(r => r.Sequence).Order(), side.Select(r => r.Sequence));
        }

        foreach (var room in received.GroupBy(r => r.Room))
        {
            Assert.Equal(room.Count(), room.Select(r => r.Sequence).Distinct().Count());
        }

        // Each sender was told of the acceptance first, and of one end last.
        Assert.All(written.Keys, id =>
        {
            Assert.Equal(DeliveryStatus.Accepted, told[id][0]);
            Assert.Equal(told[id].Order(), told[id]);
            Assert.Single(told[id], LedgerStatus.IsTerminal);
        });
        await CheckForwardAsync();
        Assert.Equal(written.Count, await TerminalMessagesAsync());
    }

    private async Task CheckForwardAsync()
    {
        await using var opened = Database.Create(world.Options.Database);
        await using var connection = await opened.OpenAsync(CancellationToken.None);
        foreach (var (no, recipient, status) in await connection.QueryAsync<(long, string, long)>("SELECT event_no, recipient, status FROM hub_deliveries"))
        {
            var before = ledger.GetValueOrDefault((no, recipient));
            Assert.True(status >= before && (before < 3 || status == before), $"A delivery went from {before} to {status}.");
            ledger[(no, recipient)] = status;
        }
    }

    private async Task<long> TerminalMessagesAsync()
    {
        await using var opened = Database.Create(world.Options.Database);
        await using var connection = await opened.OpenAsync(CancellationToken.None);
        return await connection.ExecuteScalarAsync<long>("SELECT COUNT(*) FROM hub_deliveries d JOIN hub_ledger l ON l.event_no = d.event_no WHERE l.kind = 'encrypted_message' AND d.status >= 3");
    }
}
