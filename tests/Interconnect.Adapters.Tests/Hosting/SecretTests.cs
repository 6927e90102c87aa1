using Interconnect.Adapters.Hosting;

namespace Interconnect.Adapters.Tests.Hosting;

/// <summary>A secret that is not there must never be one that matches.</summary>
public sealed class SecretTests : IDisposable
{
    private readonly string file = Path.GetTempFileName();

    public void Dispose() => File.Delete(file);

    [Theory]
    [InlineData("", false)]
    [InlineData("\nsecond", false)]
    [InlineData("  \n", false)]
    [InlineData("hunter2\n", true)]
    public void Problems_FileWithoutAFirstLine_IsAProblemAndMatchesNothing(string content, bool good)
    {
        File.WriteAllText(file, content);

        Assert.Equal(good, !Secret.Problems("x", null, file).Any());
        using var secret = Secret.Load(null, file);
        Assert.False(secret.Matches(""));
        Assert.Equal(good, secret.Matches("hunter2"));
    }

    [Fact]
    public void Problems_BlankValueOrNoSuchFile_IsAProblem()
    {
        Assert.Single(Secret.Problems("x", "  ", null));
        Assert.Single(Secret.Problems("x", "", ""));
        Assert.Single(Secret.Problems("x", null, file + ".none"));
        Assert.Empty(Secret.Problems("x", "hunter2", null));
    }

    [Theory]
    [InlineData("hunter2\n", true, true)]
    [InlineData(" hunter2\r\n", true, true)]
    [InlineData("hun\nter2", false, false)]
    [InlineData("hun\u0000ter2", false, false)]
    [InlineData("hun ter2", true, false)]
    [InlineData("h\u00fcnter2", true, false)]
    public void Problems_WhiteSpaceAround_IsCutOffAndWhatNoHeaderBearsIsAProblem(string value, bool sound, bool inHeader)
    {
        Assert.Equal(sound, !Secret.Problems("x", value, null).Any());
        Assert.Equal(inHeader, !Secret.Problems("x", value, null, forHeader: true).Any());
        Assert.DoesNotContain(Secret.Problems("x", value, null, forHeader: true), p => p.Contains("ter2", StringComparison.Ordinal));
        using var secret = Secret.Load(value, null);
        Assert.True(secret.Matches(value.Trim()));
        File.WriteAllText(file, value);
        Assert.Equal(inHeader, !value.Trim().Contains('\n', StringComparison.Ordinal) && !Secret.Problems("x", null, file, forHeader: true).Any());
    }
}
