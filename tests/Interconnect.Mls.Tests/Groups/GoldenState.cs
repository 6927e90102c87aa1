using System.Text.Json.Nodes;
using Interconnect.Mls.Tests.Vectors;
using Interconnect.Testing;

namespace Interconnect.Mls.Tests.Groups;

/// <summary>
/// Golden/state-v1.json was written once by version 1: Bob's group with a past epoch, skipped keys, a stored Update of his own, and an unused KeyPackage.
/// Golden/state-v2.json was written once by version 2: the same, with a successor of Bob's key waiting, SafeAAD, application data and a component's secret spent; a
/// group that a ReInit ended; and a KeyPackage of last resort. Both must be readable for ever.
/// </summary>
public sealed class GoldenState
{
    private readonly JsonNode golden = Read("state-v1.json");
    private readonly JsonNode golden2 = Read("state-v2.json");

    [Fact]
    public void ImportGroup_Version1_ReadsOnAndWritesVersion2()
    {
        var bytes = golden.Hex("group");
        var bob = Client("bob", golden.Hex("signature_priv"));
        Assert.Equal("MLS-801", bob.ImportGroup(Changed(bytes, 1)).Error.Rule);
        Assert.Equal("MLS-801", bob.ImportGroup(Changed(bytes, 2)).Error.Rule);
        Assert.Equal("MLS-002", bob.ImportGroup(bytes.Append((byte)0).ToArray()).Error.Rule);

        var group = bob.ImportGroup(bytes).Value;
        var exported = group.Export();
        Assert.Equal([0, 2], exported[..2]);
        Assert.Equal(bytes[2..], exported[2..bytes.Length]); // version 2 adds at the end
        Assert.Equal([0, 0], exported[bytes.Length..]);
        Assert.Equal(exported, bob.ImportGroup(exported).Value.Export());
        Assert.Equal("MLS-911", group.SafeExportSecret(7).Error.Rule);
        Assert.Equal(2ul, group.Epoch);
        Assert.Equal(1, group.StoredProposalCount);
        foreach (var (message, text) in new[] { ("late", "late"), ("skipped", "skipped"), ("next", "next") })
        {
            var heard = Assert.IsType<Processed.ApplicationMessage>(group.Process(golden.Hex(message)).Value);
            Assert.Equal(text, System.Text.Encoding.UTF8.GetString(heard.Data));
            group = heard.NewState;
        }
    }

    [Fact]
    public void ImportGroup_Version2_ReadsOnAndWritesTheSameBytes()
    {
        var bytes = golden2.Hex("group");
        var bob = Client("bob", golden2.Hex("signature_priv"), Words.Options);
        Assert.Equal("MLS-801", bob.ImportGroup(Changed(bytes, 1)).Error.Rule);
        Assert.Equal("MLS-002", bob.ImportGroup(bytes.Append((byte)0).ToArray()).Error.Rule);
        Assert.Equal("MLS-001", bob.ImportGroup(bytes[..^1]).Error.Rule);

        var successor = Client("bob", golden2.Hex("successor_signature_priv"), Words.Options);
        var group = bob.ImportGroup(bytes, successor).Value;
        Assert.Equal(bytes, group.Export());
        Assert.Equal("wx", Words.Of(group));
        Assert.Equal("MLS-911", group.SafeExportSecret(Words.Component).Error.Rule);
        Assert.Equal(golden2.Hex("component_7_secret"), group.SafeExportSecret(7).Value.Secret);
        foreach (var text in new[] { "late", "skipped", "next" })
        {
            var heard = Assert.IsType<Processed.ApplicationMessage>(group.Process(golden2.Hex(text)).Value);
            Assert.Equal(text, System.Text.Encoding.UTF8.GetString(heard.Data));
            group = heard.NewState;
        }

        var next = group.Process(golden2.Hex("commit")).Value.NewState;
        Assert.Equal(golden2.Hex("authenticator_after"), next.EpochAuthenticator.ToArray());
        Assert.True(successor.ImportGroup(next.Export()).IsOk);
    }

    [Fact]
    public void ImportGroup_Version2EndedByReInit_KnowsItsSuccessor()
    {
        var bytes = golden2.Hex("ended_group");
        var client = Client("bob2", golden2.Hex("ended_signature_priv"));
        var ended = client.ImportGroup(bytes).Value;
        Assert.Equal(bytes, ended.Export());
        Assert.False(ended.IsActive);
        Assert.Equal("next"u8.ToArray(), ended.ReInit!.GroupId.ToArray());
        Assert.Equal(3, ended.ReInit.Suite.Id);
        Assert.True(KeyPackageBundle.Import(golden2.Hex("last_resort_bundle")).Value.IsLastResort);
    }

    [Fact]
    public void ImportBundle_Version1_WritesTheSameBytes()
    {
        var bytes = golden.Hex("key_package_bundle");
        Assert.Equal("MLS-801", KeyPackageBundle.Import(Changed(bytes, 1)).Error.Rule);
        var bundle = KeyPackageBundle.Import(bytes).Value;
        Assert.Equal(bytes, bundle.Export());
        Assert.True(KeyPackages.Verify(bundle.KeyPackage, Person.Start).IsOk);
    }

    private static JsonNode Read(string file) => JsonNode.Parse(File.ReadAllText(
        Path.Combine(SharedFiles.RepositoryRoot, "tests", "Interconnect.Mls.Tests", "Golden", file)))!;

    private static MlsClient Client(string name, byte[] key, MlsOptions? options = null) => new(
        System.Text.Encoding.UTF8.GetBytes(name), SignatureKeyPair.Import(CipherSuite.Get(1), key).Value, UnsafeAcceptAnyCredential.Instance,
        new FixedClock(Person.Start), options);

    private static byte[] Changed(byte[] bytes, int at)
    {
        var changed = (byte[])bytes.Clone();
        changed[at] ^= 0x40;
        return changed;
    }
}
