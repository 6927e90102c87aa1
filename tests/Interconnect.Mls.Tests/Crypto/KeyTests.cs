using Interconnect.Mls.Crypto;
using Interconnect.Mls.Tests.Groups;

namespace Interconnect.Mls.Tests.Crypto;

public sealed class KeyTests
{
    [Theory]
    [MemberData(nameof(Scenarios.Suites), MemberType = typeof(Scenarios))]
    public void Keys_UsedFromSeveralThreads_StayCorrect(ushort id)
    {
        var suite = CipherSuite.Get(id);
        using var pair = suite.GenerateSignatureKeyPair();
        var publicKey = new SignaturePublicKey(suite, pair.PublicKey);
        using var recipient = suite.Kem.GenerateKeyPair(SystemRandomness.Instance);
        var hpkeKey = new HpkePublicKey(suite.Kem, recipient.PublicKey);
        Parallel.For(0, 24, i =>
        {
            var content = BitConverter.GetBytes(i);
            var signature = pair.SignWithLabel("test", content);
            Assert.True(publicKey.VerifyWithLabel("test"u8, content, signature));
            Assert.False(publicKey.VerifyWithLabel("test"u8, BitConverter.GetBytes(i + 1), signature));
            var sealedBytes = suite.EncryptWithLabel(hpkeKey, "test"u8, content, content, SystemRandomness.Instance);
            Assert.Equal(content, suite.DecryptWithLabel(recipient, "test"u8, content, sealedBytes));
        });
    }

    [Theory]
    [MemberData(nameof(Scenarios.Suites), MemberType = typeof(Scenarios))]
    public void SignatureVerifier_UsedAgainAndAgain_RefusesWhatIsForgedAndAcceptsTheRest(ushort id)
    {
        var suite = CipherSuite.Get(id);
        using var pair = suite.GenerateSignatureKeyPair();
        Assert.Equal("MLS-111", suite.CreateVerifier(pair.PublicKey.Span[1..]).Error.Rule);
        var verifier = suite.CreateVerifier(pair.PublicKey.Span).Value;
        var first = pair.SignWithLabel("test", "one"u8);
        for (var i = 0; i < 3; i++)
        {
            var signature = pair.SignWithLabel("test", "two"u8);
            Assert.False(verifier.VerifyWithLabel("test", "two"u8, first));
            Assert.False(verifier.VerifyWithLabel("other", "two"u8, signature));
            Assert.False(verifier.VerifyWithLabel("test", "two"u8, signature.AsSpan(1)));
            Assert.True(verifier.VerifyWithLabel("test", "two"u8, signature));
            Assert.True(verifier.VerifyWithLabel("test", "one"u8, first));
        }

        var label = new string('l', 500);
        Assert.True(verifier.VerifyWithLabel(label, "two"u8, pair.SignWithLabel(label, "two"u8)));
    }

    [Fact]
    public void Secrets_Printed_ShowNothing()
    {
        using var secret = new Secret<Kind.Epoch>([1, 2, 3]);
        using var pair = CipherSuite.Get(1).GenerateSignatureKeyPair();
        var alice = new Person("alice").Create();
        foreach (var printed in new object[] { secret, pair, alice.Group, alice.State, alice.State.Secrets, alice.State.Path, alice.Bundle, alice.Client })
        {
            Assert.DoesNotContain("alice", printed.ToString());
            Assert.DoesNotContain("1, 2", printed.ToString());
        }

        secret.Dispose();
        Assert.True(secret.FixedTimeEquals(new byte[3]));
    }

    [Fact]
    public void ConsumedSecrets_Erased_AreZeroAndTheOldStateIsDead()
    {
        var (alice, bob) = Scenarios.Pair();
        var old = alice.Group;
        var sent = old.Encrypt("x"u8).Value;
        Assert.Equal("x"u8.ToArray(), ((Processed.ApplicationMessage)bob.Group.Process(sent.PrivateMessage).Value).Data);
        sent.Consumed.Erase();
        Assert.Equal(0, sent.Consumed.Count);
        Assert.Equal("MLS-307", bob.Group.Process(old.Encrypt("y"u8).Value.PrivateMessage).Error.Rule);
        Assert.True(bob.Group.Process(sent.NewState.Encrypt("y"u8).Value.PrivateMessage).IsOk);
    }
}
