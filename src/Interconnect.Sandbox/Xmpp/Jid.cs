using System.Diagnostics.CodeAnalysis;
using System.Text;
using Interconnect.Federation;

namespace Interconnect.Sandbox;

/// <summary>
/// An XMPP address (RFC 7622): A-Z of local and domain lower-cased, resource as it is; each part 1 to 1,023 bytes. A name that servers fold by different rules is refused,
/// where a real server would fold it by its own.
/// </summary>
internal sealed record Jid(string? Local, string Domain, string? Resource)
{
    private const int MaxPartBytes = 1_023;

    public Jid Bare => Resource is null ? this : this with { Resource = null };

    public static bool TryParse(string? text, [NotNullWhen(true)] out Jid? jid)
    {
        jid = null;
        if (string.IsNullOrEmpty(text))
        {
            return false;
        }

        var slash = text.IndexOf('/', StringComparison.Ordinal);
        var resource = slash < 0 ? null : text[(slash + 1)..];
        var address = slash < 0 ? text : text[..slash];
        var at = address.IndexOf('@', StringComparison.Ordinal);
        string? local = null;
        if (!XmppDomain.TryParse(address[(at + 1)..], out var domain) || (at >= 0 && !XmppLocalpart.TryRead(address[..at], out local)) || (resource is not null && !IsPart(resource)))
        {
            return false;
        }

        jid = new Jid(local, domain.Written, resource);
        return true;
    }

    public override string ToString() => (Local is null ? Domain : $"{Local}@{Domain}") + (Resource is null ? string.Empty : "/" + Resource);

    private static bool IsPart(string part) => part.Length > 0 && Utf16.IsWellFormed(part) && Encoding.UTF8.GetByteCount(part) <= MaxPartBytes && !part.Any(char.IsControl);
}
