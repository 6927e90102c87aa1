using Interconnect.Mls.Components;

namespace Interconnect.Mls;

/// <summary>What an external commit contains besides the joiner itself (RFC 9420 section 12.4.3.2). Empty = nothing.</summary>
public sealed record ExternalJoinRequest
{
    /// <summary>The tree when the GroupInfo does not carry it; null or empty otherwise.</summary>
    public ReadOnlyMemory<byte>? RatchetTree { get; init; }

    /// <summary>Leaf index of this client's own former membership, removed by the same commit; null when there is none.</summary>
    public uint? FormerLeaf { get; init; }

    /// <summary>Ids of external pre-shared keys to mix in; <see cref="MlsOptions.FindExternalPsk"/> must know each.</summary>
    public IReadOnlyList<ReadOnlyMemory<byte>> ExternalPsks { get; init; } = [];

    /// <summary>Past epochs of the group whose resumption PSK is mixed in; <see cref="MlsOptions.FindResumptionPsk"/> must know each.</summary>
    public IReadOnlyList<ulong> ResumptionEpochs { get; init; } = [];

    /// <summary>SelfRemove proposals of this epoch, each an MLSMessage; a joiner must take in all pending ones (draft-ietf-mls-extensions-10 section 6.3.1).</summary>
    public IReadOnlyList<ReadOnlyMemory<byte>> SelfRemoves { get; init; } = [];

    /// <summary>Changes of the group's app_data_dictionary, each judged by <see cref="MlsOptions.AppComponents"/>.</summary>
    public IReadOnlyList<AppDataChange> AppDataUpdates { get; init; } = [];

    /// <summary>Data for components that the commit carries and no state keeps.</summary>
    public IReadOnlyList<ComponentData> AppEphemeral { get; init; } = [];

    /// <summary>Authenticated, unencrypted data bound to the commit.</summary>
    public ReadOnlyMemory<byte> AuthenticatedData { get; init; }
}
