using Interconnect.Mls.Tree;

namespace Interconnect.Mls.Tests.Groups;

public sealed class Scenarios
{
    public static TheoryData<ushort> Suites => new(CipherSuite.All.Select(suite => suite.Id));

    [Theory]
    [MemberData(nameof(Suites))]
    public void Alice_and_Bob_talk_both_ways(ushort suite)
    {
        var alice = new Person("alice", suite).Create();
        var bob = new Person("bob", suite);
        alice.Add([bob]);

        Person.AssertAgree(alice, bob);
        Assert.Equal("hello", bob.Hear(alice.Say("hello")));
        Assert.Equal("hello yourself", alice.Hear(bob.Say("hello yourself")));
        Assert.Equal(2, bob.Group.Members.Count);
        Assert.Equal("alice"u8.ToArray(), bob.Group.Members[0].Credential.Identity.ToArray());
        Assert.Equal(
            alice.Group.ExportSecret("safety", "ctx"u8, 32), bob.Group.ExportSecret("safety", "ctx"u8, 32));
    }

    [Theory]
    [MemberData(nameof(Suites))]
    public void A_group_adds_updates_and_removes(ushort suite)
    {
        var alice = new Person("alice", suite).Create();
        var bob = new Person("bob", suite);
        var cathy = new Person("cathy", suite);
        var dave = new Person("dave", suite);
        alice.Add([bob]);
        bob.Add([cathy, dave], alice);
        Person.AssertAgree(alice, bob, cathy, dave);

        cathy.Commit(new CommitRequest(), alice, bob, dave);
        Person.AssertAgree(alice, bob, cathy, dave);

        var removal = alice.Group.RemoveMembers([bob.Leaf]).Value;
        var gone = Assert.IsType<Processed.RemovedFromGroup>(bob.Take(removal.Commit));
        Assert.Equal(alice.Leaf, gone.Committer.LeafIndex);
        var applied = Assert.IsType<Processed.CommitApplied>(cathy.Take(removal.Commit));
        Assert.Equal("bob"u8.ToArray(), Assert.Single(applied.Removed).Credential.Identity.ToArray());
        dave.Take(removal.Commit);
        alice.Group = removal.NewState;
        Person.AssertAgree(alice, cathy, dave);
        Assert.Equal("MLS-303", bob.Refusal(alice.Say("without bob")));
        Assert.Equal("MLS-510", bob.Group.Encrypt("x"u8).Error.Rule);

        dave.Commit(new CommitRequest(), alice, cathy);
        Assert.Equal("still here", alice.Hear(dave.Say("still here")));
    }

    [Fact]
    public void Messages_arrive_late_lost_and_out_of_order()
    {
        var (alice, bob) = Pair(new MlsOptions { MaxForwardGenerations = 5, MaxSkippedKeys = 3 });
        var sent = Enumerable.Range(0, 12).Select(i => alice.Say($"m{i}")).ToList();

        Assert.Equal("m2", bob.Hear(sent[2]));
        Assert.Equal("m0", bob.Hear(sent[0]));
        Assert.Equal("MLS-308", bob.Refusal(sent[2]));
        Assert.Equal("MLS-309", bob.Refusal(sent[9]));
        Assert.Equal("m8", bob.Hear(sent[8]));
        Assert.Equal("MLS-308", bob.Refusal(sent[1])); // fell out of the window of three
        Assert.Equal("m5", bob.Hear(sent[5]));
        Assert.Equal("m7", bob.Hear(sent[7]));
        Assert.Equal("m11", bob.Hear(sent[11]));
    }

    [Fact]
    public void A_message_of_the_last_epoch_is_still_read_and_an_older_one_is_not()
    {
        var (alice, bob) = Pair(new MlsOptions { RetainedEpochs = 1 });
        var first = bob.Say("first");
        alice.Commit(new CommitRequest(), bob);
        var second = bob.Say("second");
        alice.Commit(new CommitRequest(), bob);

        Assert.Equal("MLS-303", alice.Refusal(first));
        Assert.Equal("second", alice.Hear(second));
        Assert.Equal("MLS-308", alice.Refusal(second));
    }

    [Fact]
    public void Proposals_of_others_are_committed_by_reference()
    {
        var alice = new Person("alice").Create();
        var bob = new Person("bob");
        var cathy = new Person("cathy");
        alice.Add([bob, cathy]);

        var update = bob.Group.ProposeUpdate().Value;
        bob.Group = update.NewState;
        alice.Take(update.Message);
        cathy.Take(update.Message);
        var leave = cathy.Group.ProposeRemove(cathy.Leaf).Value;
        cathy.Group = leave.NewState;
        Assert.Equal(3, Assert.IsType<Processed.ProposalStored>(alice.Take(leave.Message)).ProposalType);
        bob.Take(leave.Message);
        Assert.Equal(2, alice.Group.StoredProposalCount);

        var commit = alice.Group.Update().Value;
        Assert.IsType<Processed.RemovedFromGroup>(cathy.Take(commit.Commit));
        bob.Take(commit.Commit);
        alice.Group = commit.NewState;
        Person.AssertAgree(alice, bob);
        Assert.Equal("after", bob.Hear(alice.Say("after")));
        Assert.Equal("and back", alice.Hear(bob.Say("and back")));
    }

    [Fact]
    public void A_proposal_that_fits_nothing_does_not_block_commits()
    {
        var alice = new Person("alice").Create();
        var bob = new Person("bob");
        alice.Add([bob]);
        var thief = new Person("thief");
        var taken = Rules.Forge.KeyPackage(
            thief, Rules.Forge.Leaf(thief, Rules.Forge.Lifetime, encryptionKey: alice.State.Tree.Leaf(0)!.EncryptionKey));
        alice.Take(Rules.Forge.Proposal(bob, new Messages.Proposal.Add(taken)));
        var cathy = bob.Group.ProposeAdd(new Person("cathy").Verified).Value;
        alice.Take(cathy.Message);
        bob.Group = cathy.NewState;
        Assert.Equal(2, alice.Group.StoredProposalCount);

        alice.Commit(new CommitRequest(), bob);
        Person.AssertAgree(alice, bob);
        Assert.Equal(3, alice.Group.Members.Count);
    }

    [Fact]
    public void A_commit_that_lost_the_race_is_discarded_and_the_winner_processed()
    {
        var (alice, bob) = Pair();
        var mine = alice.Group.Update().Value;
        var theirs = bob.Group.Update().Value;
        bob.Group = theirs.NewState;

        mine.Discard();
        alice.Group = mine.RejectedState;
        alice.Take(theirs.Commit);
        Person.AssertAgree(alice, bob);
        Assert.Equal("fine", bob.Hear(alice.Say("fine")));
        Assert.Equal("MLS-302", bob.Refusal(mine.Commit));
    }

    [Theory]
    [MemberData(nameof(Suites))]
    public void Cathy_joins_from_outside_and_comes_back_after_losing_her_state(ushort suite)
    {
        var alice = new Person("alice", suite).Create();
        var bob = new Person("bob", suite);
        alice.Add([bob]);
        var cathy = new Person("cathy", suite);

        var join = cathy.Client.JoinExternally(alice.Group.CreateGroupInfo()).Value;
        cathy.Group = join.NewState;
        var applied = Assert.IsType<Processed.CommitApplied>(alice.Take(join.Commit));
        Assert.Equal("cathy"u8.ToArray(), Assert.Single(applied.Added).Credential.Identity.ToArray());
        bob.Take(join.Commit);
        Person.AssertAgree(alice, bob, cathy);

        var again = cathy.Client.JoinExternally(join.GroupInfo, formerLeaf: cathy.Leaf).Value;
        alice.Take(again.Commit);
        bob.Take(again.Commit);
        cathy.Group = again.NewState;
        Person.AssertAgree(alice, bob, cathy);
        Assert.Equal(3, alice.Group.Members.Count);
        Assert.Equal("back", bob.Hear(cathy.Say("back")));
    }

    [Fact]
    public void A_long_random_history_keeps_everybody_together()
    {
        var random = new Random(9420);
        var inside = new List<Person> { new Person("p0").Create() };
        for (var step = 1; step <= 40; step++)
        {
            var actor = inside[random.Next(inside.Count)];
            var others = inside.Where(person => person != actor).ToArray();
            switch (random.Next(4))
            {
                case 0 when inside.Count > 3:
                    var victim = others[random.Next(others.Length)];
                    actor.Commit(new CommitRequest { Remove = [victim.Leaf] }, others);
                    Assert.False(victim.Group.IsActive);
                    inside.Remove(victim);
                    break;
                case 1:
                    actor.Commit(new CommitRequest(), others);
                    break;
                case 2 when others.Length > 0:
                    var proposal = others[0].Group.ProposeUpdate().Value;
                    others[0].Group = proposal.NewState;
                    foreach (var person in inside.Where(person => person != others[0]))
                    {
                        person.Take(proposal.Message);
                    }

                    actor.Commit(new CommitRequest(), others);
                    break;
                default:
                    var joining = Enumerable.Range(0, random.Next(1, 4)).Select(i => new Person($"p{step}.{i}")).ToList();
                    actor.Add(joining, others);
                    inside.AddRange(joining);
                    break;
            }

            Person.AssertAgree(inside.ToArray());
            TreeValidation.VerifyStructure(actor.State.Tree);
            var message = actor.Say($"step {step}");
            Assert.All(inside.Where(person => person != actor), person => Assert.Equal($"step {step}", person.Hear(message)));
        }

        Assert.True(inside.Count > 5);
    }

    [Fact]
    public void Every_state_survives_export_and_import()
    {
        var options = new MlsOptions { EncryptHandshake = false };
        var alice = new Person("alice", options: options).Create();
        var bob = new Person("bob", options: options);
        var cathy = new Person("cathy", options: options);
        alice.Add([bob, cathy]);
        var late = alice.Say("late");
        Assert.Equal("early", bob.Hear(alice.Say("early")));
        Reload(bob);
        var update = bob.Group.ProposeUpdate().Value;
        bob.Group = update.NewState;
        cathy.Take(update.Message);
        Reload(bob);
        Reload(cathy);
        cathy.Commit(new CommitRequest(), bob);
        Reload(bob);
        Assert.Equal("late", bob.Hear(late));
        Reload(bob);
        Assert.Equal("MLS-308", bob.Refusal(late));
        Person.AssertAgree(bob, cathy);
        Assert.Equal("round", cathy.Hear(bob.Say("round")));
        Assert.Equal("MLS-803", alice.Client.ImportGroup(bob.Group.Export()).Error.Rule);
    }

    [Fact]
    public void Sixty_people_join_in_one_commit_and_follow_each_other()
    {
        var alice = new Person("alice").Create();
        var others = Enumerable.Range(0, 60).Select(i => new Person($"p{i}")).ToList();
        alice.Add(others);
        var everybody = others.Prepend(alice).ToArray();
        Person.AssertAgree(everybody);
        foreach (var index in new[] { 7, 33, 60 })
        {
            everybody[index].Commit(new CommitRequest(), everybody.Where((_, i) => i != index).ToArray());
            Person.AssertAgree(everybody);
        }
    }

    internal static (Person Alice, Person Bob) Pair(MlsOptions? options = null)
    {
        var alice = new Person("alice", options: options).Create();
        var bob = new Person("bob", options: options);
        alice.Add([bob]);
        return (alice, bob);
    }

    private static void Reload(Person person) => person.Group = person.Client.ImportGroup(person.Group.Export()).Value;
}
