using System.Diagnostics.CodeAnalysis;
using System.Text;
using Interconnect.Adapters.Xmpp.Wire;
using Interconnect.Federation;

namespace Interconnect.Adapters.Xmpp;

/// <summary>
/// Between XMPP addresses and user URIs, both ways and one to one. An own user <c>alice@a.test</c> is <c>mimi://a.test/u/alice</c>; the ghost of
/// <c>mimi://hs.test/u/bob</c> is <c>bob\40hs.test@gw.a.test</c> (XEP-0106).
/// </summary>
internal sealed class XmppIdentifiers(ProviderDomain provider, string component)
{
    /// <summary>The resource that ghosts are present with.</summary>
    public const string GhostResource = "interconnect";

    private const string Hex = "0123456789abcdef";
    private const string Escaped = " \"&'/:<>@\\";

    /// <summary>The hub itself.</summary>
    public Jid Service { get; } = Jid.TryParse(component, out var jid) && jid is { Local: null, Resource: null } ? jid : throw new ArgumentException("Not a component's domain.", nameof(component));

    /// <summary>An own user, from an address that the server stamped.</summary>
    public bool TryUser(Jid jid, [NotNullWhen(true)] out UserUri? user)
    {
        user = null;
        return jid is { Local: { } local } && jid.Domain == provider.Value && UserUri.TryCreate(provider, local, out user);
    }

    /// <summary>The bare address of an own user; false when its name is not one a server could have given.</summary>
    public bool TryJid(UserUri user, [NotNullWhen(true)] out Jid? jid)
    {
        jid = null;
        return user.Domain == provider && Jid.TryCreate(user.User, provider.Value, null, out jid) && jid.Local == user.User;
    }

    /// <summary>The ghost of another provider's user; false when its name cannot stand in an address without loss.</summary>
    public bool TryGhost(UserUri user, [NotNullWhen(true)] out Jid? ghost)
    {
        ghost = null;
        var escaped = Escape($"{user.User}@{user.Domain.Value}");
        return user.Domain != provider && escaped is not null && Jid.TryCreate(escaped, Service.Domain, null, out ghost) && ghost.Local == escaped;
    }

    /// <summary>The user that a ghost's address stands for; only the one spelling that <see cref="TryGhost"/> writes.</summary>
    public bool TryGhostUser(Jid jid, [NotNullWhen(true)] out UserUri? user)
    {
        user = null;
        if (jid.Local is null || jid.Domain != Service.Domain)
        {
            return false;
        }

        var name = Unescape(jid.Local);
        var at = name.LastIndexOf('@');
        return at > 0 && ProviderDomain.TryParse(name[(at + 1)..], out var domain) && UserUri.TryCreate(domain, name[..at], out user) && TryGhost(user, out var same) && same.Local == jid.Local;
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
