using Interconnect.Mls.Crypto;

namespace Interconnect.Mls.Tests.Groups;

public sealed class SuccessionScenarios
{
    [Theory]
    [InlineData(1, 2)]
    [InlineData(2, 1)]
    [InlineData(3, 7)]
    [InlineData(4, 5)]
    [InlineData(6, 6)]
    public void A_group_ends_and_goes_on_in_another_suite(ushort before, ushort after)
    {
        var names = new[] { "alice", "bob", "cathy" };
        var old = names.Select(name => new Person(name, before)).ToArray();
        var next = names.Select(name => new Person(name, after)).ToArray();
        old[0].Create();
        old[0].Add([old[1], old[2]]);
        var extensions = new[] { new Extension(5, new byte[] { 0 }) };
        var proposal = old[1].Group.ProposeReInit("next"u8.ToArray(), CipherSuite.Get(after), extensions).Value;
        old[1].Group = proposal.NewState;
        old[0].Take(proposal.Message);
        old[2].Take(proposal.Message);
        old[2].Commit(new CommitRequest(), old[0], old[1]);
        Assert.All(old, person => Assert.Equal("next"u8.ToArray(), person.Group.ReInit!.GroupId.ToArray()));

        // A frozen group waits in the store until the Welcome comes.
        old[0].Group = old[0].Client.ImportGroup(old[0].Group.Export()).Value;
        old[1].Group = old[1].Client.ImportGroup(old[1].Group.Export()).Value;
        Assert.Equal(after, old[0].Group.ReInit!.Suite.Id);

        // Not the proposer, not the committer: any member makes the new group.
        var founded = next[0].Client.CreateSuccessor(old[0].Group, [next[1].Verified, next[2].Verified]).Value;
        next[0].Group = founded.NewState;
        foreach (var i in new[] { 1, 2 })
        {
            next[i].Group = next[i].Client.Join(founded.Welcome!, [next[i].Bundle], related: old[i].Group).Value.NewState;
        }

        Person.AssertAgree(next);
        Assert.Equal(1ul, next[1].Group.Epoch);
        Assert.Equal(after, next[1].Group.Suite.Id);
        Assert.Equal(extensions[0].Data.ToArray(), Assert.Single(next[2].Group.Extensions).Data.ToArray());
        Assert.Equal("on we go", next[2].Hear(next[1].Say("on we go")));
        next[2].Commit(new CommitRequest(), next[0], next[1]);
        Person.AssertAgree(next);
    }

    [Theory]
    [MemberData(nameof(Scenarios.Suites), MemberType = typeof(Scenarios))]
    public void Some_members_branch_off_and_both_groups_live(ushort suite)
    {
        var alice = new Person("alice", suite).Create();
        var bob = new Person("bob", suite);
        var cathy = new Person("cathy", suite);
        alice.Add([bob, cathy]);
        using var bobsNew = bob.Client.CreateKeyPackage(TimeSpan.FromDays(1));
        var package = KeyPackages.Verify(bobsNew.KeyPackage, Person.Start).Value;
        var branch = alice.Client.CreateBranch(alice.Group, "side"u8.ToArray(), [package]).Value;
        var bobsSide = bob.Client.Join(branch.Welcome!, [bobsNew], related: bob.Group).Value.NewState;
        Assert.Equal(branch.NewState.EpochAuthenticator.ToArray(), bobsSide.EpochAuthenticator.ToArray());
        Assert.Equal("side"u8.ToArray(), bobsSide.GroupId.ToArray());
        var said = branch.NewState.Encrypt("aside"u8).Value;
        Assert.Equal("aside"u8.ToArray(), Assert.IsType<Processed.ApplicationMessage>(bobsSide.Process(said.PrivateMessage).Value).Data);
        Assert.Equal("to all", cathy.Hear(alice.Say("to all")));
    }

    [Fact]
    public void A_branch_cannot_be_joined_without_the_main_groups_secret()
    {
        var alice = new Person("alice").Create();
        var bob = new Person("bob");
        alice.Add([bob]);
        using var bundle = bob.Client.CreateKeyPackage(TimeSpan.FromDays(1));
        var branch = alice.Client.CreateBranch(alice.Group, "side"u8.ToArray(), [KeyPackages.Verify(bundle.KeyPackage, Person.Start).Value]).Value;
        var epoch = bob.Group.Epoch;
        var wrong = new MlsGroup(bob.Client, bob.State with
        {
            Resumption = bob.State.Resumption.SetItem(epoch, new Secret<Kind.Resumption>(new byte[32])),
        });
        Assert.Equal("MLS-604", bob.Client.Join(branch.Welcome!, [bundle], related: wrong).Error.Rule);
        Assert.True(bob.Client.Join(branch.Welcome!, [bundle], related: bob.Group).IsOk);
    }
}
