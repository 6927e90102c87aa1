namespace Interconnect.Mls.Tests.Groups;

public sealed class CommitScenarios
{
    [Fact]
    public void Pre_shared_keys_are_mixed_in()
    {
        var psk = new byte[] { 1, 2, 3, 4 };
        var options = new MlsOptions { FindExternalPsk = id => id.Span.SequenceEqual("shared"u8) ? psk : null };
        var (alice, bob) = Scenarios.Pair(options);
        alice.Commit(new CommitRequest { ExternalPsks = ["shared"u8.ToArray()], ResumptionEpochs = [1] }, bob);
        Person.AssertAgree(alice, bob);
        Assert.Equal("MLS-701", alice.Group.Commit(new CommitRequest { ExternalPsks = ["other"u8.ToArray()] }).Error.Rule);
        Assert.Equal("MLS-904", alice.Group.Commit(new CommitRequest { ResumptionEpochs = [77] }).Error.Rule);

        Assert.Equal(alice.Group.ResumptionPsk(2).Value, bob.Group.ResumptionPsk(2).Value);
        Assert.Equal("MLS-904", bob.Group.ResumptionPsk(9).Error.Rule);
        Assert.Equal("MLS-904", bob.Group.ProposeResumptionPsk(9).Error.Rule);
        var proposed = bob.Group.ProposeResumptionPsk(1).Value;
        bob.Group = proposed.NewState;
        alice.Take(proposed.Message);
        alice.Commit(new CommitRequest(), bob);
        Person.AssertAgree(alice, bob);

        var cathy = new Person("cathy", options: options);
        var added = alice.Group.Commit(new CommitRequest { Add = [cathy.Verified], ExternalPsks = ["shared"u8.ToArray()] }).Value;
        bob.Take(added.Commit);
        alice.Group = added.NewState;
        cathy.Group = cathy.Client.Join(added.Welcome!, [cathy.Bundle]).Value.NewState;
        Person.AssertAgree(alice, bob, cathy);
    }

    [Fact]
    public void Commits_without_a_path_work_where_the_standard_allows_them()
    {
        var alice = new Person("alice", options: new MlsOptions { OmitPathWhenAllowed = true }).Create();
        var bob = new Person("bob");
        var cathy = new Person("cathy");
        alice.Add([bob]);
        var before = alice.State.Tree.Leaf(alice.Leaf)!.EncryptionKey.ToArray();
        alice.Add([cathy], bob);
        Assert.Equal(before, alice.State.Tree.Leaf(alice.Leaf)!.EncryptionKey.ToArray());
        Person.AssertAgree(alice, bob, cathy);
        cathy.Commit(new CommitRequest(), alice, bob);
        bob.Commit(new CommitRequest(), alice, cathy);
        Person.AssertAgree(alice, bob, cathy);
        Assert.Equal("pathless", cathy.Hear(alice.Say("pathless")));
    }

    [Fact]
    public void A_re_initialised_group_ends()
    {
        var (alice, bob) = Scenarios.Pair();
        var proposal = bob.Group.ProposeReInit("next"u8.ToArray(), CipherSuite.Get(2), []).Value;
        bob.Group = proposal.NewState;
        alice.Take(proposal.Message);
        var commit = alice.Group.Update().Value;
        var applied = Assert.IsType<Processed.CommitApplied>(bob.Take(commit.Commit));
        Assert.True(applied.ReInit);
        Assert.False(bob.Group.IsActive);
        Assert.Equal("MLS-510", bob.Group.Update().Error.Rule);
    }

    [Fact]
    public void Handshakes_can_travel_encrypted()
    {
        var (alice, bob) = Scenarios.Pair(new MlsOptions { EncryptHandshake = true });
        var update = bob.Group.ProposeUpdate().Value;
        bob.Group = update.NewState;
        alice.Take(update.Message);
        alice.Commit(new CommitRequest(), bob);
        Person.AssertAgree(alice, bob);
        Assert.Equal("hidden", bob.Hear(alice.Say("hidden")));
    }

    [Fact]
    public void A_refused_encrypted_commit_uses_up_its_generation()
    {
        var (alice, bob) = Scenarios.Pair(new MlsOptions { EncryptHandshake = true });
        var refused = alice.Group.Update().Value;
        refused.Discard();
        alice.Group = refused.RejectedState;
        var accepted = alice.Group.Update().Value;
        var generations = new[] { refused.Commit, accepted.Commit }.Select(commit => Generation(bob, commit));
        Assert.Equal([0u, 1u], generations);
        bob.Take(accepted.Commit);
        alice.Group = accepted.NewState;
        Person.AssertAgree(alice, bob);
    }

    private static uint Generation(Person reader, byte[] message)
    {
        var encrypted = ((Framing.MlsMessage.OfPrivateMessage)Mls.Encoding.Codec.Decode<Framing.MlsMessage>(message)).Message;
        return Framing.MessageProtection.OpenSenderData(reader.Group.Suite, encrypted, reader.State.Secrets.SenderData).Generation;
    }
}
