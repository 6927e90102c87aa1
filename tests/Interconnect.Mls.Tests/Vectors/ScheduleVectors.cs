using Interconnect.Mls.Crypto;
using Interconnect.Mls.Encoding;
using Interconnect.Mls.Framing;
using Interconnect.Mls.Messages;
using Interconnect.Mls.Schedule;

namespace Interconnect.Mls.Tests.Vectors;

public sealed class ScheduleVectors
{
    [Theory]
    [VectorFiles("key-schedule")]
    public void KeySchedule_AllEpochs_Match(string file)
    {
        var cases = VectorFile.Load(file);
        var epochs = 0;
        foreach (var test in cases)
        {
            var suite = test.Suite();
            var init = new Secret<Kind.Init>(test.Hex("initial_init_secret"));
            ulong number = 0;
            foreach (var epoch in test.Items("epochs"))
            {
                var context = Codec.Encode(new GroupContext(
                    1, suite.Id, test.Hex("group_id"), number++, epoch.Hex("tree_hash"), epoch.Hex("confirmed_transcript_hash"), []));
                Assert.Equal(epoch.Hex("group_context"), context);
                using var psk = new Secret<Kind.Psk>(epoch.Hex("psk_secret"));
                using var joiner = EpochSecrets.Joiner(suite, init, epoch.Hex("commit_secret"), context);
                Assert.Equal(epoch.Hex("joiner_secret"), joiner.Span.ToArray());
                using var intermediate = EpochSecrets.Intermediate(suite, joiner, psk);
                Assert.Equal(epoch.Hex("welcome_secret"), EpochSecrets.Welcome(suite, intermediate).Span.ToArray());
                var secrets = EpochSecrets.FromJoiner(suite, joiner, psk, context);
                Assert.Equal(epoch.Hex("init_secret"), secrets.Init.Span.ToArray());
                Assert.Equal(epoch.Hex("sender_data_secret"), secrets.SenderData.Span.ToArray());
                Assert.Equal(epoch.Hex("encryption_secret"), secrets.Encryption.Span.ToArray());
                Assert.Equal(epoch.Hex("exporter_secret"), secrets.Exporter.Span.ToArray());
                Assert.Equal(epoch.Hex("external_secret"), secrets.External.Span.ToArray());
                Assert.Equal(epoch.Hex("confirmation_key"), secrets.Confirmation.Span.ToArray());
                Assert.Equal(epoch.Hex("membership_key"), secrets.Membership.Span.ToArray());
                Assert.Equal(epoch.Hex("resumption_psk"), secrets.Resumption.Span.ToArray());
                Assert.Equal(epoch.Hex("epoch_authenticator"), secrets.Authenticator);
                Assert.Equal(epoch.Hex("external_pub"), secrets.ExternalKeyPair(suite).PublicKey.ToArray());
                var exporter = epoch["exporter"]!;
                Assert.Equal(
                    exporter.Hex("secret"),
                    secrets.Export(suite, exporter.Utf8("label"), exporter.Hex("context"), (int)exporter.Number("length")));
                init = secrets.Init;
                epochs++;
            }
        }

        VectorFile.AssertCount(file, 7, cases.Count);
        VectorFile.AssertCount(file, 35, epochs);
    }

    [Theory]
    [VectorFiles("psk_secret")]
    public void PskSecret_AllCases_Match(string file)
    {
        var cases = VectorFile.Load(file);
        foreach (var test in cases)
        {
            var psks = test.Items("psks")
                .Select(psk => ((PreSharedKeyId)new PreSharedKeyId.External(psk.Hex("psk_id"), psk.Hex("psk_nonce")), psk.Hex("psk")))
                .ToList();
            Assert.Equal(test.Hex("psk_secret"), PskSecret.Of(test.Suite(), psks).Span.ToArray());
        }

        VectorFile.AssertCount(file, 77, cases.Count);
    }

    [Theory]
    [VectorFiles("secret-tree")]
    public void SecretTree_AllLeaves_Match(string file)
    {
        var cases = VectorFile.Load(file);
        var keys = 0;
        foreach (var test in cases)
        {
            var suite = test.Suite();
            var senderData = test["sender_data"]!;
            var key = new byte[suite.Aead.KeySize];
            var nonce = new byte[AeadAlgorithm.NonceSize];
            MessageProtection.DeriveSenderDataKey(
                suite, new Secret<Kind.SenderData>(senderData.Hex("sender_data_secret")), senderData.Hex("ciphertext"), key, nonce);
            Assert.Equal(senderData.Hex("key"), key);
            Assert.Equal(senderData.Hex("nonce"), nonce);

            var leaves = test.Items("leaves");
            var tree = SecretTree.Start((uint)leaves.Count, test.Hex("encryption_secret"));
            for (var leaf = 0; leaf < leaves.Count; leaf++)
            {
                foreach (var step in leaves[leaf].AsArray().Select(item => item!))
                {
                    foreach (var (kind, name) in new[] { (RatchetKind.Application, "application"), (RatchetKind.Handshake, "handshake") })
                    {
                        var consumed = new ConsumedSecrets();
                        (tree, var derived) = tree.KeyFor(
                            suite, (uint)leaf, kind, step.Number("generation"), new RatchetWindow(10_000, 10_000), consumed);
                        Assert.Equal(step.Hex(name + "_key"), derived.Key);
                        Assert.Equal(step.Hex(name + "_nonce"), derived.Nonce);
                        Assert.NotEqual(0, consumed.Count);
                        consumed.Erase();
                        keys++;
                    }
                }
            }
        }

        VectorFile.AssertCount(file, 21, cases.Count);
        Assert.True(keys > 1000, $"{keys} keys");
    }

    [Theory]
    [VectorFiles("transcript-hashes")]
    public void TranscriptHashes_AllSuites_Match(string file)
    {
        var cases = VectorFile.Load(file);
        foreach (var test in cases)
        {
            var suite = test.Suite();
            var commit = Codec.Decode<AuthenticatedContent>(test.Hex("authenticated_content"));
            var confirmed = TranscriptHash.Confirmed(suite, test.Hex("interim_transcript_hash_before"), commit);
            Assert.Equal(test.Hex("confirmed_transcript_hash_after"), confirmed);
            var tag = suite.Hash.Mac(test.Hex("confirmation_key"), confirmed);
            Assert.Equal(commit.Auth.ConfirmationTag!.Value.ToArray(), tag);
            Assert.Equal(test.Hex("interim_transcript_hash_after"), TranscriptHash.Interim(suite, confirmed, tag));
        }

        VectorFile.AssertCount(file, 7, cases.Count);
    }
}
