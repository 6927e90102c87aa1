using System.Text;

namespace Interconnect.Federation;

/// <summary>Text that is read from right to left, by RFC 3454 section 6.</summary>
internal static class Directions
{
    /// <summary>With one right-to-left letter it begins and ends with such, and has no left-to-right one.</summary>
    public static bool Fit(string text)
    {
        var tables = StringprepTables.Instance;
        var runes = text.EnumerateRunes().ToList();
        return !runes.Exists(r => tables.IsRightToLeft(r.Value))
            || (tables.IsRightToLeft(runes[0].Value) && tables.IsRightToLeft(runes[^1].Value) && !runes.Exists(r => tables.IsLeftToRight(r.Value)));
    }
}
