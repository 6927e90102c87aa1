namespace Interconnect.Adapters.Hosting.Records;

/// <summary>One write: SQL that both databases take, and its parameters by name.</summary>
internal readonly record struct SqlStatement(string Sql, params (string Name, object? Value)[] Parameters);
