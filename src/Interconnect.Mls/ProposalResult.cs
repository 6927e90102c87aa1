namespace Interconnect.Mls;

/// <summary>A proposal made here.</summary>
/// <param name="NewState">The group with the proposal stored.</param>
/// <param name="Message">MLSMessage for everybody in the group.</param>
/// <param name="Consumed">Erase after <paramref name="NewState"/> is saved.</param>
public sealed record ProposalResult(MlsGroup NewState, byte[] Message, ConsumedSecrets Consumed);
