using System.Diagnostics.CodeAnalysis;
using System.Text;
using Interconnect.Federation;

namespace Interconnect.Adapters.Xmpp.Wire;

/// <summary>
/// An XMPP address (RFC 7622) as it came, and nothing of it is folded but the ASCII letters of its domain. It can be answered; whether its local part is a name that counts
/// here says <see cref="XmppIdentifiers"/>. Compared with the domain in A-labels, written with the domain as it was spelled. Each part is at most 1,023 bytes.
/// </summary>
internal sealed record Jid
{
    private Jid(string? local, XmppDomain host, string? resource) => (Local, Host, Resource) = (local, host, resource);

    /// <summary>Before the at-sign, escaped as on the wire (XEP-0106); null for a server or component.</summary>
    public string? Local { get; }

    /// <summary>The domain, which remembers its spelling.</summary>
    public XmppDomain Host { get; }

    /// <summary>Behind the slash; the server's and its client's affair. Never a name.</summary>
    public string? Resource { get; }

    /// <summary>The domain in A-labels.</summary>
    public string Domain => Host.Ascii;

    /// <summary>Without the resource.</summary>
    public Jid Bare => Resource is null ? this : new Jid(Local, Host, null);

    /// <summary>The one form for comparing and keys; a personal identifier, so never for a log.</summary>
    public string Normal => Write(Host.Ascii);

    public static bool TryParse(string? text, [NotNullWhen(true)] out Jid? jid)
    {
        jid = null;
        if (string.IsNullOrEmpty(text) || text.Length > (3 * XmppLocalpart.MaxBytes) + 2)
        {
            return false;
        }

        var (local, domain, resource) = Split(text);
        return XmppDomain.TryParse(domain, out var host) && TryCreate(local, host, resource, out jid);
    }

    public static bool TryCreate(string? local, XmppDomain host, string? resource, [NotNullWhen(true)] out Jid? jid)
    {
        jid = (local is null || (FitsPart(local) && local.AsSpan().IndexOfAny(" \"&'/:<>@") < 0)) && (resource is null || FitsPart(resource)) ? new Jid(local, host, resource) : null;
        return jid is not null;
    }

    /// <summary>The three parts, unchecked.</summary>
    public static (string? Local, string Domain, string? Resource) Split(string text)
    {
        var slash = text.IndexOf('/', StringComparison.Ordinal);
        var bare = slash < 0 ? text : text[..slash];
        var at = bare.IndexOf('@', StringComparison.Ordinal);
        return (at < 0 ? null : bare[..at], bare[(at + 1)..], slash < 0 ? null : text[(slash + 1)..]);
    }

    /// <summary>With another resource.</summary>
    public Jid WithResource(string resource) => new(Local, Host, FitsPart(resource) ? resource : throw new ArgumentException("Not a resource.", nameof(resource)));

    /// <summary>The address as on the wire; a personal identifier, so never for a log.</summary>
    public override string ToString() => Write(Host.Written);

    private static bool FitsPart(string part) =>
        part.Length is > 0 and <= XmppLocalpart.MaxBytes && Utf16.IsWellFormed(part) && Encoding.UTF8.GetByteCount(part) <= XmppLocalpart.MaxBytes && !part.Any(char.IsControl);

    private string Write(string domain) => (Local is null ? "" : Local + "@") + domain + (Resource is null ? "" : "/" + Resource);
}
