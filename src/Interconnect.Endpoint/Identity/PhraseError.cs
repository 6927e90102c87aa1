namespace Interconnect.Endpoint;

/// <summary>Which check a typed recovery phrase failed. Holds positions alone, never a word.</summary>
/// <param name="RuleId">The rule, <c>PHR-001</c> to <c>PHR-005</c>; the README lists them.</param>
/// <param name="Reason">Plain words: what is wrong.</param>
/// <param name="Advice">Plain words: what to do next.</param>
/// <param name="Positions">The words it is about, the first word being 1; empty when it is about the whole phrase.</param>
public sealed record PhraseError(string RuleId, string Reason, string Advice, IReadOnlyList<int> Positions)
{
    internal static PhraseError TooLong => new(
        "PHR-001",
        $"The text has more than {RecoveryPhrase.MaxTextLength} characters",
        $"Type the {RecoveryPhrase.WordCount} words and nothing else",
        []);

    internal static PhraseError WrongLanguageMix(IReadOnlyList<int> positions, PhraseLanguage others) => new(
        "PHR-004",
        $"{Words(positions)} from another language than the others, which are {others}",
        "Compare the first four letters with what you wrote down",
        positions);

    internal static PhraseError Checksum => new(
        "PHR-005",
        "Every word is known, but they do not belong together (the checksum is wrong)",
        "Compare each word and the order with what you wrote down",
        []);

    internal static PhraseError Count(int count) => new(
        "PHR-002",
        $"{count} words were typed, a phrase has {RecoveryPhrase.WordCount}",
        "Look for a word left out, written twice or cut in two",
        []);

    internal static PhraseError Unknown(IReadOnlyList<int> positions) => new(
        "PHR-003", $"{Words(positions)} not in the word lists", "Compare the first four letters with what you wrote down", positions);

    /// <summary>One line.</summary>
    public override string ToString() => $"{RuleId}: {Reason}. {Advice}.";

    private static string Words(IReadOnlyList<int> positions) =>
        positions.Count == 1 ? $"Word {positions[0]} is" : $"Words {string.Join(", ", positions)} are";
}
