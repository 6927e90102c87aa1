namespace Interconnect.Bus.Frames;

/// <summary>Why bytes are not a bus frame.</summary>
/// <param name="RuleId">The rule, such as <c>BUS-003</c>.</param>
/// <param name="Reason">Plain words, no content.</param>
/// <param name="Path">The field.</param>
/// <param name="Offset">Bytes from the start.</param>
internal sealed record FrameError(string RuleId, string Reason, string Path, int Offset)
{
    public override string ToString() => $"{RuleId}: {Reason} ({Path}, byte {Offset})";
}
