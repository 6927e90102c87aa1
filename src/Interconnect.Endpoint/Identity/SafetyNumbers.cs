namespace Interconnect.Endpoint;

/// <summary>What two people compare.</summary>
/// <param name="Known">Of the identity that the contact is known by; null when none is.</param>
/// <param name="Shown">Of another identity that was shown since and is not confirmed; null when there is none.</param>
/// <param name="Verified">Whether <paramref name="Known"/> was compared before.</param>
public sealed record SafetyNumbers(SafetyNumber? Known, SafetyNumber? Shown, bool Verified)
{
    /// <summary>The one to decide on: of the identity that was shown last.</summary>
    public SafetyNumber ToCompare => Shown ?? Known ?? throw new InvalidOperationException("There are no numbers of nobody.");
}
