using Dapper;
using Microsoft.Data.Sqlite;

namespace Interconnect.Storage.Tests;

public sealed class StatementBatchTests
{
    private static readonly RowStatement<Row> Insert = new("INSERT INTO t (id, name, body) SELECT id, name, body FROM given", Columns());

    private static readonly RowStatement<Row> Upsert = new(
        "INSERT INTO t (id, name, body) SELECT id, name, body FROM given WHERE true ON CONFLICT (id) DO UPDATE SET name = excluded.name", Columns());

    private static readonly RowStatement<long> Find = new("SELECT t.id, t.name, t.body FROM given JOIN t ON t.id = given.id", RowColumn<long>.Number("id", n => n));

    private sealed record Row(long? Id, string? Name, byte[]? Body);

    [Fact]
    public async Task ExecuteAsync_OneStatementFails_NothingOfTheBatchIsThere()
    {
        await using var test = new TestDatabase();
        await using var connection = await test.Database.OpenAsync(CancellationToken.None);
        await connection.ExecuteAsync("CREATE TABLE t (id BIGINT PRIMARY KEY, name TEXT, body BLOB)");
        var thrown = await Assert.ThrowsAsync<SqliteException>(() => new StatementBatch()
            .Add(Insert, [new Row(1, "a", null)]).Add(Insert, [new Row(2, "b", null), new Row(1, "twice", null)]).ExecuteAsync(connection, CancellationToken.None));
        Assert.Equal(DatabaseFailure.Defect, DatabaseErrors.Classify(thrown));
        Assert.Equal(0, await connection.ExecuteScalarAsync<int>("SELECT COUNT(*) FROM t"));

        await new StatementBatch().Add(Insert, [new Row(1, "a", [1]), new Row(2, null, null)]).Add(Upsert, [new Row(1, "c", null)]).ExecuteAsync(connection, CancellationToken.None);
        Assert.Equal([(1, "c"), (2, null)], await connection.QueryAsync<(long, string?)>("SELECT id, name FROM t ORDER BY id"));
    }

    [Fact]
    public async Task Query_ManyKeys_ReadsTheRowsThatAreThere()
    {
        await using var test = new TestDatabase();
        await using var connection = await test.Database.OpenAsync(CancellationToken.None);
        await connection.ExecuteAsync("CREATE TABLE t (id BIGINT PRIMARY KEY, name TEXT, body BLOB)");
        await new StatementBatch().Add(Insert, [.. Enumerable.Range(1, 500).Select(i => new Row(i, "n" + i, [(byte)i]))]).ExecuteAsync(connection, CancellationToken.None);
        var read = new List<(long, string)>();
        var batch = new StatementBatch().Query(Find, [3, 1000, 7], row => read.Add((row.GetInt64(0), row.GetString(1)))).Query(Find, [], _ => Assert.Fail("no rows were given"));
        Assert.True(batch.ReadsOnly);
        Assert.Equal(1, batch.Count);
        await batch.ExecuteAsync(connection, CancellationToken.None);
        Assert.Equal([(3, "n3"), (7, "n7")], read);
    }

    [Fact]
    public async Task Classify_LockedByAnother_IsRetryable()
    {
        await using var test = new TestDatabase();
        await using var first = await test.Database.OpenAsync(CancellationToken.None);
        await using var second = await test.Database.OpenAsync(CancellationToken.None);
        await first.ExecuteAsync("CREATE TABLE t (id BIGINT PRIMARY KEY, name TEXT, body BLOB)");
        await using var held = ((SqliteConnection)first).BeginTransaction(deferred: false);
        await second.ExecuteAsync("PRAGMA busy_timeout=1");
        ((SqliteConnection)second).DefaultTimeout = 1;
        var thrown = await Assert.ThrowsAsync<SqliteException>(() => new StatementBatch().Add(Insert, [new Row(1, "a", null)]).ExecuteAsync(second, CancellationToken.None));
        Assert.Equal(DatabaseFailure.Retryable, DatabaseErrors.Classify(thrown));
        await held.RollbackAsync();
        await new StatementBatch().Add(Insert, [new Row(1, "a", null)]).ExecuteAsync(second, CancellationToken.None);
    }

    [Fact]
    public void Classify_WhatIsNotOfADatabase_IsNull()
    {
        Assert.Null(DatabaseErrors.Classify(new FormatException("x")));
        Assert.Equal(DatabaseFailure.Unavailable, DatabaseErrors.Classify(new IOException("x")));
        Assert.DoesNotContain("x-value", DatabaseErrors.Describe(new IOException("x-value")), StringComparison.Ordinal);
    }

    private static RowColumn<Row>[] Columns() => [RowColumn<Row>.OptionalNumber("id", r => r.Id), RowColumn<Row>.Text("name", r => r.Name), RowColumn<Row>.Bytes("body", r => r.Body)];
}
