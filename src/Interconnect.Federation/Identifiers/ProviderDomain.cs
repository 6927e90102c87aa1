using System.Diagnostics.CodeAnalysis;

namespace Interconnect.Federation;

/// <summary>
/// An organisation in the federation, named by its DNS domain: lower-case letters, digits and hyphens in labels of 1 to 63 characters, at most
/// 253 in all. Internationalised names are written as A-labels. IP addresses are refused.
/// </summary>
public sealed record ProviderDomain
{
    /// <summary>Longest domain in characters.</summary>
    public const int MaxLength = 253;

    private ProviderDomain(string value) => Value = value;

    /// <summary>The one canonical form, lower case.</summary>
    public string Value { get; }

    /// <summary>Reads a domain; ASCII upper case is folded, as DNS does. Anything outside ASCII is refused before: U+212A would fold to a k.</summary>
    public static bool TryParse(string? text, [NotNullWhen(true)] out ProviderDomain? domain)
    {
        domain = null;
        if (string.IsNullOrEmpty(text) || text.Length > MaxLength)
        {
            return false;
        }

        var lower = UnchangedText.LowerAscii(text);
        var labels = lower.Split('.');
        foreach (var label in labels)
        {
            if (label.Length is 0 or > 63 || label[0] == '-' || label[^1] == '-' || !label.All(c => char.IsAsciiLetterLower(c) || char.IsAsciiDigit(c) || c == '-'))
            {
                return false;
            }
        }

        if (labels[^1].All(char.IsAsciiDigit))
        {
            return false;
        }

        domain = new ProviderDomain(lower);
        return true;
    }

    /// <summary>Reads a domain that configuration or code guarantees.</summary>
    /// <exception cref="FormatException">The text is not a domain.</exception>
    public static ProviderDomain Parse(string text) =>
        TryParse(text, out var domain) ? domain : throw new FormatException("A provider domain is a DNS name, at most 253 characters, not an IP address.");

    /// <inheritdoc/>
    public override string ToString() => Value;
}
