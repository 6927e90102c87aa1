namespace Interconnect.Sandbox.Tests.Xmpp;

public sealed class JidTests
{
    [Theory]
    [InlineData("")]
    [InlineData("@a.test")]
    [InlineData("a b@a.test")]
    [InlineData("alice@")]
    [InlineData("alice@a.test/")]
    [InlineData("al<ice@a.test")]
    [InlineData("alice@a_b")]
    [InlineData("alice@a@b")]
    [InlineData("ÄNNE@a.test")]
    [InlineData("\u1c92@a.test")]
    [InlineData("alice@\u212a.test")]
    public void TryParse_NotAnAddress_IsRefused(string text)
    {
        Assert.False(Jid.TryParse(text, out _));
        Assert.True(Jid.TryParse(@"Bob\40hs.test@GW.a.test/Phone", out var jid));
        Assert.Equal(@"bob\40hs.test@gw.a.test/Phone", jid.ToString());
    }

    [Fact]
    public void TryParse_PartOver1023Bytes_IsRefused()
    {
        Assert.False(Jid.TryParse(new string('a', 1_024) + "@a.test", out _));
        Assert.True(Jid.TryParse(new string('a', 1_023) + "@a.test", out _));
    }
}
