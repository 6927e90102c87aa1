using System.Globalization;

namespace Interconnect.Content;

/// <summary>Why and where content was refused. Holds nothing of the content: field paths name positions, not keys or values.</summary>
/// <param name="Reason">The rule that refused.</param>
/// <param name="Offset">The byte at which the offending item starts; for trailing bytes, the first of them.</param>
/// <param name="Field">The field in the draft's names, such as `nestedPart.parts[1].contentType`; empty for the whole message.</param>
public sealed record ContentError(ContentReason Reason, int Offset, string Field)
{
    /// <summary>The rule id, such as `CNT-021`.</summary>
    public string RuleId => string.Create(CultureInfo.InvariantCulture, $"CNT-{(int)Reason:000}");

    /// <summary>One line with rule, reason, offset and field.</summary>
    public override string ToString() =>
        string.Create(CultureInfo.InvariantCulture, $"{RuleId} {Reason} at byte {Offset}{(Field.Length == 0 ? "" : " in ")}{Field}");
}
