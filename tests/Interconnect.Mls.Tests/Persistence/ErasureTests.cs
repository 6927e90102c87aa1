using System.Buffers;
using Interconnect.Mls.Encoding;
using Interconnect.Mls.Schedule;
using Interconnect.Mls.Tests.Groups;

namespace Interconnect.Mls.Tests.Persistence;

/// <summary>What an operation used up is zero after <see cref="ConsumedSecrets.Erase"/>, and only that.</summary>
public sealed class ErasureTests
{
    private static readonly byte[] Text = "a text that nobody but its readers may find"u8.ToArray();

    private static bool IsZero(byte[] secret) => secret.Length > 0 && !secret.AsSpan().ContainsAnyExcept((byte)0);

    private static bool IsZero(IEnumerable<byte[]> secrets) => secrets.All(IsZero);

    [Fact]
    public void Commit_Adopted_ErasesThePreviousEpoch()
    {
        var (alice, _) = Scenarios.Pair();
        var old = alice.State;
        var commit = alice.Group.Update().Value;
        Assert.DoesNotContain(old.Secrets.SecretsOfTheEpoch(), IsZero);
        var staged = commit.NewState.State;
        commit.Consumed.Erase();

        Assert.True(IsZero(old.Secrets.SecretsOfTheEpoch()));
        Assert.True(IsZero(old.Exporter.AllSecrets()));
        Assert.True(IsZero(old.Path.LeafKey.Export()));
        Assert.DoesNotContain(old.SecretTree.AllSecrets(), IsZero); // late messages are still read
        Assert.DoesNotContain(staged.Secrets.SecretsOfTheEpoch(), IsZero);
        Assert.DoesNotContain(staged.Exporter.AllSecrets(), IsZero);
        Assert.True(commit.NewState.Update().IsOk);
    }

    [Fact]
    public void Commit_Discarded_ErasesTheStagedEpochOnly()
    {
        var (alice, bob) = Scenarios.Pair();
        var commit = alice.Group.Update().Value;
        var staged = commit.NewState.State;
        commit.Discard();
        Assert.True(IsZero(staged.Secrets.SecretsOfTheEpoch()));
        Assert.True(IsZero(staged.Exporter.AllSecrets()));
        Assert.True(IsZero(staged.SecretTree.AllSecrets()));
        Assert.DoesNotContain(alice.State.Secrets.SecretsOfTheEpoch(), IsZero);
        alice.Group = commit.RejectedState;
        alice.Commit(new CommitRequest(), bob);
        Person.AssertAgree(alice, bob);
    }

    [Fact]
    public void Epochs_BeyondTheWindow_AreErasedAndUnreadable()
    {
        var options = new MlsOptions { RetainedEpochs = 2, RetainedResumptionPsks = 1 };
        var (alice, bob) = Scenarios.Pair(options);
        var late = Enumerable.Range(0, 4).Select(_ =>
        {
            var message = alice.Say("late");
            alice.Commit(new CommitRequest(), bob);
            return message;
        }).ToList();
        Assert.Equal(2, bob.State.Past.Count);
        Assert.Equal(2, bob.State.Resumption.Count);
        var oldest = bob.State.Past[^1];
        var psk = bob.State.Resumption.First().Value;
        alice.Commit(new CommitRequest(), bob);

        Assert.True(IsZero(oldest.SecretTree.AllSecrets()));
        Assert.True(IsZero(oldest.SenderData.Owned));
        Assert.True(IsZero(psk.Owned));
        Assert.Equal("MLS-303", bob.Refusal(late[0]));
        Assert.Equal("MLS-303", bob.Refusal(late[2]));
        Assert.Equal("late", bob.Hear(late[3]));
        Assert.Equal("MLS-904", bob.Group.ResumptionPsk(bob.Group.Epoch - 2).Error.Rule);
        Assert.True(bob.Group.ResumptionPsk(bob.Group.Epoch - 1).IsOk);

        var none = Scenarios.Pair(new MlsOptions { RetainedEpochs = 0 });
        var lost = none.Alice.Say("lost");
        none.Alice.Commit(new CommitRequest(), none.Bob);
        Assert.Equal("MLS-303", none.Bob.Refusal(lost));
    }

    [Fact]
    public void ExternalCommit_Discarded_ErasesTheStagedEpoch()
    {
        var (alice, _) = Scenarios.Pair();
        var join = new Person("cathy").Client.JoinExternally(alice.Group.CreateGroupInfo()).Value;
        var staged = join.NewState.State;
        Assert.DoesNotContain(staged.Secrets.SecretsOfTheEpoch(), IsZero);
        join.Discard();
        Assert.True(IsZero(staged.Secrets.SecretsOfTheEpoch()));
        Assert.True(IsZero(staged.SecretTree.AllSecrets()));
        Assert.True(IsZero(staged.Path.LeafKey.Export()));
    }

    [Fact]
    public void Writer_GrownOrDisposed_LeavesZerosInItsBuffers()
    {
        var writer = new MlsWriter(64);
        writer.Raw(Text);
        var first = writer.WrittenMemory;
        Assert.Equal(Text, first.ToArray());
        writer.Raw(new byte[4096]);
        Assert.All(first.ToArray(), octet => Assert.Equal(0, octet));
        var grown = writer.WrittenMemory;
        Assert.Equal(Text, grown[..Text.Length].ToArray());
        writer.Dispose();
        Assert.All(grown.ToArray(), octet => Assert.Equal(0, octet));
    }

    [Fact]
    public void Encrypt_LeavesNoTextInPooledBuffers()
    {
        var (alice, _) = Scenarios.Pair();
        Assert.True(alice.Group.Encrypt(Text).IsOk);
        Assert.DoesNotContain(PooledBuffers(), buffer => buffer.AsSpan().IndexOf(Text) >= 0);

        // The control: a buffer that goes back as it is, is found.
        var careless = ArrayPool<byte>.Shared.Rent(Text.Length);
        Text.CopyTo(careless, 0);
        ArrayPool<byte>.Shared.Return(careless);
        Assert.Contains(PooledBuffers(), buffer => buffer.AsSpan().IndexOf(Text) >= 0);
        Array.Clear(careless);
    }

    [Fact]
    public void SafeExport_ErasesItsPath()
    {
        var (alice, _) = Scenarios.Pair();
        var root = Assert.Single(alice.State.Exporter.AllSecrets());
        var exported = alice.Group.SafeExportSecret(1).Value;
        Assert.False(IsZero(root));
        exported.Consumed.Erase();
        Assert.True(IsZero(root));
        Assert.False(IsZero(exported.Secret));
        Assert.DoesNotContain(exported.NewState.State.Exporter.AllSecrets(), IsZero);
        Assert.DoesNotContain(exported.NewState.State.Exporter.Held.Keys, node => node == 2);
    }

    // What this thread's next rents would get, of each size that a short text needs. Larger ones that the pool makes anew are not zeroed
    // by the runtime, and show what the heap held there before.
    private static List<byte[]> PooledBuffers()
    {
        var rented = Enumerable.Range(4, 7).SelectMany(power => Enumerable.Range(0, 12).Select(_ => ArrayPool<byte>.Shared.Rent(1 << power))).ToList();
        rented.ForEach(buffer => ArrayPool<byte>.Shared.Return(buffer));
        return rented;
    }
}
