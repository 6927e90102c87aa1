using FsCheck;
using FsCheck.Fluent;

namespace Interconnect.Endpoint.Tests.Identity.Linking;

public sealed class LinkCodeTests
{
    [Fact]
    public void Reveal_OfKnownBytes_NeverChanges()
    {
        using var zero = LinkCode.FromBytes(new byte[10]);
        using var counting = LinkCode.FromBytes(Convert.FromHexString("00443214c74254b635cf"));
        using var other = LinkCode.FromBytes(Convert.FromHexString("84653a56d7c675be77df"));

        Assert.Equal("0000-0000-0000-0000", zero.Reveal());
        Assert.Equal("0123-4567-89AB-CDEF", counting.Reveal());
        Assert.Equal("GHJK-MNPQ-RSTV-WXYZ", other.Reveal());
    }

    [Fact]
    public void TryParse_OfEveryCode_GivesTheCode() => Check.QuickThrowOnFailure(Prop.ForAll(ArbMap.Default.GeneratorFor<byte>().ArrayOf(LinkCode.Size).ToArbitrary(), bytes =>
    {
        using var code = LinkCode.FromBytes(bytes);

        return LinkCode.TryParse(code.Reveal(), out var read, out _) && read.Span.SequenceEqual(bytes) && code.Reveal().Length == 19;
    }));

    [Theory]
    [InlineData("0123-4567-89AB-CDEF")]
    [InlineData("0123456789abcdef")]
    [InlineData("  o i 2 3 - 4567\n89ab--cdef\t")]
    [InlineData("OL23-4567-89AB-CDEF")]
    [InlineData("interconnect device code 1\n0123-4567-89AB-CDEF")]
    public void TryParse_AsPeopleType_IsUnderstood(string typed) => Assert.Equal("0123-4567-89AB-CDEF", Read(typed));

    [Theory]
    [InlineData("LNK-002", "Character 4 ", "012U-4567-89AB-CDEF")]
    [InlineData("LNK-002", "Character 1 ", "ª123-4567-89AB-CDEF")]
    [InlineData("LNK-003", "15 ", "0123-4567-89AB-CDE")]
    [InlineData("LNK-003", "17 ", "0123-4567-89AB-CDEF-0")]
    [InlineData("LNK-003", "0 ", "")]
    public void TryParse_WhatIsNoCode_SaysWhy(string ruleId, string says, string typed)
    {
        Assert.False(LinkCode.TryParse(typed, out var code, out var error));
        Assert.Null(code);
        Assert.Equal(ruleId, error.RuleId);
        Assert.Contains(says, error.Reason, StringComparison.Ordinal);
        Assert.DoesNotContain("CDE", error.ToString(), StringComparison.Ordinal);
    }

    [Fact]
    public void TryParse_OfTooMuch_IsRefused()
    {
        Assert.False(LinkCode.TryParse(new string(' ', 113) + "0123456789ABCDEF", out _, out var error));
        Assert.Equal("LNK-001", error.RuleId);
        Assert.True(LinkCode.TryParse(new string(' ', 112) + "0123456789ABCDEF", out _, out _));
    }

    [Fact]
    public void Codes_PrintedOrDisposed_ShowNothing()
    {
        var code = LinkCode.Create();
        using var another = LinkCode.Create();
        var shown = code.Reveal();

        Assert.NotEqual(shown, another.Reveal());
        Assert.Equal("LinkCode(redacted)", code.ToString());
        code.Dispose();
        Assert.Throws<ObjectDisposedException>(() => code.Reveal());
        Assert.Throws<ArgumentException>(() => LinkCode.FromBytes(new byte[9]));
    }

    [Fact]
    public void Terminal_OfACode_IsNoUrlAndIsReadBack()
    {
        using var code = LinkCode.Create();
        var lines = code.RevealForTerminal().TrimEnd('\n').Split('\n');
        var picture = new GrayPicture(lines[0].Length * 3, lines.Length * 6);
        for (var i = 0; i < picture.Pixels.Length; i++)
        {
            var (x, y) = (i % picture.Width, i / picture.Width);
            var block = lines[y / 6][x / 3];
            picture.Pixels[i] = block == '█' || block == (y % 6 < 3 ? '▀' : '▄') ? (byte)255 : (byte)0;
        }

        var text = Assert.IsType<QrPictureReading.Found>(QrPicture.Read(picture)).Text;
        Assert.Equal("interconnect device code 1\n" + code.Reveal(), text);
        Assert.Equal(code.Reveal(), Read(text));
    }

    [Fact]
    public void EntryDigits_AreFrozenAndReadAsPeopleType()
    {
        var digits = EntryDigits.Of("an entry"u8);

        Assert.Equal("19238950", digits.Value);
        Assert.Equal($"{digits.Value[..4]} {digits.Value[4..]}", digits.ToString());
        Assert.All(new[] { digits.ToString(), digits.Value, digits.Value.Insert(3, "-") + "\n" }, typed =>
        {
            Assert.True(EntryDigits.TryParse(typed, out var read, out _));
            Assert.True(read.Matches(digits));
        });
        Assert.All(new[] { "", "1234567", "123456789", "1234567x", "١٢٣٤٥٦٧٨", "12345678" + new string(' ', 60) }, typed =>
        {
            Assert.False(EntryDigits.TryParse(typed, out _, out var error));
            Assert.Equal("LNK-019", error.RuleId);
        });
        Assert.False(EntryDigits.Of("another entry"u8).Matches(digits));
    }

    private static string Read(string typed)
    {
        Assert.True(LinkCode.TryParse(typed, out var code, out var error), error?.ToString());
        return code.Reveal();
    }
}
