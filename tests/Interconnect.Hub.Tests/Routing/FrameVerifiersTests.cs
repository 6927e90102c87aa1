using Interconnect.Federation;
using Interconnect.Mls;

namespace Interconnect.Hub.Tests.Routing;

public sealed class FrameVerifiersTests
{
    private static readonly byte[] Content = "content"u8.ToArray();

    [Theory]
    [InlineData(1, 0)]
    [InlineData(2, 1)]
    [InlineData(4, 0)]
    [InlineData(5, 1)]
    [InlineData(7, 1)]
    public void Verify_BadSignaturesAndKeys_AreRefusedAndNotKept_GoodOnesAgainAndAgain(ushort number, int kept)
    {
        var suite = CipherSuite.Get(number);
        using var key = suite.GenerateSignatureKeyPair();
        using var other = suite.GenerateSignatureKeyPair();
        var signature = key.SignWithLabel(FrameProof.Label, Content);
        var verifiers = new FrameVerifiers(10);
        Assert.False(verifiers.Verify(suite, other.PublicKey.Span, Content, signature));
        Assert.False(verifiers.Verify(suite, [1, 2, 3], Content, signature));
        Assert.False(verifiers.Verify(suite, key.PublicKey.Span, Content, key.SignWithLabel("Other", Content)));
        Assert.Equal(0, verifiers.Count);

        for (var i = 0; i < 3; i++)
        {
            Assert.True(verifiers.Verify(suite, key.PublicKey.Span, Content, signature));
            Assert.False(verifiers.Verify(suite, key.PublicKey.Span, "other"u8, signature));
            Assert.False(verifiers.Verify(suite, other.PublicKey.Span, Content, signature));
            Assert.Equal(kept, verifiers.Count);
        }
    }

    [Fact]
    public void Verify_ManyKeysAtOnce_KeepsABoundedNumberOfThem()
    {
        var suite = CipherSuite.Get(2);
        var keys = Enumerable.Range(0, 40).Select(_ => suite.GenerateSignatureKeyPair()).ToList();
        var signatures = keys.ConvertAll(k => k.SignWithLabel(FrameProof.Label, Content));
        var verifiers = new FrameVerifiers(8);
        Parallel.For(0, 400, i =>
        {
            Assert.True(verifiers.Verify(suite, keys[i % 40].PublicKey.Span, Content, signatures[i % 40]));
            Assert.False(verifiers.Verify(suite, keys[i % 40].PublicKey.Span, Content, signatures[(i + 1) % 40]));
        });
        Assert.InRange(verifiers.Count, 8, 16);
        keys.ForEach(k => k.Dispose());
    }
}
