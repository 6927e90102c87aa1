using System.Diagnostics.CodeAnalysis;
using System.Globalization;

namespace Interconnect.Federation;

/// <summary>
/// The domain of an XMPP address. A server knows its domain in one spelling, in Unicode or in A-labels, and takes no other; so the spelling is kept for writing, and the
/// A-labels are for comparing. A label in Unicode counts only when no version of IDNA would change it.
/// </summary>
public sealed record XmppDomain
{
    // IDNA (RFC 3490 section 3.1) takes it for a dot, stringprep leaves it alone.
    private const char IdeographicFullStop = '\u3002';

    private static readonly IdnMapping Punycode = new() { UseStd3AsciiRules = true };

    private XmppDomain(string written, string ascii) => (Written, Ascii) = (written, ascii);

    /// <summary>As the server writes it: A-Z folded, Unicode or A-labels as they were given.</summary>
    public string Written { get; }

    /// <summary>In A-labels and lower case; equality is by it.</summary>
    public string Ascii { get; }

    /// <summary>Whether it is written in Unicode.</summary>
    public bool IsUnicode => Written != Ascii;

    /// <summary>Whether a label of it is written as an A-label.</summary>
    public bool HasALabel => Written.Split('.').Any(l => l.StartsWith("xn--", StringComparison.Ordinal));

    /// <summary>Reads a domain; false for what is none, for an empty label and for letters that servers fold by different rules.</summary>
    public static bool TryParse(string? text, [NotNullWhen(true)] out XmppDomain? domain)
    {
        domain = null;
        if (text is null || text.Length is 0 or > ProviderDomain.MaxLength)
        {
            return false;
        }

        var written = UnchangedText.LowerAscii(text);
        if (!UnchangedText.Is(written) || written[^1] == '.' || written.Contains(IdeographicFullStop, StringComparison.Ordinal))
        {
            return false;
        }

        try
        {
            var ascii = Punycode.GetAscii(written);
            domain = ascii.Length <= ProviderDomain.MaxLength ? new XmppDomain(written, ascii) : null;
        }
        catch (ArgumentException)
        {
            // An empty or over-long label, or a character that stands in no host name.
        }

        return domain is not null;
    }

    /// <summary>Same A-labels.</summary>
    public bool Equals(XmppDomain? other) => other is not null && other.Ascii == Ascii;

    /// <inheritdoc/>
    public override int GetHashCode() => Ascii.GetHashCode(StringComparison.Ordinal);

    /// <summary>As the server writes it.</summary>
    public override string ToString() => Written;
}
