using FsCheck;
using FsCheck.Fluent;
using Interconnect.Mls.Components;
using Interconnect.Mls.Encoding;
using Interconnect.Mls.Messages;
using Interconnect.Mls.Tests.Groups;
using Interconnect.Mls.Tests.Rules;
using Interconnect.Mls.Tree;

namespace Interconnect.Mls.Tests.Components;

public sealed class ComponentCodecTests
{
    [Fact]
    public void Proposals_OfTheDraft_AreTheBytesThatItSays()
    {
        Assert.Equal([0, 8, 1, 2, 1, 2, 0xaa, 0xbb], Codec.Encode<Proposal>(new Proposal.AppDataUpdate(0x0102, new byte[] { 0xaa, 0xbb })));
        Assert.Equal([0, 8, 1, 2, 1, 0], Codec.Encode<Proposal>(new Proposal.AppDataUpdate(0x0102, ReadOnlyMemory<byte>.Empty)));
        Assert.Equal([0, 8, 1, 2, 2], Codec.Encode<Proposal>(new Proposal.AppDataUpdate(0x0102, null)));
        Assert.Equal([0, 9, 1, 2, 1, 0xaa], Codec.Encode<Proposal>(new Proposal.AppEphemeral(0x0102, new byte[] { 0xaa })));
        Assert.Equal([0, 10], Codec.Encode<Proposal>(new Proposal.SelfRemove()));
        Assert.Equal([7, 0, 1, 1, 0xaa, 0, 2, 0], Dictionary([(2, []), (1, [0xaa])]).ToExtension().Data.ToArray());
    }

    [Theory]
    [InlineData("MLS-006", new byte[] { 0, 8, 1, 2, 0 })]
    [InlineData("MLS-006", new byte[] { 0, 8, 1, 2, 3, 0 })]
    [InlineData("MLS-001", new byte[] { 0, 8, 1, 2, 1 })]
    [InlineData("MLS-002", new byte[] { 0, 8, 1, 2, 2, 0 })]
    [InlineData("MLS-002", new byte[] { 0, 10, 0 })]
    [InlineData("MLS-003", new byte[] { 0, 9, 1, 2, 0x40, 0x01, 0xaa })]
    [InlineData("MLS-006", new byte[] { 0, 11 })]
    [InlineData("MLS-006", new byte[] { 0x0a, 0x0a, 0 })]
    public void Proposal_Malformed_Refused(string rule, byte[] bytes) =>
        Assert.Equal(rule, Forge.RuleOf(() => Codec.Decode<Proposal>(bytes)));

    [Fact]
    public void Dictionary_AnyEntries_AreSortedAndComeBack()
    {
        Prop.ForAll<Tuple<ushort, byte[]>[]>(entries =>
        {
            var dictionary = Dictionary(entries.Select(entry => (entry.Item1, entry.Item2)));
            var back = AppDataDictionary.Read([dictionary.ToExtension()]).Value;
            var ids = back.Components.Select(entry => entry.ComponentId).ToList();
            return ids.SequenceEqual(entries.Select(entry => entry.Item1).Distinct().Order())
                && entries.Reverse().DistinctBy(entry => entry.Item1).All(entry => back.Find(entry.Item1)!.Value.Span.SequenceEqual(entry.Item2))
                && ids.All(id => back.Without(id).Find(id) is null);
        }).QuickCheckThrowOnFailure();
    }

    [Fact]
    public void SafeAad_AnyItemsAndRest_ComeApartAgain()
    {
        Prop.ForAll<Tuple<ushort, byte[]>[], byte[]>((entries, rest) =>
        {
            var items = Dictionary(entries.Select(entry => (entry.Item1, entry.Item2)));
            var read = SafeAad.Read(SafeAad.Frame(items, rest)).Value;
            return read.Rest.Span.SequenceEqual(rest) && read.Items.Components.Count == items.Components.Count;
        }).QuickCheckThrowOnFailure();
    }

    [Fact]
    public void Decoders_AnyBytes_OnlyRefuse()
    {
        Prop.ForAll<byte[]>(bytes =>
        {
            var extension = new Extension(ExtensionTypes.AppDataDictionary, bytes);
            var asDictionary = AppDataDictionary.Read([extension]);
            if (asDictionary.IsOk && !asDictionary.Value.ToExtension().Data.Span.SequenceEqual(bytes))
            {
                return false;
            }

            var asAad = SafeAad.Read(bytes);
            return !asAad.IsOk || SafeAad.Frame(asAad.Value.Items, asAad.Value.Rest.Span).AsSpan().SequenceEqual(bytes);
        }).QuickCheckThrowOnFailure();
    }

    [Fact]
    public void GroupExtensions_DamagedAnywhere_OnlyRefuse()
    {
        var random = new Random(8);
        var alice = new Person("alice", options: Words.Options);
        byte[] dictionary = AppDataDictionary.Empty
            .With(ComponentId.AppComponents, AppDataDictionary.WriteComponentList([Words.Component]))
            .With(ComponentId.SafeAad, AppDataDictionary.WriteComponentList([]))
            .ToExtension().Data.ToArray();
        var accepted = 0;
        for (var round = 0; round < 300; round++)
        {
            var damaged = (byte[])dictionary.Clone();
            damaged[random.Next(damaged.Length)] = (byte)random.Next(256);
            foreach (var type in new ushort[] { 5, 6, 8 })
            {
                accepted += alice.Client.CreateGroup("g"u8.ToArray(), [new Extension(type, damaged)]).IsOk ? 1 : 0;
            }
        }

        Assert.InRange(accepted, 1, 300);
        Assert.True(alice.Client.CreateGroup("g"u8.ToArray(), [new Extension(6, dictionary)]).IsOk);
    }

    [Fact]
    public void Messages_WithWhatIsNew_DamagedAnywhere_OnlyRefuse()
    {
        var options = Words.Options with { FindExternalPsk = _ => [1] };
        var alice = new Person("alice", options: options).Create();
        var bob = new Person("bob", options: options);
        var cathy = new Person("cathy", options: options);
        alice.Add([bob, cathy]);
        var leave = cathy.Group.ProposeSelfRemove().Value.Message;
        bob.Take(leave);
        alice.Take(leave);
        var commit = alice.Group.Commit(new CommitRequest
        {
            AppDataUpdates = [Words.Append("x")], AppEphemeral = [Words.Ephemeral("y")], ExternalPsks = [new byte[] { 1 }], Successor = new Person("alice", options: options).Client,
        }).Value.Commit;
        var join = new Person("dave", options: options).Client.JoinExternally(
            alice.Group.CreateGroupInfo(), new ExternalJoinRequest { SelfRemoves = [leave], ExternalPsks = [new byte[] { 2 }], AppDataUpdates = [Words.Append("z")] }).Value.Commit;
        var knock = new Person("erin", options: options);
        var proposal = knock.Client.ProposeJoin(alice.Group.GroupId, alice.Group.Epoch, knock.Bundle).Value;
        var random = new Random(9);
        foreach (var message in new[] { commit, join, proposal, leave })
        {
            for (var round = 0; round < 250; round++)
            {
                var damaged = (byte[])message.Clone();
                damaged[random.Next(damaged.Length)] ^= (byte)(1 << random.Next(8));
                Assert.False(bob.Group.Process(random.Next(8) == 0 ? damaged.AsMemory(0, random.Next(damaged.Length)) : damaged).IsOk);
            }

            Assert.True(bob.Group.Process(message).IsOk);
        }
    }

    [Fact]
    public void WelcomeOfASuccessor_DamagedAnywhere_OnlyRefuses()
    {
        var (alice, bob) = Scenarios.Pair();
        var proposal = bob.Group.ProposeReInit("next"u8.ToArray(), CipherSuite.Get(3), []).Value;
        bob.Group = proposal.NewState;
        alice.Take(proposal.Message);
        alice.Commit(new CommitRequest(), bob);
        var next = new Person("bob", suite: 3);
        var welcome = new Person("alice", suite: 3).Client.CreateSuccessor(alice.Group, [next.Verified]).Value.Welcome!;
        var random = new Random(10);
        for (var round = 0; round < 300; round++)
        {
            var damaged = (byte[])welcome.Clone();
            damaged[random.Next(damaged.Length)] ^= (byte)(1 << random.Next(8));
            Assert.False(next.Client.Join(damaged, [next.Bundle], related: bob.Group).IsOk);
        }

        Assert.True(next.Client.Join(welcome, [next.Bundle], related: bob.Group).IsOk);
    }

    private static AppDataDictionary Dictionary(IEnumerable<(ushort Id, byte[] Data)> entries) =>
        entries.Aggregate(AppDataDictionary.Empty, (dictionary, entry) => dictionary.With(entry.Id, entry.Data));
}
