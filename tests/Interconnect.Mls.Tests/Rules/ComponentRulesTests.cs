using Interconnect.Mls.Components;
using Interconnect.Mls.Encoding;
using Interconnect.Mls.Framing;
using Interconnect.Mls.Messages;
using Interconnect.Mls.Tests.Groups;
using Interconnect.Mls.Tree;

namespace Interconnect.Mls.Tests.Rules;

public sealed class ComponentRulesTests
{
    private readonly Person alice = new Person("alice", options: Words.Options).Create();
    private readonly Person bob = new("bob", options: Words.Options);
    private readonly Person cathy = new("cathy", options: Words.Options);

    public ComponentRulesTests() => alice.Add([bob, cathy]);

    private static Proposal.AppDataUpdate Append(string word, ushort component = Words.Component) => new(component, System.Text.Encoding.UTF8.GetBytes(word));

    private static Proposal.AppDataUpdate Removal => new(Words.Component, null);

    [Fact]
    [Covers("MLS-430")]
    public void Proposal_OfATypeThatSomebodyDoesNotSupport_Refused()
    {
        var dave = new Person("dave");
        alice.Add([dave], bob, cathy);
        Assert.Equal("MLS-430", alice.Group.ProposeAppDataUpdate(Words.Append("x")).Error.Rule);
        Assert.Equal("MLS-430", bob.Refusal(Forge.Proposal(alice, Append("x"))));
        Assert.Equal("MLS-430", bob.Refusal(Forge.Commit(alice, Append("x"))));
        Assert.Equal("MLS-430", dave.Refusal(Forge.Commit(alice, Append("x"))));

        // Whoever leaves by the same commit need not support it.
        alice.Commit(new CommitRequest { Remove = [dave.Leaf], AppDataUpdates = [Words.Append("x")] }, bob, cathy);
        Assert.Equal("x", Words.Of(bob.Group));
    }

    [Fact]
    [Covers("MLS-431", "MLS-432", "MLS-433", "MLS-434")]
    public void AppDataUpdate_ThatDoesNotFit_Refused()
    {
        Assert.Equal("MLS-431", alice.Group.ProposeAppDataUpdate(new AppDataChange(7, new byte[1])).Error.Rule);
        Assert.Equal("MLS-431", bob.Refusal(Forge.Proposal(alice, Append("x", component: 7))));
        Assert.Equal("MLS-431", bob.Refusal(Forge.Proposal(alice, new Proposal.AppEphemeral(7, new byte[1]))));
        Assert.Equal("MLS-432", bob.Refusal(Forge.Proposal(alice, Removal)));
        Assert.Equal("MLS-432", alice.Group.Commit(new CommitRequest { AppDataUpdates = [new AppDataChange(Words.Component, null)] }).Error.Rule);
        alice.Commit(new CommitRequest { AppDataUpdates = [Words.Append("keep")] }, bob, cathy);
        Assert.Equal("MLS-433", bob.Refusal(Forge.Commit(alice, Append("x"), Removal)));
        Assert.Equal("MLS-433", bob.Refusal(Forge.Commit(alice, Removal, Removal)));
        Assert.Equal("MLS-434", bob.Refusal(Forge.Commit(alice, Append("x"), Append("bad"))));
        Assert.Equal("MLS-434", bob.Refusal(Forge.Commit(alice, Removal)));
        Assert.Equal("MLS-434", bob.Refusal(Forge.Commit(alice, new Proposal.AppEphemeral(Words.Component, "bad"u8.ToArray()))));

        alice.Commit(new CommitRequest { AppDataUpdates = [Words.Append("1"), Words.Append("2")] }, bob, cathy);
        Assert.Equal("keep12", Words.Of(cathy.Group));
        alice.Commit(new CommitRequest { AppDataUpdates = [new AppDataChange(Words.Component, null)] }, bob, cathy);
        Assert.Equal("(none)", Words.Of(bob.Group));
        Person.AssertAgree(alice, bob, cathy);
    }

    [Fact]
    [Covers("MLS-430", "MLS-501")]
    public void Draft_SwitchedOffOrWithoutAPath_RefusedAsItShould()
    {
        var plain = new Person("plain", options: new MlsOptions { MlsExtensionsDraft = false });
        Assert.Empty(plain.Client.Capabilities.Proposals);
        Assert.Empty(plain.Client.Capabilities.Extensions);
        var founder = new Person("founder").Create();
        founder.Add([plain]);
        Assert.Equal("MLS-430", founder.Group.ProposeSelfRemove().Error.Rule);
        Assert.Equal("MLS-430", plain.Refusal(Forge.Proposal(founder, new Proposal.SelfRemove())));

        // A SelfRemove demands a path, application data does not.
        var leave = cathy.Group.ProposeSelfRemove().Value;
        alice.Take(leave.Message);
        bob.Take(leave.Message);
        var reference = new ProposalOrRef.ByReference(alice.State.Stored[0].Reference);
        Assert.Equal("MLS-501", bob.Refusal(CommitOf(alice, reference)));
        var sparing = new Person("alice", options: Words.Options with { OmitPathWhenAllowed = true }).Create();
        var other = new Person("bob", options: Words.Options);
        sparing.Add([other]);
        var key = sparing.State.Tree.Leaf(0)!.EncryptionKey.ToArray();
        sparing.Commit(new CommitRequest { AppDataUpdates = [Words.Append("x")], AppEphemeral = [Words.Ephemeral("y")] }, other);
        Assert.Equal(key, sparing.State.Tree.Leaf(0)!.EncryptionKey.ToArray());
        Assert.Equal("x", Words.Of(other.Group));
    }

    [Fact]
    [Covers("MLS-435")]
    public void GroupContextExtensions_ChangingTheDictionary_RefusedWhereAppDataUpdateIsRequired()
    {
        var dictionary = AppDataDictionary.Empty.With(Words.Component, "a"u8.ToArray()).ToExtension();
        var changed = AppDataDictionary.Empty.With(Words.Component, "b"u8.ToArray()).ToExtension();
        var required = new Extension(ExtensionTypes.RequiredCapabilities, Codec.Encode(new RequiredCapabilities([], [ProposalTypes.AppDataUpdate], [])));
        alice.Commit(new CommitRequest { GroupContextExtensions = [dictionary] }, bob, cathy);
        alice.Commit(new CommitRequest { GroupContextExtensions = [changed] }, bob, cathy); // allowed: AppDataUpdate is not required
        alice.Commit(new CommitRequest { GroupContextExtensions = [changed, required] }, bob, cathy);

        Assert.Equal("MLS-435", alice.Group.Commit(new CommitRequest { GroupContextExtensions = [dictionary, required] }).Error.Rule);
        Assert.Equal("MLS-435", bob.Refusal(Forge.Proposal(alice, new Proposal.GroupContextExtensions([required]))));
        Assert.Equal("MLS-435", bob.Refusal(Forge.Proposal(alice, new Proposal.GroupContextExtensions([dictionary]))));

        alice.Commit(new CommitRequest { GroupContextExtensions = [changed], AppDataUpdates = [Words.Append("c")] }, bob, cathy);
        Assert.Equal("bc", Words.Of(cathy.Group));
    }

    [Fact]
    [Covers("MLS-403", "MLS-404", "MLS-410", "MLS-436", "MLS-437")]
    public void SelfRemove_OutOfPlace_Refused()
    {
        Assert.Equal("MLS-436", bob.Refusal(Forge.Commit(alice, new Proposal.SelfRemove())));
        var hub = new Person("hub");
        alice.Commit(
            new CommitRequest { GroupContextExtensions = [ExternalProposer.ExternalSenders([(hub.Key.PublicKey, hub.Client.Credential)])] }, bob, cathy);
        Assert.Equal("MLS-436", bob.Refusal(Forge.Proposal(alice, new Proposal.SelfRemove(), new Sender.External(0), hub.Key)));
        Assert.Equal("MLS-436", bob.Refusal(Encrypted(alice, new Proposal.SelfRemove())));

        var leave = cathy.Group.ProposeSelfRemove().Value;
        cathy.Group = leave.NewState;
        Assert.Equal("MLS-437", cathy.Group.ProposeSelfRemove().Error.Rule);
        alice.Take(leave.Message);
        bob.Take(leave.Message);
        var reference = new ProposalOrRef.ByReference(alice.State.Stored[0].Reference);
        Assert.Equal("MLS-404", bob.Refusal(CommitOf(alice, reference, new ProposalOrRef.ByValue(new Proposal.Remove(cathy.Leaf)))));
        Assert.Equal("MLS-404", bob.Refusal(CommitOf(alice, new ProposalOrRef.ByValue(new Proposal.Remove(cathy.Leaf)), reference)));
        Assert.Equal("MLS-403", bob.Refusal(CommitOf(cathy, reference)));
        var update = alice.Group.ProposeUpdate().Value;
        bob.Take(update.Message);
        var joining = new Person("erin").Client.JoinExternally(alice.Group.CreateGroupInfo()).Value.Commit;
        Assert.Equal("MLS-410", bob.Refusal(With(joining, new ProposalOrRef.ByReference(update.NewState.State.Stored[^1].Reference))));

        alice.Commit(new CommitRequest { Remove = [cathy.Leaf] }, bob, cathy);
        Assert.False(cathy.Group.IsActive);
        Person.AssertAgree(alice, bob);

        byte[] With(byte[] encoded, ProposalOrRef more)
        {
            var commit = ((Content.OfCommit)((MlsMessage.OfPublicMessage)Codec.Decode<MlsMessage>(encoded)).Message.Content.Content).Commit;
            var erin = new Person("erin");
            var path = commit.Path! with { Leaf = Forge.Leaf(erin, new LeafNodeSource.Commit(new byte[32]), place: new LeafPlace(alice.Group.GroupId, 3)) };
            return Forge.Public(
                alice, new Content.OfCommit(new Commit([.. commit.Proposals, more], path)), new Sender.NewMemberCommit(), erin.Key);
        }
    }

    [Fact]
    [Covers("MLS-120", "MLS-121", "MLS-122")]
    public void Leaf_ThatLacksWhatTheGroupDemands_Refused()
    {
        var unsorted = new Extension(ExtensionTypes.AppDataDictionary, new byte[] { 6, 0, 9, 0, 0, 8, 0 });
        var twice = new Extension(ExtensionTypes.AppDataDictionary, new byte[] { 6, 0, 9, 0, 0, 9, 0 });
        Assert.Equal("MLS-120", AppDataDictionary.Read([unsorted]).Error.Rule);
        Assert.Equal("MLS-120", AppDataDictionary.Read([twice]).Error.Rule);
        Assert.Equal("MLS-120", alice.Client.CreateGroup("g"u8.ToArray(), [twice]).Error.Rule);
        var capable = bob.Client.Capabilities;
        Assert.Equal("MLS-120", Forge.Verdict(Forge.KeyPackage(bob, Forge.Leaf(bob, Forge.Lifetime, capabilities: capable, extensions: [unsorted]))));

        var formats = new Extension(ExtensionTypes.RequiredWireFormats, new byte[] { 2, 0, 0x0b });
        var semiPrivate = new MlsOptions { SupportedWireFormats = [0x000b] };
        var first = new Person("first", options: semiPrivate);
        first.Group = first.Client.CreateGroup("formats"u8.ToArray(), [formats]).Value;
        Assert.Equal("MLS-121", first.Group.AddMembers([bob.Verified]).Error.Rule);
        Assert.Equal("MLS-414", alice.Client.CreateGroup("formats"u8.ToArray(), [formats]).Error.Rule);
        Assert.True(first.Group.AddMembers([new Person("second", options: semiPrivate).Verified]).IsOk);

        var components = AppDataDictionary.Empty
            .With(ComponentId.AppComponents, AppDataDictionary.WriteComponentList([ComponentId.AppComponents, ComponentId.SafeAad, Words.Component])).ToExtension();
        var words = new Person("words", options: Words.Options);
        words.Group = words.Client.CreateGroup("components"u8.ToArray(), [components]).Value;
        Assert.Equal("MLS-122", words.Group.AddMembers([new Person("without").Verified]).Error.Rule);
        Assert.True(words.Group.AddMembers([new Person("with", options: Words.Options).Verified]).IsOk);
    }

    [Fact]
    [Covers("MLS-320")]
    public void AuthenticatedData_WithoutSafeAad_RefusedWhereTheGroupDemandsIt()
    {
        var rest = "free"u8.ToArray();
        Assert.Equal(rest, Heard(bob, alice.Group.Encrypt("x"u8, rest).Value.PrivateMessage)); // nothing is demanded yet
        var safe = AppDataDictionary.Empty.With(ComponentId.SafeAad, AppDataDictionary.WriteComponentList([])).ToExtension();
        alice.Commit(new CommitRequest { GroupContextExtensions = [safe] }, bob, cathy);

        Assert.Equal("MLS-320", alice.Group.Encrypt("x"u8, rest).Error.Rule);
        Assert.Equal("MLS-320", alice.Group.Commit(new CommitRequest { AuthenticatedData = rest }).Error.Rule);
        Assert.Equal("MLS-320", bob.Refusal(Forge.Proposal(alice, new Proposal.Remove(cathy.Leaf))));
        var careless = new MlsGroup(alice.Client, alice.State with { DemandsSafeAad = false });
        Assert.Equal("MLS-320", bob.Refusal(careless.Encrypt("x"u8, rest).Value.PrivateMessage));

        var items = AppDataDictionary.Empty.With(Words.Component, "item"u8.ToArray());
        Assert.Equal("MLS-320", alice.Group.Encrypt("x"u8, SafeAad.Frame(items, rest)).Error.Rule);
        Assert.Equal("MLS-320", bob.Refusal(careless.Encrypt("x"u8, SafeAad.Frame(items, rest)).Value.PrivateMessage));
        var read = SafeAad.Read(Heard(bob, alice.Group.Encrypt("x"u8, SafeAad.Frame(items)).Value.PrivateMessage)).Value;
        Assert.Equal("item"u8.ToArray(), read.Items.Find(Words.Component)!.Value.ToArray());
        Assert.Equal([0], Heard(bob, alice.Group.Encrypt("x"u8).Value.PrivateMessage));
        var update = cathy.Group.ProposeUpdate().Value;
        cathy.Group = update.NewState;
        alice.Take(update.Message);
        bob.Take(update.Message);
        alice.Commit(new CommitRequest(), bob, cathy);
        var dave = new Person("dave");
        var join = dave.Client.JoinExternally(alice.Group.CreateGroupInfo()).Value;
        Assert.IsType<Processed.CommitApplied>(new MlsGroup(bob.Client, bob.State).Process(join.Commit).Value);

        // A joiner brings along only what members have taken.
        MlsResult<ExternalJoinResult> Bringing(byte[] selfRemove) =>
            dave.Client.JoinExternally(alice.Group.CreateGroupInfo(), new ExternalJoinRequest { SelfRemoves = [selfRemove] });
        Assert.Equal("MLS-320", Bringing(Forge.Proposal(cathy, new Proposal.SelfRemove())).Error.Rule);
        var leave = cathy.Group.ProposeSelfRemove().Value.Message;
        bob.Take(leave);
        Assert.IsType<Processed.CommitApplied>(bob.Take(Bringing(leave).Value.Commit));
    }

    [Fact]
    [Covers("MLS-911")]
    public void SafeExportSecret_ASecondTime_Refused()
    {
        var first = alice.Group.SafeExportSecret(7).Value;
        Assert.Equal("MLS-911", first.NewState.SafeExportSecret(7).Error.Rule);
        Assert.Equal(bob.Group.SafeExportSecret(7).Value.Secret, first.Secret);
        Assert.NotEqual(first.Secret, first.NewState.SafeExportSecret(8).Value.Secret);
        first.Consumed.Erase();
        Assert.Equal(bob.Group.SafeExportSecret(0xffff).Value.Secret, first.NewState.SafeExportSecret(0xffff).Value.Secret);

        var reloaded = alice.Client.ImportGroup(first.NewState.Export()).Value;
        Assert.Equal("MLS-911", reloaded.SafeExportSecret(7).Error.Rule);
        Assert.Equal(bob.Group.SafeExportSecret(6).Value.Secret, reloaded.SafeExportSecret(6).Value.Secret);
        Assert.True(reloaded.Update().Value.NewState.SafeExportSecret(7).IsOk);
    }

    private static byte[] Heard(Person person, byte[] message) =>
        Assert.IsType<Processed.ApplicationMessage>(person.Group.Process(message).Value).AuthenticatedData.ToArray();

    private static byte[] CommitOf(Person person, params ProposalOrRef[] proposals) =>
        Forge.Public(person, new Content.OfCommit(new Commit(proposals, null)));

    private static byte[] Encrypted(Person person, Proposal proposal)
    {
        var content = new FramedContent(
            person.Group.GroupId, person.Group.Epoch, new Sender.Member(person.Leaf), ReadOnlyMemory<byte>.Empty, new Content.OfProposal(proposal));
        var signed = AuthenticatedContent.Sign(person.Key, WireFormat.PrivateMessage, content, person.State.EncodedContext);
        return MessageProtection.Protect(
            person.State.Suite, signed, person.State.SecretTree, person.State.Secrets.SenderData, 0, person.Client.Random, new ConsumedSecrets()).Message;
    }
}
