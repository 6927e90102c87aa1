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
    }
}
