using System.Text.Json.Nodes;
using Interconnect.Mls.Tests.Groups;
using static Interconnect.Mls.Tests.Interop.TsMls;

namespace Interconnect.Mls.Tests.Interop;

/// <summary>Groups that follow a ReInit or branch off, made here and joined by ts-mls, and the other way round (RFC 9420 sections 11.2 and 11.3).</summary>
public sealed class RelatedGroups
{
    [Theory]
    [InlineData(1, 3, false)]
    [InlineData(1, 3, true)]
    [InlineData(1, 2, false)]
    [InlineData(2, 1, true)]
    [InlineData(7, 4, false)]
    [InlineData(6, 5, true)]
    public async Task TsMls_GroupGoesOnInAnotherSuite_BothAgree(ushort before, ushort after, bool theyFound)
    {
        await using var peer = await Peer.StartAsync("ts-mls");
        var ours = await OldGroupAsync(peer, before);
        var next = Ours(after);
        await AskAsync(peer, "open", "next", ("identity", "theirs"), ("suite", (int)after), ("extensions", new JsonArray()));

        // Whoever founds the new group does not end the old one.
        if (theyFound)
        {
            var proposal = ours.Group.ProposeReInit("next"u8.ToArray(), CipherSuite.Get(after), []).Value;
            await AskAsync(peer, "take", "old", ("message", Hex(proposal.Message)));
            var ending = proposal.NewState.Update().Value;
            var seen = await AskAsync(peer, "take", "old", ("message", Hex(ending.Commit)));
            Assert.False(seen["active"]!.GetValue<bool>());
            var founded = await AskAsync(peer, "found", "next", ("from", "old"), ("packages", new JsonArray(Hex(next.Bundle.KeyPackage))));
            var joined = next.Client.Join(Bytes(founded, "welcome"), [next.Bundle], Bytes(founded, "tree"), ending.NewState).Value;
            await AgreeAsync(peer, founded, joined.NewState);
        }
        else
        {
            var ending = await AskAsync(peer, "endGroup", "old", ("groupId", Hex("next"u8.ToArray())), ("suite", (int)after));
            ours.Take(Bytes(ending, "commit"));
            Assert.Equal(after, ours.Group.ReInit!.Suite.Id);
            var founded = next.Client.CreateSuccessor(ours.Group, [await PackageAsync(peer)]).Value;
            var joined = await AskAsync(peer, "joinRelated", "next", ("from", "old"), ("welcome", Hex(founded.Welcome!)));
            await AgreeAsync(peer, joined, founded.NewState);
        }
    }

    [Theory]
    [InlineData(1, false)]
    [InlineData(1, true)]
    [InlineData(5, false)]
    [InlineData(5, true)]
    public async Task TsMls_BranchOfAGroup_BothAgree(ushort suite, bool theyFound)
    {
        await using var peer = await Peer.StartAsync("ts-mls");
        var ours = await OldGroupAsync(peer, suite);
        var side = Ours(suite);
        await AskAsync(peer, "open", "next", ("identity", "theirs"), ("suite", (int)suite), ("extensions", new JsonArray()));
        if (theyFound)
        {
            var founded = await AskAsync(
                peer, "found", "next", ("from", "old"), ("packages", new JsonArray(Hex(side.Bundle.KeyPackage))), ("branch", Hex("side"u8.ToArray())));
            var joined = side.Client.Join(Bytes(founded, "welcome"), [side.Bundle], Bytes(founded, "tree"), ours.Group).Value;
            await AgreeAsync(peer, founded, joined.NewState);
        }
        else
        {
            var founded = side.Client.CreateBranch(ours.Group, "side"u8.ToArray(), [await PackageAsync(peer)]).Value;
            var joined = await AskAsync(peer, "joinRelated", "next", ("from", "old"), ("welcome", Hex(founded.Welcome!)), ("branch", "yes"));
            await AgreeAsync(peer, joined, founded.NewState);
        }
    }

    private static async Task AgreeAsync(Peer peer, JsonObject theirs, MlsGroup ours)
    {
        Assert.Equal(1ul, ours.Epoch);
        Assert.Equal(Hex(ours.EpochAuthenticator.ToArray()), theirs["authenticator"]!.GetValue<string>());
        var update = ours.Update().Value;
        var after = await AskAsync(peer, "take", "next", ("message", Hex(update.Commit)));
        Assert.Equal(Hex(update.NewState.EpochAuthenticator.ToArray()), after["authenticator"]!.GetValue<string>());
    }
}
