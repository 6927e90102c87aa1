using System.Data.Common;
using System.Net.Sockets;
using Microsoft.Data.Sqlite;
using Npgsql;

namespace Interconnect.Storage;

/// <summary>What a failed database call means for its caller.</summary>
public enum DatabaseFailure
{
    /// <summary>The database is away, or the connection broke. What was being committed may or may not be there.</summary>
    Unavailable,

    /// <summary>Certainly not committed, and the same call may succeed when made again on the same connection: locked, deadlock, serialization.</summary>
    Retryable,

    /// <summary>Certainly not committed, and never will be: a constraint, a type, a missing table. Our own defect, or an operator's change.</summary>
    Defect,
}

/// <summary>Sorts the exceptions of both drivers.</summary>
public static class DatabaseErrors
{
    // https://www.postgresql.org/docs/current/errcodes-appendix.html; https://www.sqlite.org/rescode.html
    private const int SqliteBusy = 5;
    private const int SqliteLocked = 6;

    private static readonly HashSet<int> SqliteUnavailable = [7, 8, 10, 11, 13, 14, 23, 26];

    /// <summary>What the exception means; null when it is not of a database at all.</summary>
    public static DatabaseFailure? Classify(Exception exception) => exception switch
    {
        PostgresException e => e.SqlState switch
        {
            PostgresErrorCodes.SerializationFailure or PostgresErrorCodes.DeadlockDetected or PostgresErrorCodes.LockNotAvailable => DatabaseFailure.Retryable,
            "57014" => DatabaseFailure.Retryable,
            _ when e.SqlState.StartsWith("08", StringComparison.Ordinal) || e.SqlState.StartsWith("53", StringComparison.Ordinal)
                || e.SqlState.StartsWith("57P", StringComparison.Ordinal) || e.SqlState.StartsWith("58", StringComparison.Ordinal)
                || e.SqlState.StartsWith("28", StringComparison.Ordinal) || e.SqlState is "3D000" or "25006" => DatabaseFailure.Unavailable,
            _ => DatabaseFailure.Defect,
        },
        SqliteException e => e.SqliteErrorCode switch
        {
            SqliteBusy or SqliteLocked => DatabaseFailure.Retryable,
            var code when SqliteUnavailable.Contains(code) => DatabaseFailure.Unavailable,
            _ => DatabaseFailure.Defect,
        },
        DbException => DatabaseFailure.Unavailable,
        SocketException or TimeoutException or IOException => DatabaseFailure.Unavailable,
        InvalidOperationException { InnerException: DbException inner } => Classify(inner),
        _ => null,
    };

    /// <summary>The reason in plain words, without credentials, addresses of hosts or values.</summary>
    public static string Describe(Exception exception) => exception switch
    {
        PostgresException e => $"the database refuses: SQLSTATE {e.SqlState}",
        SqliteException e => $"the database file fails: SQLite code {e.SqliteErrorCode}",
        DbException e => "the database cannot be reached: " + (e.InnerException?.GetType().Name ?? e.GetType().Name),
        _ => "the database cannot be reached: " + exception.GetType().Name,
    };
}
