using System.Collections.Immutable;
using Interconnect.Mls.Encoding;
using Interconnect.Mls.Framing;
using Interconnect.Mls.Messages;
using Interconnect.Mls.Schedule;
using Interconnect.Mls.Tests.Groups;

namespace Interconnect.Mls.Tests.Rules;

public sealed class MessageRulesTests
{
    private readonly Person alice;
    private readonly Person bob;

    public MessageRulesTests() => (alice, bob) = Scenarios.Pair();

    private static Content AnyProposal => new Content.OfProposal(new Proposal.Remove(0));

    [Fact]
    [Covers("MLS-001", "MLS-002", "MLS-007", "MLS-008", "MLS-301", "MLS-302")]
    public void Message_CutLongForeignOrOld_Refused()
    {
        var commit = alice.Group.Update().Value.Commit;
        Assert.Equal("MLS-001", bob.Refusal(commit[..^1]));
        Assert.Equal("MLS-002", bob.Refusal([.. commit, 0]));
        Assert.Equal("MLS-008", bob.Refusal(alice.Group.CreateGroupInfo()));
        Assert.Equal("MLS-301", bob.Refusal(Forge.Public(alice, AnyProposal, groupId: "other"u8.ToArray())));
        var small = new Person("small", options: new MlsOptions { MaxMessageSize = 100 }).Create();
        Assert.Equal("MLS-007", small.Refusal(commit));

        bob.Take(commit);
        Assert.Equal("MLS-302", bob.Refusal(commit));
    }

    [Fact]
    [Covers("MLS-208", "MLS-304", "MLS-305", "MLS-311", "MLS-312")]
    public void PublicMessage_WronglyAuthenticated_Refused()
    {
        Assert.Equal("MLS-208", bob.Refusal(Forge.Public(alice, AnyProposal, new Sender.Member(9))));
        Assert.Equal("MLS-304", bob.Refusal(Forge.Public(alice, AnyProposal, key: bob.Key)));
        Assert.Equal("MLS-305", bob.Refusal(Forge.Public(alice, AnyProposal, membershipTag: new byte[32])));
        Assert.Equal("MLS-311", bob.Refusal(Forge.Public(alice, new Content.Application("clear"u8.ToArray()))));
        Assert.Equal("MLS-312", alice.Refusal(Forge.Public(alice, AnyProposal)));
        Assert.IsType<Processed.ProposalStored>(bob.Take(Forge.Public(alice, AnyProposal)));
    }

    [Fact]
    [Covers("MLS-303", "MLS-306", "MLS-307", "MLS-310", "MLS-312")]
    public void PrivateMessage_Damaged_Refused()
    {
        var genuine = ((MlsMessage.OfPrivateMessage)Codec.Decode<MlsMessage>(alice.Group.Encrypt("x"u8).Value.PrivateMessage)).Message;
        Assert.Equal("MLS-303", bob.Refusal(Encode(genuine with { Epoch = 77 })));
        Assert.Equal("MLS-306", bob.Refusal(Encode(genuine with { EncryptedSenderData = Forge.Flip(genuine.EncryptedSenderData.ToArray(), 0) })));
        Assert.Equal("MLS-307", bob.Refusal(Encode(genuine with { Ciphertext = Forge.Flip(genuine.Ciphertext.ToArray(), ^1) })));
        Assert.Equal("MLS-307", bob.Refusal(Encode(genuine with { AuthenticatedData = new byte[] { 1 } })));
        Assert.Equal("MLS-310", bob.Refusal(Forge.WithPadding(alice, 1)));
        Assert.Equal("MLS-312", alice.Refusal(Encode(genuine)));

        Assert.IsType<Processed.ApplicationMessage>(bob.Group.Process(Forge.WithPadding(alice, 0)).Value);
        Assert.IsType<Processed.ApplicationMessage>(bob.Group.Process(Encode(genuine)).Value);
    }

    [Fact]
    [Covers("MLS-308", "MLS-309", "MLS-315")]
    public void Ratchet_BeforeOrBehindItsWindow_Refused()
    {
        var suite = CipherSuite.Get(1);
        var ratchet = SecretRatchet.Start(new byte[32]);
        var window = new RatchetWindow(4, 2);
        var consumed = new ConsumedSecrets();
        Assert.Equal("MLS-309", Forge.RuleOf(() => ratchet.Take(suite, 5, window, consumed)));
        var (after, fourth) = ratchet.Take(suite, 4, window, consumed);
        Assert.Equal("MLS-308", Forge.RuleOf(() => after.Take(suite, 4, window, consumed)));
        Assert.Equal("MLS-308", Forge.RuleOf(() => after.Take(suite, 1, window, consumed)));
        var last = new SecretRatchet(new byte[32], uint.MaxValue, ImmutableSortedDictionary<uint, MessageKey>.Empty);
        Assert.Equal("MLS-315", Forge.RuleOf(() => last.Advance(suite, consumed)));

        Assert.Equal(16, fourth.Key.Length);
        Assert.Equal(2, after.Skipped.Count);
        Assert.Single(after.Take(suite, 3, window, consumed).Next.Skipped);
    }

    [Fact]
    [Covers("MLS-313", "MLS-314", "MLS-417")]
    public void ExternalSender_UnknownOrOverreaching_Refused()
    {
        var hub = new Person("hub");
        var entry = new Mls.Groups.ExternalSender(hub.Key.PublicKey, hub.Client.Credential);
        using var list = new MlsWriter();
        Codec.WriteVector(list, [entry]);
        var senders = new Extension(5, list.ToArray());

        var first = new Sender.External(0);
        Assert.Equal("MLS-314", bob.Refusal(Forge.Proposal(alice, new Proposal.Remove(0), first, hub.Key)));
        alice.Commit(new CommitRequest { GroupContextExtensions = [senders] }, bob);
        Assert.Equal("MLS-314", bob.Refusal(Forge.Proposal(alice, new Proposal.Remove(0), new Sender.External(1), hub.Key)));
        Assert.Equal("MLS-304", bob.Refusal(Forge.Proposal(alice, new Proposal.Remove(0), first)));
        Assert.Equal("MLS-313", bob.Refusal(Forge.Public(alice, new Content.OfCommit(new Commit([], null)), first, hub.Key)));
        Assert.Equal("MLS-313", bob.Refusal(Forge.Proposal(alice, new Proposal.Remove(0), new Sender.NewMemberProposal())));
        Assert.Equal("MLS-417", bob.Refusal(Forge.Proposal(alice, new Proposal.ExternalInit(new byte[32]), first, hub.Key)));

        var stored = Assert.IsType<Processed.ProposalStored>(bob.Take(Forge.Proposal(alice, new Proposal.Remove(0), first, hub.Key)));
        Assert.Null(stored.Proposer);
        var cathy = new Person("cathy");
        var knock = Forge.Proposal(alice, new Proposal.Add(cathy.Verified.KeyPackage), new Sender.NewMemberProposal(), cathy.Key);
        Assert.Equal(1, Assert.IsType<Processed.ProposalStored>(bob.Take(knock)).ProposalType);
    }

    [Fact]
    [Covers("MLS-510", "MLS-512")]
    public void Group_AtItsEnd_Refuses()
    {
        var removal = alice.Group.RemoveMembers([bob.Leaf]).Value;
        var update = bob.Group.Update();
        Assert.True(update.IsOk);
        bob.Take(removal.Commit);
        Assert.Equal("MLS-510", bob.Group.ProposeUpdate().Error.Rule);
        Assert.Equal("MLS-510", bob.Refusal(removal.Commit));
        var last = alice.State.Context with { Epoch = ulong.MaxValue };
        Assert.Equal("MLS-512", Forge.RuleOf(() => Mls.Groups.EpochTransition.Provisional(last, alice.State.Tree, [])));
    }

    private static byte[] Encode(PrivateMessage message) => Codec.Encode<MlsMessage>(new MlsMessage.OfPrivateMessage(message));
}
