using Interconnect.Mls.Components;

namespace Interconnect.Mls.Tests.Groups;

public sealed class OutsideScenarios
{
    [Theory]
    [MemberData(nameof(Scenarios.Suites), MemberType = typeof(Scenarios))]
    public void Cathy_comes_back_from_outside_with_both_kinds_of_pre_shared_keys(ushort suite)
    {
        var options = new MlsOptions { FindExternalPsk = id => id.Span.SequenceEqual("shared"u8) ? [1, 2, 3] : null };
        var alice = new Person("alice", suite, options).Create();
        var cathy = new Person("cathy", suite, options);
        alice.Add([cathy]);
        var lost = cathy.Group;
        alice.Commit(new CommitRequest(), cathy);

        // Her present state is gone, but an old one with its resumption PSK is left.
        var remembering = new MlsClient("cathy"u8.ToArray(), cathy.Key, UnsafeAcceptAnyCredential.Instance, cathy.Clock, options with
        {
            FindResumptionPsk = (_, epoch) => lost.ResumptionPsk(epoch).Match(psk => psk, _ => null!),
        });
        var info = alice.Group.CreateGroupInfo();
        var request = new ExternalJoinRequest { FormerLeaf = cathy.Leaf, ExternalPsks = ["shared"u8.ToArray()], ResumptionEpochs = [1] };
        Assert.Equal("MLS-701", cathy.Client.JoinExternally(info, request).Error.Rule);
        Assert.Equal("MLS-701", remembering.JoinExternally(info, request with { ExternalPsks = ["other"u8.ToArray()] }).Error.Rule);
        Assert.Equal("MLS-207", remembering.JoinExternally(info, request with { FormerLeaf = null }).Error.Rule);
        var mallory = new Person("mallory", suite, options);
        Assert.Equal("MLS-418", mallory.Client.JoinExternally(info, new ExternalJoinRequest { FormerLeaf = alice.Leaf }).Error.Rule);
        var bold = new Person("mallory", suite, options, authentication: new IdentityScenarios.Renaming());
        Assert.Equal("MLS-418", alice.Refusal(bold.Client.JoinExternally(info, new ExternalJoinRequest { FormerLeaf = cathy.Leaf }).Value.Commit));
        Assert.Equal("MLS-421", remembering.JoinExternally(info, request with { FormerLeaf = 7 }).Error.Rule);

        var join = remembering.JoinExternally(info, request).Value;
        var applied = Assert.IsType<Processed.CommitApplied>(alice.Take(join.Commit));
        Assert.Single(applied.Removed);
        Assert.Equal(alice.Group.EpochAuthenticator.ToArray(), join.NewState.EpochAuthenticator.ToArray());
        Assert.Equal(2, alice.Group.Members.Count);
    }

    [Fact]
    public void A_member_without_the_pre_shared_key_cannot_follow_an_external_commit()
    {
        var knowing = new MlsOptions { FindExternalPsk = _ => [1] };
        var alice = new Person("alice", options: knowing).Create();
        var bob = new Person("bob");
        alice.Add([bob]);
        var join = new Person("cathy", options: knowing).Client
            .JoinExternally(alice.Group.CreateGroupInfo(), new ExternalJoinRequest { ExternalPsks = [new byte[] { 7 }] }).Value;
        Assert.Equal("MLS-701", bob.Refusal(join.Commit));
        var deceived = new Person("bob", options: new MlsOptions { FindExternalPsk = _ => [2] });
        Assert.Equal("MLS-508", new MlsGroup(deceived.Client, bob.State).Process(join.Commit).Error.Rule);
        Assert.IsType<Processed.CommitApplied>(alice.Take(join.Commit));
    }

    [Fact]
    public void The_hub_proposes_and_members_commit()
    {
        var hub = CipherSuite.Get(1).GenerateSignatureKeyPair();
        var options = Words.Options with { FindExternalPsk = _ => [1] };
        var senders = ExternalProposer.ExternalSenders([(hub.PublicKey, new MemberCredential(1, "hub"u8.ToArray()))]);
        var alice = new Person("alice", options: options).Create(senders);
        var bob = new Person("bob", options: options);
        var cathy = new Person("cathy", options: options);
        alice.Add([bob, cathy]);
        var dave = new Person("dave", options: options);

        var proposer = new ExternalProposer(hub, 0, alice.Group.GroupId, alice.Group.Epoch);
        foreach (var message in new[]
        {
            proposer.Add(dave.Verified), proposer.Remove(cathy.Leaf), proposer.ExternalPsk(new byte[] { 9 }),
            proposer.GroupContextExtensions([senders]), proposer.AppDataUpdate(Words.Append("hub")), proposer.AppEphemeral(Words.Ephemeral("once")),
        })
        {
            Assert.Null(Assert.IsType<Processed.ProposalStored>(alice.Take(message)).Proposer);
            bob.Take(message);
        }

        var commit = alice.Group.Update().Value;
        var applied = Assert.IsType<Processed.CommitApplied>(bob.Take(commit.Commit));
        alice.Group = commit.NewState;
        Assert.Equal("dave"u8.ToArray(), Assert.Single(applied.Added).Credential.Identity.ToArray());
        Assert.Equal("cathy"u8.ToArray(), Assert.Single(applied.Removed).Credential.Identity.ToArray());
        var ephemeral = Assert.Single(applied.Ephemeral);
        Assert.Equal("once"u8.ToArray(), ephemeral.Data.ToArray());
        Assert.Equal(new ProposalOrigin.OfExternalSender(0), ephemeral.Origin);
        dave.Group = dave.Client.Join(commit.Welcome!, [dave.Bundle]).Value.NewState;
        Person.AssertAgree(alice, bob, dave);
        Assert.Equal("hub", Words.Of(dave.Group));

        // What only a member may propose is refused from the hub, and does not stand in the way of commits.
        var later = new ExternalProposer(hub, 0, alice.Group.GroupId, alice.Group.Epoch);
        alice.Take(later.AppDataUpdate(Words.Append("member")));
        alice.Commit(new CommitRequest(), bob, dave);
        Assert.Equal("hub", Words.Of(alice.Group));

        var last = new ExternalProposer(hub, 0, alice.Group.GroupId, alice.Group.Epoch)
            .ReInit(new ReInitPlan("next"u8.ToArray(), CipherSuite.Get(3), []));
        alice.Take(last);
        bob.Take(last);
        dave.Take(last);
        alice.Commit(new CommitRequest(), bob, dave);
        Assert.Equal(3, dave.Group.ReInit!.Suite.Id);
    }

    [Fact]
    public void Somebody_knocks_and_is_let_in()
    {
        var (alice, bob) = Scenarios.Pair();
        var cathy = new Person("cathy");
        Assert.Equal("MLS-803", bob.Client.ProposeJoin(alice.Group.GroupId, alice.Group.Epoch, cathy.Bundle).Error.Rule);
        var knock = cathy.Client.ProposeJoin(alice.Group.GroupId, alice.Group.Epoch, cathy.Bundle).Value;
        Assert.Equal("MLS-304", alice.Refusal(Rules.Forge.Flip(knock, ^1)));
        alice.Take(knock);
        bob.Take(knock);
        var commit = bob.Group.Update().Value;
        alice.Take(commit.Commit);
        bob.Group = commit.NewState;
        cathy.Group = cathy.Client.Join(commit.Welcome!, [cathy.Bundle]).Value.NewState;
        Person.AssertAgree(alice, bob, cathy);
        Assert.Equal("MLS-302", alice.Refusal(knock));
    }

    [Fact]
    public void An_external_joiner_takes_in_those_who_leave()
    {
        var alice = new Person("alice", options: new MlsOptions { EncryptHandshake = true }).Create();
        var bob = new Person("bob");
        var cathy = new Person("cathy");
        alice.Add([bob, cathy]);
        var leave = alice.Group.ProposeSelfRemove().Value;
        alice.Group = leave.NewState;
        Assert.Equal(10, Assert.IsType<Processed.ProposalStored>(bob.Take(leave.Message)).ProposalType);
        cathy.Take(leave.Message);

        var dave = new Person("dave");
        var info = bob.Group.CreateGroupInfo();
        string Refusal(byte[] message) => dave.Client.JoinExternally(info, new ExternalJoinRequest { SelfRemoves = [message] }).Error.Rule;
        Assert.Equal("MLS-436", Refusal(bob.Group.ProposeUpdate().Value.Message));
        Assert.Equal("MLS-436", Refusal(info));
        Assert.Equal("MLS-304", Refusal(Rules.Forge.Proposal(cathy, new Messages.Proposal.SelfRemove(), key: bob.Key)));
        Assert.Equal("MLS-302", Refusal(cathy.Group.Update().Value.NewState.ProposeSelfRemove().Value.Message));

        var join = dave.Client.JoinExternally(info, new ExternalJoinRequest { SelfRemoves = [leave.Message] }).Value;
        dave.Group = join.NewState;
        Assert.IsType<Processed.RemovedFromGroup>(alice.Take(join.Commit));
        var applied = Assert.IsType<Processed.CommitApplied>(bob.Take(join.Commit));
        Assert.Equal("alice"u8.ToArray(), Assert.Single(applied.Removed).Credential.Identity.ToArray());
        cathy.Take(join.Commit);
        Person.AssertAgree(bob, cathy, dave);
        Assert.Equal("MLS-303", alice.Refusal(bob.Say("without alice")));
    }

    [Fact]
    public void An_external_joiner_enters_itself_into_the_application_data()
    {
        var alice = new Person("alice", options: Words.Options).Create();
        var bob = new Person("bob", options: Words.Options);
        var info = alice.Group.CreateGroupInfo();
        Assert.Equal("MLS-434", bob.Client.JoinExternally(info, new ExternalJoinRequest { AppDataUpdates = [Words.Append("member")] }).Error.Rule);
        Assert.Equal("MLS-434", bob.Client.JoinExternally(info, new ExternalJoinRequest { AppEphemeral = [Words.Ephemeral("bad")] }).Error.Rule);
        var join = bob.Client.JoinExternally(
            info, new ExternalJoinRequest { AppDataUpdates = [Words.Append("bob")], AppEphemeral = [Words.Ephemeral("hello")] }).Value;
        var applied = Assert.IsType<Processed.CommitApplied>(alice.Take(join.Commit));
        Assert.Equal(new ProposalOrigin.OfJoiner(), Assert.Single(applied.Ephemeral).Origin);
        bob.Group = join.NewState;
        Person.AssertAgree(alice, bob);
        Assert.Equal("bob", Words.Of(alice.Group));
    }
}
