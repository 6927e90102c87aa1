using Dapper;

namespace Interconnect.Storage.Tests;

public sealed class DatabaseTests
{
    [Fact]
    public async Task OpenAsync_NewFile_IsReadableByItsOwnerOnly_AndSoAreItsCompanions()
    {
        await using var test = new TestDatabase();
        await using var connection = await test.Database.OpenAsync(CancellationToken.None);
        await connection.ExecuteAsync("CREATE TABLE t (x INTEGER); INSERT INTO t VALUES (1)");
        var files = Directory.GetFiles(Path.GetDirectoryName(test.Database.FilePath!)!);
        Assert.Contains(files, f => f.EndsWith("-wal", StringComparison.Ordinal));
        Assert.All(files, f => Assert.True(OperatingSystem.IsWindows() || (UnixFileMode.UserRead | UnixFileMode.UserWrite) == File.GetUnixFileMode(f), f));
    }

    [Fact]
    public async Task OpenAsync_Connection_IsDurableAndWaitsForLocks()
    {
        await using var test = new TestDatabase();
        await using var connection = await test.Database.OpenAsync(CancellationToken.None);
        Assert.Equal("wal", await connection.ExecuteScalarAsync<string>("PRAGMA journal_mode"));
        Assert.Equal(2, await connection.ExecuteScalarAsync<int>("PRAGMA synchronous"));
        Assert.Equal(30000, await connection.ExecuteScalarAsync<int>("PRAGMA busy_timeout"));
    }

    [Fact]
    public async Task WhyNotReadyAsync_Away_SaysWhyWithoutPath_There_IsNull()
    {
        await using var test = new TestDatabase();
        Directory.CreateDirectory(test.Database.FilePath!);
        var reason = await test.Database.WhyNotReadyAsync(CancellationToken.None);
        Assert.NotNull(reason);
        Assert.DoesNotContain("test.db", reason, StringComparison.Ordinal);
        Directory.Delete(test.Database.FilePath!);
        Assert.Null(await test.Database.WhyNotReadyAsync(CancellationToken.None));
    }

    [Fact]
    public async Task WhyNotReadyAsync_PostgresAway_SaysWhyWithoutCredentials()
    {
        await using var database = Database.Create(new DatabaseOptions { Provider = "postgres", ConnectionString = "Host=127.0.0.1;Port=9;Username=somebody;Password=secret;Timeout=2" });
        var reason = await database.WhyNotReadyAsync(CancellationToken.None);
        Assert.NotNull(reason);
        Assert.DoesNotContain("secret", reason, StringComparison.Ordinal);
        Assert.DoesNotContain("somebody", reason, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("oracle", "x", "database:provider")]
    [InlineData("sqlite", " ", "database:connectionString is empty")]
    [InlineData("postgres", "Nonsense=1", "not a Npgsql connection string")]
    [InlineData("postgres", "Username=x", "not a Npgsql connection string")]
    public void Problems_Mistake_IsNamed(string provider, string text, string said)
    {
        Assert.Contains(new DatabaseOptions { Provider = provider, ConnectionString = text }.Problems(), p => p.Contains(said, StringComparison.Ordinal));
        Assert.Empty(new DatabaseOptions().Problems());
        Assert.Empty(new DatabaseOptions { Provider = "postgres", ConnectionString = "Host=h;Username=u;Database=d" }.Problems());
    }

    [Fact]
    public void ToString_Options_HoldsNoPassword() =>
        Assert.DoesNotContain("secret", new DatabaseOptions { Provider = "postgres", ConnectionString = "Host=h;Password=secret" }.ToString(), StringComparison.Ordinal);

    [Fact]
    public void Tuned_PreparesStatementsAndNoticesALostSession_UnlessTheOperatorSaysOtherwise()
    {
        Assert.Contains("Max Auto Prepare=100", Database.Tuned("Host=h"), StringComparison.OrdinalIgnoreCase);
        Assert.Contains("tcp_keepalives_idle=10", Database.Tuned("Host=h"), StringComparison.Ordinal);
        Assert.Contains("Keepalive=10", Database.Tuned("Host=h"), StringComparison.OrdinalIgnoreCase);
        Assert.Contains("Max Auto Prepare=7", Database.Tuned("Host=h;Max Auto Prepare=7"), StringComparison.OrdinalIgnoreCase);
    }
}
