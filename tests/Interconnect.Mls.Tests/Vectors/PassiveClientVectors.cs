using System.Text.Json.Nodes;
using Interconnect.Mls.Encoding;
using Interconnect.Mls.Framing;

namespace Interconnect.Mls.Tests.Vectors;

public sealed class PassiveClientVectors
{
    /// <summary>The number of cases and epochs that the official files hold.</summary>
    private static readonly Dictionary<string, (int Cases, int Epochs)> Known = new()
    {
        ["passive-client-welcome.json"] = (56, 0),
        ["passive-client-handling-commit.json"] = (91, 182),
        ["passive-client-random.json"] = (1, 200),
    };

    [Theory]
    [VectorFiles(VectorFile.PassiveClient)]
    public void PassiveClient_AllCases_Follow(string file)
    {
        var cases = VectorFile.Load(file);
        var epochs = cases.Select((test, i) => Follow(test, $"{Path.GetFileName(file)}[{i}]")).Sum();
        if (Known.TryGetValue(Path.GetFileName(file), out var expected))
        {
            Assert.Equal(expected, (cases.Count, epochs));
        }
    }

    private static int Follow(JsonNode test, string name)
    {
        var suite = test.Suite();
        var psks = test.Items("external_psks").ToDictionary(psk => psk.Text("psk_id").ToLowerInvariant(), psk => psk.Hex("psk"));
        var keyPackage = ((MlsMessage.OfKeyPackage)Codec.Decode<MlsMessage>(test.Hex("key_package"))).KeyPackage;
        var bundle = new KeyPackageBundle(
            suite,
            keyPackage,
            suite.Kem.Group.ImportPrivate(test.Hex("init_priv")),
            suite.Kem.Group.ImportPrivate(test.Hex("encryption_priv")));
        var client = new MlsClient(
            keyPackage.Leaf.Credential.Identity,
            SignatureKeyPair.Import(suite, SignatureKey(suite, test.Hex("signature_priv"))).Value,
            UnsafeAcceptAnyCredential.Instance,
            TimeProvider.System,
            new MlsOptions
            {
                MaxLeafLifetime = TimeSpan.MaxValue,
                FindExternalPsk = id => psks.GetValueOrDefault(Convert.ToHexStringLower(id.Span)),

                // A long history may name any of its epochs.
                RetainedResumptionPsks = 1000,
                MaxPendingProposals = 10_000,
            });

        var joined = client.Join(test.Hex("welcome"), [bundle], test.HexOrNull("ratchet_tree"));
        Assert.True(joined.IsOk, joined.Match(_ => "", error => $"{name}, join: {error}"));
        bundle.Dispose();
        var group = joined.Value.NewState;
        Assert.Equal(test.Hex("initial_epoch_authenticator"), group.EpochAuthenticator.ToArray());

        var epochs = 0;
        foreach (var epoch in test.Items("epochs"))
        {
            foreach (var proposal in epoch["proposals"]!.AsArray())
            {
                group = Take(group, Convert.FromHexString(proposal!.GetValue<string>()), name);
            }

            group = Take(group, epoch.Hex("commit"), name);
            Assert.Equal(epoch.Hex("epoch_authenticator"), group.EpochAuthenticator.ToArray());
            group = client.ImportGroup(group.Export()).Value;
            epochs++;
        }

        return epochs;
    }

    // Older generators wrote Ed25519 keys as seed and public key.
    private static byte[] SignatureKey(CipherSuite suite, byte[] key) => suite.Id is 1 or 3 && key.Length == 64 ? key[..32] : key;

    // Erases what was consumed at once: a secret that is used again later would make the next epoch fail.
    private static MlsGroup Take(MlsGroup group, byte[] message, string name)
    {
        var processed = group.Process(message);
        Assert.True(processed.IsOk, processed.Match(_ => "", error => $"{name}, epoch {group.Epoch}: {error}"));
        processed.Value.Consumed.Erase();
        return processed.Value.NewState;
    }
}
