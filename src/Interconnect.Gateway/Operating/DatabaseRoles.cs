using System.Security.Cryptography;
using System.Text;
using Interconnect.Federation;

namespace Interconnect.Gateway.Operating;

/// <summary>
/// A PostgreSQL role a gateway role, with the least grants: the hub has the tables named hub_, an adapter the others and of them only the rows of its own network (row security). None may
/// change a table, so that migrations are the owner's. The statements may run again and again; after an upgrade they give what new tables need.
/// </summary>
internal static class DatabaseRoles
{
    public const string Hub = "interconnect_hub";
    private const int Iterations = 4_096;

    public static string NameOf(NetworkId network) => "interconnect_adapter_" + network.Value.Replace('-', '_');

    /// <summary>The roles: the gateway's name and PostgreSQL's.</summary>
    public static IReadOnlyList<(string Role, string Name)> All(IEnumerable<NetworkId> networks) =>
        [("hub", Hub), .. networks.OrderBy(n => n.Value, StringComparer.Ordinal).Select(n => (new BusSender.Network(n).Name, NameOf(n)))];

    /// <summary>The SQL, for the owner of the tables. Names are made of a-z, 0-9 and underscores, so nothing needs quoting.</summary>
    /// <param name="networks">All networks.</param>
    /// <param name="passwordOf">A role's password, of which a SCRAM verifier is written; null: passwords stay as they are.</param>
    public static string Sql(IReadOnlyCollection<NetworkId> networks, Func<string, string?> passwordOf)
    {
        var sql = new StringBuilder();
        foreach (var (_, name) in All(networks))
        {
            sql.Append($"DO $$ BEGIN IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = '{name}') THEN CREATE ROLE {name}; END IF; END $$;\n");
            sql.Append($"ALTER ROLE {name} LOGIN NOSUPERUSER NOCREATEDB NOCREATEROLE NOREPLICATION NOBYPASSRLS{(passwordOf(name) is { } password ? $" PASSWORD '{Verifier(password)}'" : "")};\n");
        }

        var roles = string.Join(", ", All(networks).Select(r => r.Name));
        sql.Append($$"""

            REVOKE CREATE ON SCHEMA public FROM PUBLIC;
            REVOKE ALL ON ALL TABLES IN SCHEMA public FROM {{roles}};
            GRANT USAGE ON SCHEMA public TO {{roles}};
            GRANT SELECT ON interconnect_migrations TO {{roles}};

            DO $$
            DECLARE t TEXT;
            BEGIN
              FOR t IN SELECT tablename FROM pg_tables WHERE schemaname = 'public' AND tablename LIKE 'hub\_%' LOOP
                EXECUTE format('GRANT SELECT, INSERT, UPDATE, DELETE ON %I TO {{Hub}}', t);
              END LOOP;
              FOR t IN SELECT tablename FROM pg_tables WHERE schemaname = 'public' AND tablename NOT LIKE 'hub\_%' AND tablename <> 'interconnect_migrations' LOOP
                IF NOT EXISTS (SELECT FROM information_schema.columns WHERE table_schema = 'public' AND table_name = t AND column_name = 'network') THEN
                  RAISE EXCEPTION 'The table % is no hub''s and does not say whose its rows are', t;
                END IF;
                EXECUTE format('ALTER TABLE %I ENABLE ROW LEVEL SECURITY', t);

            """);
        foreach (var network in networks.OrderBy(n => n.Value, StringComparer.Ordinal))
        {
            var name = NameOf(network);
            sql.Append($"    EXECUTE format('GRANT SELECT, INSERT, UPDATE, DELETE ON %I TO {name}', t);\n");
            sql.Append($"    EXECUTE format('DROP POLICY IF EXISTS {name} ON %I', t);\n");
            sql.Append($"    EXECUTE format('CREATE POLICY {name} ON %I TO {name} USING (network = %L) WITH CHECK (network = %L)', t, '{network.Value}', '{network.Value}');\n");
        }

        return sql.Append("  END LOOP;\nEND $$;").ToString();
    }

    // RFC 5802 and RFC 7677, in the form that PostgreSQL keeps: no password in a statement, and so in no log.
    private static string Verifier(string password)
    {
        var salt = RandomNumberGenerator.GetBytes(16);
        var salted = Rfc2898DeriveBytes.Pbkdf2(Encoding.UTF8.GetBytes(password), salt, Iterations, HashAlgorithmName.SHA256, 32);
        var stored = SHA256.HashData(HMACSHA256.HashData(salted, "Client Key"u8));
        var server = HMACSHA256.HashData(salted, "Server Key"u8);
        return $"SCRAM-SHA-256${Iterations}:{Convert.ToBase64String(salt)}${Convert.ToBase64String(stored)}:{Convert.ToBase64String(server)}";
    }
}
