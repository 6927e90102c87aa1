namespace Interconnect.Federation.Tests.Identifiers;

public sealed class XmppDomainTests
{
    [Theory]
    [InlineData("")]
    [InlineData("a..test")]
    [InlineData("a.test.")]
    [InlineData("a_b.test")]
    [InlineData("BÜCHER.test")]
    [InlineData("bu\u0308cher.test")]
    [InlineData("stra\u00dfe.test")]
    [InlineData("\u212a.test")]
    [InlineData("\u1c92.test")]
    [InlineData("a\u3002test")]
    [InlineData("a\uff0etest")]
    [InlineData("\ud800.test")]
    public void TryParse_WhatVersionsOfIdnaDifferOn_IsRefused(string text)
    {
        Assert.False(XmppDomain.TryParse(text, out _));
        Assert.True(XmppDomain.TryParse("bücher.test", out _));
    }

    [Theory]
    [InlineData("A.Test", "a.test", "a.test")]
    [InlineData("bücher.test", "bücher.test", "xn--bcher-kva.test")]
    [InlineData("bücher.TEST", "bücher.test", "xn--bcher-kva.test")]
    [InlineData("XN--BCHER-KVA.test", "xn--bcher-kva.test", "xn--bcher-kva.test")]
    public void TryParse_Domain_IsComparedInOneFormAndWrittenInItsOwn(string text, string written, string ascii)
    {
        Assert.True(XmppDomain.TryParse(text, out var domain));
        Assert.Equal((written, ascii), (domain.Written, domain.Ascii));
        Assert.Equal(written != ascii, domain.IsUnicode);
        Assert.True(XmppDomain.TryParse(ascii, out var same));
        Assert.Equal(domain, same);
    }

    [Theory]
    [InlineData("\u212a.test")]
    [InlineData("\u0130.test")]
    [InlineData("\uff41.test")]
    public void ProviderDomain_LetterThatFoldsToAscii_IsRefused(string text)
    {
        Assert.False(ProviderDomain.TryParse(text, out _));
        Assert.False(UserUri.TryParse($"mimi://{text}/u/alice", out _));
        Assert.True(UserUri.TryParse("mimi://K.test/u/alice", out var uri));
        Assert.Equal("mimi://k.test/u/alice", uri.Value);
    }
}
