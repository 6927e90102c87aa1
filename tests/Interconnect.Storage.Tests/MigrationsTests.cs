using Dapper;

namespace Interconnect.Storage.Tests;

public sealed class MigrationsTests
{
    [Fact]
    public async Task ApplyAsync_TwiceAndTwoAtOnce_RunsEachFileOnce()
    {
        await using var test = new TestDatabase();
        var ran = await Task.WhenAll(ApplyAsync(test), ApplyAsync(test));
        Assert.Equal([0, 2], ran.Order());
        Assert.Equal(0, await ApplyAsync(test));
        await using var connection = await test.Database.OpenAsync(CancellationToken.None);
        Assert.Equal(0, await connection.ExecuteScalarAsync<int>("SELECT (SELECT COUNT(*) FROM first) + (SELECT COUNT(*) FROM second)"));
    }

    [Fact]
    public async Task ApplyAsync_DatabaseOfANewerVersion_IsRefused()
    {
        await using var test = new TestDatabase();
        await ApplyAsync(test);
        await using var connection = await test.Database.OpenAsync(CancellationToken.None);
        await connection.ExecuteAsync("INSERT INTO interconnect_migrations (component, number, digest) VALUES ('test', 3, 'x')");
        var thrown = await Assert.ThrowsAsync<MigrationException>(() => ApplyAsync(test));
        Assert.Contains("migration 3 of 'test'", thrown.Message, StringComparison.Ordinal);

        await connection.ExecuteAsync("UPDATE interconnect_migrations SET component = 'of another' WHERE number = 3");
        Assert.Equal(0, await ApplyAsync(test));
    }

    [Fact]
    public async Task ApplyAsync_FileChangedSinceItRan_IsRefused()
    {
        await using var test = new TestDatabase();
        await ApplyAsync(test);
        await using var connection = await test.Database.OpenAsync(CancellationToken.None);
        await connection.ExecuteAsync("UPDATE interconnect_migrations SET digest = 'another' WHERE number = 1");
        await Assert.ThrowsAsync<MigrationException>(() => ApplyAsync(test));
    }

    [Fact]
    public async Task ApplyAsync_AFileFails_NothingOfItAllIsApplied()
    {
        await using var test = new TestDatabase();
        await using var connection = await test.Database.OpenAsync(CancellationToken.None);
        await connection.ExecuteAsync("CREATE TABLE second (other INTEGER)");
        await Assert.ThrowsAnyAsync<Exception>(() => ApplyAsync(test));
        Assert.Equal(0, await connection.ExecuteScalarAsync<int>("SELECT COUNT(*) FROM sqlite_master WHERE name IN ('first', 'interconnect_migrations')"));
        await connection.ExecuteAsync("DROP TABLE second");
        Assert.Equal(2, await ApplyAsync(test));
    }

    private static Task<int> ApplyAsync(TestDatabase test) => Migrations.ApplyAsync(test.Database, "test", typeof(MigrationsTests).Assembly, CancellationToken.None);
}
