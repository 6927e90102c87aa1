using System.Data.Common;
using System.Globalization;
using Microsoft.Data.Sqlite;
using Npgsql;

namespace Interconnect.Storage;

/// <summary>
/// One SQL statement over many rows, the same text on both databases: it reads the rows from a table named <c>given</c>, which PostgreSQL gets as arrays in one
/// execution (unnest) and SQLite as one row an execution of a prepared statement. An upsert over <c>given</c> needs <c>WHERE true</c> before <c>ON CONFLICT</c>.
/// </summary>
/// <typeparam name="TRow">What a row is in memory.</typeparam>
public sealed class RowStatement<TRow>
{
    private readonly RowColumn<TRow>[] columns;
    private readonly string postgres;
    private readonly string sqlite;

    /// <summary>A statement that starts after the <c>WITH</c> clause: <c>INSERT INTO t (a) SELECT a FROM given</c>.</summary>
    public RowStatement(string sql, params RowColumn<TRow>[] columns)
    {
        this.columns = columns;
        var names = string.Join(", ", columns.Select(c => c.Name));
        var numbers = string.Join(", ", columns.Select((_, i) => string.Create(CultureInfo.InvariantCulture, $"${i + 1}")));
        postgres = $"WITH given ({names}) AS (SELECT * FROM unnest({numbers})) {sql}";
        sqlite = $"WITH given ({names}) AS (VALUES ({numbers})) {sql}";
    }

    internal NpgsqlBatchCommand ForPostgres(IReadOnlyList<TRow> rows)
    {
        var command = new NpgsqlBatchCommand(postgres);
        foreach (var column in columns)
        {
            command.Parameters.Add(column.Array(rows));
        }

        return command;
    }

    internal int OnSqlite(SqliteConnection connection, SqliteTransaction? transaction, IReadOnlyList<TRow> rows, Action<DbDataReader>? read)
    {
        using var command = connection.CreateCommand();
        command.CommandText = sqlite;
        command.Transaction = transaction;
        var parameters = new SqliteParameter[columns.Length];
        for (var i = 0; i < columns.Length; i++)
        {
            parameters[i] = command.Parameters.Add(new SqliteParameter { ParameterName = string.Create(CultureInfo.InvariantCulture, $"${i + 1}") });
        }

        var changed = 0;
        foreach (var row in rows)
        {
            for (var i = 0; i < columns.Length; i++)
            {
                parameters[i].Value = columns[i].Value(row) ?? DBNull.Value;
            }

            if (read is null)
            {
                changed += command.ExecuteNonQuery();
                continue;
            }

            using var reader = command.ExecuteReader();
            while (reader.Read())
            {
                read(reader);
            }
        }

        return changed;
    }
}
