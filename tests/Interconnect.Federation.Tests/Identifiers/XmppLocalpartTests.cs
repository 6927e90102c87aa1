using System.Globalization;
using System.Text;

namespace Interconnect.Federation.Tests.Identifiers;

/// <summary>
/// Names that servers fold by different rules, held against what others make of every code point (Golden/xmpp-localparts.txt). Seen on Prosody 0.12.3 and ejabberd 23.01:
/// U+10D2 is an account of Prosody (not tried on ejabberd); U+1C92 does not register there, but Prosody routes a message to it as it stands, and ejabberd answers bad-request. ☃, i❤xmpp and col·lega are
/// accounts of Prosody. U+10A0 and U+13A0, which later versions fold, are accounts of Prosody as they stand; U+00DF and U+03C2 are registered there as ss and U+03C3.
/// </summary>
public sealed class XmppLocalpartTests
{
    private static readonly string Path = System.IO.Path.Combine(SharedFiles.RepositoryRoot, "tests", "Interconnect.Federation.Tests", "Golden", "xmpp-localparts.txt");
    private static readonly ILookup<string, int[]> Golden = File.ReadLines(Path).Where(l => l[0] != '#').Select(l => l.Split(' '))
        .SelectMany(words => words.Skip(1).Select(w => (Set: words[0], Ends: w.Split('-').Select(Hex).ToArray())))
        .ToLookup(r => r.Set, r => r.Ends);

    [Fact]
    public void IsPlain_EveryCodePoint_IsWhatAllServersLeaveAndNodeprepTakes()
    {
        var (nodeprep, refused, folding, lowering) = (Set("nodeprep-changes"), Set("nodeprep-refuses"), Set("rfc7613-changes"), Set("rfc8265-changes"));
        var differ = 0;
        for (var code = 0; code < 0x110000; code++)
        {
            if (!Rune.IsValid(code))
            {
                Assert.False(XmppLocalpart.IsPlain("a" + (char)code));
                continue;
            }

            var changed = nodeprep.Contains(code) || folding.Contains(code) || lowering.Contains(code);
            differ += changed && !(nodeprep.Contains(code) && folding.Contains(code) && lowering.Contains(code)) ? 1 : 0;
            Assert.True(XmppLocalpart.IsPlain(new Rune(code).ToString()) == !(changed || refused.Contains(code)), $"U+{code:X4}");
        }

        // Those on which they differ, so that an empty list shows.
        Assert.Equal(3_922, differ);
    }

    [Fact]
    public void TryRead_EveryCodePoint_FoldsAsciiAndNothingElse()
    {
        foreach (var rune in Enumerable.Range(0, 0x110000).Where(Rune.IsValid).Select(c => new Rune(c).ToString()))
        {
            var upper = rune[0] is >= 'A' and <= 'Z';
            Assert.Equal(XmppLocalpart.IsPlain(rune) || upper, XmppLocalpart.TryRead(rune, out var read));
            Assert.True(read is null || read == (upper ? rune.ToLowerInvariant() : rune));
        }
    }

    [Theory]
    [InlineData("\u1c92")]
    [InlineData("Alice")]
    [InlineData("a\u030a")]
    [InlineData("stra\u00dfe")]
    [InlineData("\u1100\u1161")]
    [InlineData("a\u0301\u0323")]
    [InlineData("a\u05d0")]
    [InlineData("\u05d01")]
    [InlineData("a b")]
    [InlineData("")]
    [InlineData("\ud83d")]
    public void IsPlain_NameThatSomeServerChangesOrRefuses_IsNot(string name)
    {
        Assert.False(XmppLocalpart.IsPlain(name));
        Assert.True(XmppLocalpart.IsPlain("\u10d2"));
    }

    [Theory]
    [InlineData("alice")]
    [InlineData("änne")]
    [InlineData("ΐ")]
    [InlineData("☃")]
    [InlineData("i❤xmpp")]
    [InlineData("col·lega")]
    [InlineData("한글")]
    [InlineData("नि")]
    [InlineData("שלום")]
    [InlineData("ạ\u0301")]
    public void IsPlain_NameThatAllServersLeave_Is(string name) => Assert.True(XmppLocalpart.IsPlain(name));

    [Fact]
    public void IsPlain_LongerThanAnAddressAllows_IsNot()
    {
        Assert.False(XmppLocalpart.IsPlain(new string('ä', 512)));
        Assert.False(XmppLocalpart.IsPlain(new string('a', 1_024)));
        Assert.True(XmppLocalpart.IsPlain(new string('a', 1_023)));
    }

    private static HashSet<int> Set(string name) => [.. Golden[name].SelectMany(ends => Enumerable.Range(ends[0], ends[^1] - ends[0] + 1))];

    private static int Hex(string text) => int.Parse(text, NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture);
}
