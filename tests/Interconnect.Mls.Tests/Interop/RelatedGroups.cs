using System.Text.Json.Nodes;
using Interconnect.Mls.Tests.Groups;

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

    // The peer's clock is the machine's.
    private static Person Ours(ushort suite) => new("ours", suite, clock: new FixedClock(TimeProvider.System.GetUtcNow()));

    // A group that we made, and that "theirs" joined under the name "old".
    private static async Task<Person> OldGroupAsync(Peer peer, ushort suite)
    {
        var ours = Ours(suite).Create();
        await AskAsync(peer, "open", "old", ("identity", "theirs"), ("suite", (int)suite), ("extensions", new JsonArray()));
        var package = Bytes(await AskAsync(peer, "keyPackage", "old"), "keyPackage");
        var commit = ours.Group.AddMembers([KeyPackages.Verify(package, ours.Clock.Now).Value]).Value;
        ours.Group = commit.NewState;
        await AskAsync(peer, "join", "old", ("welcome", Hex(commit.Welcome!)));
        return ours;
    }

    private static async Task<VerifiedKeyPackage> PackageAsync(Peer peer) =>
        KeyPackages.Verify(Bytes(await AskAsync(peer, "keyPackage", "next"), "keyPackage"), TimeProvider.System.GetUtcNow()).Value;

    private static async Task AgreeAsync(Peer peer, JsonObject theirs, MlsGroup ours)
    {
        Assert.Equal(1ul, ours.Epoch);
        Assert.Equal(Hex(ours.EpochAuthenticator.ToArray()), theirs["authenticator"]!.GetValue<string>());
        var update = ours.Update().Value;
        var after = await AskAsync(peer, "take", "next", ("message", Hex(update.Commit)));
        Assert.Equal(Hex(update.NewState.EpochAuthenticator.ToArray()), after["authenticator"]!.GetValue<string>());
    }

    private static Task<JsonObject> AskAsync(Peer peer, string operation, string name, params (string Name, JsonNode? Value)[] fields)
    {
        var request = new JsonObject { ["name"] = name };
        foreach (var (field, value) in fields)
        {
            request[field] = value;
        }

        return peer.AskAsync(operation, request);
    }

    private static string Hex(ReadOnlyMemory<byte> bytes) => Convert.ToHexStringLower(bytes.Span);

    private static byte[] Bytes(JsonObject answer, string field) => Convert.FromHexString(answer[field]!.GetValue<string>());
}
