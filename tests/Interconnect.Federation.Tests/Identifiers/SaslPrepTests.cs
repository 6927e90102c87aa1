using Interconnect.Testing;

namespace Interconnect.Federation.Tests.Identifiers;

public sealed class SaslPrepTests
{
    /// <summary>RFC 4013 section 3, and what it says elsewhere.</summary>
    [Theory]
    [InlineData("I\u00adX", "IX")]
    [InlineData("user", "user")]
    [InlineData("USER", "USER")]
    [InlineData("\u00aa", "a")]
    [InlineData("\u2168", "IX")]
    [InlineData("a\u00a0b", "a b")]
    [InlineData("a\u3000b", "a b")]
    [InlineData("\ufb01n", "fin")]
    [InlineData("\u1100\u1161\u11a8", "\uac01")]
    [InlineData("\u0627b\u0627", null)]
    [InlineData("\u06271", null)]
    [InlineData("\u0007", null)]
    [InlineData("a\ue000", null)]
    [InlineData("\u00ad", null)]
    [InlineData("", null)]
    [InlineData("\ud83d", null)]
    public void TryPrepare_Text_HasItsOneSpelling(string text, string? expected)
    {
        Assert.Equal(expected is not null, SaslPrep.TryPrepare(text, out var prepared));
        Assert.Equal(expected, prepared);
    }

    [Fact]
    public void TryPrepare_CharacterOfALaterUnicode_StaysAsItIs()
    {
        Assert.True(SaslPrep.TryPrepare("\U0001f511 \u1c92", out var prepared));
        Assert.Equal("\U0001f511 \u1c92", prepared);
    }

    [SharedFact("cases/agent-password-not-prepared")]
    public void TryPrepare_DecomposedPassword_IsTheComposedOne()
    {
        var decomposed = File.ReadAllText(SharedFiles.PathOf("cases/agent-password-not-prepared/password.nfd")).TrimEnd('\n');
        Assert.Contains('\u0308', decomposed);

        Assert.True(SaslPrep.TryPrepare(decomposed, out var prepared));

        Assert.Equal("p\u00e4ssw\u00f6rt1", prepared);
        Assert.True(SaslPrep.TryPrepare(prepared, out var again));
        Assert.Equal(prepared, again);
    }

    [Theory]
    [InlineData("a\u0323\u0301", "\u1ea1\u0301")]
    [InlineData("a\u0301\u0323", "\u1ea1\u0301")]
    [InlineData("\u0301a", "\u0301a")]
    [InlineData("a\u0300\u0301", "\u00e0\u0301")]
    [InlineData("\u0958", "\u0915\u093c")]
    [InlineData("\u1100\uac00\u11a8", "\u1100\uac01")]
    [InlineData("\uac01\u11a8", "\uac01\u11a8")]
    [InlineData("\ufdfa", "\u0635\u0644\u0649 \u0627\u0644\u0644\u0647 \u0639\u0644\u064a\u0647 \u0648\u0633\u0644\u0645")]
    public void CompatibilityForm_Text_IsComposedInOrder(string text, string expected) => Assert.Equal(expected, CompatibilityForm.Of(text));
}
