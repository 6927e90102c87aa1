using System.Data.Common;
using Microsoft.Data.Sqlite;
using Npgsql;
using NpgsqlTypes;

namespace Interconnect.Storage;

/// <summary>One column of the rows that a <see cref="RowStatement{TRow}"/> is given: its name in the SQL, its type, and how to read it from a row.</summary>
/// <typeparam name="TRow">What a row is in memory.</typeparam>
public abstract class RowColumn<TRow>
{
    private protected RowColumn(string name) => Name = name;

    internal string Name { get; }

    internal abstract DbParameter Array(IReadOnlyList<TRow> rows);

    internal abstract object? Value(TRow row);

    /// <summary>A 64-bit number.</summary>
    public static RowColumn<TRow> Number(string name, Func<TRow, long> read) => new Of<long>(name, NpgsqlDbType.Bigint, read);

    /// <summary>A 64-bit number or NULL.</summary>
    public static RowColumn<TRow> OptionalNumber(string name, Func<TRow, long?> read) => new Of<long?>(name, NpgsqlDbType.Bigint, read);

    /// <summary>A text or NULL.</summary>
    public static RowColumn<TRow> Text(string name, Func<TRow, string?> read) => new Of<string?>(name, NpgsqlDbType.Text, read);

    /// <summary>Bytes or NULL.</summary>
    public static RowColumn<TRow> Bytes(string name, Func<TRow, byte[]?> read) => new Of<byte[]?>(name, NpgsqlDbType.Bytea, read);

    private sealed class Of<T>(string name, NpgsqlDbType type, Func<TRow, T> read) : RowColumn<TRow>(name)
    {
        internal override DbParameter Array(IReadOnlyList<TRow> rows)
        {
            var values = new T[rows.Count];
            for (var i = 0; i < values.Length; i++)
            {
                values[i] = read(rows[i]);
            }

            return new NpgsqlParameter { Value = values, NpgsqlDbType = NpgsqlDbType.Array | type };
        }

        internal override object? Value(TRow row) => read(row);
    }
}
