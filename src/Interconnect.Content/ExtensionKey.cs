using System.Text;

namespace Interconnect.Content;

/// <summary>
/// The key of an extension: a non-zero integer of at most 2^53 - 1 either way, or 1 to 255 bytes of text. Positive integers are registered,
/// negative ones and text are private use (draft-ietf-mimi-content sections 4.3, 6.2 and 8.2.1). Does not print text.
/// </summary>
public readonly record struct ExtensionKey
{
    internal const long LargestInteger = (1L << 53) - 1;
    internal const int LongestText = 255;

    private readonly long number;
    private readonly string? text;

    private ExtensionKey(long number, string? text) => (this.number, this.text) = (number, text);

    /// <summary>Key 1: the sender's user URI.</summary>
    public static ExtensionKey SenderUri => new(1, null);

    /// <summary>Key 2: the room's URI.</summary>
    public static ExtensionKey RoomUri => new(2, null);

    /// <summary>The integer; null for a text key.</summary>
    public long? Number => text is null ? number : null;

    /// <summary>The text; null for an integer key.</summary>
    public string? Text => text;

    /// <summary>An integer key.</summary>
    /// <exception cref="ArgumentOutOfRangeException">Zero, or beyond 2^53 - 1 either way.</exception>
    public static ExtensionKey Of(long number) => number is not 0 and >= -LargestInteger and <= LargestInteger
        ? new(number, null)
        : throw new ArgumentOutOfRangeException(nameof(number));

    /// <summary>A private text key.</summary>
    /// <exception cref="ArgumentException">Empty, longer than 255 bytes of UTF-8, or with half a surrogate pair.</exception>
    public static ExtensionKey Of(string text) => new UTF8Encoding(false, throwOnInvalidBytes: true).GetByteCount(text) is >= 1 and <= LongestText
        ? new(0, text)
        : throw new ArgumentException("A text key has 1 to 255 bytes.", nameof(text));

    /// <summary>The integer, or that it is text.</summary>
    public override string ToString() => text is null ? number.ToString(System.Globalization.CultureInfo.InvariantCulture) : "text";
}
