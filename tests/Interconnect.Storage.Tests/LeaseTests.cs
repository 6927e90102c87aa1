using Dapper;

namespace Interconnect.Storage.Tests;

public sealed class LeaseTests
{
    [Fact]
    public async Task TryAcquireAsync_HeldByAnother_IsNull_GivenBack_IsThere()
    {
        await using var test = new TestDatabase();
        await using (var first = await Lease.TryAcquireAsync(test.Database, "role", CancellationToken.None))
        {
            Assert.NotNull(first);
            Assert.Null(await Lease.TryAcquireAsync(test.Database, "role", CancellationToken.None));
            await using var other = await Lease.TryAcquireAsync(test.Database, "another", CancellationToken.None);
            Assert.NotNull(other);
            Assert.True(await first.IsHeldAsync(CancellationToken.None));
        }

        await using var second = await Lease.TryAcquireAsync(test.Database, "role", CancellationToken.None);
        Assert.NotNull(second);
    }

    [Fact]
    public async Task IsHeldAsync_FileRemovedConnectionClosedOrGivenBack_IsFalse()
    {
        await using var test = new TestDatabase();
        var lease = (await Lease.TryAcquireAsync(test.Database, "role", CancellationToken.None))!;
        File.Delete(test.Database.FilePath + ".role.lease");
        Assert.False(await lease.IsHeldAsync(CancellationToken.None));
        await lease.DisposeAsync();

        lease = (await Lease.TryAcquireAsync(test.Database, "role", CancellationToken.None))!;
        Assert.True(await lease.IsHeldAsync(CancellationToken.None));
        await lease.Connection.CloseAsync();
        Assert.False(await lease.IsHeldAsync(CancellationToken.None));
        await lease.DisposeAsync();
        await lease.DisposeAsync();
        Assert.False(await lease.IsHeldAsync(CancellationToken.None));
    }

    [Fact]
    public async Task TryAcquireAsync_DatabaseAway_ThrowsAndKeepsNoLock()
    {
        await using var test = new TestDatabase();
        Directory.CreateDirectory(test.Database.FilePath!);
        var thrown = await Assert.ThrowsAnyAsync<Exception>(async () => await Lease.TryAcquireAsync(test.Database, "role", CancellationToken.None));
        Assert.Equal(DatabaseFailure.Unavailable, DatabaseErrors.Classify(thrown));
        Directory.Delete(test.Database.FilePath!);
        await using var lease = await Lease.TryAcquireAsync(test.Database, "role", CancellationToken.None);
        Assert.NotNull(lease);
        Assert.Equal(1, await lease.Connection.ExecuteScalarAsync<int>("SELECT 1"));
    }
}
