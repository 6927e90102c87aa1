using System.Diagnostics.CodeAnalysis;
using Interconnect.Federation;

namespace Interconnect.Endpoint;

/// <summary>The account's bare JID as a person wrote it: A-Z is folded, and a name that servers spell by different rules is none.</summary>
/// <param name="Local">Before the at-sign.</param>
/// <param name="Host">The server's domain, spelled as it was given.</param>
/// <param name="User">Who that is in the federation.</param>
internal sealed record XmppAddress(string Local, XmppDomain Host, UserUri User)
{
    public string Bare => $"{Local}@{Host.Written}";

    public static bool TryParse(string? text, [NotNullWhen(true)] out XmppAddress? address)
    {
        address = null;
        var at = text?.IndexOf('@', StringComparison.Ordinal) ?? -1;
        if (at <= 0 || !XmppLocalpart.TryRead(text![..at], out var local) || !XmppDomain.TryParse(text[(at + 1)..], out var host)
            || !ProviderDomain.TryParse(host.Ascii, out var provider) || !UserUri.TryCreate(provider, local, out var user))
            return false;

        address = new XmppAddress(local, host, user);
        return true;
    }

    /// <summary>The bare JID of another network's user on the gateway's component; null when a server would make another name of it.</summary>
    public static string? GhostOf(UserUri user, string component) => XmppGhost.TryWrite(user, out var local) ? $"{local}@{component}" : null;
}
