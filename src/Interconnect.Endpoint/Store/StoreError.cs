namespace Interconnect.Endpoint;

/// <summary>Why a store could not be made or opened. Holds no path, key or content.</summary>
/// <param name="RuleId">The rule, <c>STO-001</c> to <c>STO-010</c>; the README lists them.</param>
/// <param name="Reason">Plain words: what is wrong.</param>
/// <param name="Advice">Plain words: what to do next.</param>
public sealed record StoreError(string RuleId, string Reason, string Advice)
{
    internal static StoreError NotFound => new("STO-001", "There is no store in this folder", "Run 'init' first, or give the right --home");

    internal static StoreError Exists => new("STO-002", "This folder holds a store already", "Choose another --home, or remove the old store if its keys are really not needed any more");

    internal static StoreError WrongKey => new("STO-003", "The passphrase or key does not open this store", "Give the passphrase or key file that the store was made with; if it is the right one, the store's header was changed: restore a backup");

    internal static StoreError InUse(string holder) => new("STO-005", $"Another process ({holder}) has this store open", "Wait for it or stop it; one process at a time may use a store");

    internal static StoreError UnknownVersion => new("STO-006", "The store was written by a version that this one does not know", "Use the version that wrote it, or a newer one");

    internal static StoreError Damaged => new("STO-007", "The store was changed or damaged", "Restore a backup; what it holds cannot be trusted");

    internal static StoreError NoAccess => new("STO-010", "The folder cannot be read and written", "Check that it exists and belongs to you");

    internal static StoreError OtherKind(bool needsPassphrase) => needsPassphrase
        ? new("STO-004", "The store is protected by a passphrase, not by a key file", "Give the passphrase")
        : new("STO-004", "The store is protected by a key file, not by a passphrase", "Give the key file");

    /// <summary>One line.</summary>
    public override string ToString() => $"{RuleId}: {Reason}. {Advice}.";
}

/// <summary>An open store found that what it holds was changed from outside. The process should stop using it.</summary>
public sealed class StoreDamagedException : Exception
{
    internal StoreDamagedException()
        : base(StoreError.Damaged.ToString())
    {
    }

    internal StoreDamagedException(Exception inner)
        : base(StoreError.Damaged.ToString(), inner)
    {
    }
}

/// <summary>What opening or creating a store led to.</summary>
public abstract record StoreOpening
{
    private StoreOpening()
    {
    }

    /// <summary>The store is open; the caller disposes it.</summary>
    public sealed record Opened(EndpointStore Store) : StoreOpening;

    /// <summary>Nothing was changed.</summary>
    public sealed record Failed(StoreError Error) : StoreOpening;
}
