namespace Interconnect.Mls;

/// <summary>Why something received, or asked for, was refused. Never holds keys, identities or content.</summary>
/// <param name="Rule">The rule that refused, for example <c>MLS-101</c>; the list is in <see cref="MlsRules"/>.</param>
/// <param name="Reason">A fixed English sentence saying what the rule demands.</param>
/// <param name="Offset">Byte offset in the decoded input; null when the failure is not one of decoding.</param>
/// <param name="Path">Field path in the RFC's names, for example <c>welcome.secrets.new_member</c>; null when not one of decoding.</param>
public sealed record MlsError(string Rule, string Reason, int? Offset = null, string? Path = null)
{
    /// <inheritdoc/>
    public override string ToString() =>
        Offset is null ? $"{Rule}: {Reason}" : $"{Rule}: {Reason} (at byte {Offset}, {Path})";
}
