using System.Text;

namespace Interconnect.Federation;

/// <summary>Text as .NET holds it: UTF-16, in which one character may be two units.</summary>
public static class Utf16
{
    /// <summary>Whether there is no half of a surrogate pair in it, so that it can be written as UTF-8.</summary>
    public static bool IsWellFormed(ReadOnlySpan<char> text)
    {
        while (!text.IsEmpty)
        {
            if (Rune.DecodeFromUtf16(text, out _, out var used) != System.Buffers.OperationStatus.Done)
            {
                return false;
            }

            text = text[used..];
        }

        return true;
    }

    /// <summary>The text, or its beginning of at most <paramref name="most"/> units; never with half of a pair at the end.</summary>
    public static string Start(string text, int most) =>
        text.Length <= most ? text : text[..(most > 0 && char.IsHighSurrogate(text[most - 1]) && char.IsLowSurrogate(text[most]) ? most - 1 : most)];
}
