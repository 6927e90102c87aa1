using Interconnect.Mls.Encoding;
using Interconnect.Mls.Framing;
using Interconnect.Mls.Messages;
using Interconnect.Mls.Tests.Groups;
using Interconnect.Mls.Tree;

namespace Interconnect.Mls.Tests.Rules;

public sealed class ProposalRulesTests
{
    private readonly Person alice = new Person("alice").Create();
    private readonly Person bob = new("bob");
    private readonly Person cathy = new("cathy");
    private readonly Person dave = new("dave");

    public ProposalRulesTests() => alice.Add([bob, cathy]);

    private static Proposal.PreSharedKey Psk(byte id, int nonce = 32) => new(new PreSharedKeyId.External(new[] { id }, new byte[nonce]));

    [Fact]
    [Covers("MLS-401", "MLS-402", "MLS-403", "MLS-404", "MLS-405", "MLS-406", "MLS-407", "MLS-408", "MLS-409")]
    public void Commit_WithProposalsThatDoNotGoTogether_Refused()
    {
        var unknown = new ProposalOrRef.ByReference(new byte[32]);
        Assert.Equal("MLS-401", bob.Refusal(Forge.Public(alice, new Content.OfCommit(new Commit([unknown], null)))));
        var ownUpdate = new Proposal.Update(Forge.Leaf(alice, new LeafNodeSource.Update(), place: Forge.PlaceOf(alice)));
        Assert.Equal("MLS-402", bob.Refusal(Forge.Commit(alice, ownUpdate)));
        Assert.Equal("MLS-403", bob.Refusal(Forge.Commit(alice, new Proposal.Remove(alice.Leaf))));
        Assert.Equal("MLS-404", bob.Refusal(Forge.Commit(alice, new Proposal.Remove(2), new Proposal.Remove(2))));
        var add = new Proposal.Add(dave.Verified.KeyPackage);
        Assert.Equal("MLS-405", bob.Refusal(Forge.Commit(alice, add, add)));
        Assert.Equal("MLS-406", bob.Refusal(Forge.Commit(alice, Psk(1), Psk(1))));
        var extensions = new Proposal.GroupContextExtensions([]);
        Assert.Equal("MLS-407", bob.Refusal(Forge.Commit(alice, extensions, extensions)));
        var reinit = new Proposal.ReInit("next"u8.ToArray(), 1, 1, []);
        Assert.Equal("MLS-408", bob.Refusal(Forge.Commit(alice, reinit, extensions)));
        Assert.Equal("MLS-409", bob.Refusal(Forge.Commit(alice, new Proposal.ExternalInit(new byte[32]))));

        alice.Commit(new CommitRequest { Add = [dave.Verified], GroupContextExtensions = [] }, bob, cathy);
        Person.AssertAgree(alice, bob, cathy);
    }

    [Fact]
    [Covers("MLS-206", "MLS-207", "MLS-415", "MLS-901")]
    public void Add_OfAnotherSuiteOrAKeyThatIsThere_Refused()
    {
        var other = new Person("other", suite: 3);
        Assert.Equal("MLS-901", alice.Group.AddMembers([other.Verified]).Error.Rule);
        Assert.Equal("MLS-415", bob.Refusal(Forge.Proposal(alice, new Proposal.Add(other.Verified.KeyPackage))));
        var again = KeyPackages.Verify(bob.Client.CreateKeyPackage(TimeSpan.FromDays(1)).KeyPackage, Person.Start).Value;
        Assert.Equal("MLS-207", alice.Group.AddMembers([again]).Error.Rule);
        var thief = Forge.KeyPackage(dave, Forge.Leaf(dave, Forge.Lifetime, encryptionKey: bob.State.Tree.Leaf(bob.Leaf)!.EncryptionKey));
        Assert.Equal("MLS-206", alice.Group.AddMembers([KeyPackages.Verify(Forge.Encode(thief), Person.Start).Value]).Error.Rule);

        // Whoever is removed in the same commit may come back in it.
        var replaced = alice.Group.Commit(new CommitRequest { Remove = [bob.Leaf], Add = [again] });
        Assert.True(replaced.IsOk);
        Assert.True(alice.Group.AddMembers([dave.Verified]).IsOk);
    }

    [Fact]
    [Covers("MLS-412", "MLS-413", "MLS-418", "MLS-105")]
    public void Update_WithAWrongLeaf_Refused()
    {
        Assert.Equal("MLS-412", bob.Refusal(Forge.Proposal(alice, new Proposal.Update(Forge.Leaf(alice, Forge.Lifetime)))));
        var elsewhere = Forge.Leaf(alice, new LeafNodeSource.Update(), place: new LeafPlace("elsewhere"u8.ToArray(), 0));
        Assert.Equal("MLS-105", bob.Refusal(Forge.Proposal(alice, new Proposal.Update(elsewhere))));
        var same = Forge.Leaf(
            alice, new LeafNodeSource.Update(), encryptionKey: alice.State.Tree.Leaf(0)!.EncryptionKey, place: Forge.PlaceOf(alice));
        Assert.Equal("MLS-413", bob.Refusal(Forge.Proposal(alice, new Proposal.Update(same))));
        var renamed = Forge.Leaf(
            alice, new LeafNodeSource.Update(), credential: new MemberCredential(1, "mallory"u8.ToArray()), place: Forge.PlaceOf(alice));
        Assert.Equal("MLS-418", bob.Refusal(Forge.Proposal(alice, new Proposal.Update(renamed))));

        var good = Forge.Leaf(alice, new LeafNodeSource.Update(), place: Forge.PlaceOf(alice));
        Assert.IsType<Processed.ProposalStored>(bob.Take(Forge.Proposal(alice, new Proposal.Update(good))));
    }

    [Fact]
    [Covers("MLS-411", "MLS-416", "MLS-419", "MLS-421", "MLS-702", "MLS-703")]
    public void Proposal_InvalidByItself_Refused()
    {
        Assert.Equal("MLS-411", bob.Refusal(Forge.Proposal(alice, new Proposal.ReInit("n"u8.ToArray(), 0, 1, []))));
        Assert.Equal("MLS-419", bob.Refusal(Forge.Proposal(alice, new Proposal.ReInit("n"u8.ToArray(), 1, 99, []))));
        Assert.Equal("MLS-421", bob.Refusal(Forge.Proposal(alice, new Proposal.Remove(3))));
        Assert.Equal("MLS-421", bob.Refusal(Forge.Proposal(alice, new Proposal.Remove(uint.MaxValue))));
        Assert.Equal("MLS-702", bob.Refusal(Forge.Proposal(alice, Psk(1, nonce: 31))));
        var branch = new PreSharedKeyId.Resumption(ResumptionUsage.Branch, alice.State.Context.GroupId, 1, new byte[32]);
        Assert.Equal("MLS-703", bob.Refusal(Forge.Proposal(alice, new Proposal.PreSharedKey(branch))));

        Assert.IsType<Processed.ProposalStored>(bob.Take(Forge.Proposal(alice, new Proposal.ReInit("n"u8.ToArray(), 1, 2, []))));
        Assert.IsType<Processed.ProposalStored>(bob.Take(Forge.Proposal(alice, Psk(1))));
        var full = new Person("full", options: new MlsOptions { MaxPendingProposals = 1 }).Create();
        full.Group = full.Group.ProposeUpdate().Value.NewState;
        Assert.Equal("MLS-416", full.Group.ProposeUpdate().Error.Rule);
    }

    [Fact]
    [Covers("MLS-108", "MLS-114", "MLS-414")]
    public void Group_ThatNotEverybodyUnderstands_Refused()
    {
        var special = new Extension(0xff01, new byte[] { 1 });
        Assert.Equal("MLS-414", alice.Group.Commit(new CommitRequest { GroupContextExtensions = [special] }).Error.Rule);

        var options = new MlsOptions { SupportedExtensions = [0xff01] };
        var able = new Person("able", options: options).Create(special);
        Assert.Equal("MLS-108", able.Group.AddMembers([dave.Verified]).Error.Rule);
        Assert.True(able.Group.AddMembers([new Person("erin", options: options).Verified]).IsOk);

        // Who leaves by the same commit need not understand the new extension.
        var founder = new Person("founder", options: options).Create();
        var modern = new Person("modern", options: options);
        founder.Add([modern, new Person("old")]);
        Assert.Equal("MLS-414", modern.Refusal(Forge.Commit(founder, new Proposal.GroupContextExtensions([special]))));
        founder.Commit(new CommitRequest { GroupContextExtensions = [special], Remove = [2] }, modern);
        Person.AssertAgree(founder, modern);

        var certified = Forge.Leaf(
            dave, Forge.Lifetime, credential: new MemberCredential(2, ReadOnlyMemory<byte>.Empty), capabilities: dave.Client.Capabilities with { Credentials = [1, 2] });
        var package = KeyPackages.Verify(Forge.Encode(Forge.KeyPackage(dave, certified)), Person.Start).Value;
        Assert.Equal("MLS-114", alice.Group.AddMembers([package]).Error.Rule);
        var both = new Person("both", options: new MlsOptions { SupportedCredentials = [1, 2] }).Create();
        Assert.True(both.Group.AddMembers([package]).IsOk);
    }

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(4)]
    [InlineData(7)]
    [Covers("MLS-439")]
    public void GroupContext_WithAnExtensionThatBelongsElsewhere_Refused(ushort type)
    {
        var misplaced = new Extension(type, new byte[] { 0 });
        Assert.Equal("MLS-439", alice.Client.CreateGroup("g"u8.ToArray(), [misplaced]).Error.Rule);
        Assert.Equal("MLS-439", alice.Group.Commit(new CommitRequest { GroupContextExtensions = [misplaced] }).Error.Rule);
        Assert.Equal("MLS-439", bob.Refusal(Forge.Commit(alice, new Proposal.GroupContextExtensions([misplaced]))));
        Assert.True(alice.Group.Commit(new CommitRequest { GroupContextExtensions = [new Extension(5, new byte[] { 0 })] }).IsOk);
    }

    [Fact]
    [Covers("MLS-438")]
    public void ExternalSender_ThatTheApplicationRejects_Refused()
    {
        var strict = new Person("strict", authentication: new OnlyNamed("strict", "dave", "hub")).Create();
        strict.Add([dave]);
        var hub = ExternalProposer.ExternalSenders([(cathy.Key.PublicKey, new MemberCredential(1, "hub"u8.ToArray()))]);
        var stranger = ExternalProposer.ExternalSenders([(cathy.Key.PublicKey, new MemberCredential(1, "stranger"u8.ToArray()))]);
        Assert.Equal("MLS-438", strict.Group.Commit(new CommitRequest { GroupContextExtensions = [stranger] }).Error.Rule);
        Assert.Equal("MLS-438", strict.Refusal(Forge.Proposal(dave, new Proposal.GroupContextExtensions([stranger]))));
        strict.Commit(new CommitRequest { GroupContextExtensions = [hub] }, dave);
        Assert.Single(dave.Group.Extensions);

        // One that is listed already is not judged anew.
        var changed = new Person("strict", authentication: new OnlyNamed("strict", "dave"));
        Assert.True(new MlsGroup(changed.Client, strict.State).Process(Forge.Proposal(dave, new Proposal.GroupContextExtensions([hub]))).IsOk);
    }

    [Fact]
    [Covers("MLS-109")]
    public void Credential_ThatTheApplicationRejects_Refused()
    {
        var strict = new Person("strict", authentication: new OnlyNamed("strict", "dave")).Create();
        Assert.Equal("MLS-109", strict.Group.AddMembers([new Person("mallory").Verified]).Error.Rule);
        Assert.True(strict.Group.AddMembers([dave.Verified]).IsOk);
        var joiner = new Person("dave", authentication: new OnlyNamed("dave"));
        var added = strict.Group.AddMembers([joiner.Verified]).Value;
        Assert.Equal("MLS-109", joiner.Client.Join(added.Welcome!, [joiner.Bundle]).Error.Rule);
    }

    [Fact]
    [Covers("MLS-701", "MLS-902", "MLS-904")]
    public void Request_ThatCannotBeMade_Refused()
    {
        Assert.Equal("MLS-902", alice.Group.RemoveMembers([alice.Leaf]).Error.Rule);
        Assert.Equal("MLS-904", alice.Group.Commit(new CommitRequest { ResumptionEpochs = [9] }).Error.Rule);
        Assert.Equal("MLS-701", alice.Group.ProposeExternalPsk(new byte[] { 1 }).Error.Rule);
        Assert.True(alice.Group.Commit(new CommitRequest { Remove = [bob.Leaf], ResumptionEpochs = [1] }).IsOk);
    }

    private sealed class OnlyNamed(params string[] names) : IAuthenticationService
    {
        public bool Accepts(MemberCredential credential, ReadOnlyMemory<byte> signatureKey) =>
            names.Contains(System.Text.Encoding.UTF8.GetString(credential.Identity.Span));

        public bool IsValidSuccessor(MemberCredential current, MemberCredential successor) => true;
    }
}
