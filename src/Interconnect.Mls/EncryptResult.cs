namespace Interconnect.Mls;

/// <summary>An application message made here. The new state must be saved before the message leaves, or a generation could be used twice.</summary>
/// <param name="NewState">The group with the sender ratchet advanced.</param>
/// <param name="PrivateMessage">MLSMessage with the PrivateMessage.</param>
/// <param name="Generation">The generation that was used.</param>
/// <param name="Consumed">Erase after <paramref name="NewState"/> is saved.</param>
public sealed record EncryptResult(MlsGroup NewState, byte[] PrivateMessage, uint Generation, ConsumedSecrets Consumed);
