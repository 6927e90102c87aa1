using Interconnect.Mls.Components;

namespace Interconnect.Mls.Groups;

/// <summary>How whoever holds a group, member or server, judges what others put into it. Holds no secret.</summary>
/// <param name="Authentication">Which credentials are believed.</param>
/// <param name="Clock">Where lifetimes are measured.</param>
/// <param name="ClockTolerance">How far clocks may differ.</param>
/// <param name="EnforceLifetimesOnReceipt">Lifetimes count in commits and trees of others, too.</param>
internal sealed record GroupPolicy(
    IAuthenticationService Authentication, TimeProvider Clock, TimeSpan ClockTolerance, bool EnforceLifetimesOnReceipt)
{
    /// <summary>The application's logic for AppDataUpdate and AppEphemeral proposals; null = no component is known.</summary>
    public IAppComponents? Components { get; init; }

    /// <summary>The longest total lifetime of a leaf.</summary>
    public TimeSpan MaxLeafLifetime { get; init; } = KeyPackages.DefaultMaxLifetime;

    /// <summary>What the extensions draft leaves open.</summary>
    public ExtensionsDraftChoices Draft { get; init; } = ExtensionsDraftChoices.Default;
}
