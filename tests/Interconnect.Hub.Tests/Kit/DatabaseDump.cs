using System.Globalization;
using Dapper;
using Interconnect.Federation;
using Interconnect.Storage;

namespace Interconnect.Hub.Tests.Kit;

/// <summary>Every row of every table as text.</summary>
internal sealed class DatabaseDump
{
    private static readonly string[] WhatARefusalWrites = ["hub_ledger", "hub_deliveries", "hub_outbox"];
    private readonly SortedDictionary<string, List<string>> tables = new(StringComparer.Ordinal);

    public IReadOnlyList<string> this[string table] => tables[table];

    public static async Task<DatabaseDump> ReadAsync(DatabaseOptions options)
    {
        await using var database = Database.Create(options);
        await using var connection = await database.OpenAsync(CancellationToken.None);
        var dump = new DatabaseDump();
        foreach (var table in await connection.QueryAsync<string>(database.IsPostgres
            ? "SELECT tablename FROM pg_tables WHERE schemaname = 'public' ORDER BY tablename"
            : "SELECT name FROM sqlite_master WHERE type = 'table' ORDER BY name"))
        {
            var rows = (await connection.QueryAsync($"SELECT * FROM {table}")).Select(Text).Order(StringComparer.Ordinal);
            dump.tables[table] = [.. rows];
        }

        return dump;
    }

    public void AssertOnlyRefused(DatabaseDump before, EventId id, HubRule rule, int rows)
    {
        foreach (var (table, now) in tables)
        {
            if (!WhatARefusalWrites.Contains(table))
            {
                Assert.Equal(before.tables[table], now);
            }
        }

        var added = tables["hub_ledger"].Except(before.tables["hub_ledger"]).ToList();
        Assert.Equal(rows, added.Count);
        var row = Assert.Single(added, r => r.Contains(id.Hex, StringComparison.Ordinal));
        Assert.Contains("rule=" + rule.Id, row, StringComparison.Ordinal);
        Assert.Equal(rows - 1, tables["hub_deliveries"].Except(before.tables["hub_deliveries"]).Count());
        Assert.Empty(before.tables["hub_ledger"].Except(tables["hub_ledger"]));
        Assert.Empty(before.tables["hub_deliveries"].Except(tables["hub_deliveries"]));
    }

    public void AssertSame(DatabaseDump other) => Assert.Equal(other.tables, tables);

    private static string Text(dynamic row) => string.Join(' ', ((IDictionary<string, object?>)row).Select(c =>
        c.Key + "=" + (c.Value is byte[] bytes ? Convert.ToHexStringLower(bytes) : Convert.ToString(c.Value, CultureInfo.InvariantCulture))));
}
