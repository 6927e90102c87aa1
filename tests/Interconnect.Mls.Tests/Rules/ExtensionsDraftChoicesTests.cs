using Interconnect.Mls.Components;
using Interconnect.Mls.Encoding;
using Interconnect.Mls.Messages;
using Interconnect.Mls.Tests.Groups;
using Interconnect.Mls.Tests.PublicGroups;
using Interconnect.Mls.Tree;

namespace Interconnect.Mls.Tests.Rules;

/// <summary>Each choice the other way than by default, and that a member with the default then judges differently where it is stricter.</summary>
public sealed class ExtensionsDraftChoicesTests
{
    private static readonly Extension A = AppDataDictionary.Empty.With(Words.Component, "a"u8.ToArray()).ToExtension();
    private static readonly Extension B = AppDataDictionary.Empty.With(Words.Component, "b"u8.ToArray()).ToExtension();
    private static readonly Extension UpdateRequired =
        new(ExtensionTypes.RequiredCapabilities, Codec.Encode(new RequiredCapabilities([], [ProposalTypes.AppDataUpdate], [])));

    [Fact]
    [Covers("MLS-435")]
    public void AlwaysProtectDictionary_WithoutAnyRequirement_RefusesAChange()
    {
        var (alice, bob) = Pair(new ExtensionsDraftChoices { AlwaysProtectDictionary = true });
        alice.Commit(new CommitRequest { AppDataUpdates = [Words.Append("a")] }, bob);
        Assert.Equal("MLS-435", alice.Group.Commit(new CommitRequest { GroupContextExtensions = [B] }).Error.Rule);
        Assert.Equal("MLS-435", bob.Refusal(Forge.Proposal(alice, new Proposal.GroupContextExtensions([B]))));
        Assert.Equal("MLS-435", bob.Refusal(Forge.Proposal(alice, new Proposal.GroupContextExtensions([]))));
        alice.Commit(new CommitRequest { GroupContextExtensions = [UpdateRequired, A] }, bob);
        Assert.Equal("a", Words.Of(bob.Group));
    }

    [Fact]
    [Covers("MLS-435")]
    public void RepeatProtectedDictionary_SwitchedOff_KeepsTheDictionaryThatIsLeftOut()
    {
        var (alice, bob) = Pair(new ExtensionsDraftChoices { RepeatProtectedDictionary = false });
        alice.Commit(new CommitRequest { GroupContextExtensions = [A] }, bob); // not protected yet
        alice.Commit(new CommitRequest { GroupContextExtensions = [UpdateRequired, B] }, bob);
        Assert.Equal("MLS-435", alice.Group.Commit(new CommitRequest { GroupContextExtensions = [UpdateRequired, B] }).Error.Rule);
        Assert.Equal("MLS-435", bob.Refusal(Forge.Commit(alice, new Proposal.GroupContextExtensions([UpdateRequired, B]))));

        var senders = ExternalProposer.ExternalSenders([(alice.Key.PublicKey, alice.Client.Credential)]);
        alice.Commit(new CommitRequest { GroupContextExtensions = [UpdateRequired, senders] }, bob);
        Assert.Equal("b", Words.Of(bob.Group));
        alice.Commit(new CommitRequest { GroupContextExtensions = [UpdateRequired, senders], AppDataUpdates = [Words.Append("c")] }, bob);
        Assert.Equal("bc", Words.Of(bob.Group));
        alice.Commit(new CommitRequest { GroupContextExtensions = [UpdateRequired, senders], AppDataUpdates = [new AppDataChange(Words.Component, null)] }, bob);
        alice.Commit(new CommitRequest { AppDataUpdates = [Words.Append("b")] }, bob);
        Assert.Equal([UpdateRequired.Type, senders.Type, ExtensionTypes.AppDataDictionary], bob.Group.Extensions.Select(extension => extension.Type));

        // Protection ends with the commit after the one that drops the requirement.
        alice.Commit(new CommitRequest { GroupContextExtensions = [] }, bob);
        Assert.Equal("b", Words.Of(bob.Group));
        alice.Commit(new CommitRequest { GroupContextExtensions = [] }, bob);
        Assert.Equal("(none)", Words.Of(bob.Group));
    }

    [Fact]
    [Covers("MLS-122")]
    public void EnforceRequiredComponents_SwitchedOff_TakesLeavesThatLackThem()
    {
        var required = AppDataDictionary.Empty
            .With(ComponentId.AppComponents, AppDataDictionary.WriteComponentList([Words.Component])).ToExtension();
        var lenient = new ExtensionsDraftChoices { EnforceRequiredComponents = false };
        var (alice, bob) = Pair(lenient, required);
        var strict = new Person("strict", options: Words.Options);
        alice.Add([strict], bob);
        var commit = alice.Group.AddMembers([new Person("without").Verified]).Value;
        Assert.Equal("MLS-122", strict.Refusal(commit.Commit));
        bob.Take(commit.Commit);
        Assert.Equal(commit.NewState.EpochAuthenticator, bob.Group.EpochAuthenticator);
    }

    [Fact]
    [Covers("MLS-120")]
    public void EnforceRequiredComponents_SwitchedOff_StillRefusesWhatIsNoDictionary()
    {
        var (alice, bob) = Pair(new ExtensionsDraftChoices { EnforceRequiredComponents = false });
        var server = ServerView.Of(bob);
        var twice = new Extension(ExtensionTypes.AppDataDictionary, (byte[])[6, 0x80, 0, 0, 0x80, 0, 0]);

        // Members would refuse the next epoch's context in any case; a server that took it would part from them.
        Assert.Equal("MLS-120", server.ReceiveCommit(Forge.Replacing(alice, twice)).Error.Rule);
        Assert.Equal("MLS-120", bob.Refusal(Forge.Replacing(alice, twice)));
        Assert.True(server.ReceiveCommit(Forge.Replacing(alice, A)).IsOk);
    }

    [Fact]
    [Covers("MLS-320")]
    public void AllowUnframedAuthenticatedData_TakesWhatFollowsTheItems()
    {
        var safe = AppDataDictionary.Empty.With(ComponentId.SafeAad, AppDataDictionary.WriteComponentList([])).ToExtension();
        var (alice, bob) = Pair(new ExtensionsDraftChoices { AllowUnframedAuthenticatedData = true }, safe);
        var strict = new Person("strict", options: Words.Options);
        alice.Add([strict], bob);
        var framed = SafeAad.Frame(AppDataDictionary.Empty.With(Words.Component, "item"u8.ToArray()), "free"u8);
        var message = alice.Group.Encrypt("x"u8, framed).Value;
        var heard = Assert.IsType<Processed.ApplicationMessage>(bob.Take(message.PrivateMessage));
        Assert.Equal("free"u8.ToArray(), SafeAad.Read(heard.AuthenticatedData).Value.Rest.ToArray());
        Assert.Equal("MLS-320", strict.Refusal(message.PrivateMessage));
        Assert.Equal("MLS-320", strict.Group.Encrypt("x"u8, framed).Error.Rule);
        Assert.Equal("MLS-320", strict.Refusal(alice.Group.Commit(new CommitRequest { AuthenticatedData = framed }).Value.Commit));
        Assert.Equal("MLS-320", alice.Group.Encrypt("x"u8, "free"u8).Error.Rule); // unframed alone stays refused
    }

    private static (Person Alice, Person Bob) Pair(ExtensionsDraftChoices choices, params Extension[] extensions)
    {
        var options = Words.Options with { ExtensionsDraftChoices = choices };
        var alice = new Person("alice", options: options);
        alice.Group = alice.Client.CreateGroup("group"u8.ToArray(), extensions).Value;
        var bob = new Person("bob", options: options);
        alice.Add([bob]);
        return (alice, bob);
    }
}
