using System.Text.Json.Nodes;
using Interconnect.Mls.Encoding;
using Interconnect.Mls.Framing;
using Interconnect.Testing;

namespace Interconnect.Mls.Tests.Vectors;

public sealed class PassiveClientVectors
{
    /// <summary>Every file of the name pattern, so that new ones need no code; the known ones with the number of cases and epochs they hold.</summary>
    private static readonly Dictionary<string, (int Cases, int Epochs)> Known = new()
    {
        ["passive-client-welcome.json"] = (56, 0),
        ["passive-client-handling-commit.json"] = (91, 182),
        ["passive-client-random.json"] = (1, 200),
    };

    public static TheoryData<string> Files
    {
        get
        {
            var found = Directory.Exists(SharedFiles.MlsVectors) ? Directory.GetFiles(SharedFiles.MlsVectors, "passive-client-*.json") : [];
            return new TheoryData<string>(found.Select(path => Path.GetFileName(path)!).Append("passive-client-welcome.json").Distinct());
        }
    }

    [Theory]
    [MemberData(nameof(Files))]
    public void PassiveClient_AllCases_Follow(string file)
    {
        var cases = VectorFile.Load(file);
        var epochs = cases.Sum(Follow);
        if (Known.TryGetValue(file, out var expected))
        {
            VectorFile.AssertCount(expected.Cases, cases.Count);
            VectorFile.AssertCount(expected.Epochs, epochs);
        }

        Assert.NotEmpty(cases);
    }

    private static int Follow(JsonNode test)
    {
        var suite = test.Suite();
        var psks = test.Items("external_psks").ToDictionary(psk => psk.Text("psk_id"), psk => psk.Hex("psk"));
        var keyPackage = ((MlsMessage.OfKeyPackage)Codec.Decode<MlsMessage>(test.Hex("key_package"))).KeyPackage;
        var bundle = new KeyPackageBundle(
            suite,
            keyPackage,
            suite.Kem.Group.ImportPrivate(test.Hex("init_priv")),
            suite.Kem.Group.ImportPrivate(test.Hex("encryption_priv")));
        var client = new MlsClient(
            keyPackage.Leaf.Credential.Identity,
            SignatureKeyPair.Import(suite, test.Hex("signature_priv")).Value,
            UnsafeAcceptAnyCredential.Instance,
            TimeProvider.System,
            new MlsOptions { FindExternalPsk = id => psks.GetValueOrDefault(Convert.ToHexStringLower(id.Span)) });

        var joined = client.Join(test.Hex("welcome"), [bundle], test.HexOrNull("ratchet_tree"));
        Assert.True(joined.IsOk, joined.Match(_ => "", error => error.ToString()));
        bundle.Dispose();
        var group = joined.Value.NewState;
        Assert.Equal(test.Hex("initial_epoch_authenticator"), group.EpochAuthenticator.ToArray());

        var epochs = 0;
        foreach (var epoch in test.Items("epochs"))
        {
            foreach (var proposal in epoch["proposals"]!.AsArray())
            {
                group = Take(group, Convert.FromHexString(proposal!.GetValue<string>()));
            }

            group = Take(group, epoch.Hex("commit"));
            Assert.Equal(epoch.Hex("epoch_authenticator"), group.EpochAuthenticator.ToArray());
            group = client.ImportGroup(group.Export()).Value;
            epochs++;
        }

        return epochs;
    }

    // Erases what was consumed at once: a secret that is used again later would make the next epoch fail.
    private static MlsGroup Take(MlsGroup group, byte[] message)
    {
        var processed = group.Process(message);
        Assert.True(processed.IsOk, processed.Match(_ => "", error => error.ToString()));
        processed.Value.Consumed.Erase();
        return processed.Value.NewState;
    }
}
