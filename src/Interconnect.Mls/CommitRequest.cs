using Interconnect.Mls.Components;

namespace Interconnect.Mls;

/// <summary>What a commit shall contain. An empty request is an update of the committer's own keys.</summary>
public sealed record CommitRequest
{
    /// <summary>KeyPackages of the clients to add.</summary>
    public IReadOnlyList<VerifiedKeyPackage> Add { get; init; } = [];

    /// <summary>Leaf indices of the members to remove; never the own one.</summary>
    public IReadOnlyList<uint> Remove { get; init; } = [];

    /// <summary>Ids of external pre-shared keys to mix in; <see cref="MlsOptions.FindExternalPsk"/> must know each.</summary>
    public IReadOnlyList<ReadOnlyMemory<byte>> ExternalPsks { get; init; } = [];

    /// <summary>Past epochs of this group whose resumption PSK is mixed in. A client that the same commit adds can join only if it was a member then and kept it.</summary>
    public IReadOnlyList<ulong> ResumptionEpochs { get; init; } = [];

    /// <summary>The GroupContext's new extensions, all of them; null = unchanged.</summary>
    public IReadOnlyList<Extension>? GroupContextExtensions { get; init; }

    /// <summary>Commit the stored proposals by reference. Default true. Stored proposals that became invalid or conflict are left out.</summary>
    public bool IncludeStoredProposals { get; init; } = true;

    /// <summary>Changes of the group's app_data_dictionary, each judged by <see cref="MlsOptions.AppComponents"/>.</summary>
    public IReadOnlyList<AppDataChange> AppDataUpdates { get; init; } = [];

    /// <summary>Data for components that the commit carries and no state keeps.</summary>
    public IReadOnlyList<ComponentData> AppEphemeral { get; init; } = [];

    /// <summary>Extensions of the GroupInfo that goes into the Welcome, besides ratchet_tree and external_pub: for the added clients' eyes.</summary>
    public IReadOnlyList<Extension> GroupInfoExtensions { get; init; } = [];

    /// <summary>
    /// The client that this member goes on as: another credential, signature key, or both, in the same suite. The commit is signed by the old key, the new leaf by the
    /// new one, and <see cref="CommitResult.NewState"/> is the new client's. Null = unchanged.
    /// </summary>
    public MlsClient? Successor { get; init; }

    /// <summary>Authenticated, unencrypted data bound to the commit.</summary>
    public ReadOnlyMemory<byte> AuthenticatedData { get; init; }
}
