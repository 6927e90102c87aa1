using System.Text.Json;
using System.Text.Json.Nodes;
using Interconnect.Mls.Crypto;
using Interconnect.Mls.Encoding;
using Interconnect.Testing;

namespace Interconnect.Mls.Tests.Vectors;

public sealed class CryptoVectors
{
    [Theory]
    [VectorFiles("crypto-basics")]
    public void CryptoBasics_AllSuites_Match(string file)
    {
        var cases = VectorFile.Load(file);
        foreach (var test in cases)
        {
            var suite = test.Suite();
            var refHash = test["ref_hash"]!;
            Assert.Equal(refHash.Hex("out"), suite.RefHash(refHash.Utf8("label"), refHash.Hex("value")));

            var expand = test["expand_with_label"]!;
            Assert.Equal(
                expand.Hex("out"),
                suite.Kdf.ExpandWithLabel(expand.Hex("secret"), expand.Utf8("label"), expand.Hex("context"), (int)expand.Number("length")));

            var derive = test["derive_secret"]!;
            Assert.Equal(derive.Hex("out"), suite.Kdf.DeriveSecret(derive.Hex("secret"), derive.Utf8("label")));

            var tree = test["derive_tree_secret"]!;
            Assert.Equal(
                tree.Hex("out"),
                suite.Kdf.DeriveTreeSecret(tree.Hex("secret"), tree.Utf8("label"), tree.Number("generation"), (int)tree.Number("length")));

            Signatures(suite, test["sign_with_label"]!);
            Encryption(suite, test["encrypt_with_label"]!);
        }

        VectorFile.AssertCount(file, 7, cases.Count);
    }

    [SharedFact("vectors/hpke")]
    public void Hpke_BaseMode_Match()
    {
        var lines = VectorFile.Load(SharedFiles.PathOf("vectors/hpke/rfc9180-base-mode.json"));
        foreach (var test in lines)
        {
            var kem = test.Number("kem_id") switch
            {
                16 => HpkeKem.P256,
                18 => HpkeKem.P521,
                32 => HpkeKem.X25519,
                33 => HpkeKem.X448,
                _ => throw new InvalidOperationException("an unknown KEM"),
            };
            var hash = test.Number("kdf_id") switch { 1 => HashFunction.Sha256, 2 => HashFunction.Sha384, _ => HashFunction.Sha512 };
            var aead = test.Number("aead_id") switch
            {
                1 => AeadAlgorithm.Aes128Gcm,
                2 => AeadAlgorithm.Aes256Gcm,
                3 => AeadAlgorithm.ChaCha20,
                _ => null,
            };
            var hpke = new Hpke(kem, hash, aead);
            var ephemeral = kem.DeriveKeyPair(test.Hex("ikmE"));
            var recipient = kem.DeriveKeyPair(test.Hex("ikmR"));
            Assert.Equal(test.Hex("skRm"), recipient.Export());
            Assert.Equal(test.Hex("pkRm"), recipient.PublicKey.ToArray());
            var (encapsulated, sender) = hpke.SetupSender(new HpkePublicKey(kem, test.Hex("pkRm")), test.Hex("info"), ephemeral);
            Assert.Equal(test.Hex("enc"), encapsulated);
            using var receiver = hpke.SetupReceiver(encapsulated, recipient, test.Hex("info"));
            foreach (var encryption in test.Items("encryptions").TakeWhile(_ => aead is not null))
            {
                Assert.Equal(encryption.Hex("ct"), sender.Seal(encryption.Hex("aad"), encryption.Hex("pt")));
                Assert.Equal(encryption.Hex("pt"), receiver.Open(encryption.Hex("aad"), encryption.Hex("ct")));
            }

            foreach (var export in test.Items("exports"))
            {
                Assert.Equal(export.Hex("exported_value"), receiver.Export(export.Hex("exporter_context"), (int)export.Number("L")));
            }
        }

        Assert.Equal(32, lines.Count);
    }

    private static void Signatures(CipherSuite suite, JsonNode test)
    {
        var key = SignatureKeyPair.Import(suite, test.Hex("priv")).Value;
        Assert.Equal(test.Hex("pub"), key.PublicKey.ToArray());
        Assert.True(suite.VerifyWithLabel(test.Hex("pub"), test.Text("label"), test.Hex("content"), test.Hex("signature")));
        var own = key.SignWithLabel(test.Text("label"), test.Hex("content"));
        Assert.True(suite.VerifyWithLabel(test.Hex("pub"), test.Text("label"), test.Hex("content"), own));
        own[own.Length / 2] ^= 1;
        Assert.False(suite.VerifyWithLabel(test.Hex("pub"), test.Text("label"), test.Hex("content"), own));
    }

    private static void Encryption(CipherSuite suite, JsonNode test)
    {
        var recipient = suite.Kem.Group.ImportPrivate(test.Hex("priv"));
        Assert.Equal(test.Hex("pub"), recipient.PublicKey.ToArray());
        var given = new HpkeCiphertext(test.Hex("kem_output"), test.Hex("ciphertext"));
        Assert.Equal(test.Hex("plaintext"), suite.DecryptWithLabel(recipient, test.Utf8("label"), test.Hex("context"), given));
        var own = suite.EncryptWithLabel(
            new HpkePublicKey(suite.Kem, test.Hex("pub")), test.Utf8("label"), test.Hex("context"), test.Hex("plaintext"), SystemRandomness.Instance);
        Assert.Equal(test.Hex("plaintext"), suite.DecryptWithLabel(recipient, test.Utf8("label"), test.Hex("context"), own));
        var refusal = Assert.Throws<MlsRefusal>(() => suite.DecryptWithLabel(recipient, "other"u8, test.Hex("context"), own));
        Assert.Equal("MLS-115", refusal.Error.Rule);
    }
}
