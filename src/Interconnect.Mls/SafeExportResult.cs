namespace Interconnect.Mls;

/// <summary>A component's secret of one epoch (SafeExportSecret of draft-ietf-mls-extensions-10 section 4.4).</summary>
/// <param name="NewState">The group, which cannot export this secret again: save it before the secret is used.</param>
/// <param name="Secret">As long as the suite's hash; the caller's to erase.</param>
/// <param name="Consumed">Erase after <paramref name="NewState"/> is saved.</param>
public sealed record SafeExportResult(MlsGroup NewState, byte[] Secret, ConsumedSecrets Consumed)
{
    /// <summary>Redacted.</summary>
    public override string ToString() => $"component secret of epoch {NewState.Epoch} (redacted)";
}
