using Interconnect.Mls.Encoding;
using Interconnect.Mls.Framing;
using Interconnect.Mls.Messages;
using Interconnect.Mls.PublicGroups;
using Interconnect.Mls.Tests.Groups;
using Interconnect.Mls.Tests.Rules;

namespace Interconnect.Mls.Tests.PublicGroups;

/// <summary>A server that follows a group by what goes past it. That it judges as members do is checked in every other test, by <see cref="ServerView"/>.</summary>
public sealed class FollowingTests
{
    private static readonly PublicGroupOptions Options = new() { Authentication = UnsafeAcceptAnyCredential.Instance, Clock = new FixedClock(Person.Start) };

    private readonly Person alice;
    private readonly Person bob;

    public FollowingTests() => (alice, bob) = Scenarios.Pair();

    [Fact]
    public void The_server_follows_proposals_and_commits_and_serves_who_joins()
    {
        var server = PublicGroup.Open(Options, alice.Group.CreateGroupInfo()).Value;
        var cathy = new Person("cathy");
        var (update, add) = (bob.Group.ProposeUpdate().Value, alice.Group.ProposeAdd(cathy.Verified).Value);
        bob.Group = update.NewState;
        alice.Take(update.Message);
        alice.Group = alice.Group.ProposeAdd(cathy.Verified).Value.NewState;
        bob.Take(add.Message);

        var commit = alice.Group.Update().Value;
        Assert.Equal("MLS-401", server.ReceiveCommit(commit.Commit).Error.Rule);
        server = server.ReceiveProposal(update.Message).Value.Next;
        Assert.Same(server, server.ReceiveProposal(update.Message).Value.Next);
        Assert.Equal("MLS-401", server.ReceiveCommit(commit.Commit).Error.Rule);
        var proposed = server.ReceiveProposal(add.Message).Value;
        Assert.Equal(((ushort)1, (byte)1, 0u), (proposed.Proposal.ProposalType, proposed.Proposal.SenderType, proposed.Proposal.SenderIndex!.Value));
        server = proposed.Next;
        Assert.Equal(2, server.PendingProposals.Count);
        Assert.Equal("MLS-313", server.ReceiveProposal(commit.Commit).Error.Rule);
        Assert.Equal("MLS-313", server.ReceiveCommit(update.Message).Error.Rule);

        var step = server.ReceiveCommit(commit.Commit, commit.GroupInfo).Value;
        Assert.Equal(Unverifiable.ConfirmationTag | Unverifiable.MembershipTag | Unverifiable.PathSecrets, step.Unchecked);
        Assert.Equal("cathy"u8.ToArray(), Assert.Single(step.Added).Credential.Identity.ToArray());
        Assert.Equal((0u, false), (step.Committer.LeafIndex, step.IsExternal));
        Assert.Equal([bob.Leaf], step.Updated);
        Assert.Empty(step.Next.PendingProposals);
        Assert.Equal(commit.NewState.State.Tree.TreeHash, step.Next.TreeHash.ToArray());
        server = step.Next;
        alice.Group = commit.NewState;
        bob.Take(commit.Commit);

        var dave = new Person("dave");
        var join = dave.Client.JoinExternally(server.GroupInfo!.Value, server.EncodeRatchetTree()).Value;
        step = server.ReceiveCommit(join.Commit, join.GroupInfo).Value;
        Assert.True(step.IsExternal && step.Unchecked.HasFlag(Unverifiable.ExternalInit) && !step.Unchecked.HasFlag(Unverifiable.MembershipTag));
        Assert.Equal("dave"u8.ToArray(), step.Committer.Credential.Identity.ToArray());
        Assert.Equal(4, step.Next.MemberCount);
        alice.Take(join.Commit);

        var removal = alice.Group.RemoveMembers([bob.Leaf]).Value;
        step = step.Next.ReceiveCommit(removal.Commit).Value;
        Assert.Equal("bob"u8.ToArray(), Assert.Single(step.Removed).Credential.Identity.ToArray());
        Assert.Null(step.Next.GroupInfo);
        alice.Group = removal.NewState;
        var erin = new Person("erin");
        var later = step.Next.WithGroupInfo(alice.Group.CreateGroupInfo()).Value;
        Assert.True(step.Next.ReceiveCommit(erin.Client.JoinExternally(later.GroupInfo!.Value).Value.Commit).IsOk);
    }

    [Fact]
    [Covers("MLS-203", "MLS-605", "MLS-608", "MLS-611")]
    public void GroupInfo_ThatIsNotWhatTheCommitMakes_Refused()
    {
        var server = PublicGroup.Open(Options, alice.Group.CreateGroupInfo()).Value;
        var commit = alice.Group.Update().Value;
        var next = commit.NewState;
        string Refusal(Func<GroupInfo, GroupInfo> change, bool sign = true)
        {
            var info = change(((MlsMessage.OfGroupInfo)Codec.Decode<MlsMessage>(commit.GroupInfo)).GroupInfo);
            return server.ReceiveCommit(commit.Commit, Forge.Encode(sign ? info.Sign(alice.Key) : info)).Error.Rule;
        }

        Assert.Equal("MLS-611", Refusal(info => info with { Context = info.Context with { TreeHash = new byte[32] } }));
        Assert.Equal("MLS-611", Refusal(info => info with { Context = info.Context with { ConfirmedTranscriptHash = new byte[32] } }));
        Assert.Equal("MLS-611", Refusal(info => info with { Context = info.Context with { Epoch = 7 } }));
        Assert.Equal("MLS-611", Refusal(info => info with { ConfirmationTag = new byte[32] }));
        Assert.Equal("MLS-605", Refusal(info => info with { Signer = 1 }));
        Assert.Equal("MLS-605", Refusal(info => info with { Signature = new byte[64] }, sign: false));
        Assert.Equal("MLS-208", Refusal(info => info with { Signer = 9 }));
        Assert.Equal("MLS-608", Refusal(info => info with { Extensions = [info.Extensions[0]] }));
        Assert.Equal("MLS-203", Refusal(info => info with
        {
            Extensions = [info.Extensions[0] with { Data = Tree.RatchetTreeCodec.Encode(alice.State.Tree) }, info.Extensions[1]],
        }));
        Assert.Equal("MLS-608", PublicGroup.Open(Options, WithoutExternalPub()).Error.Rule);
        Assert.True(PublicGroup.Open(Options with { RequireExternalPub = false }, WithoutExternalPub()).IsOk);

        // What was accepted before this was demanded goes on; what comes in must have it.
        var reopened = PublicGroup.Reopen(Options, WithoutExternalPub()).Value;
        Assert.Equal("MLS-608", reopened.WithGroupInfo(WithoutExternalPub()).Error.Rule);
        Assert.Equal(server.ReceiveCommit(commit.Commit, commit.GroupInfo).Value.Next.Export(), reopened.ReceiveCommit(commit.Commit, commit.GroupInfo).Value.Next.Export());

        Assert.Equal(next.State.Context.TreeHash.ToArray(), server.ReceiveCommit(commit.Commit, commit.GroupInfo).Value.Next.TreeHash.ToArray());

        byte[] WithoutExternalPub()
        {
            var info = Forge.GroupInfo(alice);
            return Forge.Encode((info with { Extensions = [info.Extensions[0]] }).Sign(alice.Key));
        }
    }

    [Fact]
    public void A_fork_is_seen_by_its_transcript_hash()
    {
        var server = PublicGroup.Open(Options with { RetainedEpochs = 2 }, alice.Group.CreateGroupInfo()).Value;
        var first = server;
        var split = bob.Group.Update().Value.NewState;
        for (var i = 0; i < 3; i++)
        {
            var commit = alice.Group.Update().Value;
            server = server.ReceiveCommit(commit.Commit).Value.Next;
            alice.Group = commit.NewState;
        }

        GroupHistory Of(PublicGroup at) => server.Compare(at.Epoch, at.ConfirmedTranscriptHash.Span);
        Assert.Equal(GroupHistory.Current, Of(server));
        Assert.Equal(GroupHistory.Forgotten, Of(first));
        Assert.Equal(GroupHistory.Forked, server.Compare(split.Epoch, split.State.Context.ConfirmedTranscriptHash.Span));
        Assert.Equal(GroupHistory.Forked, server.Compare(server.Epoch, new byte[32]));
        Assert.Equal(GroupHistory.Ahead, server.Compare(server.Epoch + 1, server.ConfirmedTranscriptHash.Span));
        var behind = PublicGroup.Import(Options, server.Export()).Value;
        Assert.Equal(GroupHistory.Past, behind.ReceiveCommit(alice.Group.Update().Value.Commit).Value.Next.Compare(server.Epoch, server.ConfirmedTranscriptHash.Span));
    }

    [Fact]
    [Covers("MLS-416", "MLS-510")]
    public void Bounds_and_the_end_of_a_group_hold_for_the_server()
    {
        var server = PublicGroup.Open(Options with { MaxPendingProposals = 1 }, alice.Group.CreateGroupInfo()).Value;
        var (first, second) = (bob.Group.ProposeRemove(0).Value, bob.Group.ProposeUpdate().Value);
        server = server.ReceiveProposal(first.Message).Value.Next;
        Assert.Equal("MLS-416", server.ReceiveProposal(second.Message).Error.Rule);
        Assert.True(server.ReceiveProposal(first.Message).IsOk);

        server = PublicGroup.Open(Options, alice.Group.CreateGroupInfo()).Value;
        var end = alice.Group.ProposeReInit("next"u8.ToArray(), CipherSuite.Get(1), []).Value;
        var closing = end.NewState.Update().Value;
        var step = server.ReceiveProposal(end.Message).Value.Next.ReceiveCommit(closing.Commit).Value;
        Assert.True(step.ReInit && !step.Next.IsActive);
        Assert.Equal("MLS-510", step.Next.ReceiveProposal(bob.Group.ProposeUpdate().Value.Message).Error.Rule);
        Assert.Throws<ArgumentOutOfRangeException>(() => PublicGroup.Open(Options with { RetainedEpochs = -1 }, alice.Group.CreateGroupInfo()));
    }

    [Fact]
    public void A_commit_changed_in_any_byte_is_refused_but_for_the_tag_that_only_members_check()
    {
        var server = PublicGroup.Open(Options, alice.Group.CreateGroupInfo()).Value;
        var commit = alice.Group.RemoveMembers([bob.Leaf]).Value;
        var membershipTag = 1 + alice.State.Suite.Hash.Size;
        for (var i = 0; i < commit.Commit.Length - membershipTag; i++)
        {
            Assert.False(server.ReceiveCommit(Forge.Flip(commit.Commit, i), commit.GroupInfo).IsOk, $"byte {i} of {commit.Commit.Length}");
        }

        for (var i = 0; i < commit.GroupInfo.Length; i++)
        {
            Assert.False(server.ReceiveCommit(commit.Commit, Forge.Flip(commit.GroupInfo, i)).IsOk, $"byte {i} of the GroupInfo");
        }

        Assert.False(server.ReceiveCommit(commit.Commit.AsMemory(0, commit.Commit.Length - 1), commit.GroupInfo).IsOk);
        Assert.True(server.ReceiveCommit(Forge.Flip(commit.Commit, ^1), commit.GroupInfo).IsOk);
        Assert.True(server.ReceiveCommit(commit.Commit, commit.GroupInfo).IsOk);
    }

    [Fact]
    public void A_server_reopened_from_the_GroupInfo_it_kept_goes_on_where_it_was()
    {
        var opened = PublicGroup.Open(Options, alice.Group.CreateGroupInfo()).Value;
        var kept = opened.GroupInfo!.Value.ToArray();
        var otherTree = bob.Group.Update().Value.NewState.EncodeRatchetTree();
        var treeless = Forge.GroupInfo(alice);
        treeless = (treeless with { Extensions = [treeless.Extensions[1]] }).Sign(alice.Key);
        Assert.Equal("MLS-203", PublicGroup.Reopen(Options, Forge.Encode(treeless), otherTree).Error.Rule);
        Assert.Equal("MLS-606", PublicGroup.Reopen(Options, Forge.Encode(treeless)).Error.Rule);
        Assert.Equal("MLS-001", PublicGroup.Reopen(Options, kept.AsMemory(0, 60)).Error.Rule);
        Assert.True(PublicGroup.Reopen(Options, Forge.Encode(treeless), opened.EncodeRatchetTree()).IsOk);

        var commit = alice.Group.Update().Value;
        Assert.Equal(
            opened.ReceiveCommit(commit.Commit, commit.GroupInfo).Value.Next.Export(),
            PublicGroup.Reopen(Options, kept).Value.ReceiveCommit(commit.Commit, commit.GroupInfo).Value.Next.Export());
    }

    [Fact]
    public void An_imported_server_goes_on_where_it_was()
    {
        var server = PublicGroup.Open(Options, alice.Group.CreateGroupInfo()).Value;
        var update = bob.Group.ProposeUpdate().Value;
        server = server.ReceiveProposal(update.Message).Value.Next;
        var bytes = server.Export();
        for (var i = 0; i < bytes.Length; i++)
        {
            // Whatever a damaged store holds: the typed refusal, or a state that reads, never another exception.
            _ = PublicGroup.Import(Options, Forge.Flip(bytes, i)).IsOk;
            Assert.False(PublicGroup.Import(Options, bytes.AsMemory(0, i)).IsOk);
        }

        Assert.Equal("MLS-801", PublicGroup.Import(Options, bob.Group.Export()).Error.Rule);
        var imported = PublicGroup.Import(Options, bytes).Value;
        Assert.Equal(bytes, imported.Export());
        alice.Take(update.Message);
        var commit = alice.Group.Update().Value;
        Assert.Equal(
            server.ReceiveCommit(commit.Commit, commit.GroupInfo).Value.Next.Export(), imported.ReceiveCommit(commit.Commit, commit.GroupInfo).Value.Next.Export());
    }
}
