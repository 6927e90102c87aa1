using Interconnect.Mls.Crypto;
using Interconnect.Mls.Encoding;
using Interconnect.Mls.Framing;
using Interconnect.Mls.Groups;
using Interconnect.Mls.Messages;
using Interconnect.Mls.Schedule;

namespace Interconnect.Mls.Tests.Vectors;

public sealed class WelcomeVectors
{
    [Theory]
    [VectorFiles("welcome")]
    public void Welcome_AllSuites_Open(string file)
    {
        var cases = VectorFile.Load(file);
        foreach (var test in cases)
        {
            var suite = test.Suite();
            var keyPackage = ((MlsMessage.OfKeyPackage)Codec.Decode<MlsMessage>(test.Hex("key_package"))).KeyPackage;
            var welcome = ((MlsMessage.OfWelcome)Codec.Decode<MlsMessage>(test.Hex("welcome"))).Welcome;
            var initKey = suite.Kem.Group.ImportPrivate(test.Hex("init_priv"));
            var reference = keyPackage.Reference(suite);
            var entry = welcome.Secrets.Single(item => item.NewMember.Span.SequenceEqual(reference));

            var opened = suite.DecryptWithLabel(initKey, WelcomeKey.Label, welcome.EncryptedGroupInfo.Span, entry.Secrets);
            var groupSecrets = Codec.Decode<GroupSecrets>(opened);
            using var joiner = Secret<Kind.Joiner>.CopyOf(groupSecrets.JoinerSecret.Span);
            using var psk = PskSecret.None(suite);
            using var intermediate = EpochSecrets.Intermediate(suite, joiner, psk);
            using var welcomeSecret = EpochSecrets.Welcome(suite, intermediate);
            var (key, nonce) = WelcomeKey.Derive(suite, welcomeSecret);
            var groupInfo = Codec.Decode<GroupInfo>(suite.Aead.TryOpen(key.Span, nonce, default, welcome.EncryptedGroupInfo.Span));

            Assert.True(groupInfo.VerifySignature(new SignaturePublicKey(suite, test.Hex("signer_pub"))));
            var secrets = EpochSecrets.FromJoiner(suite, joiner, psk, Codec.Encode(groupInfo.Context));
            Assert.Equal(
                groupInfo.ConfirmationTag.ToArray(),
                secrets.ConfirmationTag(suite, groupInfo.Context.ConfirmedTranscriptHash.Span));
        }

        VectorFile.AssertCount(file, 7, cases.Count);
    }
}
