using System.Text;

namespace Interconnect.Federation;

/// <summary>
/// Text that no server's rules change. Servers fold names by different rules: stringprep (RFC 3454 over Unicode 3.2; nodeprep and nameprep) or PRECIS (RFC 7613 folds case,
/// RFC 8265 lowers it, both by the Unicode version at hand). What one of them changes and another does not would be two accounts here and one there, or the other way
/// round, so it is no name for us at all. What is left: characters of Unicode 3.2 in Normalization Form KC, which normalisation leaves alone in every later version, that no
/// version folds, drops or prohibits. That PRECIS refuses some of these (symbols) makes no two names one.
/// </summary>
internal static class UnchangedText
{
    public static bool Is(string text)
    {
        var tables = StringprepTables.Instance;
        return text.Length > 0 && Utf16.IsWellFormed(text)
            && text.EnumerateRunes().All(r => r.IsAscii
                ? r.Value is > ' ' and < 0x7f && !char.IsAsciiLetterUpper((char)r.Value)
                : !(tables.IsUnassigned(r.Value) || tables.IsNothing(r.Value) || tables.IsFolded(r.Value) || tables.IsSpace(r.Value) || tables.IsProhibited(r.Value)))
            && CompatibilityForm.Of(text) == text && Directions.Fit(text);
    }

    /// <summary>A-Z as a-z: the one folding that all rules agree on.</summary>
    public static string LowerAscii(string text) => string.Create(text.Length, text, static (span, source) =>
    {
        for (var i = 0; i < span.Length; i++)
        {
            span[i] = char.IsAsciiLetterUpper(source[i]) ? (char)(source[i] | 0x20) : source[i];
        }
    });
}
