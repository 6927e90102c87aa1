using System.Diagnostics.CodeAnalysis;
using System.Globalization;
using System.Text;
using Interconnect.Federation;

namespace Interconnect.Adapters.Matrix;

/// <summary>
/// Between Matrix ids and user URIs, both ways and one to one. An own user <c>@bob:hs.test</c> is <c>mimi://hs.test/u/bob</c>; the ghost of
/// <c>mimi://a.test/u/alice</c> is <c>@gw_alice=40a.test:hs.test</c>: every byte of <c>alice@a.test</c> outside a-z 0-9 . - is <c>=hh</c>.
/// </summary>
internal sealed class MatrixIdentifiers
{
    /// <summary>Longest id of a user, room or event (specification, appendix 'Common identifier format').</summary>
    public const int MaxIdBytes = 255;

    private static readonly UTF8Encoding StrictUtf8 = new(false, true);
    private readonly ProviderDomain provider;
    private readonly string prefix;

    public MatrixIdentifiers(ProviderDomain provider, string serviceLocalpart, string ghostPrefix)
    {
        (this.provider, prefix) = (provider, ghostPrefix);
        Service = $"@{serviceLocalpart}:{provider.Value}";
    }

    /// <summary>The hub's own user.</summary>
    public string Service { get; }

    public static bool IsLocalpartCharacter(char c) => char.IsAsciiLetterLower(c) || char.IsAsciiDigit(c) || c is '.' or '_' or '=' or '-' or '/' or '+';

    /// <summary>Whether the id is a ghost's or the service's.</summary>
    public bool IsOurs(string id) => id == Service || (TryLocalpart(id, out var localpart) && localpart.StartsWith(prefix, StringComparison.Ordinal));

    /// <summary>An own user, from an id that the homeserver vouches for. Compared byte by byte: old ids may hold upper case.</summary>
    public bool TryUser(string? id, [NotNullWhen(true)] out UserUri? user)
    {
        user = null;
        return TryLocalpart(id, out var localpart) && !IsOurs(id!) && UserUri.TryCreate(provider, localpart, out user);
    }

    /// <summary>The id of an own user; false when no homeserver could have given it.</summary>
    public bool TryId(UserUri user, [NotNullWhen(true)] out string? id)
    {
        id = $"@{user.User}:{provider.Value}";
        if (user.Domain == provider && TryUser(id, out var same) && same == user)
        {
            return true;
        }

        id = null;
        return false;
    }

    /// <summary>The ghost of another provider's user; false when its id would be too long.</summary>
    public bool TryGhost(UserUri user, [NotNullWhen(true)] out string? ghost)
    {
        ghost = null;
        if (user.Domain == provider)
        {
            return false;
        }

        ghost = $"@{prefix}{Escape($"{user.User}@{user.Domain.Value}")}:{provider.Value}";
        if (ghost.Length <= MaxIdBytes)
        {
            return true;
        }

        ghost = null;
        return false;
    }

    /// <summary>The user that a ghost's id stands for; only the one spelling that <see cref="TryGhost"/> writes.</summary>
    public bool TryGhostUser(string? id, [NotNullWhen(true)] out UserUri? user)
    {
        user = null;
        if (!TryLocalpart(id, out var localpart) || !localpart.StartsWith(prefix, StringComparison.Ordinal) || !TryUnescape(localpart.AsSpan(prefix.Length), out var name))
        {
            return false;
        }

        var at = name.LastIndexOf('@');
        return at > 0 && ProviderDomain.TryParse(name[(at + 1)..], out var domain) && UserUri.TryCreate(domain, name[..at], out user) && TryGhost(user, out var same) && same == id;
    }

    /// <summary>The part of an id between the at-sign and the colon.</summary>
    public static string LocalpartOf(string id) => id[1..id.IndexOf(':', StringComparison.Ordinal)];

    internal static string Escape(string text)
    {
        var result = new StringBuilder(text.Length + 8);
        foreach (var b in Encoding.UTF8.GetBytes(text))
        {
            if (char.IsAsciiLetterLower((char)b) || char.IsAsciiDigit((char)b) || b is (byte)'.' or (byte)'-')
            {
                result.Append((char)b);
            }
            else
            {
                result.Append(CultureInfo.InvariantCulture, $"={b:x2}");
            }
        }

        return result.ToString();
    }

    internal static bool TryUnescape(ReadOnlySpan<char> text, [NotNullWhen(true)] out string? name)
    {
        name = null;
        var bytes = new List<byte>(text.Length);
        for (var i = 0; i < text.Length; i++)
        {
            if (text[i] != '=')
            {
                if (!char.IsAscii(text[i]))
                {
                    return false;
                }

                bytes.Add((byte)text[i]);
            }
            else if (i + 2 < text.Length && byte.TryParse(text.Slice(i + 1, 2), NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture, out var b))
            {
                bytes.Add(b);
                i += 2;
            }
            else
            {
                return false;
            }
        }

        try
        {
            name = StrictUtf8.GetString([.. bytes]);
            return true;
        }
        catch (DecoderFallbackException)
        {
            return false;
        }
    }

    private bool TryLocalpart(string? id, [NotNullWhen(true)] out string? localpart)
    {
        localpart = null;
        if (id is null || id.Length is < 3 or > MaxIdBytes || id[0] != '@' || !id.EndsWith(":" + provider.Value, StringComparison.Ordinal))
        {
            return false;
        }

        var name = id[1..^(provider.Value.Length + 1)];
        if (name.Length == 0 || !name.All(c => c is > ' ' and < '\x7f' and not ':'))
        {
            return false;
        }

        localpart = name;
        return true;
    }
}
