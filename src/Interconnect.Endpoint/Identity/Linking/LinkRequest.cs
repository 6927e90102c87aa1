using System.Diagnostics.CodeAnalysis;
using System.Security.Cryptography;
using System.Text;
using Interconnect.Federation;

namespace Interconnect.Endpoint;

/// <summary>
/// What a new device asks, as received: well-formed, and nothing more is known of it until <see cref="OldDeviceLink.Check"/> took it.
/// <code>
/// struct {
///   uint16 version = 1;
///   uint8 direction = 1;
///   opaque user&lt;1..512&gt;;        // URI, canonical; uint16 length
///   opaque entry&lt;1..4096&gt;;      // the device entry's bytes; uint16 length
///   opaque nonce[32];
///   uint64 expires_ms;
///   opaque tag[32];             // HMAC-SHA256(code, "interconnect device link 1 request" ‖ all before)
/// } LinkRequest;
/// </code>
/// </summary>
public sealed class LinkRequest
{
    /// <summary>Most bytes of an entry.</summary>
    public const int MaxEntryBytes = 4_096;

    /// <summary>Most bytes of a request.</summary>
    public const int MaxBytes = 3 + 2 + MimiUri.MaxLength + 2 + MaxEntryBytes + NonceSize + 8 + LinkCodec.TagSize;

    internal const byte Direction = 1;
    internal const int NonceSize = 32;

    private readonly byte[] bytes;

    private LinkRequest(byte[] bytes, UserUri user, byte[] entry, DateTimeOffset expiresAt)
    {
        (this.bytes, User, Entry, ExpiresAt) = (bytes, user, entry, expiresAt);
        Hash = LinkCodec.Hash("interconnect device link 1 request hash"u8, bytes);
    }

    /// <summary>Whose device it wants to be.</summary>
    public UserUri User { get; }

    /// <summary>When the code runs out.</summary>
    public DateTimeOffset ExpiresAt { get; }

    /// <summary>SHA-256(UTF-8 of "interconnect device link 1 request hash" ‖ the request), 32 bytes.</summary>
    public ReadOnlyMemory<byte> Hash { get; }

    /// <summary>The message.</summary>
    public ReadOnlyMemory<byte> Bytes => bytes;

    /// <summary>The device entry's bytes, which may be anybody's.</summary>
    internal ReadOnlyMemory<byte> Entry { get; }

    /// <summary>Reads a request.</summary>
    public static bool TryRead(ReadOnlySpan<byte> message, [NotNullWhen(true)] out LinkRequest? request, [NotNullWhen(false)] out LinkError? error)
    {
        request = null;
        var reader = new LinkReader(message);
        reader.Header(Direction);
        var userAt = reader.Offset;
        var name = reader.Opaque(2, 1, MimiUri.MaxLength, "user");
        if (!UserUri.TryParse(Encoding.ASCII.GetString(name), out var user) || !name.SequenceEqual(Encoding.ASCII.GetBytes(user.Value)))
            reader.Fail("LNK-009", "The user is no canonical URI", userAt);

        var entry = reader.Opaque(2, 1, MaxEntryBytes, "entry");
        reader.Fixed(NonceSize, "nonce");
        var expiresAt = reader.Offset;
        var expires = reader.Number(8, "expires_ms");
        if (expires > (ulong)DateTimeOffset.MaxValue.ToUnixTimeMilliseconds())
            reader.Fail("LNK-009", "The time is after the year 9999", expiresAt);

        reader.Fixed(LinkCodec.TagSize, "tag");
        reader.End();
        error = reader.Error;
        if (error is null)
            request = new LinkRequest(message.ToArray(), user!, entry.ToArray(), DateTimeOffset.FromUnixTimeMilliseconds((long)expires));

        return error is null;
    }

    internal static LinkRequest Write(LinkCode code, UserUri user, ReadOnlySpan<byte> entry, ReadOnlySpan<byte> nonce, DateTimeOffset expiresAt)
    {
        using var stream = new MemoryStream();
        LinkCodec.WriteNumber(stream, LinkCodec.Version, 2);
        LinkCodec.WriteNumber(stream, Direction, 1);
        LinkCodec.WriteOpaque(stream, Encoding.ASCII.GetBytes(user.Value), 2);
        LinkCodec.WriteOpaque(stream, entry, 2);
        stream.Write(nonce);
        LinkCodec.WriteNumber(stream, (ulong)expiresAt.ToUnixTimeMilliseconds(), 8);
        stream.Write(Tag(code, stream.ToArray()));
        return new LinkRequest(stream.ToArray(), user, entry.ToArray(), expiresAt);
    }

    internal bool IsUnder(LinkCode code)
    {
        var body = bytes.Length - LinkCodec.TagSize;
        return CryptographicOperations.FixedTimeEquals(Tag(code, bytes.AsSpan(0, body)), bytes.AsSpan(body));
    }

    private static byte[] Tag(LinkCode code, ReadOnlySpan<byte> body) => code.Authenticate("interconnect device link 1 request"u8, body);
}
