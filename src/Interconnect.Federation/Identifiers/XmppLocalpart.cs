using System.Diagnostics.CodeAnalysis;
using System.Text;

namespace Interconnect.Federation;

/// <summary>
/// The part of an XMPP address before the at-sign. A name counts only in the form that every server leaves as it is, be its rules nodeprep (RFC 6122 appendix A) or
/// UsernameCaseMapped (RFC 7613, RFC 8265) and its Unicode old or new; so two accounts of a server are never one user, nor one two.
/// </summary>
public static class XmppLocalpart
{
    /// <summary>Longest part of an address in bytes of UTF-8 (RFC 7622).</summary>
    public const int MaxBytes = 1_023;

    private const string Forbidden = "\"&'/:<>@";

    /// <summary>Whether every server's rules leave this localpart as it is. For names from the wire: nothing is folded.</summary>
    public static bool IsPlain([NotNullWhen(true)] string? text) =>
        text is not null && text.Length <= MaxBytes && UnchangedText.Is(text) && Encoding.UTF8.GetByteCount(text) <= MaxBytes && text.AsSpan().IndexOfAny(Forbidden) < 0;

    /// <summary>Reads what a person wrote: A-Z is folded, as all rules do; what any rule would change otherwise is refused.</summary>
    public static bool TryRead(string? text, [NotNullWhen(true)] out string? localpart)
    {
        localpart = text is null || text.Length > MaxBytes ? null : UnchangedText.LowerAscii(text);
        localpart = IsPlain(localpart) ? localpart : null;
        return localpart is not null;
    }
}
