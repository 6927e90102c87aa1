namespace Interconnect.Mls.Tests.Interop;

/// <summary>A sequence of operations in a mixed group that depends on nothing but its seed.</summary>
internal sealed class RandomOperations : IDisposable
{
    private readonly CipherSuite suite;
    private readonly IReadOnlyList<Peer> peers;
    private readonly Random random;
    private readonly Population population;
    private readonly List<OurMember> made = [];
    private readonly string run;
    private readonly bool mayEncrypt;
    private readonly bool extensible;
    private int names;

    public RandomOperations(CipherSuite suite, int seed, Population population, IReadOnlyList<Peer> peers)
    {
        this.suite = suite;
        this.population = population;
        this.peers = peers;
        run = $"{suite.Id}-{seed}";
        random = new Random(seed);
        // core-crypto takes commits and proposals only as PublicMessage, its KeyPackages list no extension of ours, it keeps
        // the keys of two skipped texts, and it reads no late text of somebody who is gone.
        mayEncrypt = extensible = peers.All(peer => peer.Kind == "ts-mls");
        Group = new MixedGroup(random, open: !mayEncrypt, inOrder: !mayEncrypt);
    }

    public MixedGroup Group { get; }

    /// <summary>How often each operation was done.</summary>
    public SortedDictionary<string, int> Done { get; } = [];

    /// <summary>Makes the group, with one member of each implementation, and brings it to its starting size.</summary>
    public async Task StartAsync()
    {
        var founders = new List<IMember> { await NewMemberAsync(null) };
        foreach (var peer in peers)
        {
            founders.Add(await NewMemberAsync(peer));
        }

        founders = founders.OrderBy(_ => random.Next()).ToList();
        await Group.CreateAsync(founders[0]);
        await Group.CommitAsync(founders[0], new Change(), joining: founders[1..]);
        while (Group.Members.Count < population.Start)
        {
            await AddAsync(Math.Min(population.Start - Group.Members.Count, random.Next(1, Math.Max(2, population.Start / 3))));
        }
    }

    /// <summary>One operation.</summary>
    public async Task StepAsync()
    {
        var operations = new List<(string Name, Func<Task> Do)>
        {
            ("update", () => Group.CommitAsync(Anybody(), new Change())),
            ("talk", () => Group.TalkAsync(Anybody(), random.Next(1, 4))),
            ("proposals", ProposeAsync),
            ("commit in vain", CommitInVainAsync),
        };
        if (Group.Members.Count < population.Most)
        {
            operations.Add(("add", () => AddAsync(random.Next(1, 1 + Math.Min(3, population.Most - Group.Members.Count)))));
            operations.Add(("external join", async () => await Group.JoinExternallyAsync(await NewcomerAsync(), again: false)));
        }

        if (Group.Members.Count > 2)
        {
            operations.Add(("remove", RemoveAsync));
        }

        if (Group.Members.Where(MayJoinAgain).ToList() is [_, ..] able)
        {
            operations.Add(("join again", () => Group.JoinExternallyAsync(able[random.Next(able.Count)], again: true)));
        }

        if (Group.All(Abilities.PreSharedKeys))
        {
            operations.Add(("external psk", () => Group.CommitAsync(Anybody(), new Change { Psks = [NewBytes()] })));
            operations.Add(("resumption psk", ResumeAsync));
        }

        if (extensible)
        {
            // By one of ours: ts-mls leaves out the path that RFC 9420 section 12.4 demands with GroupContextExtensions.
            operations.Add(("extensions", () => Group.CommitAsync(Group.Ours.OrderBy(_ => random.Next()).First(), new Change { Extension = NewBytes() })));
        }

        // Half of the time something that was seldom done before, so that a short sequence has most of them.
        var (name, perform) = random.Next(2) == 0
            ? operations[random.Next(operations.Count)]
            : operations.OrderBy(_ => random.Next()).MinBy(operation => Done.GetValueOrDefault(operation.Name));
        Group.Note($"epoch {Group.Epoch}, {Group.Members.Count} members: {name}");
        await perform();
        Done[name] = Done.GetValueOrDefault(name) + 1;
    }

    public void Dispose() => made.ForEach(member => member.Dispose());

    private async Task AddAsync(int count)
    {
        var joining = new List<IMember>();
        for (var i = 0; i < count; i++)
        {
            joining.Add(await NewcomerAsync());
        }

        await Group.CommitAsync(Anybody(), new Change(), joining: joining);
    }

    private Task RemoveAsync()
    {
        var committer = Anybody();
        return Group.CommitAsync(committer, new Change(), leaving: Removable(committer).Take(random.Next(1, Math.Min(3, Group.Members.Count - 1))).ToList());
    }

    private Task ResumeAsync()
    {
        var oldest = Math.Max(Group.LatestJoin, Group.Epoch < 2 ? 0 : Group.Epoch - 2);
        return Group.CommitAsync(Anybody(), new Change { Resumption = [oldest + (ulong)random.Next((int)(Group.Epoch - oldest) + 1)] });
    }

    private bool MayJoinAgain(IMember member) =>
        member.Abilities.HasFlag(Abilities.JoinAgain) && Group.Ours.Any(other => other != member) && (mayEncrypt || !KnownDefects.IsShrinkingReturn(member, Group));

    // The commit that counts is somebody else's.
    private async Task CommitInVainAsync()
    {
        var able = Group.Members.Where(member => member.Abilities.HasFlag(Abilities.CommitInVain)).ToList();
        var loser = able[random.Next(able.Count)];
        await loser.CommitInVainAsync();
        var others = Group.Members.Where(member => member != loser).ToList();
        await Group.CommitAsync(others[random.Next(others.Count)], new Change());
    }

    // One to three proposals that go together, committed by somebody whom none of them touches.
    private async Task ProposeAsync()
    {
        var committer = Anybody();
        var proposers = Group.Members
            .Where(member => member != committer && member.Abilities.HasFlag(Abilities.Propose)).OrderBy(_ => random.Next()).Take(3).ToList();
        var joining = new List<IMember>();
        var leaving = new List<IMember>();
        foreach (var proposer in proposers)
        {
            switch (random.Next(4))
            {
                case 0 when Group.Members.Count + joining.Count < population.Most:
                    var joiner = await NewcomerAsync();
                    joining.Add(joiner);
                    await Group.ProposeAsync(proposer, new Change { Add = [await joiner.KeyPackageAsync()] });
                    break;
                case 1 when leaving.Count == 0 && Removable(committer).Except(proposers).FirstOrDefault() is { } victim:
                    leaving.Add(victim);
                    await Group.ProposeAsync(proposer, new Change { Remove = [(Group.LeafOf(victim), victim.Name)] });
                    break;
                case 2 when Group.All(Abilities.PreSharedKeys):
                    await Group.ProposeAsync(proposer, new Change { Psks = [NewBytes()] });
                    break;
                default:
                    if (proposer.Abilities.HasFlag(Abilities.ProposeUpdate))
                    {
                        await Group.ProposeAsync(proposer, new Change());
                    }

                    break;
            }
        }

        await Group.CommitProposalsAsync(committer, joining, leaving);
    }

    private Task<IMember> NewcomerAsync() => NewMemberAsync(random.NextDouble() < population.ShareOfPeers ? AnyPeer() : null);

    private async Task<IMember> NewMemberAsync(Peer? peer)
    {
        var name = $"mimi://{peer?.Kind ?? "us"}.example/u/{run}-{++names}";
        if (peer is not null)
        {
            return await PeerMember.OpenAsync(peer, name, suite, () => !mayEncrypt || random.Next(2) == 0);
        }

        var ours = new OurMember(name, suite, new MlsOptions
        {
            EncryptHandshake = mayEncrypt && random.Next(2) == 0,
            OmitPathWhenAllowed = random.Next(3) == 0,
            PaddingBlock = random.Next(3) * 100,
        });
        made.Add(ours);
        return ours;
    }

    private IMember Anybody() => Group.Members[random.Next(Group.Members.Count)];

    private Peer AnyPeer() => peers[random.Next(peers.Count)];

    // One of ours always stays: it knows the leaves of all others.
    private IEnumerable<IMember> Removable(IMember committer)
    {
        var stays = Group.Ours.OrderBy(_ => random.Next()).First();
        return Group.Members.Where(member => member != committer && member != stays).OrderBy(_ => random.Next());
    }

    private byte[] NewBytes()
    {
        var bytes = new byte[8];
        random.NextBytes(bytes);
        return bytes;
    }
}

/// <summary>How big a mixed group is at first and at most, and how likely a new member is another implementation's.</summary>
internal sealed record Population(int Start, int Most, double ShareOfPeers);
