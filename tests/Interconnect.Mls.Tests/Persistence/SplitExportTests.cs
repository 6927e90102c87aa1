using System.Text.Json.Nodes;
using Interconnect.Mls.Tests.Groups;
using Interconnect.Mls.Tests.Rules;
using Interconnect.Mls.Tests.Vectors;
using Interconnect.Testing;

namespace Interconnect.Mls.Tests.Persistence;

/// <summary>A group saved in two parts, so that a message costs a short write. Golden/group-parts-v1.json was written once by version 1 of both.</summary>
public sealed class SplitExportTests
{
    private readonly Person alice;
    private readonly Person bob;

    public SplitExportTests() => (alice, bob) = Scenarios.Pair();

    [Fact]
    public void Parts_ThatDoNotBelongTogether_Refused()
    {
        for (var i = 0; i <= new MlsOptions().RetainedEpochs; i++)
        {
            // From here on every state has as many past epochs as the next, so that only their binding tells the parts apart.
            alice.Commit(new CommitRequest(), bob);
        }

        var (oldEpoch, oldRatchets) = (bob.Group.ExportEpoch(), bob.Group.ExportRatchets());
        var commit = alice.Group.Update().Value;
        bob.Take(commit.Commit);
        alice.Group = commit.NewState;
        var (epoch, ratchets) = (bob.Group.ExportEpoch(), bob.Group.ExportRatchets());
        Assert.Equal("MLS-802", bob.Client.ImportGroup(epoch, oldRatchets).Error.Rule);
        Assert.Equal("MLS-802", bob.Client.ImportGroup(oldEpoch, ratchets).Error.Rule);
        Assert.Equal("MLS-801", bob.Client.ImportGroup(ratchets, epoch).Error.Rule);
        Assert.Equal("MLS-801", bob.Client.ImportGroup(bob.Group.Export(), ratchets).Error.Rule);
        Assert.Equal("MLS-801", bob.Client.ImportGroup(epoch).Error.Rule);
        Assert.Equal("MLS-002", bob.Client.ImportGroup(epoch, ratchets.Append((byte)0).ToArray()).Error.Rule);
        Assert.Equal("MLS-803", alice.Client.ImportGroup(epoch, ratchets).Error.Rule);
        for (var length = 0; length < ratchets.Length; length++)
        {
            Assert.False(bob.Client.ImportGroup(epoch, ratchets.AsMemory(0, length)).IsOk);
        }

        var imported = bob.Client.ImportGroup(epoch, ratchets).Value;
        Assert.Equal(bob.Group.Export(), imported.Export());
        Assert.Equal(oldEpoch, bob.Client.ImportGroup(oldEpoch, oldRatchets).Value.ExportEpoch());
    }

    [Fact]
    public void Messages_ChangeOnlyTheRatchets_AndNoGenerationIsUsedTwice()
    {
        alice.Commit(new CommitRequest(), bob);
        var late = alice.Say("late");
        alice.Commit(new CommitRequest(), bob);
        var epoch = bob.Group.ExportEpoch();
        var before = bob.Group.ExportRatchets();
        var (first, second) = (alice.Say("first"), alice.Say("second"));
        Assert.Equal("second", bob.Hear(second));
        Assert.Equal("late", bob.Hear(late));
        bob.Say("mine");
        Assert.Equal(epoch, bob.Group.ExportEpoch());
        Assert.NotEqual(before, bob.Group.ExportRatchets());

        var imported = bob.Client.ImportGroup(epoch, bob.Group.ExportRatchets()).Value;
        Assert.Equal(bob.Group.Export(), imported.Export());
        Assert.Equal("MLS-308", imported.Process(second).Error.Rule);
        Assert.Equal("MLS-308", imported.Process(late).Error.Rule);
        Assert.Equal("first"u8.ToArray(), Assert.IsType<Processed.ApplicationMessage>(imported.Process(first).Value).Data);
        Assert.Equal(1u, imported.Encrypt("next"u8).Value.Generation);
    }

    [Fact]
    public void Ratchets_OfALargeGroup_AreShort()
    {
        var founder = new Person("founder").Create();
        founder.Add([.. Enumerable.Range(0, 40).Select(i => new Person($"m{i}"))]);
        founder.Say("x");
        Assert.InRange(founder.Group.ExportRatchets().Length, 100, 600);
        Assert.True(founder.Group.Export().Length > 8000);
        Assert.Equal(founder.Group.Export(), founder.Client.ImportGroup(founder.Group.ExportEpoch(), founder.Group.ExportRatchets()).Value.Export());
    }

    [Fact]
    public void ImportGroup_PartsOfVersion1_ReadsOnAndWritesTheSameBytes()
    {
        var golden = JsonNode.Parse(File.ReadAllText(
            Path.Combine(SharedFiles.RepositoryRoot, "tests", "Interconnect.Mls.Tests", "Golden", "group-parts-v1.json")))!;
        var (epoch, ratchets) = (golden.Hex("epoch"), golden.Hex("ratchets"));
        var bobAgain = new MlsClient(
            "bob"u8.ToArray(), SignatureKeyPair.Import(CipherSuite.Get(1), golden.Hex("signature_priv")).Value, UnsafeAcceptAnyCredential.Instance,
            new FixedClock(Person.Start));
        Assert.Equal("MLS-801", bobAgain.ImportGroup(Forge.Flip(epoch, 1), ratchets).Error.Rule);
        Assert.Equal("MLS-801", bobAgain.ImportGroup(epoch, Forge.Flip(ratchets, 1)).Error.Rule);
        var group = bobAgain.ImportGroup(epoch, ratchets).Value;
        Assert.Equal(epoch, group.ExportEpoch());
        Assert.Equal(ratchets, group.ExportRatchets());
        Assert.Equal("next"u8.ToArray(), Assert.IsType<Processed.ApplicationMessage>(group.Process(golden.Hex("next")).Value).Data);
    }
}
