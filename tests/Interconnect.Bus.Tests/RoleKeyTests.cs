namespace Interconnect.Bus.Tests;

[System.Runtime.Versioning.UnsupportedOSPlatform("windows")]
public sealed class RoleKeyTests : IDisposable
{
    private readonly DirectoryInfo folder = Directory.CreateTempSubdirectory("role-key-");

    private string KeyPath => Path.Combine(folder.FullName, "a.key");

    public void Dispose() => folder.Delete(recursive: true);

    [Fact]
    public void Create_AFile_IsItsOwnersAloneAndNeverReplaced()
    {
        using var key = RoleKey.Create(KeyPath);
        Assert.Equal(UnixFileMode.UserRead | UnixFileMode.UserWrite, File.GetUnixFileMode(KeyPath));
        Assert.Throws<IOException>(() => RoleKey.Create(KeyPath));
        Assert.True(RoleKey.TryRead(KeyPath, out var again, out _));
        Assert.Equal(key.Public.ToString(), again.Public.ToString());
        Assert.DoesNotContain(File.ReadAllText(KeyPath)[13..].Trim(), key.ToString(), StringComparison.Ordinal);
        again.Dispose();
    }

    [Theory]
    [InlineData("")]
    [InlineData("ed25519-seed:")]
    [InlineData("ed25519-seed:AAAA")]
    [InlineData("ed25519:AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=")]
    [InlineData("ed25519-seed:AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=\nmore")]
    public void TryRead_NoKey_SaysSoWithoutWhatItHolds(string content)
    {
        File.WriteAllText(KeyPath, content);
        File.SetUnixFileMode(KeyPath, UnixFileMode.UserRead | UnixFileMode.UserWrite);
        Assert.False(RoleKey.TryRead(KeyPath, out _, out var reason));
        Assert.Contains("no role key", reason, StringComparison.Ordinal);

        File.WriteAllText(KeyPath, "ed25519-seed:AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=\n");
        Assert.True(RoleKey.TryRead(KeyPath, out var key, out _));
        key.Dispose();
    }

    [Fact]
    public void TryRead_FileThatOthersRead_IsNotUsed()
    {
        RoleKey.Create(KeyPath).Dispose();
        File.SetUnixFileMode(KeyPath, UnixFileMode.UserRead | UnixFileMode.OtherRead);
        Assert.False(RoleKey.TryRead(KeyPath, out _, out var reason));
        Assert.Contains("chmod 600", reason, StringComparison.Ordinal);
        Assert.False(RoleKey.TryRead(KeyPath + ".none", out _, out reason));
        Assert.Contains("no such file", reason, StringComparison.Ordinal);

        File.SetUnixFileMode(KeyPath, UnixFileMode.UserRead);
        Assert.True(RoleKey.TryRead(KeyPath, out var key, out _));
        key.Dispose();
    }
}
