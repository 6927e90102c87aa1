using Interconnect.Mls.Components;

namespace Interconnect.Mls;

/// <summary>Bounds and choices of a client. Every default is safe; a bound that is out of range throws when the client is made.</summary>
public sealed record MlsOptions
{
    /// <summary>How many generations ahead of the last one a sender's ratchet is advanced for one message. Default 1,000.</summary>
    public int MaxForwardGenerations { get; init; } = 1000;

    /// <summary>How many keys of skipped messages are kept for each sender and content kind; the oldest go first. Default 1,000.</summary>
    public int MaxSkippedKeys { get; init; } = 1000;

    /// <summary>How many past epochs stay readable for late application messages; 0 = none. Default 3.</summary>
    public int RetainedEpochs { get; init; } = 3;

    /// <summary>How many past epochs' resumption PSKs are kept. Default 16.</summary>
    public int RetainedResumptionPsks { get; init; } = 16;

    /// <summary>How many proposals may wait for a commit. Default 256.</summary>
    public int MaxPendingProposals { get; init; } = 256;

    /// <summary>Largest accepted message in bytes. Default 16 MiB.</summary>
    public int MaxMessageSize { get; init; } = 16 * 1024 * 1024;

    /// <summary>Content is padded with zeros to a multiple of this many bytes; 0 or 1 = none. Default 64.</summary>
    public int PaddingBlock { get; init; } = 64;

    /// <summary>How far clocks may differ when lifetimes are checked. Default 1 hour.</summary>
    public TimeSpan ClockTolerance { get; init; } = TimeSpan.FromHours(1);

    /// <summary>
    /// The longest lifetime of a leaf in all, from not_before to not_after (RFC 9420 section 7.2), in KeyPackages, proposals and joined trees; longer ones are refused (MLS-123)
    /// and not made. It is the application's: members of a group set it alike. Default 100 days; <see cref="TimeSpan.MaxValue"/> = any.
    /// </summary>
    public TimeSpan MaxLeafLifetime { get; init; } = KeyPackages.DefaultMaxLifetime;

    /// <summary>Leave the path out of commits that the RFC allows without one (only Add, PSK, ReInit). Default false: every commit refreshes the committer.</summary>
    public bool OmitPathWhenAllowed { get; init; }

    /// <summary>Send commits and proposals as PrivateMessage. Default false: the hub has to read them.</summary>
    public bool EncryptHandshake { get; init; }

    /// <summary>
    /// Put the ratchet_tree extension into GroupInfos, those of Welcomes included. Default true. False: joiners are given <see cref="MlsGroup.EncodeRatchetTree"/> beside it.
    /// </summary>
    public bool RatchetTreeInGroupInfo { get; init; } = true;

    /// <summary>
    /// Refuse expired KeyPackage leaves also in joined trees and in commits of others. Default false: a member that was offline longer than a KeyPackage lives
    /// could otherwise never catch up. Own commits and stored proposals are always checked.
    /// </summary>
    public bool EnforceLifetimesOnReceipt { get; init; }

    /// <summary>Extension types that this client understands besides those of RFC 9420; listed in its leaf's capabilities.</summary>
    public IReadOnlyList<ushort> SupportedExtensions { get; init; } = [];

    /// <summary>Credential types that this client accepts. Default: basic.</summary>
    public IReadOnlyList<ushort> SupportedCredentials { get; init; } = [MemberCredential.Basic];

    /// <summary>
    /// Support draft-ietf-mls-extensions-10: list app_data_dictionary, supported_wire_formats, required_wire_formats and SelfRemove in this client's capabilities, and
    /// AppDataUpdate and AppEphemeral when <see cref="AppComponents"/> is set. False: a group that uses them refuses this client. Default true.
    /// </summary>
    public bool MlsExtensionsDraft { get; init; } = true;

    /// <summary>How this client's groups settle what that draft leaves open.</summary>
    public ExtensionsDraftChoices ExtensionsDraftChoices { get; init; } = ExtensionsDraftChoices.Default;

    /// <summary>
    /// Mark KeyPackages of last resort also by the extension 0x000a of drafts before 08, which deployed directories look for; it is read in any case. Default false.
    /// </summary>
    public bool LastResortExtensionOfEarlierDrafts { get; init; }

    /// <summary>What the application makes of AppDataUpdate and AppEphemeral proposals; null = it knows no component.</summary>
    public IAppComponents? AppComponents { get; init; }

    /// <summary>
    /// Extensions of this client's own leaves. Their types are listed in its capabilities; the list of supported components and wire formats is added by itself.
    /// </summary>
    public IReadOnlyList<Extension> LeafExtensions { get; init; } = [];

    /// <summary>Wire formats beyond RFC 9420 that the application handles itself, listed in supported_wire_formats. Default: none.</summary>
    public IReadOnlyList<ushort> SupportedWireFormats { get; init; } = [];

    /// <summary>Put a random GREASE number (RFC 9420 section 13.5) into each list of the capabilities, so that peers stay tolerant. Default false.</summary>
    public bool Grease { get; init; }

    /// <summary>Finds the resumption PSK of another group (or of this one before this client was in it) by group id and epoch; null = not known. Default: none known.</summary>
    public Func<ReadOnlyMemory<byte>, ulong, byte[]?> FindResumptionPsk { get; init; } = static (_, _) => null;

    /// <summary>Finds an external pre-shared key by its id; null = this client does not have it. Default: none known.</summary>
    public Func<ReadOnlyMemory<byte>, byte[]?> FindExternalPsk { get; init; } = static _ => null;

    internal void RequireValid()
    {
        ArgumentOutOfRangeException.ThrowIfNegative(MaxForwardGenerations);
        ArgumentOutOfRangeException.ThrowIfNegative(MaxSkippedKeys);
        ArgumentOutOfRangeException.ThrowIfNegative(RetainedEpochs);
        ArgumentOutOfRangeException.ThrowIfNegative(RetainedResumptionPsks);
        ArgumentOutOfRangeException.ThrowIfNegative(MaxPendingProposals);
        ArgumentOutOfRangeException.ThrowIfNegative(PaddingBlock);
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(MaxMessageSize);
        ArgumentOutOfRangeException.ThrowIfLessThan(ClockTolerance, TimeSpan.Zero);
        ArgumentOutOfRangeException.ThrowIfLessThanOrEqual(MaxLeafLifetime, ClockTolerance);
    }
}
