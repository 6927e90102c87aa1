namespace Interconnect.Mls;

/// <summary>
/// An external commit made here and not yet in force: adopt <paramref name="NewState"/> only when the delivery service accepted the commit, otherwise
/// <see cref="Discard"/> this.
/// </summary>
/// <param name="NewState">The group after the commit, with this client in it.</param>
/// <param name="Commit">MLSMessage with the commit, for everybody in the group.</param>
/// <param name="GroupInfo">MLSMessage with the signed GroupInfo of the new epoch.</param>
public sealed record ExternalJoinResult(MlsGroup NewState, byte[] Commit, byte[] GroupInfo)
{
    internal ConsumedSecrets Staged { get; init; } = new();

    /// <summary>Erases the secrets of the staged state.</summary>
    public void Discard() => Staged.Erase();

    /// <summary>Redacted.</summary>
    public override string ToString() => $"staged external commit to epoch {NewState.Epoch}";
}
