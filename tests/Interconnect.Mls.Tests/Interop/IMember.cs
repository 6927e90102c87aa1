namespace Interconnect.Mls.Tests.Interop;

/// <summary>One member of a mixed group, whoever implements it. Everything between members is bytes.</summary>
internal interface IMember
{
    /// <summary>Unique among all who ever were in the group; the identity of its credential.</summary>
    string Name { get; }

    /// <summary>What it can be asked for.</summary>
    Abilities Abilities { get; }

    /// <summary>A fresh KeyPackage as MLSMessage.</summary>
    Task<byte[]> KeyPackageAsync();

    Task<View> CreateAsync(byte[] groupId);

    /// <summary>Joins by a Welcome, with the tree when it travels apart.</summary>
    Task<View> JoinAsync(byte[] welcome, byte[]? tree);

    /// <summary>Joins by an external commit; again = in place of its own former leaf.</summary>
    Task<(byte[] Commit, View View)> JoinExternallyAsync(byte[] groupInfo, bool again);

    /// <summary>Commits the change and all stored proposals.</summary>
    /// <param name="change">What goes in by value.</param>
    /// <param name="pending">Proposals are stored.</param>
    /// <param name="treeApart">The Welcome comes without the tree.</param>
    Task<Committed> CommitAsync(Change change, bool pending, bool treeApart);

    /// <summary>Makes a commit that nobody takes, and goes on as if it had not.</summary>
    Task CommitInVainAsync();

    /// <summary>Proposes the one thing in the change.</summary>
    Task<byte[]> ProposeAsync(Change change);

    Task<byte[]> SendAsync(string text);

    Task<byte[]> GroupInfoAsync();

    /// <summary>Takes a message of another member.</summary>
    Task<View> TakeAsync(byte[] message);
}

/// <summary>What an implementation can do in a random sequence.</summary>
[Flags]
internal enum Abilities
{
    None = 0,
    Propose = 1,
    ProposeUpdate = 2,
    PreSharedKeys = 4,
    GroupInfo = 8,
    JoinAgain = 16,
    TreeApart = 32,
    JoinTreeApart = 64,
    CommitInVain = 128,
}

/// <summary>What a member sees after an operation.</summary>
/// <param name="Text">Application data in clear; null when there was none.</param>
/// <param name="Active">False when it was removed.</param>
/// <param name="Authenticator">The epoch authenticator in hex; null where the implementation does not show it.</param>
/// <param name="Exporter">An exported secret in hex.</param>
internal sealed record View(string? Text, bool Active, ulong Epoch, string? Authenticator, string Exporter);

/// <summary>What a commit or proposal shall contain; empty = fresh keys.</summary>
internal sealed record Change
{
    public IReadOnlyList<byte[]> Add { get; init; } = [];

    public IReadOnlyList<(uint Leaf, string Name)> Remove { get; init; } = [];

    public IReadOnlyList<byte[]> Psks { get; init; } = [];

    public IReadOnlyList<ulong> Resumption { get; init; } = [];

    public byte[]? Extension { get; init; }
}

internal sealed record Committed(byte[] Commit, byte[]? Welcome, byte[]? Tree, View View);
