using System.Data.Common;
using System.Globalization;
using System.Reflection;
using System.Security.Cryptography;
using System.Text;

namespace Interconnect.Testing;

/// <summary>Makes a database as an earlier version left it: the migrations of a component up to a number, remembered as that version remembered them.</summary>
public static class OldSchema
{
    /// <summary>Runs the files of <paramref name="assembly"/> up to <paramref name="through"/> on an empty database.</summary>
    public static async Task ApplyAsync(DbConnection connection, bool postgres, string component, Assembly assembly, int through)
    {
        await ExecuteAsync(connection, "CREATE TABLE interconnect_migrations (component TEXT NOT NULL, number BIGINT NOT NULL, digest TEXT NOT NULL, PRIMARY KEY (component, number))");
        foreach (var name in assembly.GetManifestResourceNames().Where(n => n.Contains(".Migrations.", StringComparison.Ordinal) && !n.EndsWith(postgres ? ".sqlite.sql" : ".postgres.sql", StringComparison.Ordinal)))
        {
            var file = name[(name.IndexOf(".Migrations.", StringComparison.Ordinal) + ".Migrations.".Length)..].TrimStart('_');
            var number = int.Parse(file.AsSpan(0, 3), NumberStyles.None, CultureInfo.InvariantCulture);
            if (number <= through)
            {
                using var reader = new StreamReader(assembly.GetManifestResourceStream(name)!);
                var sql = (await reader.ReadToEndAsync()).ReplaceLineEndings("\n");
                await ExecuteAsync(connection, sql);
                await ExecuteAsync(connection, $"INSERT INTO interconnect_migrations VALUES ('{component}', {number}, '{Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(sql)))}')");
            }
        }
    }

    private static async Task ExecuteAsync(DbConnection connection, string sql)
    {
        await using var command = connection.CreateCommand();
        command.CommandText = sql;
        await command.ExecuteNonQueryAsync();
    }
}
