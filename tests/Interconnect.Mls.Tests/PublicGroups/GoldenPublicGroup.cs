using System.Text.Json.Nodes;
using Interconnect.Mls.PublicGroups;
using Interconnect.Mls.Tests.Groups;
using Interconnect.Mls.Tests.Rules;
using Interconnect.Mls.Tests.Vectors;
using Interconnect.Testing;

namespace Interconnect.Mls.Tests.PublicGroups;

/// <summary>
/// Golden/public-group-v1.json was written once by version 1: a group with a past epoch, a pending Update and a GroupInfo, the commit of that Update, and what it leads to. It
/// must be readable for ever.
/// </summary>
public sealed class GoldenPublicGroup
{
    private static readonly PublicGroupOptions Options = new() { Authentication = UnsafeAcceptAnyCredential.Instance, Clock = new FixedClock(Person.Start) };

    private readonly JsonNode golden = JsonNode.Parse(File.ReadAllText(
        Path.Combine(SharedFiles.RepositoryRoot, "tests", "Interconnect.Mls.Tests", "Golden", "public-group-v1.json")))!;

    [Fact]
    public void Import_Version1_ReadsOnAndWritesTheSameBytes()
    {
        var bytes = golden.Hex("public_group");
        Assert.Equal("MLS-801", PublicGroup.Import(Options, Forge.Flip(bytes, 1)).Error.Rule);
        Assert.Equal("MLS-801", PublicGroup.Import(Options, Forge.Flip(bytes, 2)).Error.Rule);
        Assert.Equal("MLS-002", PublicGroup.Import(Options, bytes.Append((byte)0).ToArray()).Error.Rule);
        Assert.Equal("MLS-802", PublicGroup.Import(Options, Forge.Flip(bytes, golden["tree_at"]!.GetValue<int>())).Error.Rule);

        var server = PublicGroup.Import(Options, bytes).Value;
        Assert.Equal(bytes, server.Export());
        Assert.Equal((2ul, 2, 1), (server.Epoch, server.MemberCount, server.PendingProposals.Count));
        Assert.Equal(GroupHistory.Past, server.Compare(1, golden.Hex("past_hash")));
        Assert.NotNull(server.GroupInfo);
        var next = server.ReceiveCommit(golden.Hex("commit")).Value.Next;
        Assert.Equal(golden.Hex("next_tree_hash"), next.TreeHash.ToArray());
    }
}
