using System.Collections;
using Interconnect.Mls.Crypto;
using Interconnect.Mls.Encoding;
using Interconnect.Mls.Framing;
using Interconnect.Mls.Tests.Groups;

namespace Interconnect.Mls.Tests.Persistence;

/// <summary>A delivery service: the first commit of an epoch wins. It keeps everything that ever left a device.</summary>
internal sealed class Wire
{
    private readonly Dictionary<ulong, byte[]> senderDataSecrets = [];

    public Dictionary<ulong, byte[]> Commits { get; } = [];

    public List<byte[]> Proposals { get; } = [];

    public List<byte[]> Messages { get; } = [];

    public List<byte[]> Welcomes { get; } = [];

    public List<byte[]> EverythingSent { get; } = [];

    /// <summary>False when another commit was first.</summary>
    public bool Post(ulong epoch, byte[] commit)
    {
        EverythingSent.Add(commit);
        return Commits.TryAdd(epoch, commit) || Commits[epoch].SequenceEqual(commit);
    }

    public void PostProposal(byte[] proposal)
    {
        EverythingSent.Add(proposal);
        Proposals.Add(proposal);
    }

    public void PostMessage(byte[] message)
    {
        EverythingSent.Add(message);
        Messages.Add(message);
    }

    /// <summary>Lets the test look into the sender data of an epoch.</summary>
    public void Learn(MlsGroup group) => senderDataSecrets.TryAdd(group.Epoch, group.State.Secrets.SenderData.Span.ToArray());

    /// <summary>No key and nonce ever encrypted two different things: one ciphertext for each epoch, sender, content kind and generation.</summary>
    public int AssertNoKeyUsedTwice(CipherSuite suite)
    {
        var used = new Dictionary<(ulong, uint, bool, uint), byte[]>();
        foreach (var bytes in EverythingSent)
        {
            if (Codec.Decode<MlsMessage>(bytes) is MlsMessage.OfPrivateMessage { Message: var message })
            {
                var secret = new Secret<Kind.SenderData>((byte[])senderDataSecrets[message.Epoch].Clone());
                var sender = MessageProtection.OpenSenderData(suite, message, secret);
                var key = (message.Epoch, sender.LeafIndex, message.ContentType == ContentType.Application, sender.Generation);
                Assert.True(used.TryAdd(key, bytes) || used[key].SequenceEqual(bytes), $"generation {sender.Generation} of epoch {message.Epoch} used twice");
            }
        }

        return used.Count;
    }
}

/// <summary>
/// A client whose only memory between two operations is what it stored. Each operation is a list of steps; whoever runs it can stop after any, which is a crash: the
/// store stays as it is, everything else is gone.
/// </summary>
internal sealed class Device(Person person, Wire wire)
{
    /// <summary>The group as stored; null before it is joined.</summary>
    public byte[]? Group { get; set; }

    /// <summary>A commit that was to be sent: its epoch and bytes, the state if it is accepted, and the state if it is not; null for who is not inside yet.</summary>
    public (ulong Epoch, byte[] Commit, byte[] Accepted, byte[]? Rejected)? Pending { get; private set; }

    /// <summary>A group that this device made out of another one, and the Welcome that was to be sent.</summary>
    public (byte[] Group, byte[] Welcome)? Founded { get; private set; }

    /// <summary>The stored group that the one of this device follows or branches from; null for any other.</summary>
    public byte[]? Related { get; init; }

    /// <summary>An unused KeyPackage with its private keys.</summary>
    public byte[]? Bundle { get; set; }

    /// <summary>The newest message that was stored together with the state that had processed it.</summary>
    public string? Heard { get; private set; }

    public MlsGroup Load()
    {
        var group = person.Client.ImportGroup(Group!).Value;
        wire.Learn(group);
        return group;
    }

    public IEnumerable Send(string text)
    {
        var sent = Load().Encrypt(System.Text.Encoding.UTF8.GetBytes(text)).Value;
        yield return "encrypted";
        Group = sent.NewState.Export();
        yield return "saved";
        wire.PostMessage(sent.PrivateMessage);
        yield return "sent";
        sent.Consumed.Erase();
    }

    public IEnumerable Receive(byte[] message)
    {
        var heard = (Processed.ApplicationMessage)Load().Process(message).Value;
        yield return "decrypted";
        (Group, Heard) = (heard.NewState.Export(), System.Text.Encoding.UTF8.GetString(heard.Data));
        yield return "saved";
        heard.Consumed.Erase();
    }

    public IEnumerable Propose()
    {
        var proposal = Load().ProposeUpdate().Value;
        yield return "made";
        Group = proposal.NewState.Export();
        yield return "saved";
        wire.PostProposal(proposal.Message);
        yield return "sent";
        proposal.Consumed.Erase();
    }

    public IEnumerable Commit(CommitRequest request)
    {
        var before = Load();
        var commit = before.Commit(request).Value;
        yield return "made";
        Pending = (before.Epoch, commit.Commit, commit.NewState.Export(), commit.RejectedState.Export());
        yield return "saved";
        var accepted = wire.Post(before.Epoch, commit.Commit);
        yield return "sent";
        Group = accepted ? Pending.Value.Accepted : Pending.Value.Rejected;
        Pending = null;
        yield return "settled";
        if (accepted)
        {
            commit.Consumed.Erase();
        }
        else
        {
            commit.Discard();
        }
    }

    public IEnumerable Follow()
    {
        while (wire.Commits.TryGetValue(Load().Epoch, out var commit))
        {
            var group = Load();
            foreach (var proposal in wire.Proposals)
            {
                // Those of other epochs, own ones and known ones change nothing.
                group = group.Process(proposal).Match(stored => stored.NewState, _ => group);
            }

            var processed = group.Process(commit).Value;
            yield return "processed";
            Group = processed.NewState.Export();
            yield return "saved";
            processed.Consumed.Erase();
        }
    }

    public IEnumerable JoinExternally(ulong epoch, byte[] groupInfo)
    {
        var join = person.Client.JoinExternally(groupInfo).Value;
        yield return "made";
        Pending = (epoch, join.Commit, join.NewState.Export(), null);
        yield return "saved";
        var accepted = wire.Post(epoch, join.Commit);
        yield return "sent";
        Group = accepted ? Pending.Value.Accepted : null;
        Pending = null;
        yield return "settled";
        if (!accepted)
        {
            join.Discard();
        }
    }

    public IEnumerable Found(Func<MlsClient, MlsGroup, MlsResult<CommitResult>> create)
    {
        var founded = create(person.Client, person.Client.ImportGroup(Related!).Value).Value;
        yield return "made";
        Founded = (founded.NewState.Export(), founded.Welcome!);
        yield return "saved";
        wire.Welcomes.Add(founded.Welcome!);
        yield return "sent";
        (Group, Founded) = (Founded.Value.Group, null);
        yield return "settled";
        founded.Consumed.Erase();
    }

    public IEnumerable Join(byte[] welcome)
    {
        var related = Related is null ? null : person.Client.ImportGroup(Related).Value;
        var joined = person.Client.Join(welcome, [KeyPackageBundle.Import(Bundle!).Value], related: related).Value;
        yield return "joined";
        Group = joined.NewState.Export();
        yield return "saved";
        Assert.True(joined.DiscardUsed());
        yield return "erased";
        Bundle = null;
    }

    /// <summary>What an application does when it starts: settle what was pending, then catch up.</summary>
    public void Restart(byte[]? welcome = null)
    {
        if (Group is null && welcome is not null)
        {
            Run(Join(welcome));
        }

        Bundle = null; // a Welcome for a group that is stored is never joined again
        if (Founded is { } founded)
        {
            wire.Welcomes.Add(founded.Welcome);
            (Group, Founded) = (founded.Group, null);
        }

        if (Pending is { } pending)
        {
            var accepted = wire.Post(pending.Epoch, pending.Commit);
            Group = accepted ? pending.Accepted : pending.Rejected;
            Pending = null;
        }

        if (Group is not null)
        {
            Run(Follow());
        }
    }

    public static void Run(IEnumerable operation) => Run(operation, int.MaxValue);

    /// <summary>Runs up to a number of steps; false when the operation was over before.</summary>
    public static bool Run(IEnumerable operation, int steps)
    {
        var at = operation.GetEnumerator();
        for (var step = 0; step < steps; step++)
        {
            if (!at.MoveNext())
            {
                return false;
            }
        }

        return true;
    }
}
