using System.Diagnostics.CodeAnalysis;
using System.Text;

namespace Interconnect.Sandbox;

/// <summary>An XMPP address (RFC 7622): local and domain lower-cased, resource as it is; each part 1 to 1,023 bytes.</summary>
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
        var local = at < 0 ? null : address[..at].ToLowerInvariant();
        var domain = address[(at + 1)..].ToLowerInvariant();
        if (!IsPart(domain) || domain.Any(c => !(char.IsLetterOrDigit(c) || c is '.' or '-' or ':' or '[' or ']'))
            || (local is not null && (!IsPart(local) || local.Any(c => char.IsWhiteSpace(c) || "\"&'/:<>@".Contains(c, StringComparison.Ordinal))))
            || (resource is not null && !IsPart(resource)))
        {
            return false;
        }

        jid = new Jid(local, domain, resource);
        return true;
    }

    public override string ToString() => (Local is null ? Domain : $"{Local}@{Domain}") + (Resource is null ? string.Empty : "/" + Resource);

    private static bool IsPart(string part) => part.Length > 0 && Encoding.UTF8.GetByteCount(part) <= MaxPartBytes && !part.Any(char.IsControl);
}
