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
}
