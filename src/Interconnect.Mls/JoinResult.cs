namespace Interconnect.Mls;

/// <summary>A group joined by a Welcome.</summary>
/// <param name="NewState">The group.</param>
/// <param name="Used">The bundle that the Welcome was for: save the group, then delete and dispose the bundle.</param>
/// <param name="AddedBy">The member that signed the GroupInfo.</param>
public sealed record JoinResult(MlsGroup NewState, KeyPackageBundle Used, Member AddedBy);
