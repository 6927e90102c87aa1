using Interconnect.Mls.Encoding;
using Interconnect.Mls.Tree;

namespace Interconnect.Mls.Tests.Encoding;

public sealed class SharedCapabilitiesTests
{
    [Fact]
    public void Capabilities_ReadTwice_AreOneObject_AndOthersAreNot()
    {
        var some = new Capabilities([1], [1, 2], [0x7a7a], [], [1]);
        var (encoded, other) = (Codec.Encode(some), Codec.Encode(some with { Extensions = [0x7a7b] }));
        var first = Codec.Decode<Capabilities>(encoded);
        Assert.NotSame(first, Codec.Decode<Capabilities>(other));
        Assert.Equal([0x7a7b], Codec.Decode<Capabilities>(other).Extensions);
        Assert.Equal(encoded, Codec.Encode(Codec.Decode<Capabilities>(encoded)));

        // Tests beside this one may put theirs in the same place in between.
        Assert.Contains(Enumerable.Range(0, 1000), _ => ReferenceEquals(Codec.Decode<Capabilities>(encoded), Codec.Decode<Capabilities>(encoded)));
    }

    [Fact]
    public void Capabilities_ThatCannotBeRead_AreRefusedEachTime_WhereTheyGoWrong()
    {
        byte[] odd = [2, 0, 1, 3, 0, 1, 0, 0, 0, 2, 0, 1];
        for (var i = 0; i < 3; i++)
        {
            var error = Assert.Throws<MlsRefusal>(() => Codec.Decode<Capabilities>(odd)).Error;
            Assert.Equal(("MLS-001", 6), (error.Rule, error.Offset));
            Assert.EndsWith("cipher_suites.element", error.Path, StringComparison.Ordinal);
        }

        Assert.True(Codec.Decode<Capabilities>(new byte[] { 2, 0, 1, 2, 0, 1, 0, 0, 2, 0, 1 }).Credentials.Count == 1);
    }
}
