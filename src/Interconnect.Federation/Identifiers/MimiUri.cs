using System.Diagnostics.CodeAnalysis;
using System.Globalization;
using System.Text;

namespace Interconnect.Federation;

/// <summary>
/// A MIMI identifier (draft-ietf-mimi-protocol, section 'Identifiers'): <c>mimi://domain/u/user</c>, <c>/d/user/device</c> or <c>/r/room</c>.
/// One canonical form: lower-case scheme and domain, each path segment percent-encoded with upper-case hex outside the unreserved set of RFC 3986.
/// At most 512 characters; a decoded segment is 1 to 255 bytes of UTF-8 without control characters.
/// </summary>
public abstract record MimiUri
{
    /// <summary>Longest canonical form in characters.</summary>
    public const int MaxLength = 512;

    /// <summary>Longest decoded segment in bytes of UTF-8.</summary>
    public const int MaxSegmentBytes = 255;

    private const string Scheme = "mimi://";
    private static readonly UTF8Encoding StrictUtf8 = new(false, true);

    private protected MimiUri(ProviderDomain domain, string value)
    {
        Domain = domain;
        Value = value;
    }

    /// <summary>The provider that the identifier belongs to.</summary>
    public ProviderDomain Domain { get; }

    /// <summary>The canonical form.</summary>
    public string Value { get; }

    /// <summary>The canonical form; a personal identifier, so never for a log.</summary>
    public sealed override string ToString() => Value;

    private protected static bool TrySplit(string? text, char kind, int segments, [NotNullWhen(true)] out ProviderDomain? domain, [NotNullWhen(true)] out string[]? decoded)
    {
        domain = null;
        decoded = null;
        if (text is null || text.Length > MaxLength || !text.StartsWith(Scheme, StringComparison.OrdinalIgnoreCase))
        {
            return false;
        }

        var parts = text[Scheme.Length..].Split('/');
        if (parts.Length != segments + 2 || parts[1].Length != 1 || parts[1][0] != kind || !ProviderDomain.TryParse(parts[0], out domain))
        {
            return false;
        }

        var names = new string[segments];
        for (var i = 0; i < segments; i++)
        {
            if (!TryDecode(parts[i + 2], out var name))
            {
                return false;
            }

            names[i] = name;
        }

        decoded = names;
        return true;
    }

    private protected static bool TryCompose(ProviderDomain domain, char kind, IReadOnlyList<string> segments, [NotNullWhen(true)] out string? value)
    {
        value = null;
        var builder = new StringBuilder(Scheme).Append(domain.Value).Append('/').Append(kind);
        foreach (var segment in segments)
        {
            if (!IsSegment(segment))
            {
                return false;
            }

            builder.Append('/').Append(Uri.EscapeDataString(segment));
        }

        if (builder.Length > MaxLength)
        {
            return false;
        }

        value = builder.ToString();
        return true;
    }

    private static bool IsSegment(string? segment)
    {
        if (string.IsNullOrEmpty(segment) || segment.Any(char.IsControl))
        {
            return false;
        }

        try
        {
            return StrictUtf8.GetByteCount(segment) <= MaxSegmentBytes;
        }
        catch (EncoderFallbackException)
        {
            return false;
        }
    }

    private static bool TryDecode(string encoded, [NotNullWhen(true)] out string? decoded)
    {
        decoded = null;
        var bytes = new List<byte>(encoded.Length);
        for (var i = 0; i < encoded.Length; i++)
        {
            var c = encoded[i];
            if (c == '%')
            {
                if (i + 2 >= encoded.Length || !byte.TryParse(encoded.AsSpan(i + 1, 2), NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture, out var b))
                {
                    return false;
                }

                bytes.Add(b);
                i += 2;
            }
            else if (char.IsAsciiLetterOrDigit(c) || "-._~!$&'()*+,;=:@".Contains(c, StringComparison.Ordinal))
            {
                bytes.Add((byte)c);
            }
            else
            {
                return false;
            }
        }

        try
        {
            decoded = StrictUtf8.GetString([.. bytes]);
        }
        catch (DecoderFallbackException)
        {
            return false;
        }

        return IsSegment(decoded);
    }
}

/// <summary>A user: <c>mimi://domain/u/user</c>.</summary>
public sealed record UserUri : MimiUri
{
    private UserUri(ProviderDomain domain, string user, string value)
        : base(domain, value) => User = user;

    /// <summary>The user's name within the provider, decoded.</summary>
    public string User { get; }

    /// <summary>Builds the URI of a user; false when the name is empty, too long, not Unicode or has control characters.</summary>
    public static bool TryCreate(ProviderDomain domain, string user, [NotNullWhen(true)] out UserUri? uri)
    {
        uri = TryCompose(domain, 'u', [user], out var value) ? new UserUri(domain, user, value) : null;
        return uri is not null;
    }

    /// <summary>Reads a URI in any equivalent spelling; the result is canonical.</summary>
    public static bool TryParse(string? text, [NotNullWhen(true)] out UserUri? uri)
    {
        uri = null;
        return TrySplit(text, 'u', 1, out var domain, out var names) && TryCreate(domain, names[0], out uri);
    }

    /// <summary>Reads a URI that was already checked.</summary>
    /// <exception cref="FormatException">The text is not a user URI; the text is not repeated.</exception>
    public static UserUri Parse(string text) => TryParse(text, out var uri) ? uri : throw new FormatException("Not a user URI (mimi://domain/u/user).");

    /// <summary>Same canonical form.</summary>
    public bool Equals(UserUri? other) => other is not null && other.Value == Value;

    /// <inheritdoc/>
    public override int GetHashCode() => Value.GetHashCode(StringComparison.Ordinal);
}

/// <summary>A user's device: <c>mimi://domain/d/user/device</c>. The first segment names the owning user.</summary>
public sealed record ClientUri : MimiUri
{
    private ClientUri(UserUri owner, string device, string value)
        : base(owner.Domain, value)
    {
        Owner = owner;
        Device = device;
    }

    /// <summary>The user whose device this is.</summary>
    public UserUri Owner { get; }

    /// <summary>The device's name within the user, decoded.</summary>
    public string Device { get; }

    /// <summary>Builds the URI of a device; false when the device name cannot stand in a URI.</summary>
    public static bool TryCreate(UserUri owner, string device, [NotNullWhen(true)] out ClientUri? uri)
    {
        uri = TryCompose(owner.Domain, 'd', [owner.User, device], out var value) ? new ClientUri(owner, device, value) : null;
        return uri is not null;
    }

    /// <summary>Reads a URI in any equivalent spelling; the result is canonical.</summary>
    public static bool TryParse(string? text, [NotNullWhen(true)] out ClientUri? uri)
    {
        uri = null;
        return TrySplit(text, 'd', 2, out var domain, out var names) && UserUri.TryCreate(domain, names[0], out var owner) && TryCreate(owner, names[1], out uri);
    }

    /// <summary>Reads a URI that was already checked.</summary>
    /// <exception cref="FormatException">The text is not a client URI; the text is not repeated.</exception>
    public static ClientUri Parse(string text) => TryParse(text, out var uri) ? uri : throw new FormatException("Not a client URI (mimi://domain/d/user/device).");

    /// <summary>Same canonical form.</summary>
    public bool Equals(ClientUri? other) => other is not null && other.Value == Value;

    /// <inheritdoc/>
    public override int GetHashCode() => Value.GetHashCode(StringComparison.Ordinal);
}

/// <summary>A room: <c>mimi://hub-domain/r/room</c>. Its MLS group id is the UTF-8 of the canonical form.</summary>
public sealed record RoomUri : MimiUri
{
    private RoomUri(ProviderDomain domain, string room, string value)
        : base(domain, value) => Room = room;

    /// <summary>The room's name within the hub provider, decoded.</summary>
    public string Room { get; }

    /// <summary>Builds the URI of a room; false when the name cannot stand in a URI.</summary>
    public static bool TryCreate(ProviderDomain domain, string room, [NotNullWhen(true)] out RoomUri? uri)
    {
        uri = TryCompose(domain, 'r', [room], out var value) ? new RoomUri(domain, room, value) : null;
        return uri is not null;
    }

    /// <summary>Reads a URI in any equivalent spelling; the result is canonical.</summary>
    public static bool TryParse(string? text, [NotNullWhen(true)] out RoomUri? uri)
    {
        uri = null;
        return TrySplit(text, 'r', 1, out var domain, out var names) && TryCreate(domain, names[0], out uri);
    }

    /// <summary>Reads a URI that was already checked.</summary>
    /// <exception cref="FormatException">The text is not a room URI; the text is not repeated.</exception>
    public static RoomUri Parse(string text) => TryParse(text, out var uri) ? uri : throw new FormatException("Not a room URI (mimi://domain/r/room).");

    /// <summary>Same canonical form.</summary>
    public bool Equals(RoomUri? other) => other is not null && other.Value == Value;

    /// <inheritdoc/>
    public override int GetHashCode() => Value.GetHashCode(StringComparison.Ordinal);
}
