using Npgsql;

namespace Interconnect.Storage;

/// <summary>Which database a role keeps its state in.</summary>
public sealed record DatabaseOptions
{
    /// <summary><c>sqlite</c> (embedded default) or <c>postgres</c>.</summary>
    public string Provider { get; init; } = "sqlite";

    /// <summary>SQLite: the path of the file. PostgreSQL: a Npgsql connection string.</summary>
    public string ConnectionString { get; init; } = "interconnect.db";

    /// <summary>What is wrong with these options, in plain words; empty when nothing is.</summary>
    public IEnumerable<string> Problems()
    {
        if (Provider is not ("sqlite" or "postgres"))
        {
            yield return "database:provider is 'sqlite' or 'postgres'.";
        }

        if (string.IsNullOrWhiteSpace(ConnectionString))
        {
            yield return "database:connectionString is empty; give a file path (sqlite) or a Npgsql connection string (postgres).";
        }
        else if (Provider == "postgres" && !IsReadable(ConnectionString))
        {
            yield return "database:connectionString is not a Npgsql connection string (Host=...;Username=...;Database=...).";
        }
    }

    private static bool IsReadable(string connectionString)
    {
        try
        {
            return !string.IsNullOrEmpty(new NpgsqlConnectionStringBuilder(connectionString).Host);
        }
        catch (Exception e) when (e is ArgumentException or FormatException or InvalidCastException or OverflowException)
        {
            return false;
        }
    }

    /// <summary>Redacted: a connection string holds a password.</summary>
    public override string ToString() => $"DatabaseOptions({Provider})";
}
