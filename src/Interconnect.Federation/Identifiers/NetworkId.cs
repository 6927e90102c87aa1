using System.Diagnostics.CodeAnalysis;

namespace Interconnect.Federation;

/// <summary>The messenger system an adapter speaks to: 1 to 32 characters of a-z, 0-9 and inner hyphens, such as <c>xmpp-a</c>.</summary>
public sealed record NetworkId
{
    /// <summary>Longest id in characters.</summary>
    public const int MaxLength = 32;

    private NetworkId(string value) => Value = value;

    /// <summary>The one canonical form.</summary>
    public string Value { get; }

    /// <summary>Reads an id; upper case is refused, not folded, because the id is written by operators in configuration.</summary>
    public static bool TryParse(string? text, [NotNullWhen(true)] out NetworkId? id)
    {
        id = null;
        if (string.IsNullOrEmpty(text) || text.Length > MaxLength || text[0] == '-' || text[^1] == '-')
        {
            return false;
        }

        foreach (var c in text)
        {
            if (!char.IsAsciiLetterLower(c) && !char.IsAsciiDigit(c) && c != '-')
            {
                return false;
            }
        }

        id = new NetworkId(text);
        return true;
    }

    /// <summary>Reads an id that configuration or code guarantees.</summary>
    /// <exception cref="FormatException">The text is not an id.</exception>
    public static NetworkId Parse(string text) =>
        TryParse(text, out var id) ? id : throw new FormatException("A network id is 1 to 32 characters of a-z, 0-9 and inner hyphens.");

    /// <inheritdoc/>
    public override string ToString() => Value;
}
