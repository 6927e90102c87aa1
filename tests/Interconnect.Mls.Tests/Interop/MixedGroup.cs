using Interconnect.Mls.PublicGroups;

namespace Interconnect.Mls.Tests.Interop;

/// <summary>
/// A group whose members belong to several implementations. After every epoch each member took the same bytes and must show the same epoch authenticator and exported
/// secret; every text must arrive at everybody.
/// </summary>
/// <param name="random">Decides everything.</param>
/// <param name="open">All handshake messages are PublicMessages, so a server follows the group by them, and must agree too.</param>
/// <param name="inOrder">Texts of one sender stay in order, and late ones are dropped when their sender is gone; only their epoch may be over when they arrive.</param>
internal sealed class MixedGroup(Random random, bool open, bool inOrder)
{
    private readonly List<IMember> members = [];
    private readonly Dictionary<IMember, ulong> joinedAt = [];
    private readonly List<(IMember Sender, ulong Epoch, byte[] Message, string Text, List<IMember> To)> late = [];
    private readonly List<string> log = [];
    private PublicGroup? server;

    public IReadOnlyList<IMember> Members => members;

    public ulong Epoch { get; private set; }

    /// <summary>The epoch that the latest of the members joined in.</summary>
    public ulong LatestJoin => joinedAt.Values.Max();

    /// <summary>How often a known defect of another implementation was met.</summary>
    public int Excused { get; private set; }

    /// <summary>The operations so far, to be shown when one failed.</summary>
    public string Log => string.Join('\n', log);

    public IEnumerable<OurMember> Ours => members.OfType<OurMember>();

    public bool All(Abilities ability) => members.All(member => member.Abilities.HasFlag(ability));

    public void Note(string line) => log.Add(line);

    public async Task CreateAsync(IMember first)
    {
        members.Add(first);
        joinedAt[first] = 0;
        Note($"{first.Name} creates the group");
        await first.CreateAsync(Guid.NewGuid().ToByteArray());
    }

    public uint LeafOf(IMember member) => Ours.First().Group.Members
        .Single(item => System.Text.Encoding.UTF8.GetString(item.Credential.Identity.Span) == member.Name).LeafIndex;

    /// <summary>Adds and removes by value, besides what the change says.</summary>
    public async Task CommitAsync(IMember committer, Change change, IReadOnlyList<IMember>? joining = null, IReadOnlyList<IMember>? leaving = null)
    {
        var packages = new List<byte[]>();
        foreach (var joiner in joining ?? [])
        {
            packages.Add(await joiner.KeyPackageAsync());
        }

        change = change with { Add = packages, Remove = (leaving ?? []).Select(member => (LeafOf(member), member.Name)).ToList() };
        await CommitAsync(committer, change, joining ?? [], leaving ?? [], pending: false);
    }

    /// <summary>Commits the proposals that were made, by reference.</summary>
    public Task CommitProposalsAsync(IMember committer, IReadOnlyList<IMember> joining, IReadOnlyList<IMember> leaving) =>
        CommitAsync(committer, new Change(), joining, leaving, pending: true);

    public async Task ProposeAsync(IMember proposer, Change change)
    {
        Note($"  {proposer.Name} proposes: add {change.Add.Count}, remove {change.Remove.Count}, psk {change.Psks.Count}");
        var message = await proposer.ProposeAsync(change);
        Serve(group => group.ReceiveProposal(message).Value.Next);
        foreach (var other in members.Where(member => member != proposer))
        {
            await TakeAsync(other, message);
        }
    }

    /// <summary>A newcomer's external commit, or that of a member that takes its own leaf again.</summary>
    public async Task JoinExternallyAsync(IMember joiner, bool again)
    {
        var able = members.Where(member => member != joiner && member.Abilities.HasFlag(Abilities.GroupInfo)).ToList();
        var informer = able[random.Next(able.Count)];
        Note($"  {joiner.Name} joins by an external commit from {informer.Name}'s GroupInfo{(again ? ", again" : string.Empty)}");
        var groupInfo = await informer.GroupInfoAsync();
        try
        {
            var (commit, view) = await joiner.JoinExternallyAsync(groupInfo, again);
            joinedAt[joiner] = Epoch + 1;
            await SettleAsync(commit, joiner, view, [], again ? [] : [joiner]);
        }
        catch (PeerRefusal refusal) when (KnownDefects.IsUnequalUnmergedLeaves(refusal, this))
        {
            Note($"  {joiner.Name} cannot: known defect");
            Excused++;
        }
    }

    /// <summary>Texts of one sender; they arrive in any order, some of them only after the next epoch began.</summary>
    public async Task TalkAsync(IMember sender, int texts)
    {
        var sent = new List<(byte[] Message, string Text)>();
        for (var i = 0; i < texts; i++)
        {
            var text = $"{sender.Name} says {Epoch}.{i} {new string('x', random.Next(300))}";
            sent.Add((await sender.SendAsync(text), text));
        }

        foreach (var (message, text) in inOrder ? sent : sent.OrderBy(_ => random.Next()).ToList())
        {
            var to = members.Where(member => member != sender).ToList();
            if (random.Next(4) == 0 || (inOrder && late.Any(item => item.Sender == sender)))
            {
                late.Add((sender, Epoch, message, text, to));
                continue;
            }

            foreach (var receiver in to)
            {
                Same(text, (await TakeAsync(receiver, message)).Text, receiver, "text");
            }
        }
    }

    private async Task CommitAsync(IMember committer, Change change, IReadOnlyList<IMember> joining, IReadOnlyList<IMember> leaving, bool pending)
    {
        var treeApart = committer.Abilities.HasFlag(Abilities.TreeApart) && joining.All(joiner => joiner.Abilities.HasFlag(Abilities.JoinTreeApart)) && random.Next(2) == 0;
        Note($"  {committer.Name} commits: joining [{string.Join(' ', joining.Select(m => m.Name))}], leaving [{string.Join(' ', leaving.Select(m => m.Name))}]");
        var made = await committer.CommitAsync(change, pending, treeApart);
        await SettleAsync(made.Commit, committer, made.View, leaving, joining, made.Welcome, made.Tree);
    }

    // Everybody takes the commit, the new ones the Welcome; then all must agree.
    private async Task SettleAsync(
        byte[] commit, IMember committer, View first, IReadOnlyList<IMember> leaving, IReadOnlyList<IMember> joining, byte[]? welcome = null, byte[]? tree = null)
    {
        var views = new List<(IMember Member, View View)> { (committer, first) };
        foreach (var member in members.Where(member => member != committer))
        {
            if (await TakeCommitAsync(member, commit, leaving.Contains(member), joining.Count > 0) is { } view)
            {
                views.Add((member, view));
            }
        }

        var absent = new List<IMember>();
        foreach (var joiner in joining.Where(joiner => joiner != committer))
        {
            try
            {
                views.Add((joiner, await joiner.JoinAsync(welcome!, tree)));
            }
            catch (PeerRefusal refusal) when (KnownDefects.IsUnequalUnmergedLeaves(refusal, this))
            {
                absent.Add(joiner);
            }
            catch (Exception refusal) when (refusal is PeerRefusal or InvalidOperationException)
            {
                throw new DivergenceException($"{joiner.Name} does not join: {refusal.Message}");
            }
        }

        Serve(group => group.ReceiveCommit(commit).Value.Next);
        Epoch++;
        foreach (var member in leaving)
        {
            members.Remove(member);
            joinedAt.Remove(member);
        }

        foreach (var joiner in joining.Except(absent))
        {
            members.Add(joiner);
            joinedAt[joiner] = Epoch;
        }

        var authenticator = views.Select(item => item.View.Authenticator).First(value => value is not null)!;
        foreach (var (member, view) in views)
        {
            Same($"{Epoch}", $"{view.Epoch}", member, "epoch");
            Same(authenticator, view.Authenticator ?? authenticator, member, "epoch authenticator");
            Same(first.Exporter, view.Exporter, member, "exported secret");
        }

        CompareServer();
        await DeliverLateAsync();
        if (absent.Count > 0)
        {
            Note($"  {string.Join(' ', absent.Select(member => member.Name))} cannot join: known defect");
            Excused += absent.Count;
            await CommitAsync(Ours.First(), new Change(), leaving: absent);
        }
    }

    private void Serve(Func<PublicGroup, PublicGroup> receive)
    {
        try
        {
            server = server is null ? null : receive(server);
        }
        catch (InvalidOperationException refusal)
        {
            throw new DivergenceException($"the server does not take it: {refusal.Message}");
        }
    }

    private void CompareServer()
    {
        if (!open)
        {
            return;
        }

        var options = new PublicGroupOptions { Authentication = UnsafeAcceptAnyCredential.Instance, MaxLeafLifetime = TimeSpan.MaxValue };
        var ours = Ours.First().Group;
        server = server is null ? PublicGroup.Open(options, ours.CreateGroupInfo()).Value : PublicGroup.Import(options, server.Export()).Value;
        if (server.Compare(ours.Epoch, ours.State.Context.ConfirmedTranscriptHash.Span) != GroupHistory.Current
            || !server.TreeHash.Span.SequenceEqual(ours.State.Context.TreeHash.Span))
        {
            throw new DivergenceException("the server's tree or transcript differs");
        }
    }

    private async Task DeliverLateAsync()
    {
        foreach (var (_, sentIn, message, text, to) in late.Where(item => !inOrder || members.Contains(item.Sender)))
        {
            foreach (var receiver in to.Where(member => joinedAt.TryGetValue(member, out var since) && since <= sentIn))
            {
                Same(text, (await TakeAsync(receiver, message)).Text, receiver, "late text");
            }
        }

        late.Clear();
    }

    /// <returns>Null when the commit removed the member.</returns>
    private async Task<View?> TakeCommitAsync(IMember member, byte[] commit, bool removed, bool othersJoin)
    {
        View view;
        try
        {
            view = await member.TakeAsync(commit);
        }
        catch (PeerRefusal refusal) when (KnownDefects.IsRefilledLeaf(refusal, removed, othersJoin))
        {
            Excused++;
            return null;
        }
        catch (Exception refusal) when (refusal is PeerRefusal or InvalidOperationException)
        {
            throw new DivergenceException($"{member.Name} does not take the commit: {refusal.Message}");
        }

        Same(removed ? "removed" : "in the group", view.Active ? "in the group" : "removed", member, "membership");
        return view.Active ? view : null;
    }

    private static async Task<View> TakeAsync(IMember member, byte[] message)
    {
        try
        {
            return await member.TakeAsync(message);
        }
        catch (Exception refusal) when (refusal is PeerRefusal or InvalidOperationException)
        {
            throw new DivergenceException($"{member.Name} does not take it: {refusal.Message}");
        }
    }

    private static void Same(string expected, string? actual, IMember member, string what)
    {
        if (expected != actual)
        {
            throw new DivergenceException($"{what} of {member.Name}: {actual ?? "none"} instead of {expected}");
        }
    }
}

/// <summary>Two implementations do not agree.</summary>
internal sealed class DivergenceException(string message) : Exception(message);
