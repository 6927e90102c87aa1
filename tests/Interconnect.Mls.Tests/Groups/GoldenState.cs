using System.Text.Json.Nodes;
using Interconnect.Mls.Tests.Vectors;
using Interconnect.Testing;

namespace Interconnect.Mls.Tests.Groups;

/// <summary>
/// Golden/state-v1.json was written once by version 1: Bob's group with a past epoch, skipped keys, a stored Update of his own, and an unused KeyPackage. It must
/// be readable for ever.
/// </summary>
public sealed class GoldenState
{
    private readonly JsonNode golden = JsonNode.Parse(File.ReadAllText(
        Path.Combine(SharedFiles.RepositoryRoot, "tests", "Interconnect.Mls.Tests", "Golden", "state-v1.json")))!;

    [Fact]
    public void ImportGroup_Version1_ReadsOnAndWritesTheSameBytes()
    {
        var bytes = golden.Hex("group");
        var bob = Bob();
        Assert.Equal("MLS-801", bob.ImportGroup(Changed(bytes, 1)).Error.Rule);
        Assert.Equal("MLS-801", bob.ImportGroup(Changed(bytes, 2)).Error.Rule);
        Assert.Equal("MLS-002", bob.ImportGroup(bytes.Append((byte)0).ToArray()).Error.Rule);

        var group = bob.ImportGroup(bytes).Value;
        Assert.Equal(bytes, group.Export());
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
    public void ImportBundle_Version1_WritesTheSameBytes()
    {
        var bytes = golden.Hex("key_package_bundle");
        Assert.Equal("MLS-801", KeyPackageBundle.Import(Changed(bytes, 1)).Error.Rule);
        var bundle = KeyPackageBundle.Import(bytes).Value;
        Assert.Equal(bytes, bundle.Export());
        Assert.True(KeyPackages.Verify(bundle.KeyPackage, Person.Start).IsOk);
    }

    private MlsClient Bob() => new(
        "bob"u8.ToArray(), SignatureKeyPair.Import(CipherSuite.Get(1), golden.Hex("signature_priv")).Value, UnsafeAcceptAnyCredential.Instance,
        new FixedClock(Person.Start));

    private static byte[] Changed(byte[] bytes, int at)
    {
        var changed = (byte[])bytes.Clone();
        changed[at] ^= 0x40;
        return changed;
    }
}
