using System.Diagnostics.CodeAnalysis;
using System.Text;

namespace Interconnect.Federation;

/// <summary>
/// How a user of another network is written before the at-sign of the gateway's component: <c>bob@hs.test</c>, escaped (XEP-0106), is <c>bob\40hs.test</c>. One to one.
/// </summary>
public static class XmppGhost
{
    private const string Hex = "0123456789abcdef";
    private const string Escaped = " \"&'/:<>@\\";

    /// <summary>The localpart; false when a server would change it, so that it would be another user's, or none.</summary>
    public static bool TryWrite(UserUri user, [NotNullWhen(true)] out string? localpart)
    {
        localpart = Escape($"{user.User}@{user.Domain.Value}");
        localpart = XmppLocalpart.IsPlain(localpart) ? localpart : null;
        return localpart is not null;
    }

    /// <summary>The user that a localpart stands for; only the one spelling that <see cref="TryWrite"/> makes.</summary>
    public static bool TryRead(string localpart, [NotNullWhen(true)] out UserUri? user)
    {
        user = null;
        if (!XmppLocalpart.IsPlain(localpart))
        {
            return false;
        }

        var name = Unescape(localpart);
        var at = name.LastIndexOf('@');
        return at > 0 && ProviderDomain.TryParse(name[(at + 1)..], out var domain) && UserUri.TryCreate(domain, name[..at], out user)
            && TryWrite(user, out var same) && same == localpart;
    }

    /// <summary>XEP-0106 section 4; null when a space stands first or last, which it forbids.</summary>
    internal static string? Escape(string text)
    {
        if (text.Length == 0 || text[0] == ' ' || text[^1] == ' ')
        {
            return null;
        }

        var result = new StringBuilder(text.Length + 8);
        for (var i = 0; i < text.Length; i++)
        {
            // A backslash is escaped only where it would be read as an escape.
            if (text[i] == '\\' ? IsSequence(text.AsSpan(i)) : Escaped.Contains(text[i], StringComparison.Ordinal))
            {
                result.Append('\\').Append(Hex[text[i] >> 4]).Append(Hex[text[i] & 15]);
            }
            else
            {
                result.Append(text[i]);
            }
        }

        return result.ToString();
    }

    /// <summary>XEP-0106 section 4; what is no sequence stays as it is.</summary>
    internal static string Unescape(string text)
    {
        var result = new StringBuilder(text.Length);
        for (var i = 0; i < text.Length; i++)
        {
            if (text[i] == '\\' && IsSequence(text.AsSpan(i)))
            {
                result.Append((char)((Hex.IndexOf(text[i + 1], StringComparison.Ordinal) << 4) | Hex.IndexOf(text[i + 2], StringComparison.Ordinal)));
                i += 2;
            }
            else
            {
                result.Append(text[i]);
            }
        }

        return result.ToString();
    }

    private static bool IsSequence(ReadOnlySpan<char> text) =>
        text.Length >= 3 && text[1..3] is "20" or "22" or "26" or "27" or "2f" or "3a" or "3c" or "3e" or "40" or "5c";
}
