using Interconnect.Mls.Groups;
using Interconnect.Mls.Messages;
using Interconnect.Mls.Tests.Groups;

namespace Interconnect.Mls.Tests.Rules;

public sealed class SuccessionRulesTests
{
    private readonly Person alice = new Person("alice").Create();
    private readonly Person bob = new("bob");
    private readonly Person alice2 = new("alice", suite: 2);
    private readonly Person bob2 = new("bob", suite: 2);

    public SuccessionRulesTests() => alice.Add([bob]);

    [Fact]
    [Covers("MLS-620", "MLS-621", "MLS-622", "MLS-910")]
    public void Successor_ThatIsNotWhatTheReInitSays_Refused()
    {
        Assert.Equal("MLS-910", alice2.Client.CreateSuccessor(alice.Group, [bob2.Verified]).Error.Rule);
        EndGroup();
        Assert.Equal("MLS-901", alice.Client.CreateSuccessor(alice.Group, [bob2.Verified]).Error.Rule);
        Assert.Equal("MLS-622", alice2.Client.CreateSuccessor(alice.Group, []).Error.Rule);
        Assert.Equal("MLS-622", alice2.Client.CreateSuccessor(alice.Group, [bob2.Verified, new Person("mallory", 2).Verified]).Error.Rule);
        Assert.Equal("MLS-622", alice2.Client.CreateSuccessor(alice.Group, [new Person("mallory", 2).Verified]).Error.Rule);

        string Rule(byte[] welcome) => bob2.Client.Join(welcome, [bob2.Bundle], related: bob.Group).Error.Rule;
        var usage = ResumptionUsage.ReInit;
        Assert.Equal("MLS-621", Rule(Found(alice2, alice, usage, "another", [], bob2)));
        Assert.Equal("MLS-621", Rule(Found(alice2, alice, usage, "next", [new Extension(3, new byte[3])], bob2)));
        Assert.Equal("MLS-621", Rule(Found(alice2, alice, usage, "next", [], 1, bob2)));
        Assert.Equal("MLS-622", Rule(Found(alice2, alice, usage, "next", [], bob2, new Person("mallory", 2))));
        Assert.Equal("MLS-622", Rule(Found(new Person("mallory", 2), alice, usage, "next", [], bob2)));
        var bobOfSuite1 = new Person("bob");
        Assert.Equal("MLS-621", bobOfSuite1.Client.Join(
            Found(new Person("alice"), alice, usage, "next", [], bobOfSuite1), [bobOfSuite1.Bundle], related: bob.Group).Error.Rule);

        var welcome = alice2.Client.CreateSuccessor(alice.Group, [bob2.Verified]).Value.Welcome!;
        Assert.Equal("MLS-620", bob2.Client.Join(welcome, [bob2.Bundle]).Error.Rule);
        Assert.Equal("MLS-620", bob2.Client.Join(welcome, [bob2.Bundle], related: Elsewhere("bob")).Error.Rule);
        Assert.True(bob2.Client.Join(welcome, [bob2.Bundle], related: bob.Group).IsOk);
    }

    [Fact]
    [Covers("MLS-609", "MLS-620", "MLS-623", "MLS-624")]
    public void Branch_ThatIsNotOfItsMainGroup_Refused()
    {
        var cathy = new Person("cathy");
        var bobAgain = new Person("bob");
        Assert.Equal("MLS-624", alice.Client.CreateBranch(alice.Group, "side"u8.ToArray(), [cathy.Verified]).Error.Rule);
        Assert.Equal("MLS-901", alice2.Client.CreateBranch(alice.Group, "side"u8.ToArray(), [bob2.Verified]).Error.Rule);

        var usage = ResumptionUsage.Branch;
        string Rule(byte[] welcome) => bobAgain.Client.Join(welcome, [bobAgain.Bundle], related: bob.Group).Error.Rule;
        Assert.Equal("MLS-624", Rule(Found(alice, alice, usage, "side", [], bobAgain, cathy)));
        Assert.Equal("MLS-624", Rule(Found(new Person("mallory"), alice, usage, "side", [], bobAgain)));
        Assert.Equal("MLS-623", bob2.Client.Join(Found(alice2, alice, usage, "side", [], bob2), [bob2.Bundle], related: bob.Group).Error.Rule);
        var plain = new Person("alice").Create();
        Assert.Equal("MLS-620", Rule(plain.Group.AddMembers([bobAgain.Verified]).Value.Welcome!));

        var late = new Person("alice").Create();
        late.Commit(new CommitRequest());
        late.Group = late.Group.AddMembers([bobAgain.Verified]).Value.NewState;
        var id = new PreSharedKeyId.Resumption(usage, alice.State.Context.GroupId, 1, new byte[32]);
        Assert.Equal("MLS-609", Rule(Forge.Welcome(late, bobAgain, [id], [alice.Group.ResumptionPsk(1).Value])));

        // The main group may have gone on meanwhile.
        var branch = alice.Client.CreateBranch(alice.Group, "side"u8.ToArray(), [bobAgain.Verified]).Value;
        alice.Commit(new CommitRequest(), bob);
        var joined = bobAgain.Client.Join(branch.Welcome!, [bobAgain.Bundle], related: bob.Group).Value.NewState;
        Assert.Equal(branch.NewState.EpochAuthenticator.ToArray(), joined.EpochAuthenticator.ToArray());
        Assert.Equal(1ul, joined.Epoch);
        Assert.True(bob.Group.IsActive);
    }

    [Fact]
    [Covers("MLS-510")]
    public void ReInitialisedGroup_AnythingNew_Refused()
    {
        var late = alice.Say("late");
        EndGroup();
        Assert.Equal("MLS-510", bob.Group.Encrypt("x"u8).Error.Rule);
        Assert.Equal("MLS-510", bob.Group.Update().Error.Rule);
        Assert.Equal("MLS-510", bob.Group.ProposeUpdate().Error.Rule);
        Assert.Equal("MLS-510", bob.Group.AddMembers([new Person("cathy").Verified]).Error.Rule);
        Assert.Equal("MLS-510", alice2.Client.CreateBranch(alice.Group, "side"u8.ToArray(), [bob2.Verified]).Error.Rule);
        var defiant = new MlsGroup(alice.Client, alice.State with { Status = GroupStatus.Active });
        Assert.Equal("MLS-510", bob.Refusal(defiant.Encrypt("after the end"u8).Value.PrivateMessage));
        Assert.Equal("MLS-510", bob.Refusal(defiant.Update().Value.Commit));
        Assert.Equal("MLS-510", bob.Refusal(defiant.ProposeUpdate().Value.Message));

        Assert.Equal("late", bob.Hear(late));
    }

    // A first commit that links a new group to an old one, without the checks that the facade makes.
    private static byte[] Found(Person creator, Person old, ResumptionUsage usage, string id, IReadOnlyList<Extension> extensions, params Person[] others) =>
        Found(creator, old, usage, id, extensions, old.State.Context.Epoch, others);

    private static byte[] Found(
        Person creator, Person old, ResumptionUsage usage, string id, IReadOnlyList<Extension> extensions, ulong epoch, params Person[] others)
    {
        var psk = new PreSharedKeyId.Resumption(usage, old.State.Context.GroupId, epoch, new byte[creator.Client.Suite.Hash.Size]);
        var founded = GroupCreation.Create(creator.Client, System.Text.Encoding.UTF8.GetBytes(id), extensions);
        return new CommitBuilder(creator.Client, founded, new Relation(old.State, psk))
            .Build(new CommitRequest { Add = others.Select(person => person.Verified).ToList() }).Welcome!;
    }

    private static MlsGroup Elsewhere(string name) => new Person(name).Client.CreateGroup("elsewhere"u8.ToArray()).Value;

    private void EndGroup()
    {
        var proposal = bob.Group.ProposeReInit("next"u8.ToArray(), CipherSuite.Get(2), []).Value;
        bob.Group = proposal.NewState;
        alice.Take(proposal.Message);
        alice.Commit(new CommitRequest(), bob);
    }
}
