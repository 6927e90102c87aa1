using System.Diagnostics.CodeAnalysis;
using System.Text;

namespace Interconnect.Federation;

/// <summary>
/// SASLprep (RFC 4013), the one spelling of a password that SCRAM computes with (RFC 5802 section 2.2). Characters that Unicode 3.2 does not know are let through as they
/// are, as for a query: a server that took such a password took it like this, and one that did not refuses it.
/// </summary>
public static class SaslPrep
{
    /// <summary>
    /// The prepared form: spaces become ASCII's, what is invisible goes, the rest is in Normalization Form KC. False when nothing is left, or the text has controls, private
    /// characters or half a surrogate pair, or mixes directions against RFC 3454 section 6.
    /// </summary>
    public static bool TryPrepare(string text, [NotNullWhen(true)] out string? prepared)
    {
        prepared = null;
        var tables = StringprepTables.Instance;
        var mapped = new StringBuilder(text.Length);
        foreach (var rune in text.EnumerateRunes())
        {
            if (tables.IsSpace(rune.Value))
            {
                mapped.Append(' ');
            }
            else if (!tables.IsNothing(rune.Value))
            {
                mapped.Append(rune.ToString());
            }
        }

        var normal = CompatibilityForm.Of(mapped.ToString());
        prepared = normal.Length > 0 && Utf16.IsWellFormed(text) && Directions.Fit(normal)
            && !normal.EnumerateRunes().Any(r => tables.IsProhibited(r.Value) || tables.IsSpace(r.Value)) ? normal : null;
        return prepared is not null;
    }
}
