using Interconnect.Mls.Encoding;
using Interconnect.Mls.Schedule;
using Interconnect.Mls.Tests.Rules;
using Interconnect.Mls.Tree;

namespace Interconnect.Mls.Tests.Groups;

public sealed class IdentityScenarios
{
    [Theory]
    [MemberData(nameof(Scenarios.Suites), MemberType = typeof(Scenarios))]
    public void Alice_changes_her_signature_key_by_a_commit(ushort suite)
    {
        var alice = new Person("alice", suite).Create();
        var bob = new Person("bob", suite);
        alice.Add([bob]);
        var renewed = new Person("alice", suite);
        var late = alice.Say("under the old key");
        var commit = alice.Group.Commit(new CommitRequest { Successor = renewed.Client }).Value;
        bob.Take(commit.Commit);
        renewed.Group = commit.NewState;
        Person.AssertAgree(renewed, bob);
        Assert.Equal(renewed.Key.PublicKey.ToArray(), bob.Group.Members[0].SignatureKey.ToArray());
        Assert.Equal("under the new key", bob.Hear(renewed.Say("under the new key")));
        Assert.Equal("under the old key", bob.Hear(late));
        Assert.Equal("MLS-803", alice.Client.ImportGroup(commit.NewState.Export()).Error.Rule);
        renewed.Group = renewed.Client.ImportGroup(commit.NewState.Export()).Value;
        renewed.Commit(new CommitRequest(), bob);
        Person.AssertAgree(renewed, bob);
        Assert.True(new Person("cathy", suite).Client.JoinExternally(renewed.Group.CreateGroupInfo()).IsOk);
    }

    [Fact]
    [Covers("MLS-804")]
    public void Alices_new_signature_key_comes_into_force_when_somebody_commits_her_update()
    {
        var (alice, bob) = Scenarios.Pair();
        var renewed = new Person("alice");
        var proposal = alice.Group.ProposeUpdate(renewed.Client).Value;
        bob.Take(proposal.Message);
        var stored = proposal.NewState.Export();
        var commit = bob.Group.Update().Value;
        bob.Group = commit.NewState;

        // The state does not hold the new private key, so after a restart the new client is given along.
        Assert.Equal("MLS-804", alice.Client.ImportGroup(stored).Value.Process(commit.Commit).Error.Rule);
        Assert.Equal("MLS-804", alice.Client.ImportGroup(stored, new Person("alice").Client).Value.Process(commit.Commit).Error.Rule);
        foreach (var waiting in new[] { proposal.NewState, alice.Client.ImportGroup(stored, renewed.Client).Value })
        {
            renewed.Group = waiting.Process(commit.Commit).Value.NewState;
            Person.AssertAgree(renewed, bob);
            Assert.True(bob.Group.Process(renewed.Group.Encrypt("x"u8).Value.PrivateMessage).IsOk);
            Assert.True(renewed.Client.ImportGroup(renewed.Group.Export()).IsOk);
        }
    }

    [Fact]
    [Covers("MLS-207", "MLS-418", "MLS-901")]
    public void A_change_of_identity_needs_the_applications_consent()
    {
        var (alice, bob) = Scenarios.Pair();
        var mallory = new Person("mallory");
        Assert.Equal("MLS-418", alice.Group.Commit(new CommitRequest { Successor = mallory.Client }).Error.Rule);
        Assert.Equal("MLS-418", alice.Group.ProposeUpdate(mallory.Client).Error.Rule);
        Assert.Equal("MLS-901", alice.Group.Commit(new CommitRequest { Successor = new Person("alice", suite: 3).Client }).Error.Rule);
        var borrowed = new MlsClient("alice"u8.ToArray(), bob.Key, UnsafeAcceptAnyCredential.Instance, alice.Clock);
        Assert.Equal("MLS-207", alice.Group.Commit(new CommitRequest { Successor = borrowed }).Error.Rule);

        // Alice's own application agrees to a new name, Bob's does not.
        var lenient = new Person("alice", authentication: new Renaming()).Create();
        bob = new Person("bob");
        lenient.Add([bob]);
        var renamed = lenient.Group.Commit(new CommitRequest { Successor = mallory.Client }).Value;
        Assert.Equal("MLS-418", bob.Refusal(renamed.Commit));
        var easygoing = new Person("easygoing", authentication: new Renaming());
        var added = lenient.Group.AddMembers([easygoing.Verified]).Value;
        easygoing.Group = easygoing.Client.Join(added.Welcome!, [easygoing.Bundle]).Value.NewState;
        easygoing.Take(added.NewState.Commit(new CommitRequest { Successor = mallory.Client }).Value.Commit);
        Assert.Equal("mallory"u8.ToArray(), easygoing.Group.Members[0].Credential.Identity.ToArray());
    }

    [Fact]
    public void A_last_resort_package_is_used_twice_and_others_once()
    {
        var bob = new Person("bob");
        using var lastResort = bob.Client.CreateKeyPackage(TimeSpan.FromDays(30), lastResort: true);
        var verified = KeyPackages.Verify(lastResort.KeyPackage, Person.Start).Value;
        Assert.True(verified.IsLastResort);
        Assert.False(bob.Verified.IsLastResort);
        Assert.True(KeyPackageBundle.Import(lastResort.Export()).Value.IsLastResort);

        // Marked for directories of today, too, and read when marked for them only. Every type is in the capabilities.
        var both = new Person("both", options: new MlsOptions { LastResortExtensionOfEarlierDrafts = true });
        using var marked = both.Client.CreateKeyPackage(TimeSpan.FromDays(1), lastResort: true);
        var markedPackage = KeyPackages.Verify(marked.KeyPackage, Person.Start).Value;
        Assert.Equal([6, 10], markedPackage.Extensions.Select(extension => (int)extension.Type));
        Assert.All(markedPackage.Extensions, extension => Assert.Contains(extension.Type, both.Client.Capabilities.Extensions));
        var earlier = Forge.KeyPackage(both, Forge.Leaf(both, Forge.Lifetime), extensions: [new Extension(0x000a, default)]);
        Assert.True(KeyPackages.Verify(Forge.Encode(earlier), Person.Start).Value.IsLastResort);
        var without = new Person("without", options: new MlsOptions { MlsExtensionsDraft = false });
        Assert.Throws<ArgumentException>(() => without.Client.CreateKeyPackage(TimeSpan.FromDays(1), lastResort: true));

        foreach (var name in new[] { "alice", "cathy" })
        {
            var creator = new Person(name).Create();
            var added = creator.Group.AddMembers([verified]).Value;
            var joined = bob.Client.Join(added.Welcome!, [bob.Bundle, lastResort]).Value;
            Assert.False(joined.DiscardUsed());
            Assert.Equal(added.NewState.EpochAuthenticator.ToArray(), joined.NewState.EpochAuthenticator.ToArray());
        }

        var once = new Person("dave").Create().Group.AddMembers([bob.Verified]).Value;
        Assert.True(bob.Client.Join(once.Welcome!, [bob.Bundle]).Value.DiscardUsed());
        Assert.Equal("MLS-903", bob.Client.Join(once.Welcome!, [bob.Bundle]).Error.Rule);
    }

    [Fact]
    public void What_nobody_knows_is_carried_unharmed()
    {
        var strange = new MlsOptions
        {
            Grease = true, SupportedCredentials = [1, 0x2a2a, 0xf123], SupportedExtensions = [0xf1f1], LeafExtensions = [new Extension(0xfafa, new byte[] { 1, 2, 3 })],
        };
        var unknown = new Extension(0xf1f1, new byte[] { 9, 9 });
        var alice = new Person("alice", options: strange).Create(unknown);
        var bob = new Person("bob", options: strange);
        alice.Add([bob]);
        var certified = new MlsClient(
            new MemberCredential(0xf123, new byte[] { 7, 7, 7 }), CipherSuite.Get(1).GenerateSignatureKeyPair(), UnsafeAcceptAnyCredential.Instance, alice.Clock, strange);
        using var bundle = certified.CreateKeyPackage(TimeSpan.FromDays(1));
        var added = alice.Group.AddMembers([KeyPackages.Verify(bundle.KeyPackage, Person.Start).Value]).Value;
        bob.Take(added.Commit);
        alice.Group = added.NewState;
        var third = certified.Join(added.Welcome!, [bundle]).Value.NewState;
        Assert.Equal(alice.Group.EpochAuthenticator.ToArray(), third.EpochAuthenticator.ToArray());
        var seen = bob.State.Tree.Leaf(2)!;
        Assert.Equal(0xf123, seen.Credential.Type);
        Assert.Equal([7, 7, 7], seen.Credential.Identity.ToArray());
        Assert.Equal([1, 2, 3], bob.Group.Members[2].Extensions.Find(0xfafa)!.Data.ToArray());
        Assert.Contains(seen.Capabilities.Proposals, number => (number & 0x0f0f) == 0x0a0a && number >> 12 == ((number >> 4) & 0xf));
        Assert.Equal([9, 9], bob.Group.Extensions.Find(0xf1f1)!.Data.ToArray());
        Assert.Equal("MLS-414", new Person("dave").Client.CreateGroup("g"u8.ToArray(), [unknown]).Error.Rule);
    }

    [Fact]
    public void The_tree_travels_beside_a_group_info_that_has_something_else_to_say()
    {
        var slim = new MlsOptions { RatchetTreeInGroupInfo = false };
        var alice = new Person("alice", options: slim).Create();
        var bob = new Person("bob");
        var note = new Extension(0xf00d, new byte[] { 4, 2 });
        Assert.Equal("MLS-110", alice.Group.Commit(new CommitRequest { GroupInfoExtensions = [note, note] }).Error.Rule);
        Assert.Throws<InvalidOperationException>(() => alice.Group.CreateGroupInfo([new Extension(ExtensionTypes.ExternalPub, new byte[1])]));
        var added = alice.Group.Commit(new CommitRequest { Add = [bob.Verified], GroupInfoExtensions = [note] }).Value;
        var tree = added.NewState.EncodeRatchetTree();
        Assert.Equal("MLS-606", bob.Client.Join(added.Welcome!, [bob.Bundle]).Error.Rule);
        var joined = bob.Client.Join(added.Welcome!, [bob.Bundle], tree).Value;
        Assert.Equal([4, 2], joined.GroupInfoExtensions.Find(0xf00d)!.Data.ToArray());
        var info = joined.NewState.CreateGroupInfo([note]);
        Assert.True(new Person("cathy").Client.JoinExternally(info).IsOk);
        Assert.Equal("MLS-606", new Person("cathy").Client.JoinExternally(added.NewState.CreateGroupInfo()).Error.Rule);
        Assert.True(new Person("cathy").Client.JoinExternally(added.NewState.CreateGroupInfo(), tree).IsOk);
    }

    [Fact]
    public void Component_secrets_are_those_of_the_drafts_tree()
    {
        var suite = CipherSuite.Get(1);
        var root = Enumerable.Range(0, 32).Select(i => (byte)i).ToArray();
        foreach (var component in new ushort[] { 0, 1, 2, 0x00ff, 0x8000, 0xffff })
        {
            var expected = root;
            for (var bit = 15; bit >= 0; bit--)
            {
                expected = suite.Kdf.ExpandWithLabel(expected, "tree"u8, ((component >> bit) & 1) == 0 ? "left"u8 : "right"u8, 32);
            }

            var consumed = new ConsumedSecrets();
            var (next, secret) = ExporterTree.Start((byte[])root.Clone()).Export(suite, component, consumed);
            Assert.Equal(expected, secret);
            Assert.Equal(16, next.Held.Count);
            Assert.Equal(17, consumed.Count);
            consumed.Erase();
            Assert.Equal(expected, secret);
        }
    }

    /// <summary>An application that lets anybody take any name.</summary>
    internal sealed class Renaming : IAuthenticationService
    {
        public bool Accepts(MemberCredential credential, ReadOnlyMemory<byte> signatureKey) => true;

        public bool IsValidSuccessor(MemberCredential current, MemberCredential successor) => true;
    }
}
