using Interconnect.Mls.Components;

namespace Interconnect.Mls.PublicGroups;

/// <summary>How a server judges a group that it follows, and how much of it it keeps. A bound that is out of range throws when it is used first.</summary>
public sealed record PublicGroupOptions
{
    /// <summary>Which credentials are believed, and which may follow which. A server that checks every <see cref="Member"/> itself takes <see cref="UnsafeAcceptAnyCredential"/>.</summary>
    public required IAuthenticationService Authentication { get; init; }

    /// <summary>Where the lifetimes of proposed KeyPackages are measured. Default: the system's clock.</summary>
    public TimeProvider Clock { get; init; } = TimeProvider.System;

    /// <summary>How far clocks may differ when lifetimes are checked. Default 1 hour.</summary>
    public TimeSpan ClockTolerance { get; init; } = TimeSpan.FromHours(1);

    /// <summary>The longest lifetime of a leaf in all (RFC 9420 section 7.2); the members' own bound. Default 100 days; <see cref="TimeSpan.MaxValue"/> = any.</summary>
    public TimeSpan MaxLeafLifetime { get; init; } = KeyPackages.DefaultMaxLifetime;

    /// <summary>Refuse expired KeyPackage leaves also in trees and in commits, not only in proposals. Default false, as for members.</summary>
    public bool EnforceLifetimesOnReceipt { get; init; }

    /// <summary>A GroupInfo that comes in must have external_pub, so that clients can join by it; one that is reopened need not. Default true.</summary>
    public bool RequireExternalPub { get; init; } = true;

    /// <summary>How many proposals may wait for a commit. Default 256.</summary>
    public int MaxPendingProposals { get; init; } = 256;

    /// <summary>How many past epochs' transcript hashes are kept to tell a late member from one in a fork. Default 16.</summary>
    public int RetainedEpochs { get; init; } = 16;

    /// <summary>The application's logic for AppDataUpdate proposals; null = no component is known, and such proposals are refused. Default null.</summary>
    public IAppComponents? Components { get; init; }

    /// <summary>How the group settles what the extensions draft leaves open; its members must settle it alike.</summary>
    public ExtensionsDraftChoices ExtensionsDraftChoices { get; init; } = ExtensionsDraftChoices.Default;

    internal Groups.GroupPolicy GroupPolicy => new(Authentication, Clock, ClockTolerance, EnforceLifetimesOnReceipt)
    {
        MaxLeafLifetime = MaxLeafLifetime,
        Components = Components,
        Draft = ExtensionsDraftChoices,
    };

    internal void RequireValid()
    {
        ArgumentNullException.ThrowIfNull(Authentication);
        ArgumentOutOfRangeException.ThrowIfNegative(MaxPendingProposals);
        ArgumentOutOfRangeException.ThrowIfNegative(RetainedEpochs);
        ArgumentOutOfRangeException.ThrowIfLessThan(ClockTolerance, TimeSpan.Zero);
        ArgumentOutOfRangeException.ThrowIfLessThanOrEqual(MaxLeafLifetime, TimeSpan.Zero);
    }
}
