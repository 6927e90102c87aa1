using System.Diagnostics.CodeAnalysis;
using System.Globalization;
using System.Text;
using Interconnect.Federation;

namespace Interconnect.Endpoint;

/// <summary>A bare JID, and how users of other networks are written as ghosts on the gateway's component (XEP-0106).</summary>
internal sealed record XmppAddress(string Local, ProviderDomain Domain, UserUri User)
{
    private const string Escaped = " \"&'/:<>@\\";

    public string Bare => $"{Local}@{Domain.Value}";

    public static bool TryParse(string? text, [NotNullWhen(true)] out XmppAddress? address)
    {
        address = null;
        var at = text?.IndexOf('@', StringComparison.Ordinal) ?? -1;
        if (text is null || text.Length > 2_047 || at <= 0 || !ProviderDomain.TryParse(text[(at + 1)..], out var domain))
            return false;

        var local = text[..at].ToLowerInvariant();
        if (local.Any(c => char.IsControl(c) || "\"&'/:<>@ ".Contains(c, StringComparison.Ordinal)) || !UserUri.TryCreate(domain, local, out var user))
            return false;

        address = new XmppAddress(local, domain, user);
        return true;
    }

    /// <summary>The ghost's bare JID.</summary>
    public static string GhostOf(UserUri user, string component) => $"{Escape($"{user.User}@{user.Domain.Value}")}@{component}";

    /// <summary>The user that a ghost's localpart stands for.</summary>
    public static bool TryReadGhost(string local, [NotNullWhen(true)] out UserUri? user)
    {
        user = null;
        var text = Unescape(local);
        var at = text.LastIndexOf('@');
        return at > 0 && ProviderDomain.TryParse(text[(at + 1)..], out var domain) && UserUri.TryCreate(domain, text[..at], out user) && $"{user.User}@{user.Domain.Value}" == text && Escape(text) == local;
    }

    private static string Escape(string text)
    {
        var builder = new StringBuilder();
        for (var i = 0; i < text.Length; i++)
        {
            // A backslash is escaped only where it would be read as an escape (XEP-0106, section 4.2).
            if (text[i] == '\\' ? IsEscape(text, i) : Escaped.Contains(text[i], StringComparison.Ordinal))
                builder.Append(CultureInfo.InvariantCulture, $"\\{(int)text[i]:x2}");
            else
                builder.Append(text[i]);
        }

        return builder.ToString();
    }

    private static string Unescape(string text)
    {
        var builder = new StringBuilder();
        for (var i = 0; i < text.Length; i++)
        {
            if (text[i] == '\\' && IsEscape(text, i))
            {
                builder.Append((char)int.Parse(text.AsSpan(i + 1, 2), NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture));
                i += 2;
            }
            else
            {
                builder.Append(text[i]);
            }
        }

        return builder.ToString();
    }

    private static bool IsEscape(string text, int at) =>
        at + 2 < text.Length
        && int.TryParse(text.AsSpan(at + 1, 2), NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture, out var code)
        && Escaped.Contains((char)code, StringComparison.Ordinal)
        && !text.AsSpan(at + 1, 2).ContainsAnyInRange('A', 'F');
}
