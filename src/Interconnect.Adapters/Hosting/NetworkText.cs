using System.Text;

namespace Interconnect.Adapters.Hosting;

/// <summary>Text that a network or its users chose, made fit for the database, the hub's decoder and a log.</summary>
internal static class NetworkText
{
    /// <summary>Most characters of a reason.</summary>
    public const int MaxReason = 256;

    /// <summary>Most characters of a native reference.</summary>
    public const int MaxReference = 1_024;

    /// <summary>The reason in at most <see cref="MaxReason"/> characters; control characters become spaces, what is no character U+FFFD.</summary>
    public static string? Reason(string? said)
    {
        if (said is null)
        {
            return null;
        }

        var words = new StringBuilder();
        foreach (var rune in said.EnumerateRunes())
        {
            if (words.Length + rune.Utf16SequenceLength > MaxReason)
            {
                break;
            }

            words.Append(Rune.IsControl(rune) ? " " : rune.ToString());
        }

        return words.ToString();
    }

    /// <summary>Whether it can name something of the network: 1 to <see cref="MaxReference"/> characters, none a control character or half a character.</summary>
    public static bool IsReference(string text) => text.Length is > 0 and <= MaxReference && text.EnumerateRunes().All(r => !Rune.IsControl(r) && r != Rune.ReplacementChar);

    /// <summary>Whether it can be kept as an origin: as a reference, in lines.</summary>
    public static bool IsOrigin(string text) => IsReference(text.Replace('\n', ' '));
}
