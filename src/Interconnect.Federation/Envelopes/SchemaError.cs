namespace Interconnect.Federation;

/// <summary>Why bytes are not of the federation schema. Holds no received bytes.</summary>
/// <param name="RuleId">The rule, such as <c>FED-003</c>.</param>
/// <param name="Reason">Plain words.</param>
/// <param name="Path">The field, such as <c>envelope.proof.client</c>.</param>
/// <param name="Offset">Bytes from the start where known, else null.</param>
public sealed record SchemaError(string RuleId, string Reason, string Path, int? Offset = null)
{
    /// <summary>One line for a log or a refusal.</summary>
    public override string ToString() => Offset is { } at ? $"{RuleId}: {Reason} ({Path}, byte {at})" : $"{RuleId}: {Reason} ({Path})";
}
