using Interconnect.Federation;
using Interconnect.Hub.Tests.Kit;

namespace Interconnect.Hub.Tests.Adversary;

/// <summary>What a hostile client and a hostile network can do: everything they have keys and an address for. Which of it, says the seed.</summary>
internal sealed class HostileMoves(HostileRun run, Random random)
{
    private readonly List<FederationEnvelope> sent = [];
    private RoomUri? room;

    private World World => run.World;

    private Device Mallory => run.Mallory;

    public Task MalloryAsync() => random.Next(14) switch
    {
        0 or 1 => SendAsync(Mallory.Asks(run.Bob.User, random.Next(2) == 0 ? null : World.NewRoom()), copies: random.Next(1, 6)),
        2 or 3 => SendAsync(Word(run.Bob.User), copies: random.Next(1, 9)),
        4 => PublishAsync(),
        5 => RoomAsync(),
        6 => SendAsync(Forged(Mallory, run.Bob), copies: random.Next(1, 6)),
        7 => WriteAsync(),
        8 => NetworkAsync(),
        9 => RepeatAsync(),
        10 => SendAsync(World.Of(Mallory).Shows(), copies: random.Next(1, 4)),
        11 => ListAsync(),
        12 => SendAsync(new KeyMaterialCountRequest(random.Next(2) == 0 ? Mallory.Uri : run.Bob.Uri)),
        _ => ReportAsync(),
    };

    /// <summary>The same of Bob and of nobody; what differs is what the target is, and what the target and its network do.</summary>
    public async Task EveAndTwinAsync()
    {
        var kind = random.Next(6);
        var operation = (ConsentOperation)random.Next(4);
        var inRoom = random.Next(3) == 0 ? World.NewRoom() : null;
        var broken = random.Next(8) == 0;
        foreach (var (asker, target) in new[] { (run.Eve, run.Bob), (run.Twin, run.Nobody) })
        {
            FederationEvent said = kind switch
            {
                0 or 1 => asker.Says(ConsentOperation.Request, target.User, inRoom),
                2 => asker.Says(operation, target.User, inRoom),
                3 => asker.Asks(target.User, inRoom),
                4 => new DeviceListRequest(target.User),
                _ => Forged(asker, target),
            };
            await run.SubmitAsync(asker.Send(said, broken: broken));
        }
    }

    private Task SendAsync(FederationEvent said, int copies = 1)
    {
        var envelopes = Enumerable.Range(0, copies).Select(_ => Mallory.Send(said)).ToArray();
        sent.AddRange(envelopes);
        return run.SubmitAsync(envelopes);
    }

    // Her own lists: under another identity, another's, or of more and more eras.
    private Task ListAsync()
    {
        var lists = random.Next(3) switch
        {
            0 => new Person(Mallory.User, World.Clock).Begins(Mallory),
            1 => new Person(run.Bob.User, World.Clock).Begins(run.Bob),
            _ => World.Of(Mallory).OpensEra(Mallory),
        };
        return SendAsync(lists, copies: random.Next(1, 4));
    }

    private ConsentEntry Word(UserUri target) => Mallory.Says((ConsentOperation)random.Next(4), target, random.Next(4) == 0 ? World.NewRoom() : null);

    // Good packages, damaged ones, another's, too many to pay for.
    private Task PublishAsync()
    {
        var packages = Mallory.Publication(random.Next(1, 4)).KeyPackages.ToList();
        switch (random.Next(4))
        {
            case 0:
                var damaged = packages[0].ToArray();
                damaged[random.Next(damaged.Length)] ^= 1;
                packages[0] = damaged;
                break;
            case 1:
                packages.Insert(0, run.Bob.Publication(1).KeyPackages[0]);
                break;
            case 2:
                packages = [.. Enumerable.Repeat(packages[0], 100)];
                break;
            default:
                break;
        }

        return SendAsync(new KeyMaterialPublish(Mallory.Uri, packages), copies: random.Next(1, 3));
    }

    private Task RoomAsync()
    {
        room = World.NewRoom();
        return SendAsync(Mallory.Creates(room, run.Claimed.TakeLast(1)), copies: random.Next(1, 3));
    }

    private Task WriteAsync() =>
        room is null || Mallory.Group is null ? RoomAsync() : random.Next(2) == 0 ? SendAsync(Mallory.Writes(room, "x")) : SendAsync(Mallory.Refreshes(room), copies: 2);

    // A room with somebody whose packages the hub did not give: the leaf is made up, under a key of the forger's.
    private RoomUpdate Forged(Device forger, Device target)
    {
        var mask = new Device(target.Network.Value, target.User.Domain.Value, target.User.Value.Split('/')[^1], World.Clock, suite: forger.Key.Suite.Id);
        var before = forger.Group;
        var update = forger.Creates(World.NewRoom(), mask.Publication(1).KeyPackages);
        forger.Group = before;
        return update;
    }

    // The network vouches for whom it likes among its own, and tries others'. Where an envelope comes from is what it says; moves under another network's name have their place here.
    private Task NetworkAsync() => run.SubmitAsync(random.Next(5) switch
    {
        0 => Mallory.Send(Mallory.Says(ConsentOperation.Request, run.Bob.User), sender: run.Cathy.User),
        1 => Mallory.Send(Mallory.Says(ConsentOperation.Revoke, run.Cathy.User), sender: run.Bob.User),
        2 => Mallory.Send(Word(run.Bob.User), signed: false),
        3 => Mallory.Send(Word(run.Bob.User), conversation: ConversationKey.OfUser(run.Bob.User)),
        _ => Mallory.Send(Mallory.Says(ConsentOperation.Request, run.Bob.User), broken: true),
    });

    // The same event, or the same frame under another event's id.
    private Task RepeatAsync()
    {
        var again = sent.Count == 0 ? Mallory.Send(Word(run.Bob.User)) : sent[random.Next(sent.Count)];
        return random.Next(2) == 0
            ? run.SubmitAsync([.. Enumerable.Repeat(again, random.Next(1, 8))])
            : run.SubmitAsync(Mallory.Send(again.Event, frame: again.Proof!.FrameId), Mallory.Send(again.Event, frame: again.Proof!.FrameId));
    }

    // On deliveries of others, and on what the hub told.
    private async Task ReportAsync()
    {
        var about = World.Bus.Stored.ElementAt(random.Next(World.Bus.Stored.Count)).Envelope;
        await World.Bus.ReportAsync(Mallory.Reports(about, (DeliveryStatus)random.Next(1, 7)));
        await run.SubmitAsync(Mallory.Send(new Unreadable("FED-001", "Truncated"), signed: false));
    }
}
