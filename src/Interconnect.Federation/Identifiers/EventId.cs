using System.Buffers.Binary;
using System.Diagnostics.CodeAnalysis;
using System.Security.Cryptography;
using System.Text;

namespace Interconnect.Federation;

/// <summary>
/// Names one event for ever: SHA-256 over a label, the network and the network's own dedupe key, so that a redelivery gets the same id. 32 bytes.
/// </summary>
public readonly record struct EventId
{
    /// <summary>Size in bytes.</summary>
    public const int Size = 32;

    private static readonly byte[] Label = Encoding.ASCII.GetBytes("interconnect event 1");
    private readonly string? hex;

    private EventId(string hex) => this.hex = hex;

    /// <summary>Lower-case hexadecimal, 64 characters. Says nothing about who or what, so it may be logged.</summary>
    public string Hex => hex ?? throw new InvalidOperationException("An event id was never set.");

    /// <summary>The id of what <paramref name="network"/> delivered under <paramref name="dedupeKey"/> (the network's own, such as an event id or sender and stanza id).</summary>
    public static EventId Derive(NetworkId network, params ReadOnlySpan<string> dedupeKey)
    {
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        hash.AppendData(Label);
        Append(hash, network.Value);
        foreach (var part in dedupeKey)
        {
            Append(hash, part);
        }

        return new EventId(Convert.ToHexStringLower(hash.GetHashAndReset()));
    }

    /// <summary>The id of an event that the hub makes itself because of <paramref name="cause"/>; the same cause and purpose give the same id.</summary>
    public static EventId Derive(EventId cause, string purpose)
    {
        // In one piece: a hub derives several ids an event.
        var text = cause.Hex;
        var length = Label.Length + 4 + text.Length + 4 + Encoding.UTF8.GetMaxByteCount(purpose.Length);
        var input = length <= 512 ? stackalloc byte[512] : new byte[length];
        Label.CopyTo(input);
        var at = Append(input, Append(input, Label.Length, text), purpose);
        Span<byte> digest = stackalloc byte[Size];
        SHA256.HashData(input[..at], digest);
        return new EventId(Convert.ToHexStringLower(digest));
    }

    /// <summary>
    /// The id under which the hub keeps and passes on what <paramref name="network"/> submitted under this one. Ids of different networks never meet behind it, so nobody can use up
    /// the id that another network's event will have.
    /// </summary>
    public EventId From(NetworkId network) => Derive(this, "from " + network.Value);

    /// <summary>Reads 32 bytes.</summary>
    public static bool TryRead(ReadOnlySpan<byte> bytes, out EventId id)
    {
        id = bytes.Length == Size ? new EventId(Convert.ToHexStringLower(bytes)) : default;
        return bytes.Length == Size;
    }

    /// <summary>Reads 64 characters of hexadecimal.</summary>
    public static bool TryParse([NotNullWhen(true)] string? hex, out EventId id)
    {
        id = default;
        if (hex is not { Length: Size * 2 } || !hex.All(char.IsAsciiHexDigit))
        {
            return false;
        }

        id = new EventId(hex.ToLowerInvariant());
        return true;
    }

    /// <summary>The 32 bytes.</summary>
    public byte[] ToBytes() => Convert.FromHexString(Hex);

    /// <inheritdoc/>
    public override string ToString() => Hex;

    private static int Append(Span<byte> target, int at, string text)
    {
        var length = Encoding.UTF8.GetBytes(text, target[(at + 4)..]);
        BinaryPrimitives.WriteInt32BigEndian(target[at..], length);
        return at + 4 + length;
    }

    private static void Append(IncrementalHash hash, string text)
    {
        var bytes = Encoding.UTF8.GetBytes(text);
        Span<byte> length = stackalloc byte[4];
        BinaryPrimitives.WriteInt32BigEndian(length, bytes.Length);
        hash.AppendData(length);
        hash.AppendData(bytes);
    }
}
