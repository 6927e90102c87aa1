namespace Interconnect.Storage;

/// <summary>The database cannot be brought to the version of this program; the message says why and holds no values. An operator must act.</summary>
public sealed class MigrationException(string message) : Exception(message);
