using System.Diagnostics.CodeAnalysis;
using System.Globalization;
using System.Text;
using Interconnect.Federation;

namespace Interconnect.Endpoint;

/// <summary>A Matrix user id, and how users of other networks are written as ghosts: <c>@gw_</c> and every byte outside a-z 0-9 . - as <c>=hh</c>.</summary>
internal sealed record MatrixAddress(string Local, ProviderDomain Domain, UserUri User)
{
    public const string GhostPrefix = "gw_";

    public string Id => $"@{Local}:{Domain.Value}";

    public static bool TryParse(string? text, [NotNullWhen(true)] out MatrixAddress? address)
    {
        address = null;
        var colon = text?.IndexOf(':', StringComparison.Ordinal) ?? -1;
        if (text is not { Length: > 3 and <= 255 } || text[0] != '@' || colon <= 1 || !ProviderDomain.TryParse(text[(colon + 1)..], out var domain) || !UserUri.TryCreate(domain, text[1..colon], out var user))
            return false;

        address = new MatrixAddress(text[1..colon], domain, user);
        return true;
    }

    /// <summary>The ghost's user id on this homeserver.</summary>
    public static string GhostOf(UserUri user, ProviderDomain homeserver) => $"@{GhostPrefix}{Escape($"{user.User}@{user.Domain.Value}")}:{homeserver.Value}";

    /// <summary>The user that a ghost's id stands for.</summary>
    public static bool TryReadGhost(string id, ProviderDomain homeserver, [NotNullWhen(true)] out UserUri? user)
    {
        user = null;
        if (!TryParse(id, out var address) || address.Domain != homeserver || !address.Local.StartsWith(GhostPrefix, StringComparison.Ordinal))
            return false;

        var escaped = address.Local[GhostPrefix.Length..];
        if (Unescape(escaped) is not { } text)
            return false;

        var at = text.LastIndexOf('@');
        return at > 0 && ProviderDomain.TryParse(text[(at + 1)..], out var domain) && UserUri.TryCreate(domain, text[..at], out user) && $"{user.User}@{user.Domain.Value}" == text && Escape(text) == escaped;
    }

    private static string Escape(string text)
    {
        var builder = new StringBuilder();
        foreach (var b in Encoding.UTF8.GetBytes(text))
        {
            if (b is (>= (byte)'a' and <= (byte)'z') or (>= (byte)'0' and <= (byte)'9') or (byte)'.' or (byte)'-')
                builder.Append((char)b);
            else
                builder.Append(CultureInfo.InvariantCulture, $"={b:x2}");
        }

        return builder.ToString();
    }

    private static string? Unescape(string text)
    {
        var bytes = new List<byte>();
        for (var i = 0; i < text.Length; i++)
        {
            if (text[i] != '=')
            {
                bytes.Add((byte)text[i]);
            }
            else if (i + 2 < text.Length && byte.TryParse(text.AsSpan(i + 1, 2), NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture, out var b))
            {
                bytes.Add(b);
                i += 2;
            }
            else
            {
                return null;
            }
        }

        try
        {
            return new UTF8Encoding(false, true).GetString([.. bytes]);
        }
        catch (DecoderFallbackException)
        {
            return null;
        }
    }
}
