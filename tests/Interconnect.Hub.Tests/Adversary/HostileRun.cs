using Interconnect.Federation;
using Interconnect.Hub.Tests.Kit;

namespace Interconnect.Hub.Tests.Adversary;

/// <summary>
/// One run against the real hub, all of it from a seed: Mallory, whom Bob let in once, and the network that she is on do what they like; Eve asks of Bob and her twin, word for word the same,
/// of somebody who does not exist. Users of their own, so that runs may share a hub. Checked after each step: what it cost was paid for, what Bob revoked stays out, the twins hear
/// the same, and what Bob and Cathy say is answered whoever used its id first. Checked at the end: Cathy, whom Bob let in too, reaches him.
/// </summary>
internal sealed class HostileRun
{
    private readonly World world;
    private readonly Random random;
    private readonly HostileMoves moves;
    private readonly List<string> heardOfBob = [];
    private readonly List<string> heardOfNobody = [];
    private readonly List<FederationEnvelope> arrived = [];
    private int taken;
    private bool revoked;

    public HostileRun(World world, int seed)
    {
        this.world = world;
        random = new Random(seed);
        var suite = (ushort)(seed % 4 == 0 ? 2 : 1);
        Bob = On(World.Matrix, "hs.test", $"bob{seed}");
        Nobody = On(World.Matrix, "hs.test", $"nobody{seed}");
        Mallory = On(World.Xmpp, "a.test", $"mallory{seed}", suite);
        Cathy = On(World.Xmpp, "a.test", $"cathy{seed}");
        Eve = On(World.Xmpp, "a.test", $"eve{seed}");
        Twin = On(World.Xmpp, "a.test", $"twin{seed}");
        moves = new HostileMoves(this, random);
        taken = world.Bus.Stored.Count;
    }

    public World World => world;

    public Device Bob { get; }

    /// <summary>Whom nobody is: has keys only to forge with.</summary>
    public Device Nobody { get; }

    public Device Mallory { get; }

    public Device Cathy { get; }

    public Device Eve { get; }

    public Device Twin { get; }

    /// <summary>Packages of Bob that Mallory was given.</summary>
    public List<ReadOnlyMemory<byte>> Claimed { get; } = [];

    /// <summary>What was refused, by rule: a run in which nothing is tried shows nothing.</summary>
    public HashSet<string> Refusals { get; } = new(StringComparer.Ordinal);

    public async Task RunAsync(int steps)
    {
        foreach (var device in new[] { Bob, Mallory, Cathy, Eve, Twin })
        {
            await SubmitAsync(device.Send(world.Of(device).Begins(device)));
        }

        await SubmitAsync(Bob.Send(Bob.LastResort(6)));
        foreach (var device in new[] { Mallory, Cathy, Eve, Twin })
        {
            await SubmitAsync(device.Send(device.Publication(1)));
        }

        foreach (var device in new[] { Mallory, Cathy })
        {
            await SubmitAsync(device.Send(device.Says(ConsentOperation.Request, Bob.User)));
            await SubmitAsync(Bob.Send(Bob.Says(ConsentOperation.Grant, device.User)));
        }

        for (var i = 0; i < steps; i++)
        {
            await StepAsync();
        }

        await ReachAsync();
        Assert.Equal(heardOfNobody, heardOfBob);
        Assert.NotEmpty(heardOfBob);
        Assert.Empty(await world.Admin.ParkedAsync(CancellationToken.None));
    }

    /// <summary>Hands a batch to the hub, waits until all of it is answered, and looks at what came of it.</summary>
    public async Task SubmitAsync(params FederationEnvelope[] envelopes)
    {
        await world.Bus.SubmitAsync(envelopes);
        await QuietAsync();
    }

    // Before it the other network, which has guessed its id, brings the same in the sender's network's name, or something of its own under that id. Neither makes the genuine one vanish.
    private async Task GenuineAsync(FederationEnvelope genuine)
    {
        var (network, forger) = genuine.Origin!.Value == World.Matrix ? (World.Xmpp, Mallory) : (World.Matrix, Nobody);
        var forged = random.Next(3) switch
        {
            0 => genuine,
            1 => forger.Send(forger.Says(ConsentOperation.Request, forger == Mallory ? Bob.User : Cathy.User)) with { Id = genuine.Id },
            _ => null,
        };
        if (forged is not null)
        {
            await world.Bus.SubmitAsAsync(network, forged);
            await QuietAsync();
        }

        await SubmitAsync(genuine);
        Assert.Contains(world.Bus.Stored, s => s.Envelope.Recipients.Contains(genuine.Sender!) && (s.Envelope.Event is Refusal refusal ? refusal.Event : (s.Envelope.Event as DeliveryReport)?.Event) == genuine.Id);
    }

    private async Task StepAsync()
    {
        switch (random.Next(10))
        {
            case < 5:
                await moves.MalloryAsync();
                break;
            case < 7:
                await moves.EveAndTwinAsync();
                break;
            case < 9:
                await BobAsync();
                break;
            default:
                world.Clock.Advance(TimeSpan.FromMinutes(random.Next(1, 12 * 60)));
                await QuietAsync();
                break;
        }

        var (charged, spent) = (world.Role.Budgets.Charged, world.Role.Verifiers.Spent);
        Assert.True(spent <= charged, $"Checking cost {spent}, and {charged} was paid.");
    }

    // The owner's own acts, and his network's reports on what reached him and on what reached nobody.
    private async Task BobAsync()
    {
        switch (random.Next(5))
        {
            case 0:
                await GenuineAsync(Bob.Send(Bob.Says(ConsentOperation.Revoke, Mallory.User)));
                revoked = true;
                break;
            case 1:
                revoked = false;
                await GenuineAsync(Bob.Send(Bob.Says(ConsentOperation.Grant, Mallory.User)));
                break;
            case 2:
                await GenuineAsync(Bob.Send(Bob.Says(ConsentOperation.Revoke, Eve.User)));
                break;
            case 3:
                await GenuineAsync(Bob.Send(Bob.Says(ConsentOperation.Revoke, Twin.User)));
                break;
            default:
                await ReportAsync();
                break;
        }
    }

    private async Task ReportAsync()
    {
        if (arrived.Count == 0)
        {
            return;
        }

        await world.Bus.ReportAsync([.. arrived.Select(e => e.Recipients.Contains(Bob.User)
            ? Bob.Reports(e, DeliveryStatus.Delivered)
            : Nobody.Reports(e, DeliveryStatus.Bounced, "MATRIX-010", "No such user"))]);
        arrived.Clear();
        await QuietAsync();
    }

    // Finding a way to Bob on the next day, when quotas are new, by the hub's answers alone.
    private async Task ReachAsync()
    {
        world.Clock.Advance(TimeSpan.FromDays(1));
        await QuietAsync();
        var room = world.NewRoom();
        await GenuineAsync(Cathy.Send(Cathy.Asks(Bob.User, room)));
        var answer = (KeyMaterialResponse)world.Bus.Stored.Last(s => s.Envelope.Recipients.Contains(Cathy.User) && s.Envelope.Event is KeyMaterialResponse).Envelope.Event;
        Assert.Equal(KeyMaterialStatus.Success, answer.Status);
        var update = Cathy.Creates(room, answer.Clients.Select(c => c.KeyPackage));
        await GenuineAsync(Cathy.Send(update));
        Assert.Contains(world.Bus.Stored, s => s.Envelope.Recipients.Contains(Bob.User) && s.Envelope.Event is RoomUpdate made && made.Room == room);
        Bob.Joins(update);
        await GenuineAsync(Cathy.Send(Cathy.Writes(room, "hello")));
        Assert.Contains(world.Bus.Stored, s => s.Envelope.Recipients.Contains(Bob.User) && s.Envelope.Event is EncryptedMessage written && written.Room == room && Bob.Reads(written) == "hello");
    }

    private async Task QuietAsync()
    {
        for (var i = 0; !world.Quiet(); i++)
        {
            Assert.True(i < 4_000, "The hub does not come to rest.");
            await Task.Delay(1);
        }

        foreach (var (_, envelope) in world.Bus.Stored.Skip(taken).ToList())
        {
            taken++;
            Look(envelope);
        }
    }

    private void Look(FederationEnvelope envelope)
    {
        if (envelope.Recipients.Contains(Bob.User) && envelope.Sender == Mallory.User)
        {
            Assert.False(revoked, $"Bob revoked, and {envelope.Event.Kind} of Mallory reached him.");
        }

        if (envelope.Event is ConsentEntry && (envelope.Recipients.Contains(Bob.User) || envelope.Recipients.Contains(Nobody.User)))
        {
            arrived.Add(envelope);
        }

        if (envelope.Event is Refusal refusal)
        {
            Refusals.Add(refusal.RuleId);
        }

        if (envelope.Recipients.Contains(Mallory.User) && envelope.Event is KeyMaterialResponse response)
        {
            Claimed.AddRange(response.Clients.Where(c => !c.KeyPackage.IsEmpty).Select(c => c.KeyPackage));
        }

        if (envelope.Recipients.Contains(Eve.User))
        {
            heardOfBob.Add(Heard(envelope));
        }
        else if (envelope.Recipients.Contains(Twin.User))
        {
            heardOfNobody.Add(Heard(envelope));
        }
    }

    // All that is in an answer but the ids and names that differ because the questions are two.
    private static string Heard(FederationEnvelope envelope) => envelope.Event switch
    {
        DeliveryReport r => $"{r.Status} {r.Recipient is null} {r.RuleId} {r.Reason} {r.At:O} {envelope.Sequence} {LaneOf(envelope)}",
        Refusal r => $"refused {r.RuleId} {r.Reason} {r.RetryAfter} {r.CurrentEpoch} {envelope.Sequence} {LaneOf(envelope)}",
        var other => $"{other.Kind} of {envelope.Sender is null} {envelope.Sequence} {LaneOf(envelope)}",
    };

    private static string LaneOf(FederationEnvelope envelope) => envelope.Conversation.Value.Split(' ')[0];

    private Device On(string network, string domain, string user, ushort suite = 1) => new(network, domain, user, world.Clock, suite: suite);
}
