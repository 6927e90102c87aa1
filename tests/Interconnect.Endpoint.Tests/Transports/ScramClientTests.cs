namespace Interconnect.Endpoint.Tests.Transports;

public sealed class ScramClientTests
{
    // RFC 7677 section 3.
    private const string Nonce256 = "rOprNGfwEbeRWgbNEkqO";
    private const string First256 = "r=rOprNGfwEbeRWgbNEkqO%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0,s=W22ZaJ0SNY7soEsUEjb6gQ==,i=4096";

    // RFC 5802 section 5.
    private const string Nonce1 = "fyko+d2lbbFgONRv9qkxdawL";
    private const string First1 = "r=fyko+d2lbbFgONRv9qkxdawL3rfcNHYJY1ZVvWVs7j,s=QSXCR+Q6sek8bf92,i=4096";

    [Fact]
    public void TryAnswer_TheExampleOfRfc7677_GivesItsProofAndTakesOnlyItsSignature()
    {
        var scram = new ScramClient("SCRAM-SHA-256", "user", "pencil", Nonce256);

        Assert.Equal($"n,,n=user,r={Nonce256}", scram.ClientFirst);
        Assert.True(scram.TryAnswer(First256, out var final));
        Assert.Equal("c=biws,r=rOprNGfwEbeRWgbNEkqO%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0,p=dHzbZapWIk4jUhN+Ute9ytag9zjfMHgsqmmiz7AndVQ=", final);
        Assert.False(scram.Verify("v=7rriTRBi23WpRR/wtup+mMhUZUn/dB5nLTJRsjl95G4="));
        Assert.False(scram.Verify("e=other-error"));
        Assert.True(scram.Verify("v=6rriTRBi23WpRR/wtup+mMhUZUn/dB5nLTJRsjl95G4="));
    }

    [Fact]
    public void TryAnswer_TheExampleOfRfc5802_GivesItsProofAndTakesItsSignature()
    {
        var scram = new ScramClient("SCRAM-SHA-1", "user", "pencil", Nonce1);

        Assert.True(scram.TryAnswer(First1, out var final));
        Assert.Equal("c=biws,r=fyko+d2lbbFgONRv9qkxdawL3rfcNHYJY1ZVvWVs7j,p=v0X8v3Bz2T0CJGbJQyF0X+HI4Ts=", final);
        Assert.True(scram.Verify("v=rmF9pqV8S7suAoZWja4dJRkFsKQ="));
    }

    [Theory]
    [InlineData("")]
    [InlineData("r=somebody else's,s=QSXCR+Q6sek8bf92,i=4096")]
    [InlineData("r=fyko+d2lbbFgONRv9qkxdawL,s=QSXCR+Q6sek8bf92,i=4096")]
    [InlineData("r=fyko+d2lbbFgONRv9qkxdawLx,s=!!,i=4096")]
    [InlineData("r=fyko+d2lbbFgONRv9qkxdawLx,s=QSXCR+Q6sek8bf92,i=4095")]
    [InlineData("r=fyko+d2lbbFgONRv9qkxdawLx,s=QSXCR+Q6sek8bf92,i=99999999")]
    [InlineData("m=ext,r=fyko+d2lbbFgONRv9qkxdawLx,s=QSXCR+Q6sek8bf92,i=4096")]
    public void TryAnswer_AChallengeThatIsNotOurs_IsRefused(string challenge)
    {
        Assert.False(new ScramClient("SCRAM-SHA-1", "user", "pencil", Nonce1).TryAnswer(challenge, out _));
        Assert.True(new ScramClient("SCRAM-SHA-1", "user", "pencil", Nonce1).TryAnswer(First1, out _));
    }

    [Fact]
    public void Choose_TakesTheStrongestAndNeverPlain()
    {
        Assert.Null(ScramClient.Choose(["PLAIN", "DIGEST-MD5"]));
        Assert.Equal("SCRAM-SHA-1", ScramClient.Choose(["PLAIN", "SCRAM-SHA-1"]));
        Assert.Equal("SCRAM-SHA-256", ScramClient.Choose(["SCRAM-SHA-1", "SCRAM-SHA-256"]));
    }

    [Fact]
    public void ClientFirst_EscapesCommasAndEqualsSigns() =>
        Assert.Equal("n,,n=a=3Db=2Cc,r=x", new ScramClient("SCRAM-SHA-1", "a=b,c", "p", "x").ClientFirst);
}
