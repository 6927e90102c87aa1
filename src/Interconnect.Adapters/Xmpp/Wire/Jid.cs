using System.Diagnostics.CodeAnalysis;
using System.Globalization;
using System.Text;

namespace Interconnect.Adapters.Xmpp.Wire;

/// <summary>
/// An XMPP address (RFC 7622) in one normal form: local part and domain in lower case, the domain in A-labels. The subset of its profiles that can be checked
/// without tables of normalisation: an address that a server has prepared passes unchanged, one in another Unicode form is refused. Each part is at most 1,023 bytes.
/// </summary>
internal sealed record Jid
{
    private const int MaxPartBytes = 1_023;
    private static readonly IdnMapping Idn = new() { UseStd3AsciiRules = true };
    private static readonly UTF8Encoding StrictUtf8 = new(false, true);

    private Jid(string? local, string domain, string? resource) => (Local, Domain, Resource) = (local, domain, resource);

    /// <summary>Before the at-sign, escaped as on the wire (XEP-0106); null for a server or component.</summary>
    public string? Local { get; }

    public string Domain { get; }

    public string? Resource { get; }

    /// <summary>Without the resource.</summary>
    public Jid Bare => Resource is null ? this : new Jid(Local, Domain, null);

    public static bool TryParse(string? text, [NotNullWhen(true)] out Jid? jid)
    {
        jid = null;
        if (string.IsNullOrEmpty(text) || text.Length > (3 * MaxPartBytes) + 2)
        {
            return false;
        }

        var slash = text.IndexOf('/', StringComparison.Ordinal);
        var resource = slash < 0 ? null : text[(slash + 1)..];
        var bare = slash < 0 ? text : text[..slash];
        var at = bare.IndexOf('@', StringComparison.Ordinal);
        return TryCreate(at < 0 ? null : bare[..at], bare[(at + 1)..], resource, out jid);
    }

    public static bool TryCreate(string? local, string domain, string? resource, [NotNullWhen(true)] out Jid? jid)
    {
        jid = null;
        if (!TryDomain(domain, out var ascii) || (local is not null && !IsLocal(local = local.ToLowerInvariant())) || (resource is not null && !IsResource(resource)))
        {
            return false;
        }

        jid = new Jid(local, ascii, resource);
        return true;
    }

    /// <summary>With another resource.</summary>
    public Jid WithResource(string resource) => new(Local, Domain, IsResource(resource) ? resource : throw new ArgumentException("Not a resource.", nameof(resource)));

    /// <summary>The address as on the wire; a personal identifier, so never for a log.</summary>
    public override string ToString() => (Local is null ? "" : Local + "@") + Domain + (Resource is null ? "" : "/" + Resource);

    private static bool TryDomain(string domain, [NotNullWhen(true)] out string? ascii)
    {
        ascii = null;
        if (domain.Length is 0 or > 253)
        {
            return false;
        }

        try
        {
            ascii = Idn.GetAscii(domain).ToLowerInvariant();
        }
        catch (ArgumentException)
        {
            return false;
        }

        return ascii.Length <= 253 && ascii[^1] != '.';
    }

    /// <summary>RFC 7622 section 3.3 with RFC 8265 UsernameCaseMapped, as far as it shows in character classes.</summary>
    private static bool IsLocal(string local)
    {
        if (!FitsPart(local))
        {
            return false;
        }

        foreach (var rune in local.EnumerateRunes())
        {
            var allowed = rune.IsAscii
                ? rune.Value is > ' ' and < 0x7f && !"\"&'/:<>@".Contains((char)rune.Value, StringComparison.Ordinal)
                : Rune.GetUnicodeCategory(rune) is UnicodeCategory.LowercaseLetter or UnicodeCategory.OtherLetter or UnicodeCategory.ModifierLetter
                    or UnicodeCategory.DecimalDigitNumber or UnicodeCategory.NonSpacingMark or UnicodeCategory.SpacingCombiningMark;
            if (!allowed)
            {
                return false;
            }
        }

        return true;
    }

    /// <summary>RFC 7622 section 3.4, as far as it shows in character classes.</summary>
    private static bool IsResource(string resource) => FitsPart(resource) && resource.EnumerateRunes().All(r =>
        Rune.GetUnicodeCategory(r) is not (UnicodeCategory.Control or UnicodeCategory.Surrogate or UnicodeCategory.OtherNotAssigned or UnicodeCategory.PrivateUse or UnicodeCategory.LineSeparator or UnicodeCategory.ParagraphSeparator));

    private static bool FitsPart(string part)
    {
        try
        {
            return part.Length > 0 && StrictUtf8.GetByteCount(part) <= MaxPartBytes;
        }
        catch (EncoderFallbackException)
        {
            return false;
        }
    }
}
