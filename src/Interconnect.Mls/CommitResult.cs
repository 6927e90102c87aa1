namespace Interconnect.Mls;

/// <summary>
/// A commit made here and not yet in force. Adopt <see cref="NewState"/> only when the delivery service accepted the commit; otherwise drop this
/// (<see cref="Discard"/>) and go on from <see cref="RejectedState"/>.
/// </summary>
/// <param name="NewState">The group after the commit.</param>
/// <param name="Commit">MLSMessage with the commit, for everybody in the group.</param>
/// <param name="Welcome">MLSMessage with the Welcome for the added clients; null when nobody was added.</param>
/// <param name="GroupInfo">MLSMessage with the signed GroupInfo of the new epoch, ratchet_tree and external_pub included.</param>
/// <param name="Consumed">Erase after <paramref name="NewState"/> is saved.</param>
public sealed record CommitResult(
    MlsGroup NewState, byte[] Commit, byte[]? Welcome, byte[] GroupInfo, ConsumedSecrets Consumed)
{
    /// <summary>
    /// The old epoch, to go on from when the commit was refused. It differs from the state that the commit was made in only under
    /// <see cref="MlsOptions.EncryptHandshake"/>, where the commit used up a generation: save it before the commit is sent.
    /// </summary>
    public required MlsGroup RejectedState { get; init; }

    internal ConsumedSecrets Staged { get; init; } = new();

    /// <summary>Erases the secrets that only the staged state holds. The old state stays usable.</summary>
    public void Discard() => Staged.Erase();

    /// <summary>Redacted.</summary>
    public override string ToString() => $"staged commit to epoch {NewState.Epoch}";
}
