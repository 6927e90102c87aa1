namespace Interconnect.Federation.Tests.Identifiers;

public sealed class Utf16Tests
{
    [Theory]
    [InlineData("ab😀", 3, "ab")]
    [InlineData("ab😀", 4, "ab😀")]
    [InlineData("ab😀c", 4, "ab😀")]
    [InlineData("😀", 1, "")]
    [InlineData("abc", 2, "ab")]
    [InlineData("abc", 0, "")]
    public void Start_Text_IsNeverCutInsideAPair(string text, int most, string expected)
    {
        Assert.Equal(expected, Utf16.Start(text, most));
        Assert.True(Utf16.IsWellFormed(Utf16.Start(text, most)));
    }

    [Fact]
    public void IsWellFormed_HalfAPair_IsNot()
    {
        Assert.False(Utf16.IsWellFormed("\ud83d"));
        Assert.False(Utf16.IsWellFormed("a\ude00b"));
        Assert.True(Utf16.IsWellFormed("a😀b"));
    }
}
