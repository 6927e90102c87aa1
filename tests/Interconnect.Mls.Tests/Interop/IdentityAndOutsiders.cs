using System.Text.Json.Nodes;
using Interconnect.Mls.Tests.Groups;
using static Interconnect.Mls.Tests.Interop.TsMls;

namespace Interconnect.Mls.Tests.Interop;

/// <summary>What ts-mls says to a member's new signature key, and to a proposal from outside the group (RFC 9420 sections 5.3.1 and 12.1.8).</summary>
public sealed class IdentityAndOutsiders
{
    [Theory]
    [InlineData(1, false)]
    [InlineData(1, true)]
    [InlineData(2, false)]
    [InlineData(4, true)]
    public async Task TsMls_OurNewSignatureKey_BothAgree(ushort suite, bool byProposal)
    {
        await using var peer = await Peer.StartAsync("ts-mls");
        var ours = await OldGroupAsync(peer, suite);
        var renewed = Ours(suite);
        if (byProposal)
        {
            var proposal = ours.Group.ProposeUpdate(renewed.Client).Value;
            await AskAsync(peer, "take", "old", ("message", Hex(proposal.Message)));
            var commit = await CommitAsync(peer);
            renewed.Group = proposal.NewState.Process(Bytes(commit, "commit")).Value.NewState;
        }
        else
        {
            var commit = ours.Group.Commit(new CommitRequest { Successor = renewed.Client }).Value;
            await AskAsync(peer, "take", "old", ("message", Hex(commit.Commit)));
            renewed.Group = commit.NewState;
        }

        var heard = await AskAsync(peer, "take", "old", ("message", Hex(renewed.Say("under the new key"))));
        Assert.Equal(Hex("under the new key"u8.ToArray()), heard["text"]!.GetValue<string>());
        Assert.Equal(Hex(renewed.Group.EpochAuthenticator), heard["authenticator"]!.GetValue<string>());
    }

    // Not those of external senders: ts-mls 1.6.4 takes external_senders for one sender, where RFC 9420 section 12.1.8.1 has a list.
    [Theory]
    [InlineData(1)]
    [InlineData(7)]
    public async Task TsMls_SomebodyKnocks_IsLetInByIt(ushort suite)
    {
        await using var peer = await Peer.StartAsync("ts-mls");
        var ours = await OldGroupAsync(peer, suite);
        var knocking = Ours(suite);
        var knock = knocking.Client.ProposeJoin(ours.Group.GroupId, ours.Group.Epoch, knocking.Bundle).Value;
        ours.Take(knock);
        await AskAsync(peer, "take", "old", ("message", Hex(knock)));
        var commit = await CommitAsync(peer);
        var applied = Assert.IsType<Processed.CommitApplied>(ours.Take(Bytes(commit, "commit")));
        Assert.Single(applied.Added);
        Assert.Equal(Hex(ours.Group.EpochAuthenticator), commit["authenticator"]!.GetValue<string>());
        var joined = knocking.Client.Join(Bytes(commit, "welcome"), [knocking.Bundle]).Value.NewState;
        Assert.Equal(ours.Group.EpochAuthenticator.ToArray(), joined.EpochAuthenticator.ToArray());
    }

    private static Task<JsonObject> CommitAsync(Peer peer) =>
        AskAsync(peer, "commit", "old", ("change", new JsonObject()), ("open", true), ("treeApart", false), ("lost", false));
}
